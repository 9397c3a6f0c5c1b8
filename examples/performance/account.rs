//! The account of memory, as the test `memory` counts it.

/// What the test says, a line each.
pub(crate) fn account() -> Result<Vec<String>, String> {
    super::tell("memory: cargo test --release --test memory");
    let ran = super::cargo(&["test", "--release", "--quiet", "--test", "memory", "--", "--nocapture"])
        .output()
        .map_err(|e| format!("cargo: {e}"))?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    if !ran.status.success() {
        return Err(format!(
            "the test `memory` fails:\n{text}{}",
            String::from_utf8_lossy(&ran.stderr)
        ));
    }
    let told = |line: &&str| line.contains(" B") || line.contains("requests");
    Ok(text.lines().filter(told).map(str::to_owned).collect())
}
