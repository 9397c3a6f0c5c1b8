//! What all downtime, degradation and errors of a workload come from.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::ids::{FactId, Id};

use super::Workload;
use super::availability::Failed;
use super::blame::{Blame, Own, Why, Words};
use super::missing::Lacked;
use super::report::Share;

/// So many reasons are told one by one.
const TOLD: usize = 64;

/// Everything that one reason is to blame for.
#[derive(Default)]
struct Sums {
    first: Option<FactId>,
    losses: u32,
    endpoints: Lacked,
    serving: Lacked,
    client: Failed,
}

/// The reasons, the worst first; `known`: it has endpoints and clients.
pub(super) fn shares(words: Words<'_>, state: &Workload, known: bool) -> Vec<Share> {
    let mut all: BTreeMap<Blame, Sums> = BTreeMap::new();
    for (blame, lacked) in state.serving.missing().lacked() {
        let sums = all.entry(*blame).or_default();
        sums.serving = *lacked;
        (sums.first, sums.losses) = (lacked.first, lacked.losses);
    }
    if known {
        for (blame, lacked) in state.endpoints.missing().lacked() {
            let sums = all.entry(*blame).or_default();
            sums.endpoints = *lacked;
            (sums.first, sums.losses) = (lacked.first, lacked.losses);
        }
        for (blame, failed) in state.client.failed() {
            all.entry(*blame).or_default().client = *failed;
        }
    }
    let mut all: Vec<(Blame, Sums)> = all.into_iter().filter(|(_, sums)| sums.matter()).collect();
    all.sort_by_key(|(_, sums)| Reverse(sums.weight()));
    // Those that are not told one by one, by sort; the worst of each stands for them.
    let rest = all.split_off(all.len().min(TOLD));
    let mut sorts: Vec<((u8, u8), Blame, Sums, u64)> = Vec::new();
    for (blame, sums) in rest {
        let sort = words.sort(blame);
        match sorts.iter_mut().find(|known| known.0 == sort) {
            Some((_, _, known, count)) => {
                known.add(&sums);
                *count += 1;
            }
            None => sorts.push((sort, blame, sums, 1)),
        }
    }
    let told = all.iter().map(|(blame, sums)| share(words, *blame, sums, known));
    let mut shares: Vec<Share> = told.collect();
    shares.extend(sorts.iter().map(|(_, blame, sums, count)| {
        let mut share = share(words, *blame, sums, known);
        if *count > 1 {
            share.why.push_str(&format!(", and so on: {count} causes of this sort"));
        }
        share
    }));
    shares
}

fn share(words: Words<'_>, blame: Blame, sums: &Sums, known: bool) -> Share {
    let who = match sums.losses {
        0 | 1 => "a replica".into(),
        n => format!("{n} replicas"),
    };
    Share {
        why: match blame.why(words.chain) {
            Why::Own(Own::Unready) if sums.losses == 0 => "requests went to pods that do not answer".into(),
            why => words.clause(why, &who, sums.losses <= 1),
        },
        root: words.root(blame.way),
        fact: sums.first.map(|fact| fact.index() as u64),
        endpoints: known.then(|| sums.endpoints.report()),
        serving: sums.serving.report(),
        client: known.then(|| sums.client.report()),
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.first = self.first.or(other.first);
        self.losses += other.losses;
        self.endpoints.add(&other.endpoints);
        self.serving.add(&other.serving);
        self.client.add(&other.client);
    }

    /// Whether it lasted for any time.
    const fn matter(&self) -> bool {
        self.endpoints.deficit > 0 || self.serving.deficit > 0 || self.client.error > 0
    }

    /// What is worse: downtime, then errors, then what was missing.
    fn weight(&self) -> (u64, u64, u128, u64) {
        let down = self.endpoints.down.max(self.serving.down);
        let missing = self.endpoints.deficit.max(self.serving.deficit);
        (down, self.client.hard_down, self.client.error, missing)
    }
}
