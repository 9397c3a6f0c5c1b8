//! The runbook: what a person types on each node, in order, with a check after each step.
//!
//! It is made of the itinerary and of the plan that was rehearsed: the same nodes in the same order and batches, the same
//! flags of `kubectl drain`.

mod commands;
mod node;
mod pools;
mod steps;
mod workers;

pub use steps::of_steps;

use super::itinerary::{Cost, Itinerary, LegPlan, Spread};
use crate::metrics::{Seconds, list};
use crate::model::behaviour::kubeadm::{certs_command, postpones_addons};
use crate::model::{Etcd, Model};
use crate::units::KubeVersion;
use crate::versions::path::Goes;

/// Packages that nodes are upgraded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packages {
    /// `apt-get`.
    Deb,
    /// `dnf`.
    Rpm,
    /// Both are shown.
    Both,
}

/// A runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbook {
    /// Its title.
    pub title: String,
    /// What to know about the whole.
    pub notes: Vec<String>,
    /// Its parts, in order.
    pub sections: Vec<Section>,
}

/// A part of a runbook: a leg, or what comes before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What to know first.
    pub notes: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub title: String,
    /// Where: a node, or where kubectl reaches the cluster.
    pub place: String,
    /// The commands.
    pub blocks: Vec<Block>,
    /// The commands that show whether it worked.
    pub check: Vec<String>,
    /// What they show then.
    pub shows: String,
    /// How long it takes; `None` where nothing measured it.
    pub takes: Option<String>,
    /// What is away meanwhile; `None`: nothing.
    pub away: Option<String>,
    /// What to do if it fails.
    pub fails: String,
}

/// Commands that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// For whom; `None`: for everybody.
    pub label: Option<&'static str>,
    /// Lines of a shell.
    pub lines: Vec<String>,
}

impl Block {
    /// Lines for everybody.
    fn plain(lines: Vec<String>) -> Vec<Self> {
        vec![Self { label: None, lines }]
    }
}

/// Where kubectl reaches the cluster.
const ADMIN: &str = "where kubectl reaches the cluster";

/// The runbook of an itinerary. Without a cluster its nodes are called `cp-1` and `worker-1`.
#[must_use]
pub fn runbook(way: &Itinerary, model: Option<&Model>, packages: Packages) -> Runbook {
    let tools = Tools { model, packages };
    let book = Book { way, tools };
    let mut sections = vec![book.before()];
    let mut control_plane = version(&way.from);
    for leg in &way.legs {
        sections.push(match leg.who {
            Goes::ControlPlane => book.control_plane(leg, &control_plane),
            Goes::Workers => book.workers(leg, &control_plane),
        });
        if leg.who == Goes::ControlPlane {
            control_plane = version(&leg.to);
        }
    }
    sections.push(book.after());
    Runbook {
        title: format!("Runbook: {} -> {}", way.from, way.to),
        notes: book.notes(),
        sections,
    }
}

struct Book<'a> {
    way: &'a Itinerary,
    tools: Tools<'a>,
}

/// What the steps of a node need to know.
#[derive(Clone, Copy)]
struct Tools<'a> {
    model: Option<&'a Model>,
    packages: Packages,
}

/// A version of the itinerary, which has been one before.
fn version(text: &str) -> KubeVersion {
    text.parse().unwrap_or_else(|_| KubeVersion::new(0, 0))
}

