//! Where instructions go, by room: callgrind's output, summed over functions.

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

/// Self cost by room. A function is named once, as `fn=(3) name` or where it is called as `cfn=(3) name`, and by number
/// from then on; the line after `calls=` is the cost of what was called and stands in the books of that already.
fn sum(text: &str) -> BTreeMap<String, u64> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut costs = BTreeMap::new();
    let mut room = String::new();
    let mut of_callee = false;
    for line in text.lines() {
        let called = line.strip_prefix("cfn=");
        if let Some(function) = called.or_else(|| line.strip_prefix("fn=")) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(number, room_of(name));
            }
            if called.is_none() {
                room = names.get(number).cloned().unwrap_or_default();
            }
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

/// `cluster/scheduler` of `<seatrial::cluster::scheduler::fit::Fit>::search`; what is not ours is the standard library,
/// another one, or the allocator.
fn room_of(function: &str) -> String {
    let Some((_, path)) = function.split_once("seatrial::") else {
        return "libraries and allocator".to_owned();
    };
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let mut words = path[..end.unwrap_or(path.len())].split("::");
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    match second.filter(|w| w.starts_with(char::is_lowercase)) {
        Some(second) if !["queue", "rng", "ids"].contains(&first) => format!("{first}/{second}"),
        _ => first.to_owned(),
    }
}
