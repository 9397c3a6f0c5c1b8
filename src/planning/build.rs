//! From what is asked to the itinerary.

use jiff::civil::Date;

use super::facts;
use super::itinerary::{Choice, Cost, Direct, Itinerary, LegPlan, Legality, Support, SupportStatus, Swap};
use super::rehearse::{self, Measured, Rehearsals, order};
use crate::ids::NodeId;
use crate::model::{self, Etcd, Model};
use crate::units::KubeVersion;
use crate::upgrade::control_plane_order;
use crate::versions::kubeadm::{self, Attempt, Severity, Verdict, verdict};
use crate::versions::path::{Flags, Goes, Leg, Passage, Rounds, Start, legs};
use crate::versions::releases::{self, ApiUse};
use crate::versions::walk::{is_forbidden, walk};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The version of the control plane.
    pub from: KubeVersion,
    /// The version to reach.
    pub to: KubeVersion,
    /// How often workers are upgraded; `None`: as the scenario's plan says, if it goes to `to`, and else as rarely as
    /// versions may differ.
    pub rounds: Option<Rounds>,
    /// Whether kubeadm's skippable errors may be skipped.
    pub force: bool,
    /// The date that support is told for.
    pub date: Option<Date>,
    /// The cluster and its plan; without it a control plane of one node is assumed, and nothing is rehearsed.
    pub cluster: Option<&'a Model>,
    /// Objects of the cluster in APIs that end.
    pub ending_apis: &'a [ApiUse],
    /// How often each leg is rehearsed; 0: never.
    pub trials: u64,
    /// The luck of the rehearsals.
    pub seed: u64,
}

/// Why there is no way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The target is lower.
    #[error("{from} -> {to} is a downgrade{words}")]
    Downgrade {
        /// The version at the start.
        from: KubeVersion,
        /// The version to reach.
        to: KubeVersion,
        /// kubeadm's words, or what becomes of it where kubeadm says nothing.
        words: String,
    },
    /// Everything is there already.
    #[error("control plane and workers are at {0} already: there is nothing to plan")]
    Arrived(KubeVersion),
    /// Versions would differ too much.
    #[error("workers cannot wait for the last hop: {0}")]
    TooFar(String),
    /// The plan says every step itself.
    #[error(
        "the plan has explicit steps, so there is nothing to choose: leave `steps` out, or print them with --runbook"
    )]
    Explicit,
}

/// The way, with all that is known of it.
///
/// # Errors
/// When there is none.
pub fn itinerary(request: &Request<'_>) -> Result<Itinerary, Impossible> {
    let fleet = Fleet::new(request);
    let (start, to) = (fleet.start(), &request.to);
    check(request, start)?;
    let own = request.cluster.and_then(|m| own_legs(m, to));
    let ways = ways(start, to, own.as_deref());
    let force = request.force
        || request
            .cluster
            .and_then(|m| m.plan.as_ref())
            .is_some_and(|p| p.kubeadm.force);
    let legs = match (request.rounds, own) {
        (None, Some(own)) => own,
        (rounds, _) => legs(start, to, rounds.unwrap_or(Rounds::Fewest), force),
    };
    let passages = walk(start, &legs);
    if is_forbidden(&passages) && request.rounds == Some(Rounds::Once) {
        return Err(Impossible::TooFar(reasons(&passages).join("; ")));
    }
    let chosen = ways.iter().position(|(_, way)| *way == legs).unwrap_or_default();
    let measured: Vec<Option<Measured>> = ways.iter().map(|(_, way)| rehearse(request, start, way)).collect();
    let cost = |at: usize| measured[at].as_ref().map(|m| m.cost.clone());
    let shown = ways
        .iter()
        .enumerate()
        .map(|(at, (rounds, way))| choice(*rounds, way, start, to, cost(at)));
    let choices = shown.collect();
    let at_once = (to.minor() > start.version.minor() + 1).then(|| at_once(start, to));
    let legs = leg_plans(request, &passages, measured[chosen].as_ref());
    let support = supports(request, &legs);
    Ok(Itinerary {
        api_version: Itinerary::API_VERSION.into(),
        kind: Itinerary::KIND.into(),
        engine_version: env!("CARGO_PKG_VERSION").into(),
        plan: request.cluster.and_then(|m| m.plan.as_ref()).map(|p| p.name.clone()),
        from: request.from.to_string(),
        to: to.to_string(),
        control_plane_nodes: u32::try_from(start.control_plane.len()).unwrap_or(u32::MAX),
        workers: request
            .cluster
            .map(|_| u32::try_from(start.workers.len()).unwrap_or(u32::MAX)),
        at_once,
        choices,
        chosen,
        advice: advice(request, &passages, &support),
        assumptions: assumptions(request),
        date: request.date.map(|d| d.to_string()),
        ending_apis: facts::ending_apis(request.ending_apis, &request.from, to),
        support,
        legs,
    })
}

