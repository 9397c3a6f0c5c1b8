//! The report as Markdown, beside the other files of a run.

use crate::support::output;

/// All four kinds at once, from one command.
#[test]
fn one_run_writes_all_its_files() {
    let folder = std::env::temp_dir().join(format!("seatrial-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    let (html, svg, md, tracks) = (at("t.html"), at("t.svg"), at("t.md"), at("t.json"));
    let files = format!("html={html},svg={svg},md={md},perfetto={tracks}");
    let run = output(&["run", "scenarios/textbook/twins.yaml", "--report", &files]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read_to_string(&md).unwrap();
    for part in [
        "# Rehearsal: ",
        "**COMPLETED** after ",
        "| WORKLOAD |",
        "## Why default/web was down",
        "- **fix**: ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let columns = |line: &str| line.matches('|').count();
    let table: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
    assert!(
        table.len() >= 3 && table.iter().all(|l| columns(l) == columns(table[0])),
        "{text}"
    );
    for file in [html, svg, tracks] {
        assert!(std::fs::metadata(file).unwrap().len() > 1000);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A plan that is stuck has its proof there, too; many trials have no such document.
#[test]
fn a_proof_is_in_the_document_and_trials_are_refused() {
    let file = std::env::temp_dir().join(format!("seatrial-stuck-{}.md", std::process::id()));
    let wanted = format!("md={}", file.display());
    let run = output(&[
        "run",
        "scenarios/strategies/parallel-deadlock.yaml",
        "--report",
        &wanted,
    ]);
    assert_eq!(run.status.code(), Some(5), "blocked, although it is expected");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\n1. the drain of worker-1 waits for pod"), "{text}");
    std::fs::remove_file(&file).unwrap();
    let refused = output(&[
        "run",
        "scenarios/textbook/twins.yaml",
        "--trials",
        "2",
        "--report",
        &wanted,
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("md shows one run"));
    assert!(!file.exists());
}
