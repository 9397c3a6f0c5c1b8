//! Where instructions go, by room: callgrind's output, summed over source files.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// Instructions of each room, the most first.
pub(crate) fn profile(nodes: u32, pods: u32) -> Result<Vec<(String, u64)>, String> {
    super::tell(&format!("profile: UPG {nodes}/{pods}, takes minutes"));
    let out = std::env::temp_dir().join(format!("seatrial-callgrind-{}", std::process::id()));
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let ran = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["--measure", "UPG", &nodes.to_string(), &pods.to_string(), "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match ran {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("valgrind: {status}")),
        Err(problem) => return Err(format!("valgrind, which --quick does without: {problem}")),
    }
    let text = std::fs::read_to_string(&out).map_err(|e| e.to_string())?;
    let _ = std::fs::remove_file(&out);
    let mut rooms: Vec<(String, u64)> = sum(&text).into_iter().collect();
    rooms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(rooms)
}

/// Self cost by room. Files are named once, as `fl=(3) path`, and by number from then on; the line after `calls=` is the
/// cost of what was called and stands in the books of that already.
fn sum(text: &str) -> BTreeMap<String, u64> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut costs = BTreeMap::new();
    let mut room = String::new();
    let mut of_callee = false;
    for line in text.lines() {
        let file = ["fl=", "fi=", "fe="].iter().find_map(|key| line.strip_prefix(key));
        if let Some(file) = file {
            let (number, name) = file.split_once(' ').unwrap_or((file, ""));
            if !name.is_empty() {
                names.insert(number, room_of(name));
            }
            room = names.get(number).cloned().unwrap_or_default();
        } else if line.starts_with("calls=") {
            of_callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line.split_whitespace().nth(1).and_then(|c| c.parse::<u64>().ok());
            if let (false, Some(cost)) = (of_callee, cost) {
                *costs.entry(room.clone()).or_default() += cost;
            }
            of_callee = false;
        }
    }
    costs
}

/// `cluster/scheduler` of `…/src/cluster/scheduler/fit.rs`; what is not ours is the standard library or another one.
fn room_of(path: &str) -> String {
    let ours = ["cluster", "upgrade", "metrics", "trace", "model", "units", "versions"];
    let inside = path
        .rsplit_once("/src/")
        .map_or(path, |p| p.1)
        .trim_start_matches("src/");
    let mut words = inside.trim_end_matches(".rs").split('/');
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    let library = path.contains("/rustc/") || path.contains("/library/") || path.contains("/registry/");
    if library || path.contains("???") {
        "libraries and allocator".to_owned()
    } else if ours.contains(&first) {
        match second {
            Some(second) => format!("{first}/{second}"),
            None => first.to_owned(),
        }
    } else if ["queue", "rng", "ids"].contains(&first) {
        first.to_owned()
    } else {
        "libraries and allocator".to_owned()
    }
}
