//! The hall between the rooms: time, the future event list, facts, randomness and the store.

use super::attempts::Curiosity;
use super::endpoints::Echoes;
use super::event::{Event, Scheduled};
use super::gate::{Permit, Unavailable};
use super::likes::Likes;
use super::scheduler::FreedRoom;
use super::selectors::Selectors;
use super::skew;
use super::store::Store;
use crate::ids::{ClassId, FactId, Id, NodeId, PodId, WorkloadId};
use crate::model::{Component, Model, Node, PodClass, Workload};
use crate::queue::Queue;
use crate::rng::{Lots, Purpose, Stream, Streams};
use crate::trace::{Fact, Record, VersionId};
use crate::units::{Dist, KubeVersion, Sampler, Span, Time};
use crate::upgrade::drain::Gone;

/// What every room sees.
#[derive(Debug)]
pub(crate) struct Hall<'m> {
    pub(crate) model: &'m Model,
    pub(crate) streams: Streams,
    pub(crate) store: Store,
    pub(crate) selectors: Selectors,
    likes: Likes,
    pub(crate) now: Time,
    /// When something other than a repetition happened last.
    pub(crate) progress: Time,
    /// The fact that brought the current event about.
    pub(crate) cause: Option<FactId>,
    /// Events that will still change something, though nothing moves now (a lease that runs out, a toleration): the run
    /// does not end before them.
    pub(crate) expected: u32,
    /// Kubelets that have not listed their pods or not posted a status since they started: they will once the API answers.
    pub(crate) unlisted: u32,
    /// Versions that were met, by [`VersionId`].
    pub(crate) versions: Vec<KubeVersion>,
    /// The minor of the kubectl that people use: that of the control plane before the hop that is under way.
    pub(crate) kubectl: u32,
    /// What somebody wants to know of the scheduler; mostly nothing.
    pub(crate) curiosity: Option<Box<Curiosity>>,
    /// What the data plane hears again without need.
    pub(super) echoes: Echoes,
    /// What the scheduler hears of room that nobody waits for.
    pub(super) freed: FreedRoom,
    /// Pods that are gone since the drains were told last.
    pub(crate) gone: Vec<Gone>,
    /// Nodes that are about to be drained.
    pub(crate) leaving: Vec<NodeId>,
    /// The node that a pod is about to be bound to.
    pub(super) destination: Option<NodeId>,
    queue: Queue<Scheduled>,
    facts: Vec<Record>,
    next_fact: usize,
    /// A fact since the last look may concern the version skew policy.
    skew_news: bool,
    latency: Stream,
    lots: Lots,
    sampler: Sampler,
    balancer: Stream,
}

impl<'m> Hall<'m> {
    pub(crate) fn new(model: &'m Model, streams: Streams, versions: Vec<KubeVersion>) -> Self {
        Self {
            model,
            store: Store::new(model, &streams, &versions),
            selectors: Selectors::new(model),
            likes: Likes::new(model),
            now: Time::ZERO,
            progress: Time::ZERO,
            cause: None,
            expected: 0,
            unlisted: 0,
            kubectl: kubectl(model),
            curiosity: None,
            versions,
            echoes: Echoes::default(),
            freed: FreedRoom::default(),
            gone: Vec::new(),
            leaving: Vec::new(),
            destination: None,
            queue: Queue::new(),
            facts: Vec::new(),
            next_fact: 0,
            skew_news: false,
            latency: streams.stream(Purpose::Latency, 0),
            lots: Lots::new(streams.clone()),
            sampler: Sampler::default(),
            balancer: streams.stream(Purpose::LoadBalancer, 0),
            streams,
        }
    }