/// The legs of the scenario's plan, if it goes to a version.
fn own_legs(model: &Model, to: &KubeVersion) -> Option<Vec<Leg>> {
    let plan = model.plan.as_ref()?;
    let leg = |leg: &model::Leg| {
        let who = match leg.part {
            model::Part::ControlPlane => Goes::ControlPlane,
            model::Part::Workers => Goes::Workers,
        };
        let to = leg.version.clone()?;
        Some(Leg { who, to })
    };
    let legs: Vec<Leg> = plan.legs.iter().map(leg).collect::<Option<_>>()?;
    (plan.target.as_ref() == Some(to) && !legs.is_empty()).then_some(legs)
}

/// Rehearses a way that may be gone.
fn rehearse(request: &Request<'_>, start: Start<'_>, way: &[Leg]) -> Option<Measured> {
    let model = request.cluster.filter(|_| request.trials > 0 && !way.is_empty())?;
    let how = Rehearsals {
        trials: request.trials,
        seed: request.seed,
    };
    (!is_forbidden(&walk(start, way)))
        .then(|| rehearse::way(model, how, way))
        .flatten()
}

/// Kubelets of the cluster, or of the one that is assumed.
struct Fleet<'a> {
    flags: Flags<'a>,
    names: Vec<String>,
    version: KubeVersion,
    control_plane: Vec<KubeVersion>,
    workers: Vec<KubeVersion>,
}

impl<'a> Fleet<'a> {
    fn new(request: &Request<'a>) -> Self {
        let version = request.from.clone();
        let Some(model) = request.cluster else {
            let one = vec![version.clone()];
            return Self {
                flags: Flags::default(),
                names: Vec::new(),
                version,
                control_plane: one.clone(),
                workers: one,
            };
        };
        let kubelet = |id: &NodeId| model.nodes[*id].version.clone();
        let plan = model.plan.as_ref();
        let flags = plan.map_or_else(Flags::default, |p| Flags {
            kubeadm: p.kubeadm.version.as_ref(),
            allow_experimental: p.kubeadm.allow_experimental,
            allow_candidates: p.kubeadm.allow_release_candidates,
            kubelets_last: p.control_plane.kubelets_last,
        });
        let servers = control_plane_order(model);
        let workers = model.nodes.iter().filter(|n| !n.control_plane && !n.planned);
        Self {
            flags,
            names: servers.iter().map(|&id| model.nodes[id].name.clone()).collect(),
            version,
            control_plane: servers.iter().map(kubelet).collect(),
            workers: workers.map(|n| n.version.clone()).collect(),
        }
    }

    fn start(&self) -> Start<'_> {
        Start {
            names: &self.names,
            flags: self.flags,
            version: &self.version,
            control_plane: &self.control_plane,
            workers: &self.workers,
        }
    }
}

