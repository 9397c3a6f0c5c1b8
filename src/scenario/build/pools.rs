//! Pools of nodes and their strategies.

use std::collections::BTreeMap;

use super::Builder;
use super::names::short;
use crate::ids::NodeId;
use crate::model::{Pool, Strategy};
use crate::scenario::diagnostic::Problem;
use crate::scenario::own::{PlanSpec, PoolSpec};
use crate::scenario::text::Place;

impl Builder<'_> {
    /// The pools of a plan; left out, all nodes that are not control plane.
    pub(super) fn pools(&mut self, spec: &PlanSpec, plan: Place, control_plane: bool) -> Vec<Pool> {
        if let (false, Some(first)) = (spec.steps.is_empty(), spec.pools.as_ref().and_then(|p| p.first())) {
            let text = "a plan has `pools` or explicit `steps`, not both";
            self.problems
                .push(Problem::at(spec.steps[0].place, text).and(first.place, "the pools"));
        }
        if !spec.steps.is_empty() {
            return Vec::new();
        }
        let Some(pools) = &spec.pools else {
            return self.all_workers(spec, plan, control_plane);
        };
        let mut taken = BTreeMap::new();
        let mut names: BTreeMap<&str, Place> = BTreeMap::new();
        let mut built = Vec::new();
        for pool in pools {
            let name = &pool.value.name;
            if let Some(&first) = names.get(name.value.as_str()) {
                let text = format!("a second pool of the name `{}`", short(&name.value));
                self.problems
                    .push(Problem::at(name.place, text).and(first, "the first one"));
            }
            names.insert(&name.value, name.place);
            let strategy = self.strategy(&spec.strategy_of(&pool.value));
            built.push(self.pool_of(&pool.value, strategy, control_plane, &mut taken));
        }
        built
    }

    fn all_workers(&mut self, spec: &PlanSpec, plan: Place, control_plane: bool) -> Vec<Pool> {
        let nodes = self.workers(&BTreeMap::new());
        if nodes.is_empty() {
            if !control_plane && !self.model.nodes.is_empty() && !self.documents.damaged {
                self.wrong(plan, "the cluster has no worker nodes to upgrade");
            }
            return Vec::new();
        }
        vec![Pool {
            name: "workers".into(),
            nodes,
            successors: Vec::new(),
            spares: Vec::new(),
            strategy: self.strategy(&spec.strategy),
        }]
    }

    pub(super) fn workers(&self, selector: &BTreeMap<String, String>) -> Vec<NodeId> {
        self.model
            .nodes
            .iter_ids()
            .filter(|(_, node)| !node.control_plane)
            .filter(|(_, node)| {
                let has = |(k, v): (&String, &String)| node.label(k) == Some(v.as_str());
                selector.iter().all(has)
            })
            .map(|(id, _)| id)
            .collect()
    }

    fn pool_of(
        &mut self,
        pool: &PoolSpec,
        strategy: Strategy,
        control_plane: bool,
        taken: &mut BTreeMap<NodeId, (Place, String)>,
    ) -> Pool {
        let listed = self.pool_nodes(pool);
        let mut nodes = Vec::new();
        for (id, place) in listed {
            let node = &self.model.nodes[id];
            if control_plane && node.control_plane {
                let text = format!(
                    "`{}` is a control-plane node: it is upgraded before the pools",
                    node.name
                );
                self.wrong(place, text);
            } else if let Some((first, other)) = taken.get(&id) {
                let text = format!("the node `{}` is in the pool `{other}`, too", node.name);
                self.problems.push(Problem::at(place, text).and(*first, "there"));
            } else {
                taken.insert(id, (place, pool.name.value.clone()));
                nodes.push(id);
            }
        }
        Pool {
            name: pool.name.value.clone(),
            nodes,
            successors: Vec::new(),
            spares: Vec::new(),
            strategy,
        }
    }

    /// The nodes of a pool, and the place that names them.
    fn pool_nodes(&mut self, pool: &PoolSpec) -> Vec<(NodeId, Place)> {
        let all = BTreeMap::new();
        let (selector, place) = match (&pool.nodes, &pool.node_selector) {
            (Some(_), Some(selector)) => {
                let text = "a pool has `nodes` or `nodeSelector`, not both";
                self.wrong(selector.place, text);
                return Vec::new();
            }
            (Some(names), None) => {
                if names.is_empty() {
                    self.wrong(pool.name.place, "the pool lists no nodes");
                }
                let found = names.iter().map(|name| Some((self.node(name)?, name.place)));
                return found.collect::<Vec<_>>().into_iter().flatten().collect();
            }
            (None, Some(selector)) => (&selector.value, selector.place),
            (None, None) => (&all, pool.name.place),
        };
        let nodes = self.workers(selector);
        if nodes.is_empty() && !self.documents.damaged && !self.model.nodes.is_empty() {
            let text = format!("the pool `{}` selects no node", short(&pool.name.value));
            self.wrong(place, text);
        }
        nodes.into_iter().map(|id| (id, place)).collect()
    }
}