    /// Takes the next event out of the list and moves time to it.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Event> {
        let (at, scheduled) = self.queue.pop()?;
        debug_assert!(at >= self.now, "time ran backwards");
        self.now = at;
        self.cause = scheduled.cause;
        Some(scheduled.event)
    }

    /// What is going to happen, in no order.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (Time, Event)> {
        self.queue.iter().map(|(at, scheduled)| (at, scheduled.event))
    }

    /// Schedules an event after a delay; it carries the current cause.
    #[inline(always)]
    pub(crate) fn after(&mut self, delay: Span, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Schedules an event.
    #[inline(always)]
    pub(crate) fn at(&mut self, at: Time, event: Event) {
        let cause = self.cause;
        self.queue.push(at.max(self.now), Scheduled { event, cause });
    }

    /// Records a fact, brought about by the current cause.
    // Written where it stays, part by part, by whoever records it. Handed over, it would be read as a whole at once, and a
    // processor waits with that until the parts have left for the cache, and all that was written before them.
    #[inline(always)]
    pub(crate) fn emit(&mut self, fact: Fact) -> FactId {
        let id = FactId::from_index(self.next_fact);
        self.next_fact += 1;
        self.skew_news |= skew::may_concern(&fact, &self.store);
        if !fact.is_attempt() {
            self.progress = self.now;
        }
        self.facts.push(Record {
            at: self.now,
            cause: self.cause,
            fact,
        });
        id
    }

    /// Records a fact that becomes the cause of what follows in this event.
    #[inline(always)]
    pub(crate) fn emit_cause(&mut self, fact: Fact) -> FactId {
        let id = self.emit(fact);
        self.cause = Some(id);
        id
    }

    /// The observer has seen the facts so far.
    #[inline]
    pub(crate) fn forget_facts(&mut self) {
        self.facts.clear();
    }

    /// Whether a fact since the last call may concern the version skew policy.
    pub(super) fn take_skew_news(&mut self) -> bool {
        std::mem::take(&mut self.skew_news)
    }

    /// The facts of the current event.
    pub(crate) fn fresh_facts(&self) -> &[Record] {
        &self.facts
    }

    /// How many facts there are so far.
    pub(crate) fn fact_count(&self) -> usize {
        self.next_fact
    }

    /// A version by its number.
    pub(crate) fn version(&self, id: VersionId) -> &KubeVersion {
        &self.versions[id.0 as usize]
    }

    /// The number of a version that the run meets.
    pub(crate) fn version_id(&self, version: &KubeVersion) -> VersionId {
        VersionId::among(&self.versions, version)
    }

    /// The minor of a version.
    pub(crate) fn minor(&self, id: VersionId) -> u32 {
        self.version(id).minor()
    }

    /// The minor of an API server as kubelets meet it: a cloud upgrades its own before the nodes follow.
    pub(crate) fn server_minor(&self, version: VersionId) -> u32 {
        let cloud = self.model.control_plane.nodes.is_empty();
        let target = self.model.plan.as_ref().and_then(|p| p.target.as_ref());
        let ahead = target.filter(|_| cloud).map_or(0, KubeVersion::minor);
        self.minor(version).max(ahead)
    }

    /// What pods of a class are made from, not who owns and who selects them: the record of a class that is like it.
    #[inline]
    pub(crate) fn template(&self, class: ClassId) -> &'m PodClass {
        &self.model.classes[self.likes.class(class)]
    }

    /// What a pod is made from.
    #[inline]
    pub(crate) fn template_of(&self, pod: PodId) -> &'m PodClass {
        self.template(self.store.pods[pod].class)
    }

    /// How a workload is run, not its name, class and size: the record of a workload that is like it.
    #[inline]
    pub(crate) fn manner(&self, workload: WorkloadId) -> &'m Workload {
        &self.model.workloads[self.likes.workload(workload)]
    }

    /// What a node offers and whom its own taints keep off, not its name, labels and zone: the record of a node that is like it.
    #[inline]
    pub(crate) fn spec(&self, node: NodeId) -> &'m Node {
        &self.model.nodes[self.likes.node(node)]
    }

    /// A sample of a latency.
    pub(crate) fn draw(&mut self, dist: &Dist) -> Span {
        match dist {
            Dist::Constant(span) => *span,
            _ => self.sampler.at(dist, self.latency.unit()),
        }
    }

    /// As [`Streams::sample`], by what the hall remembers of streams and distributions.
    pub(crate) fn sample(&mut self, purpose: Purpose, entity: u64, dist: &Dist) -> Span {
        match dist {
            Dist::Constant(span) => *span,
            _ => self.sampler.at(dist, self.lots.unit(purpose, entity)),
        }
    }

    /// What a distribution comes to at a probability.
    pub(crate) fn quantile(&mut self, dist: &Dist, u: f64) -> Span {
        self.sampler.at(dist, u)
    }

    /// A uniform sample.
    pub(crate) fn between(&mut self, low: Span, high: Span) -> Span {
        self.latency.between(low, high)
    }

    /// How long until a watcher has seen a change and its controller acts.
    pub(crate) fn reaction(&mut self) -> Span {
        let timings = &self.model.timings;
        self.draw(&timings.watch_delivery) + self.draw(&timings.controller_reaction)
    }

    /// Half of a request's round trip: from sending until the server acts, or from then until the answer.
    pub(crate) fn half_call(&mut self) -> Span {
        Span::from_micros(self.draw(&self.model.timings.api_call).as_micros() / 2)
    }

    /// Asks the gate for leave to write through the load balancer.
    pub(crate) fn admit(&mut self) -> Result<Permit, Unavailable> {
        self.store.gate.admit(&mut self.balancer)
    }

    /// Whether a process at this door reaches the API.
    pub(crate) fn reaches(&self, server: usize) -> bool {
        self.store.gate.servers[server].works
    }

    /// The latency model of a control-plane component.
    pub(crate) fn timings_of(&self, component: Component) -> &'m crate::model::ComponentTimings {
        let timings = &self.model.timings;
        match component {
            Component::Etcd => &timings.etcd,
            Component::ApiServer => &timings.api_server,
            Component::ControllerManager => &timings.controller_manager,
            Component::Scheduler => &timings.scheduler,
        }
    }
}

/// kubectl is as old as the API servers and the first version of the plan, whichever is older.
fn kubectl(model: &Model) -> u32 {
    let now = model.version.minor();
    let target = model.plan.as_ref().and_then(|p| p.target.as_ref());
    target.map_or(now, |t| t.minor().min(now))
}