fn check(request: &Request<'_>, start: Start<'_>) -> Result<(), Impossible> {
    let (from, to) = (&request.from, &request.to);
    if request
        .cluster
        .and_then(|m| m.plan.as_ref())
        .is_some_and(|p| !p.steps.is_empty())
    {
        return Err(Impossible::Explicit);
    }
    if to < from {
        let kubelets = [start.control_plane, start.workers].concat();
        let said = kubeadm::message(&kubeadm::refusals(&Attempt::usual(to, from, &kubelets)));
        let words = match said {
            Some(words) => format!("; kubeadm {to} says: {words}"),
            None if to.minor() < from.minor() => format!(
                "; kubeadm {to} lets it pass, but it is not supported: kubelets of {from} would be newer than the API \
                 server (V-4), and etcd is not taken back"
            ),
            None => "; kubeadm lets a lower patch pass, but a downgrade is not supported".into(),
        };
        let (from, to) = (from.clone(), to.clone());
        return Err(Impossible::Downgrade { from, to, words });
    }
    if to == from && start.workers.iter().all(|w| w >= to) {
        return Err(Impossible::Arrived(to.clone()));
    }
    Ok(())
}

/// The ways that differ, in the order in which they are shown.
fn ways(start: Start<'_>, to: &KubeVersion, own: Option<&[Leg]>) -> Vec<(Rounds, Vec<Leg>)> {
    let wishes = [
        (Rounds::EveryHop, false),
        (Rounds::EveryHop, true),
        (Rounds::Fewest, false),
        (Rounds::Fewest, true),
        (Rounds::Once, true),
        (Rounds::Behind, true),
    ];
    let mut ways: Vec<(Rounds, Vec<Leg>)> = Vec::new();
    for (rounds, force) in wishes {
        let way = legs(start, to, rounds, force);
        if !ways.iter().any(|(_, known)| *known == way) {
            ways.push((rounds, way));
        }
    }
    if let Some(own) = own.filter(|own| !ways.iter().any(|(_, way)| way == own)) {
        ways.insert(0, (Rounds::AsPlanned, own.to_vec()));
    }
    ways
}

fn choice(rounds: Rounds, legs: &[Leg], start: Start<'_>, to: &KubeVersion, cost: Option<Cost>) -> Choice {
    let passages = walk(start, legs);
    let legality = legality(&passages);
    let count = |who| u32::try_from(legs.iter().filter(|l| l.who == who).count()).unwrap_or(u32::MAX);
    Choice {
        rounds,
        words: match rounds {
            Rounds::AsPlanned => format!("as planned: {}", words(legs, start, to)),
            _ => words(legs, start, to),
        },
        control_plane_hops: count(Goes::ControlPlane),
        worker_rounds: count(Goes::Workers),
        legality,
        why: reasons(&passages),
        cost,
    }
}

fn legality(passages: &[Passage]) -> Legality {
    if is_forbidden(passages) {
        Legality::Forbidden
    } else if passages.iter().all(|p| p.refusals.is_empty()) {
        Legality::Clean
    } else {
        Legality::NeedsForce
    }
}

/// What speaks against a way: what nothing helps against, and if there is no such thing what `--force` skips.
fn reasons(passages: &[Passage]) -> Vec<String> {
    let mut hard = Vec::new();
    let mut soft = Vec::new();
    for passage in passages {
        let to = &passage.leg.to;
        for refusal in &passage.refusals {
            let (rule, said) = (refusal.rule, &refusal.words);
            match refusal.severity {
                Severity::Mandatory => hard.push(format!("kubeadm {to} refuses ({rule}): {said}")),
                Severity::Skippable => soft.push(format!("kubeadm {to} wants --force ({rule}): {said}")),
            }
        }
        let lasting = passage.skew.iter().filter(|s| !s.kubeadms_way && !s.passes);
        // What kube-proxy breaks, its kubelet breaks, too.
        let mut lasting: Vec<String> = lasting.map(|s| format!("{} ({})", s.words, s.rule)).collect();
        lasting.truncate(1);
        hard.append(&mut lasting);
    }
    if hard.is_empty() { soft } else { hard }
}

