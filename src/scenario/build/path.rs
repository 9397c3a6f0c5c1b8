//! The way to the target: hops of the control plane, and rounds of the workers between them (V-18 … V-21).

use super::Builder;
use crate::ids::NodeId;
use crate::model::behaviour::kubeadm::kubelet_skew;
use crate::model::{KubeadmOptions, Leg, Mode, Part, Pool};
use crate::scenario::diagnostic::Problem;
use crate::scenario::own::{PlanSpec, StepSpec, Version, WorkersSpec};
use crate::scenario::text::At;
use crate::units::KubeVersion;
use crate::versions::path;
use crate::versions::skew::allowed_lag;

impl Builder<'_> {
    /// How kubeadm is called.
    pub(super) fn kubeadm(spec: &PlanSpec) -> KubeadmOptions {
        KubeadmOptions {
            version: spec.kubeadm_version.as_ref().map(|v| v.value.0.clone()),
            force: spec.force.unwrap_or(false),
            allow_experimental: spec.allow_experimental_upgrades.unwrap_or(false),
            allow_release_candidates: spec.allow_release_candidate_upgrades.unwrap_or(false),
        }
    }

    /// The legs of a plan without explicit steps.
    pub(super) fn legs(
        &mut self,
        spec: &PlanSpec,
        upgrade: bool,
        pools: &[Pool],
        kubeadm: &KubeadmOptions,
    ) -> Vec<Leg> {
        let hops = self.hops(spec, upgrade);
        if !spec.steps.is_empty() {
            return Vec::new();
        }
        let leg = |part, version: Option<&KubeVersion>| Leg {
            part,
            version: version.cloned(),
        };
        if hops.is_empty() {
            let target = spec.target_version.as_ref().map(|v| &v.value.0);
            let control_plane = upgrade.then(|| leg(Part::ControlPlane, target));
            return control_plane.into_iter().chain([leg(Part::Workers, target)]).collect();
        }
        let lags = spec.workers.as_ref().map(|w| w.value) == Some(WorkersSpec::Lagging);
        let mut legs = Vec::new();
        let mut now = self.model.version.clone();
        let mut kubelets = self.oldest_kubelet(pools).unwrap_or_else(|| now.minor());
        for hop in &hops {
            let must = too_old(kubelets, hop, kubeadm) && !pools.is_empty();
            if must && kubelets < now.minor() {
                legs.push(leg(Part::Workers, Some(&now)));
                kubelets = now.minor();
            }
            legs.push(leg(Part::ControlPlane, Some(hop)));
            if !lags && !pools.is_empty() {
                legs.push(leg(Part::Workers, Some(hop)));
                kubelets = hop.minor();
            }
            now = hop.clone();
        }
        if legs.first().is_some_and(|l| l.part == Part::Workers) {
            let (rest, hop) = (&self.model.version, &hops[0]);
            self.notes.push(format!(
                "workers go to {rest} first: their kubelets are too old for a control plane of {hop} (V-12, K-8)"
            ));
        }
        if lags && !pools.is_empty() {
            legs.push(leg(Part::Workers, Some(&now)));
        }
        legs
    }

    /// The versions of the control plane on the way; none where it stays.
    fn hops(&mut self, spec: &PlanSpec, upgrade: bool) -> Vec<KubeVersion> {
        self.misplaced_way(spec, upgrade);
        if !upgrade {
            return Vec::new();
        }
        if let Some(path) = &spec.path {
            return path.iter().map(|v| v.value.0.clone()).collect();
        }
        let Some(target) = &spec.target_version else {
            return Vec::new();
        };
        let to = &target.value.0;
        let hops = path::hops(&self.model.version, to);
        if hops.is_empty() { vec![to.clone()] } else { hops }
    }

    /// What says nothing where it stands, or contradicts.
    fn misplaced_way(&mut self, spec: &PlanSpec, upgrade: bool) {
        let steps = !spec.steps.is_empty();
        let place = |path: &Vec<At<Version>>| path.first().map(|v| v.place);
        if let Some(path) = &spec.path {
            match path.last() {
                None => self.problems.push(Problem::general("the plan's `path` is empty")),
                Some(last) => {
                    if let Some(target) = &spec.target_version
                        && target.value.0 != last.value.0
                    {
                        let text = format!("the path ends at {}, not at the target", last.value.0);
                        self.problems
                            .push(Problem::at(last.place, text).and(target.place, "the target"));
                    }
                }
            }
            if let Some(place) = place(path).filter(|_| steps || !upgrade) {
                let text = if steps {
                    "`path` has no meaning beside explicit `steps`: they name their versions"
                } else {
                    "`path` has a meaning where the plan upgrades the control plane only"
                };
                self.wrong(place, text);
            }
        }
        if let Some(workers) = spec.workers.as_ref().filter(|_| steps || !upgrade) {
            let text = "`workers` has a meaning where the plan upgrades the control plane, without explicit `steps`";
            self.wrong(workers.place, text);
        }
    }

    fn oldest_kubelet(&self, pools: &[Pool]) -> Option<u32> {
        let nodes = pools.iter().flat_map(|pool| &pool.nodes);
        nodes.map(|&n| self.model.nodes[n].version.minor()).min()
    }

    /// New nodes for each round of the workers, where a pool replaces its nodes.
    pub(super) fn successors(&mut self, pools: &mut [Pool], legs: &[Leg]) {
        let rounds: Vec<&Leg> = legs.iter().filter(|l| l.part == Part::Workers).collect();
        for pool in pools.iter_mut() {
            let extra = self.buffer(pool);
            let mut nodes: Vec<NodeId> = pool.nodes.clone();
            for round in &rounds {
                let version = round.version.as_ref();
                if pool.strategy.mode != Mode::InPlace {
                    nodes = nodes.iter().map(|&n| self.successor(n, None, version)).collect();
                    pool.successors.push(nodes.clone());
                }
                if extra > 0 {
                    let like = pool.nodes.iter().cycle().take(extra as usize);
                    let spares = like.map(|&n| self.successor(n, None, version)).collect();
                    pool.spares.push(spares);
                }
            }
        }
    }

    /// How many extra nodes a pool gets.
    fn buffer(&self, pool: &Pool) -> u32 {
        let zones: std::collections::BTreeSet<_> = pool.nodes.iter().map(|&n| self.model.nodes[n].zone).collect();
        let size = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let strategy = &pool.strategy;
        let extra = strategy.buffer.round_up(size(pool.nodes.len()));
        extra.max(strategy.buffer_per_zone * size(zones.len())).min(10_000)
    }

    /// What a target means that the control plane does not go to, or goes down to.
    pub(super) fn check_target(&mut self, spec: &PlanSpec, upgrade: bool) {
        let Some(target) = &spec.target_version else {
            return;
        };
        let in_steps = |s: &At<StepSpec>| matches!(s.value, StepSpec::UpgradeControlPlane(_));
        let upgrade = upgrade || spec.steps.iter().any(in_steps);
        let (now, to) = (self.model.version.clone(), &target.value.0);
        if upgrade && to < &now && spec.path.is_none() {
            let text = format!("the target {to} is lower than the cluster's version {now}");
            self.wrong(target.place, text);
        } else if !upgrade && to.minor() > now.minor() && self.model.control_plane.nodes.is_empty() {
            self.notes.push(format!(
                "a cloud is taken to have upgraded its control plane ({now}) before nodes go to {to} (V-4)"
            ));
        } else if !upgrade && to.minor() > now.minor() {
            self.notes.push(format!(
                "kubelets of {to} are newer than the API server ({now}), which the version skew policy forbids (V-4)"
            ));
        }
    }
}

/// Whether kubelets of a minor stand in the way of a hop: the policy forbids it (V-12), or kubeadm refuses it (K-8).
fn too_old(kubelets: u32, hop: &KubeVersion, kubeadm: &KubeadmOptions) -> bool {
    let lag = hop.minor().saturating_sub(kubelets);
    let own = kubeadm.version.as_ref().unwrap_or(hop).minor();
    lag > allowed_lag(kubelets) || !kubeadm.force && lag > kubelet_skew(own)
}
