//! Who broke the version skew policy, and what became of certificates.

use super::text::{count, span};
use crate::metrics::{CertificateReport, Report, SkewReport, list};

/// One sentence for each rule and component: the first violation, how many more there were, and the longest; empty where
/// there was none. What kubeadm's own order brings about comes last.
pub(super) fn skew(report: &Report) -> String {
    let mut groups: Vec<Vec<&SkewReport>> = Vec::new();
    let key = |s: &SkewReport| (s.kubeadms_way, s.rule.clone(), s.component.clone());
    for violation in &report.versions.skew {
        match groups.iter_mut().find(|g| key(g[0]) == key(violation)) {
            Some(group) => group.push(violation),
            None => groups.push(vec![violation]),
        }
    }
    groups.sort_by_key(|g| g[0].kubeadms_way);
    groups.iter().map(|g| sentence(g)).collect::<Vec<_>>().join("; ")
}

fn sentence(group: &[&SkewReport]) -> String {
    let first = group[0];
    let longest = group.iter().filter_map(|s| Some(s.to? - s.from)).fold(0.0, f64::max);
    let lasts = group.iter().any(|s| s.to.is_none());
    let time = if lasts {
        ", to the end".to_owned()
    } else {
        format!(", for {}", span(longest))
    };
    let more = match group.len() - 1 {
        0 => String::new(),
        n => format!(" ({} of the kind)", count(n as u64, "more time")),
    };
    let way = if first.kubeadms_way {
        ", as kubeadm's own order has it"
    } else {
        ""
    };
    format!("{}: {}{time}{more}{way}", first.rule, first.words)
}

/// Which certificates ran out, which were renewed and which were not; empty where the input does not say when they expire.
pub(super) fn certificates(report: &Report) -> String {
    let all = &report.control_plane.certificates;
    let names = |wanted: fn(&CertificateReport) -> bool| -> Vec<String> {
        let found = all.iter().filter(|c| wanted(c));
        found.map(|c| format!("{} on {}", c.owner, c.node)).collect()
    };
    let mut parts = Vec::new();
    let expired = names(|c| c.expired_at.is_some());
    if !expired.is_empty() {
        parts.push(format!("of {} ran out", list(&expired)));
    }
    let renewed = names(|c| c.renewed_at.is_some());
    if !renewed.is_empty() {
        parts.push(format!("renewed for {}", list(&renewed)));
    }
    let left = names(|c| c.renewed_at.is_none() && c.expired_at.is_none());
    if !left.is_empty() {
        parts.push(format!("not renewed for {}", list(&left)));
    }
    parts.join("; ")
}
