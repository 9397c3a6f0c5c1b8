//! Load balancers of Services.

use super::{Builder, some_of};
use crate::ids::ServiceId;
use crate::model::{Balancer, TrafficPolicy};
use crate::units::Span;

impl Builder<'_> {
    /// A Service of type LoadBalancer: those that send to the same nodes share an entry.
    pub(super) fn balance(&mut self, service: ServiceId, policy: TrafficPolicy) {
        let all = &mut self.model.balancers.all;
        let alike = |b: &&mut Balancer| policy == TrafficPolicy::Cluster && b.policy == policy;
        if let Some(shared) = all.iter_mut().find(alike) {
            shared.services.push(service);
        } else {
            all.push(Balancer {
                policy,
                services: vec![service],
            });
        }
    }

    /// How they find out which nodes to send to.
    pub(super) fn balancers(&mut self) {
        let cluster = self.documents.cluster.as_ref();
        let spec = cluster.and_then(|(_, c)| c.service_load_balancers.as_ref());
        if let Some(interval) = spec.and_then(|s| s.interval.as_ref()) {
            if interval.value.0 == Span::ZERO {
                self.wrong(interval.place, "the interval must be longer than 0s");
            }
            self.model.balancers.interval = interval.value.0;
        }
        if let Some(threshold) = spec.and_then(|s| s.threshold.as_ref()) {
            if threshold.value == 0 {
                self.wrong(threshold.place, "the threshold must be at least 1");
            }
            self.model.balancers.threshold = self.count(threshold, 1000);
        }
        self.model.balancers.drops_cordoned = spec.and_then(|s| s.drops_cordoned);
        let given = spec.is_some_and(|s| s.interval.is_some() && s.threshold.is_some());
        if !self.model.balancers.all.is_empty() && !given {
            self.assume_checks();
        }
        self.assume_classes();
    }

    fn assume_checks(&mut self) {
        let balancers = &self.model.balancers;
        let ids = balancers.all.iter().flat_map(|b| &b.services);
        let services = ids.map(|&id| &self.model.services[id]);
        let names: Vec<String> = services.map(|s| format!("{}/{}", s.namespace, s.name)).collect();
        let (interval, threshold) = (balancers.interval, balancers.threshold);
        let names = some_of(&names, 3.min(names.len()));
        self.assume(format!(
            "load balancers of Services ({names}) check nodes every {interval} and leave one out after {threshold} failures"
        ));
    }

    /// Services whose load balancers are somebody else's than the cloud controller manager's.
    fn assume_classes(&mut self) {
        let foreign = self
            .documents
            .services
            .iter()
            .filter(|s| s.balanced.is_some() && s.foreign);
        let names: Vec<String> = foreign
            .map(|s| format!("{}/{}", s.meta.namespace, s.meta.name))
            .collect();
        if !names.is_empty() {
            let names = some_of(&names, names.len());
            self.assume(format!(
                "load balancers with a loadBalancerClass ({names}) send to the same nodes as the cloud controller manager's"
            ));
        }
    }
}