/// A way in words: what the workers do.
fn words(legs: &[Leg], start: Start<'_>, to: &KubeVersion) -> String {
    let rounds: Vec<&KubeVersion> = legs.iter().filter(|l| l.who == Goes::Workers).map(|l| &l.to).collect();
    let minors: Vec<String> = rounds.iter().map(|v| format!("1.{}", v.minor())).collect();
    let hops = legs.len() - rounds.len();
    let behind = |at: &KubeVersion| match to.minor() - at.minor().min(to.minor()) {
        0 => String::new(),
        1 => ", they end one minor behind".to_owned(),
        n => format!(", they end {n} minors behind"),
    };
    match rounds.as_slice() {
        [] => match start.workers.iter().min() {
            None => "there are no workers".into(),
            Some(oldest) => format!("workers stay at 1.{}{}", oldest.minor(), behind(oldest)),
        },
        [only] if *only == to && hops > 1 => format!("workers once, to {}", minors[0]),
        [.., last] if rounds.len() >= hops && *last == to => "workers after every hop".into(),
        [.., last] => format!("workers to {}{}", crate::metrics::list(&minors), behind(last)),
    }
}

fn at_once(start: Start<'_>, to: &KubeVersion) -> Direct {
    if start.control_plane.is_empty() {
        // A cloud does not run kubeadm, but API servers may not skip a minor, either (V-11).
        return Direct {
            allowed: false,
            refusals: Vec::new(),
        };
    }
    let kubelets = [start.control_plane, start.workers].concat();
    let refusals = kubeadm::refusals(&Attempt::usual(to, start.version, &kubelets));
    Direct {
        allowed: verdict(&refusals, false) == Verdict::Accepted,
        refusals,
    }
}

fn leg_plans(request: &Request<'_>, passages: &[Passage], measured: Option<&Measured>) -> Vec<LegPlan> {
    let mut etcd = releases::images(&request.from)
        .map(|i| i.etcd.clone())
        .unwrap_or_default();
    let plan = request.cluster.and_then(|m| m.plan.as_ref());
    let place = request.cluster.map_or(Etcd::Stacked, |m| m.control_plane.etcd);
    let managed = request.cluster.is_some_and(|m| m.control_plane.nodes.is_empty());
    let mut plans = Vec::new();
    for (number, passage) in (1..).zip(passages) {
        let (leg, from) = (&passage.leg, &passage.from);
        let hop = leg.who == Goes::ControlPlane;
        let stacked = hop && !managed && place == Etcd::Stacked;
        let of_etcd = stacked.then(|| facts::etcd(&etcd, &leg.to));
        if let Some(after) = &of_etcd {
            etcd.clone_from(&after.to);
        }
        let add_ons = if hop && !managed {
            facts::add_ons(from, &leg.to)
        } else {
            None
        };
        let renew = plan.is_none_or(|p| p.control_plane.renew_certificates);
        let at = plans.len();
        let (cost, nodes) = match measured.and_then(|m| m.legs.get(at)) {
            Some((cost, nodes)) => (Some(cost.clone()), nodes.clone()),
            None => {
                let round = passages[..at].iter().filter(|p| p.leg.who == Goes::Workers).count();
                let nodes = request.cluster.map(|m| order(m, request.seed, leg.who, round));
                (None, nodes.unwrap_or_default())
            }
        };
        plans.push(LegPlan {
            number,
            who: leg.who,
            from: origins(passage),
            to: leg.to.to_string(),
            refusals: passage.refusals.clone(),
            skew: passage.skew.clone(),
            certificates: (hop && !managed).then(|| facts::certificates(&leg.to, place, of_etcd.as_ref(), renew)),
            etcd: of_etcd,
            core_dns: add_ons.as_ref().map(|(dns, _): &(Swap, Swap)| dns.clone()),
            pause: add_ons.map(|(_, pause)| pause),
            changes: if hop { facts::changes(from, &leg.to) } else { Vec::new() },
            cost: cost.filter(|_| !(hop && managed)),
            nodes,
        });
    }
    plans
}

/// The versions that a leg starts from, oldest first.
fn origins(passage: &Passage) -> Vec<String> {
    let mut from = match passage.leg.who {
        Goes::ControlPlane => vec![passage.from.clone()],
        Goes::Workers => passage.workers.clone(),
    };
    from.sort();
    from.dedup();
    from.iter().map(ToString::to_string).collect()
}

