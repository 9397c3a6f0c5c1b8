//! Label selectors as kubectl takes them: `tier=web,app!=api,env in (a, b),!canary`.

use super::Selector;
use super::policy::Rule;

impl Selector {
    /// Reads a selector as it is typed after `kubectl get -l`.
    ///
    /// # Errors
    /// What was expected instead, as a sentence without its end.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let short: String = text.chars().take(80).collect();
        let wrong =
            || format!("`{short}` is not a label selector: expected one such as `tier=web` or `tier in (web, api)`");
        let rules: Option<Vec<Rule>> = requirements(text).into_iter().map(rule).collect();
        let rules = rules.filter(|rules| !rules.is_empty()).ok_or_else(wrong)?;
        Ok(Self { rules, nothing: false })
    }
}

/// The parts between commas that are not in parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    };
    text.split(outside).map(str::trim).collect()
}

fn rule(text: &str) -> Option<Rule> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Rule::NotIn(word(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Rule::In(word(key)?, vec![value_of(value)?]));
    }
    if let Some(key) = text.strip_prefix('!') {
        return Some(Rule::DoesNotExist(word(key)?));
    }
    let Some((head, list)) = text.split_once('(') else {
        return Some(Rule::Exists(word(text)?));
    };
    let values: Option<Vec<String>> = list.strip_suffix(')')?.split(',').map(value_of).collect();
    match head.split_whitespace().collect::<Vec<_>>()[..] {
        [key, "in"] => Some(Rule::In(word(key)?, values?)),
        [key, "notin"] => Some(Rule::NotIn(word(key)?, values?)),
        _ => None,
    }
}

/// A key: not empty, and of the characters of labels.
fn word(text: &str) -> Option<String> {
    value_of(text).filter(|text| !text.is_empty())
}

/// A value, which may be empty.
fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_kubectl_reads_them() {
        let labels = [("tier", "web"), ("app", "shop")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        for (text, wanted) in [
            ("tier=web", true),
            ("tier==web, app = shop", true),
            ("tier!=web", false),
            ("zone!=a", true),
            ("tier in (api, web)", true),
            ("tier notin (api,web)", false),
            ("tier", true),
            ("!tier", false),
            ("!zone,app in (shop)", true),
        ] {
            assert_eq!(Selector::parse(text).map(|s| s.matches(&labels)), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "=web",
            "tier=we b",
            "tier in web",
            "tier in (web",
            "a in (b),",
            "tier > 3",
            "tier near (a)",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