impl Book<'_> {
    /// Names of the nodes of a leg.
    fn nodes(&self, leg: &LegPlan) -> Vec<String> {
        match (self.tools.model, leg.who) {
            (Some(_), _) => leg.nodes.iter().map(|n| n.name.clone()).collect(),
            (None, Goes::ControlPlane) => vec!["cp-1".into()],
            (None, Goes::Workers) => vec!["worker-1".into()],
        }
    }

    fn renews(&self) -> bool {
        let plan = self.tools.model.and_then(|m| m.plan.as_ref());
        plan.is_none_or(|p| p.control_plane.renew_certificates)
    }

    /// Whether kubelets of control-plane nodes wait for all API servers.
    fn kubelets_last(&self) -> bool {
        let plan = self.tools.model.and_then(|m| m.plan.as_ref());
        plan.is_some_and(|p| p.control_plane.kubelets_last)
    }

    fn notes(&self) -> Vec<String> {
        let chosen = &self.way.choices[self.way.chosen];
        let mut notes = vec![format!(
            "{} in order; go on only when the check of a step shows what it should.",
            match self.way.legs.len() {
                1 => "One leg".to_owned(),
                n => format!("{n} legs"),
            }
        )];
        notes.push(format!("How the workers follow: {}.", chosen.words));
        if let Some(cost) = &chosen.cost {
            notes.push(format!(
                "Expected by {} rehearsals: {} in all, {} evictions. Times are medians, with the 95th percentile in \
                 brackets; they are those of the commands, without a person's reading and typing.",
                cost.trials,
                times(cost.seconds),
                number(cost.evictions.p50),
            ));
        }
        if self.tools.model.is_none() {
            notes.push(
                "No cluster was given: `cp-1` and `worker-1` stand for your nodes. Do the steps of `cp-1` on the first \
                 control-plane node; on each further one `kubeadm upgrade node` replaces `upgrade plan` and `upgrade \
                 apply`. Do the steps of `worker-1` on every worker. Nothing was rehearsed."
                    .into(),
            );
        }
        if self.tools.packages != Packages::Deb {
            notes.push(
                "Where dnf is dnf 5, `--setopt=disable_excludes=kubernetes` stands for `--disableexcludes=kubernetes`."
                    .into(),
            );
        }
        notes.push(
            "The network plugin is not kubeadm's: no command here changes it. Upgrade it as its own documents say, and \
             look there which versions of Kubernetes it supports."
                .into(),
        );
        notes
    }

    /// Looks, backups, and what has to be right before.
    fn before(&self) -> Section {
        let from = version(&self.way.from);
        let mut notes: Vec<String> = self.way.advice.clone();
        let changes = self.way.legs.iter().flat_map(|l| &l.changes);
        notes.extend(changes.map(|c| format!("1.{}: {}", c.minor, c.text)));
        notes.extend(self.way.ending_apis.iter().map(|api| {
            let objects = api.objects.join(", ");
            let (kind, old, new, minor) = (&api.kind, &api.api, &api.instead, api.minor);
            format!("1.{minor}: {kind} {old} is not served any more; change {objects} to {new} before")
        }));
        let hops: Vec<&LegPlan> = self.way.hops().collect();
        let mut steps = vec![look()];
        if let Some(first) = hops.first().and_then(|l| self.nodes(l).first().cloned()) {
            steps.push(Step {
                title: "See when certificates expire".into(),
                place: format!("on {first}"),
                blocks: Block::plain(vec![format!("sudo {} check-expiration", certs_command(from.minor()))]),
                check: Vec::new(),
                shows: "none expires before the upgrade is over".into(),
                takes: None,
                away: None,
                fails: format!(
                    "renew first: `sudo {} renew all`, then restart the static pods",
                    certs_command(from.minor())
                ),
            });
            let stacked = self.tools.model.is_none_or(|m| m.control_plane.etcd == Etcd::Stacked);
            steps.push(backup(&first, &from, stacked));
        }
        Section {
            title: "Before".into(),
            notes,
            steps,
        }
    }

    fn after(&self) -> Section {
        let to = &self.way.to;
        let lag = self.way.legs.last().is_some_and(|l| l.who == Goes::ControlPlane);
        let shows = if lag {
            format!("the control plane at {to}; workers where they were left")
        } else {
            format!("all nodes Ready, at {to}, none with SchedulingDisabled")
        };
        let step = Step {
            title: "Look at the whole".into(),
            place: ADMIN.into(),
            blocks: Block::plain(vec![
                "kubectl get nodes -o wide".into(),
                "kubectl get pods -A --field-selector=status.phase!=Running,status.phase!=Succeeded".into(),
                "kubectl get pdb -A".into(),
            ]),
            check: vec!["kubectl get --raw='/readyz?verbose'".into()],
            shows: format!("{shows}; no pod waits; every line of readyz is ok"),
            takes: None,
            away: None,
            fails: "a node that is still cordoned takes no pods: `kubectl uncordon NODE`; pods stay where they are, nothing \
                    moves them back"
                .into(),
        };
        Section {
            title: "After".into(),
            notes: Vec::new(),
            steps: vec![step],
        }
    }

    /// A hop: the nodes of the control plane, strictly one after another.
    fn control_plane(&self, leg: &LegPlan, before: &KubeVersion) -> Section {
        let to = version(&leg.to);
        let nodes = self.nodes(leg);
        let mut notes = Vec::new();
        if nodes.is_empty() {
            notes.push(format!(
                "A cloud runs the control plane: ask it for {to}, and wait until it is done."
            ));
        }
        if nodes.len() > 1 {
            notes.push(format!(
                "Strictly one node after another: etcd keeps its quorum, and the add-ons go with the {} node (K-16).",
                if postpones_addons(to.minor()) { "last" } else { "first" }
            ));
        }
        notes.extend(self.of_leg(leg));
        let last = self.kubelets_last();
        if last && nodes.len() > 1 {
            notes.push("All API servers first, then the kubelets of these nodes, as the plan has it.".into());
        }
        let mut steps = Vec::new();
        let mut kubelets = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let place = node::Place {
                at,
                of: nodes.len(),
                name: node,
            };
            let (kubeadm, kubelet) = self.control_plane_node(leg, place, before, &to);
            steps.extend(kubeadm);
            if last { &mut kubelets } else { &mut steps }.extend(kubelet);
        }
        steps.extend(kubelets);
        Section {
            title: format!("Leg {}: control plane {before} -> {to}", leg.number),
            notes,
            steps,
        }
    }

    /// What a rehearsal says of a leg, and whose versions are out of the policy meanwhile.
    fn of_leg(&self, leg: &LegPlan) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(cost) = &leg.cost {
            notes.push(format!("Expected: {}.", expected(cost)));
            if cost.incomplete > 0 {
                let why = cost.reason.as_deref().unwrap_or("for no known reason");
                let (n, of) = (cost.incomplete, cost.trials);
                notes.push(format!(
                    "WARNING: {n} of {of} rehearsals of this leg did not complete: {why}"
                ));
            }
        }
        let skew = leg.skew.iter().filter(|s| !s.kubeadms_way);
        notes.extend(skew.map(|s| format!("For a while, {} ({}).", s.words, s.rule)));
        for refusal in &leg.refusals {
            notes.push(format!(
                "--force skips what kubeadm says ({}): {}",
                refusal.rule, refusal.words
            ));
        }
        notes
    }
}

