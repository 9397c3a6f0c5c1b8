//! Reading a dump: CPU time and peak memory of a process that does nothing else.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use cpu_time::ProcessTime;
use seatrial::scenario::{Input, load_inputs};

/// What reading cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) cpu: f64,
    pub(crate) peak: f64,
}

/// Reading by seatrial, and a walk that keeps nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) nodes: u32,
    pub(crate) pods: u32,
    /// Bytes of the dump.
    pub(crate) size: u64,
    pub(crate) ours: Read,
    pub(crate) walk: Read,
}

const FLAG: &str = "--read";

/// Does the work of a reading process, if this is one; whether it was.
#[expect(clippy::disallowed_macros, reason = "the parent reads it")]
pub(crate) fn child() -> bool {
    let args: Vec<String> = std::env::args().collect();
    let Some(at) = args.iter().position(|a| a == FLAG) else {
        return false;
    };
    let (how, path) = (args[at + 1].as_str(), args[at + 2].as_str());
    let file = File::open(path).unwrap();
    let start = ProcessTime::now();
    if how == "walk" {
        serde_json::from_reader::<_, serde::de::IgnoredAny>(BufReader::with_capacity(1 << 20, file)).unwrap();
    } else {
        let loaded = load_inputs(vec![Input::new(path, file)]);
        assert!(loaded.is_ok(), "the dump is good");
    }
    println!("{} {}", start.elapsed().as_secs_f64(), super::measure::peak());
    true
}

/// Writes a dump of so many nodes with 30 pods each and reads it.
pub(crate) fn cost(nodes: u32) -> Result<Cost, String> {
    let path = std::env::temp_dir().join(format!("seatrial-dump-{}.json", std::process::id()));
    let result = measured(&path, nodes);
    let _ = std::fs::remove_file(&path);
    result
}

fn measured(path: &Path, nodes: u32) -> Result<Cost, String> {
    super::tell(&format!("input: {nodes}/{}", 30 * nodes));
    write(path, nodes).map_err(|e| e.to_string())?;
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    let (mut ours, mut walk) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        ours.push(read("load", path)?);
        walk.push(read("walk", path)?);
    }
    let middle = |mut all: Vec<Read>| {
        all.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        all[1]
    };
    Ok(Cost {
        nodes,
        pods: 30 * nodes,
        size,
        ours: middle(ours),
        walk: middle(walk),
    })
}

fn read(how: &str, path: &Path) -> Result<Read, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let ran = Command::new(program)
        .args([FLAG, how])
        .arg(path)
        .output()
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let mut words = text.split_whitespace().map(str::parse::<f64>);
    match (words.next(), words.next()) {
        (Some(Ok(cpu)), Some(Ok(peak))) => Ok(Read { cpu, peak }),
        _ => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
    }
}

/// The example `dump` writes it.
fn write(path: &Path, nodes: u32) -> std::io::Result<()> {
    let status = super::cargo(&["run", "--release", "--quiet", "--example", "dump", "--"])
        .args([nodes, 30 * nodes].map(|n| n.to_string()))
        .stdout(File::create(path)?)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(std::io::Error::other("the example `dump` fails"))
    }
}
