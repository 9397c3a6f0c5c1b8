//! The page of all rules, as Markdown.

use std::fmt::Write;

use crate::lint::{Rule, rules};

/// What comes before the rules.
const HEAD: &str = "\
# Rules of the linter

<!-- Written by `UPDATE_DOCS=1 cargo test lint`: the rules are data in src/lint/. -->

`seatrial lint` looks at a cluster and its plan without a rehearsal. It says what will go wrong, or may, with the figures that it
knows that from, what it means for this plan, and what to do. A rehearsal (`seatrial run`) then confirms it or does not.

```console
$ seatrial lint --explain B01
```

* **error**: the plan will not end, or breaks something for certain. **warning**: likely downtime or churn. **note**: advice.
* `--fail-on warning` ends with exit code 3 where there is a warning or an error; without it only errors do that.
* `--ignore B02,T01` leaves rules out. An object is left alone by a rule that its annotation names, all rules with `all`:
  `seatrial.dev/ignore: B02,T01`. An UpgradePlan can have it, too.
* What a rule cannot see it does not guess: without pods in the input, nobody knows which of them share a node.
";

/// What comes behind them.
const TAIL: &str = "
## The churn law

N equal nodes are drained one after another, nothing is marked, and every evicted pod lands on one of the other nodes by chance.
A pod of the i-th node moves E(i) = 1 + 1/(N-1) · (E(i+1) + … + E(N)) = (N/(N-1))^(N-i) times on average, and a pod anywhere
((N-1)/N) · ((N/(N-1))^N - 1) times: 1.50 for two nodes, 1.64 for five, 1.68 for ten, and e - 1 = 1.72 in the end. Batches of b
nodes count as N/b nodes. Nodes marked `PreferNoSchedule` and one node more bring it to 1. (P13)
";

/// The page.
#[must_use]
pub fn render() -> String {
    let mut out = HEAD.to_owned();
    let _ = write!(out, "\n| rule | severity | what it looks for |\n|---|---|---|\n");
    for rule in rules() {
        let _ = writeln!(
            out,
            "| [{}](#{}) | {} | {} |",
            rule.id,
            anchor(rule),
            rule.severity,
            cell(rule.title)
        );
    }
    for rule in rules() {
        let _ = write!(
            out,
            "\n## {}: {}\n\n*{}* · needs {}\n\n{}\n\n**Fix:** {}\n\n**Source:** {}\n",
            rule.id, rule.title, rule.severity, rule.needs, rule.why, rule.fix, rule.source
        );
    }
    out + TAIL
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The anchor that GitHub gives the heading of a rule.
fn anchor(rule: &Rule) -> String {
    let heading = format!("{}: {}", rule.id, rule.title).to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Where a rule stands in the documents: `lint.md#b01-…`.
#[must_use]
pub fn address(rule: &Rule) -> String {
    format!("lint.md#{}", anchor(rule))
}
