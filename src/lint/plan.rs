//! P: the plan and its strategy.

use super::case::{Case, PoolView, count};
use super::{Finding, Found, Rule, Severity};
use crate::ids::{NodeId, WorkloadId};
use crate::model::{Gate, Mode, Part, Predicts, Premark};
use crate::units::Span;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "P02",
        severity: Severity::Error,
        title: "All nodes of a workload go at the same time",
        why: "Every replica is evicted before any has been replaced.",
        fix: "Lower `maxUnavailable`, use a surge, or protect the workload with a budget.",
        needs: "an UpgradePlan with pools, pods with their nodes",
        source: "upgrade guides of GKE, EKS and AKS: parallelism = maxSurge + maxUnavailable",
        check: whole_pool,
    },
    Rule {
        id: "P03",
        severity: Severity::Warning,
        title: "Nodes of several zones go at the same time",
        why: "What is spread over zones so that one may fail loses two failure domains at once.",
        fix: "Use `order: ByZone` with a `maxUnavailable` that is not larger than a zone.",
        needs: "an UpgradePlan with pools, zone labels of nodes",
        source: "https://kubernetes.io/docs/setup/best-practices/multiple-zones/",
        check: several_zones,
    },
    Rule {
        id: "P10",
        severity: Severity::Warning,
        title: "The plan does not fit its maintenance window",
        why: "Work stops when the window closes: until the next one opens, nodes of both versions run side by side.",
        fix: "Take more nodes at a time, widen the window, or plan for several of them.",
        needs: "an UpgradePlan with a `window`",
        source: "https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions",
        check: window,
    },
    Rule {
        id: "P11",
        severity: Severity::Warning,
        title: "Nothing is checked between two nodes",
        why: "A node image or a version that does not work is rolled out to every node.",
        fix: "Set `gate: Ready`, or `gate: WorkloadsHealthy`.",
        needs: "an UpgradePlan with pools",
        source: "docs/strategies.md",
        check: no_gate,
    },
    Rule {
        id: "P12",
        severity: Severity::Note,
        title: "The first batch is as large as the others",
        why: "What is wrong with the new version hits a whole batch before anybody has seen one node of it.",
        fix: "Set `firstAlone: true`, or a `ramp` such as `[1, 4, 20]`.",
        needs: "an UpgradePlan with pools that takes several nodes at a time",
        source: "docs/strategies.md",
        check: no_canary,
    },
    Rule {
        id: "P13",
        severity: Severity::Warning,
        title: "Evicted pods land on nodes that are still to be drained",
        why: "A pod that is evicted early moves again when its new node's turn comes: with N equal nodes and a scheduler that does not \
              care, ((N-1)/N)·((N/(N-1))^N - 1) moves a pod, up to e - 1 = 1.72.",
        fix: "Set `premark: PreferNoSchedule`, so that evicted pods prefer upgraded nodes, and bring one node more (`buffer: 1`).",
        needs: "an UpgradePlan with pools",
        source: "kOps and EKS mark old nodes first; the law is derived in docs/lint.md",
        check: no_premark,
    },
    Rule {
        id: "P15",
        severity: Severity::Warning,
        title: "The controller that upgrades nodes runs on a node that it drains",
        why: "It evicts itself in the middle of the roll; whoever has no second replica waits until it is back, or loses its state.",
        fix: "Run two replicas with leader election, or take its node last.",
        needs: "workloads with the images of their containers",
        source: "https://cluster-api.sigs.k8s.io/, https://github.com/rancher/system-upgrade-controller",
        check: upgrader,
    },
    Rule {
        id: "P16",
        severity: Severity::Note,
        title: "Something else restarts nodes, too",
        why: "Two that drain nodes at the same time take more nodes away than the plan says.",
        fix: "Pause it while the plan runs.",
        needs: "workloads with the images of their containers",
        source: "https://kured.dev/docs/, https://karpenter.sh/docs/concepts/disruption/",
        check: second_disruptor,
    },
];

/// How long a plan takes, roughly: each node as long as the timings say in the middle, drains as long as pods take to stop.
pub(super) fn estimate(case: &Case<'_>) -> Span {
    let Some(plan) = &case.model.plan else {
        return Span::ZERO;
    };
    let rounds = plan.legs.iter().filter(|l| l.part == Part::Workers).count().max(1);
    let pools = case.pools.iter().map(|pool| pool_takes(case, pool));
    let workers = pools.fold(Span::ZERO, |sum, span| sum + span) * rounds as u64;
    let hops = plan.hops().count() * case.model.control_plane.nodes.len();
    workers + Span::from_secs(150) * hops as u64
}

