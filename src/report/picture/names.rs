//! Pools that nodes belong to, by their names.

/// The name without the number at its end: `worker-12` is of `worker`, `ip-10-0-3-7` of `ip`.
pub(super) fn pool(name: &str) -> &str {
    let short = name.split('.').next().unwrap_or(name);
    let stem = short.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
    if stem.is_empty() { short } else { stem }
}

#[cfg(test)]
mod tests {
    use super::pool;

    #[test]
    fn pools_are_what_names_have_in_common() {
        let names = ["worker-12", "ip-10-0-3-7.eu.example", "node00012", "42", "gpu"].map(pool);
        assert_eq!(names, ["worker", "ip", "node", "42", "gpu"]);
    }
}