fn look() -> Step {
    Step {
        title: "See that the cluster is well".into(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![
            "kubectl version".into(),
            "kubectl get nodes -o wide".into(),
            "kubectl get pods -A --field-selector=status.phase!=Running,status.phase!=Succeeded".into(),
            "kubectl get pdb -A".into(),
        ]),
        check: Vec::new(),
        shows: "all nodes Ready; no pod waits or fails; every budget with ALLOWED DISRUPTIONS of 1 or more".into(),
        takes: None,
        away: None,
        fails: "repair first: a budget that allows nothing refuses every drain for ever".into(),
    }
}

fn backup(node: &str, before: &KubeVersion, stacked: bool) -> Step {
    let mut lines = commands::backup(node, before);
    if !stacked {
        lines.retain(|l| !l.contains("/var/lib/etcd"));
    }
    let etcd = if stacked { "etcd and " } else { "" };
    Step {
        title: format!("Keep a copy of {etcd}/etc/kubernetes"),
        place: format!("on {node} (kubectl wherever it reaches the cluster)"),
        blocks: Block::plain(lines),
        check: vec![format!("sudo ls -l /var/backups/before-{before}")],
        shows: if stacked {
            format!("before-{before}.db, which is not empty, and kubernetes/")
        } else {
            "kubernetes/; external etcd is kept by whoever runs it".into()
        },
        takes: None,
        away: None,
        fails: "do not go on without: kubeadm puts back manifests, but not objects".into(),
    }
}

/// The expectation of a leg, as half a sentence.
fn expected(cost: &Cost) -> String {
    let mut parts = vec![times(cost.seconds)];
    if cost.evictions.p95 > 0.0 {
        parts.push(format!("{} evictions", number(cost.evictions.p50)));
    }
    if cost.api_down_seconds.p95 > 0.0 {
        parts.push(format!("the API away for {}", times(cost.api_down_seconds)));
    }
    let down: Vec<_> = cost.workloads.iter().filter(|w| w.down_seconds.p95 >= 0.05).collect();
    for w in down.iter().take(5) {
        parts.push(format!("{} down for {}", w.name, times(w.down_seconds)));
    }
    if down.is_empty() && cost.evictions.p95 > 0.0 {
        parts.push("no workload down".into());
    }
    list(&parts)
}

/// `24.5 s (34 s)`; one number where both are the same.
fn times(spread: Spread) -> String {
    let (half, most) = (time(spread.p50), time(spread.p95));
    if half == most { half } else { format!("{half} ({most})") }
}

fn time(seconds: Seconds) -> String {
    if seconds >= 600.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{} s", number(seconds))
    }
}

/// A number with one decimal at most.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let of = |p50, p95| times(Spread { mean: 0.0, p50, p95 });
        assert_eq!(of(24.52, 34.149), "24.5 s (34.1 s)");
        assert_eq!(of(3.0, 3.0), "3 s");
        assert_eq!(of(599.0, 1200.0), "599 s (20 min)");
    }
}