fn pool_takes(case: &Case<'_>, pool: &PoolView<'_>) -> Span {
    let times = &case.model.timings;
    let strategy = &pool.pool.strategy;
    let node = match strategy.mode {
        Mode::InPlace if strategy.reboot => times.node_reboot.median(),
        Mode::InPlace => times.node_upgrade.median(),
        Mode::Replace | Mode::BlueGreen => times.node_create.median() + times.node_delete.median(),
    };
    let node = node + times.pod_shutdown.median() + strategy.soak + strategy.post_drain_delay;
    let batches = pool.pool.nodes.len().div_ceil(pool.at_once.max(1)) as u64;
    node * batches + strategy.batch_soak * batches.saturating_sub(1) + strategy.pool_soak
}

fn whole_pool(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let size = pool.pool.nodes.len();
        // With a single node there is nothing else that a plan could do in place; a surge brings the room first.
        if pool.at_once < size || size < 2 || pool.surge >= size {
            continue;
        }
        let own: std::collections::BTreeSet<NodeId> = pool.pool.nodes.iter().copied().collect();
        let inside = |node: &NodeId| own.contains(node);
        let all = case.moved().filter(|(id, _)| {
            let nodes = &case.placed[*id].nodes;
            let guarded = case.class(*id).budgets.iter().any(|&b| case.budgets[b].wanted > 0);
            !nodes.is_empty() && nodes.keys().all(inside) && !guarded
        });
        let hit: Vec<WorkloadId> = all.map(|(id, _)| id).collect();
        let Some(&first) = hit.first() else { continue };
        let name = &pool.pool.name;
        let says = format!("the pool {name} takes all of its {size} nodes at the same time");
        let why = format!(
            "Every replica of {} runs there and is evicted at once.",
            case.names(&hit)
        );
        let field = case.strategy_field(pool, "maxUnavailable");
        let finding = Finding::new(case.plan_object(), says).field(&field).why(why);
        let finding = finding
            .figure("nodes", size)
            .figure("atOnce", pool.at_once)
            .figure("workloads", hit.len());
        found.push(finding.predicts(Predicts::Downtime(first)));
    }
}

fn several_zones(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let mut sizes = std::collections::BTreeMap::<Option<u32>, usize>::new();
        for &node in &pool.pool.nodes {
            *sizes.entry(case.model.nodes[node].zone).or_default() += 1;
        }
        let smallest = sizes.iter().filter(|(zone, _)| zone.is_some()).map(|(_, n)| *n).min();
        let (Some(smallest), true) = (smallest, sizes.len() > 1 && pool.at_once > 1) else {
            continue;
        };
        use crate::model::NodeOrder::{ByZone, ByZoneThenAge};
        let by_zone = matches!(pool.pool.strategy.order, ByZone | ByZoneThenAge);
        if pool.surge >= pool.at_once || by_zone && pool.at_once <= smallest {
            continue;
        }
        let says = format!(
            "the pool {} takes {} at a time, from any of {} zones",
            pool.pool.name,
            count(pool.at_once, "node"),
            sizes.len()
        );
        let field = case.strategy_field(pool, if by_zone { "maxUnavailable" } else { "order" });
        let finding = Finding::new(case.plan_object(), says).field(&field);
        let finding = finding.figure("atOnce", pool.at_once).figure("zones", sizes.len());
        found.push(finding.patch(strategy_patch("order: ByZone")));
    }
}

fn window(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let Some(window) = pool.pool.strategy.window else {
            continue;
        };
        let takes = pool_takes(case, pool);
        if takes <= window.open {
            continue;
        }
        let open = window.open.as_micros().max(1);
        let windows = takes.as_micros().div_ceil(open);
        let says = format!(
            "the pool {} takes about {takes}; its window is open for {}",
            pool.pool.name, window.open
        );
        let why = format!(
            "It needs {windows} windows, the last one {} after the first.",
            window.every * windows.saturating_sub(1)
        );
        let field = case.strategy_field(pool, "window");
        let finding = Finding::new(case.plan_object(), says).field(&field).why(why);
        let finding = finding
            .figure("expected", takes)
            .figure("open", window.open)
            .figure("windows", windows);
        found.push(finding.predicts(Predicts::LongerThan(window.open.as_micros())));
    }
}

fn no_gate(case: &Case<'_>, found: &mut Found) {
    for pool in case.pools.iter().filter(|p| p.pool.nodes.len() > 1) {
        if pool.pool.strategy.gate == Gate::None {
            let says = format!("the pool {} goes on without looking at the node before", pool.pool.name);
            let field = case.strategy_field(pool, "gate");
            let finding = Finding::new(case.plan_object(), says).field(&field);
            found.push(
                finding
                    .figure("nodes", pool.pool.nodes.len())
                    .patch(strategy_patch("gate: Ready")),
            );
        }
    }
}