fn supports(request: &Request<'_>, legs: &[LegPlan]) -> Vec<Support> {
    let Some(date) = request.date else { return Vec::new() };
    let hops = legs
        .iter()
        .filter(|l| l.who == Goes::ControlPlane)
        .filter_map(|l| l.to.parse().ok());
    let mut told: Vec<Support> = Vec::new();
    for version in std::iter::once(request.from.clone()).chain(hops) {
        let support = facts::support(&version, date);
        if !told.contains(&support) {
            told.push(support);
        }
    }
    told
}

fn advice(request: &Request<'_>, passages: &[Passage], support: &[Support]) -> Vec<String> {
    let (from, to) = (&request.from, &request.to);
    let mut told = Vec::new();
    if let Some(newest) = releases::newest(from.minor())
        && *from < newest
        && from.minor() < to.minor()
    {
        let etcd = |v| releases::images(v).map_or("", |i| &i.etcd);
        let why = if etcd(from) == etcd(&newest) {
            ""
        } else {
            ": it brings a newer etcd, too"
        };
        told.push(format!(
            "take the newest patch of 1.{} first, {newest}{why} (V-18)",
            from.minor()
        ));
    }
    if let Some(newest) = releases::newest(to.minor())
        && *to < newest
    {
        told.push(format!("the newest patch of 1.{} is {newest}", to.minor()));
    }
    let external = request.cluster.is_some_and(|m| m.control_plane.etcd == Etcd::External);
    if let Some(oldest) = releases::min_external_etcd(to.minor()).filter(|_| external) {
        told.push(format!(
            "kubeadm leaves external etcd as it is, and wants {} or newer: upgrade it before (V-9)",
            oldest.version
        ));
    }
    if releases::release(to.minor()).is_none() {
        told.push(format!(
            "1.{} is not in the table of releases: its images are those of the nearest minor",
            to.minor()
        ));
    }
    if let Some(urgency) = support.first().and_then(urgency) {
        told.push(urgency);
    }
    if let (Some(date), Some(target)) = (request.date, support.last())
        && target.status == Some(SupportStatus::Ended)
        && let Some(&newest) = releases::newest_three(date).first()
    {
        let more = newest.saturating_sub(to.minor());
        let hops = if more == 1 {
            "1 more hop leads".into()
        } else {
            format!("{more} more hops lead")
        };
        told.push(format!(
            "{to} gets no fixes any more, either: {hops} to 1.{newest} (V-17)"
        ));
    }
    let early = |p: &Passage| {
        p.skew
            .iter()
            .any(|s| s.rule == "V-4" && s.passes && s.words.contains("newer"))
    };
    if passages.iter().any(early) {
        told.push(
            "kubelets of control-plane nodes that follow their own API server are newer than the others for a while \
             (V-4): upgrade all API servers first, then these kubelets"
                .into(),
        );
    }
    told
}

/// V-17: whether the version at the start gets fixes.
fn urgency(start: &Support) -> Option<String> {
    let (version, date) = (&start.version, start.date.as_ref()?);
    match start.status? {
        SupportStatus::Ended => Some(format!("urgent: {version} gets no fixes since {date} (V-17)")),
        SupportStatus::Maintenance => Some(format!("soon: {version} gets critical fixes only, until {date} (V-17)")),
        SupportStatus::Full | SupportStatus::Unreleased => None,
    }
}

fn assumptions(request: &Request<'_>) -> Vec<String> {
    let mut told = Vec::new();
    let managed = request.cluster.is_some_and(|m| m.control_plane.nodes.is_empty());
    if request.cluster.is_none() {
        told.push(format!(
            "no cluster was given: one control-plane node with stacked etcd, workers at {}",
            request.from
        ));
    }
    if let (false, Some(images)) = (managed, releases::images(&request.from)) {
        told.push(format!(
            "etcd is what kubeadm brings with {}: {}",
            request.from, images.etcd
        ));
    }
    if managed {
        told.push("a cloud runs the control plane: its hops are the cloud's, and are not rehearsed".into());
    }
    if request.cluster.is_some_and(|m| !m.faults.is_empty()) && request.trials > 0 {
        told.push("faults of the scenario are left out of the rehearsals".into());
    }
    told
}