fn no_canary(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let strategy = &pool.pool.strategy;
        if pool.at_once > 1 && strategy.ramp.is_empty() && !strategy.first_alone && strategy.mode != Mode::BlueGreen {
            let says = format!(
                "the pool {} begins with {} at a time",
                pool.pool.name,
                count(pool.at_once, "node")
            );
            let field = case.strategy_field(pool, "firstAlone");
            let finding = Finding::new(case.plan_object(), says).field(&field);
            let finding = finding
                .figure("firstBatch", pool.at_once)
                .figure("nodes", pool.pool.nodes.len());
            found.push(finding.patch(strategy_patch("firstAlone: true")));
        }
    }
}

/// Moves of a pod on average: N batches one after another, each evicted pod lands on one of the other nodes by chance.
pub(super) fn churn_law(batches: usize) -> f64 {
    let n = batches.max(2) as f64;
    (n - 1.0) / n * (libm::pow(n / (n - 1.0), n) - 1.0)
}

fn no_premark(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let (strategy, size) = (&pool.pool.strategy, pool.pool.nodes.len());
        let marked = strategy.premark != Premark::None || strategy.mode == Mode::BlueGreen;
        if size <= 3 || marked || case.moved().next().is_none() {
            continue;
        }
        let batches = size.div_ceil(pool.at_once.max(1));
        if batches < 2 {
            continue;
        }
        let moves = churn_law(batches);
        let says = format!(
            "the pool {} drains {size} nodes and steers no pod away from those that wait",
            pool.pool.name
        );
        let pods: u32 = case.moved().map(|(_, w)| w.desired).sum();
        let why = format!(
            "A pod moves {moves:.2} times on average where the scheduler spreads by chance: about {:.0} moves of {pods} pods, \
             where {pods} are enough.",
            moves * f64::from(pods)
        );
        let field = case.strategy_field(pool, "premark");
        let finding = Finding::new(case.plan_object(), says).field(&field).why(why);
        let finding = finding
            .figure("nodes", size)
            .figure("movesPerPod", format!("{moves:.2}"));
        found.push(
            finding
                .patch(strategy_patch("premark: PreferNoSchedule"))
                .predicts(Predicts::Moves),
        );
    }
}

/// Words in images of what upgrades nodes.
const UPGRADERS: [&str; 5] = [
    "system-upgrade-controller",
    "cluster-api-controller",
    "kubeadm-control-plane-controller",
    "machine-controller-manager",
    "machine-config-controller",
];

/// Words in images of what restarts or removes nodes for reasons of its own.
const DISRUPTORS: [&str; 4] = ["kured", "karpenter", "descheduler", "flatcar-linux-update-operator"];

fn runs<'a>(
    case: &Case<'a>,
    words: &'static [&'static str],
) -> impl Iterator<Item = (WorkloadId, &'static str)> + use<'a> {
    let (model, traits) = (case.model, case.traits);
    model.workloads.iter_ids().filter_map(move |(id, workload)| {
        let images = traits.workloads.get(id).map_or(&[][..], |t| &t.images);
        let in_image = |word: &&&str| images.iter().any(|image| image.contains(**word));
        let word = words.iter().find(in_image)?;
        (workload.desired > 0).then_some((id, *word))
    })
}

fn upgrader(case: &Case<'_>, found: &mut Found) {
    for (id, word) in runs(case, &UPGRADERS) {
        let desired = case.model.workloads[id].desired;
        if desired < 2 && case.touches(id) && case.model.plan.is_some() {
            let says = format!(
                "{word} has {} and runs on nodes that are drained",
                count(desired as usize, "replica")
            );
            let finding = Finding::new(case.workload_object(id), says).figure("replicas", desired);
            found.push(finding.predicts(Predicts::Downtime(id)));
        }
    }
}

fn second_disruptor(case: &Case<'_>, found: &mut Found) {
    if case.model.plan.is_none() {
        return;
    }
    for (id, word) in runs(case, &DISRUPTORS) {
        let says = format!("{word} may drain nodes while the plan runs");
        let finding = Finding::new(case.workload_object(id), says);
        found.push(finding.figure("atOnceByPlan", case.at_once()));
    }
}

/// A patch of the strategy of all pools.
pub(super) fn strategy_patch(line: &str) -> String {
    format!("spec:\n  strategy:\n    {line}\n")
}
