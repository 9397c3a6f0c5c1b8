//! Named random streams. The only file that knows a random number generator.
//!
//! A stream is named by what it is for and whom it concerns, and keyed by seed and trial, so one more draw in one place
//! changes nothing elsewhere, and two plans that meet the same pod meet the same luck (common random numbers).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::units::{Dist, Span};

/// What a stream is for. The numbers are frozen: another number is another simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Purpose {
    /// Names of pods.
    PodName = 1,
    /// How long a pod of a workload takes to start, by its ordinal.
    Startup = 2,
    /// How long a pod of a workload takes to stop, by its ordinal.
    Shutdown = 3,
    /// Latencies of API calls, watches and controllers.
    Latency = 4,
    /// Ties between nodes in the scheduler.
    Ties = 5,
    /// Kubelets: reactions, object removal, heartbeat phases.
    Kubelet = 6,
    /// Leader election polls.
    Election = 7,
    /// Start and stop of control-plane components.
    ControlPlane = 8,
    /// kubeadm's phases.
    Kubeadm = 9,
    /// kubectl's process start and the order of its goroutines.
    Kubectl = 10,
    /// How long the upgrade of a node takes.
    NodeUpgrade = 11,
    /// The order of nodes where a plan asks for a random one.
    NodeOrder = 12,
    /// Which API server a load balancer picks.
    LoadBalancer = 13,
    /// Which pod a fault hits.
    Fault = 16,
    /// How long a pod of a workload works, by its ordinal.
    RunFor = 17,
    /// How long the init containers of a pod take, by its ordinal.
    Init = 32,
    /// From a bound pod to its containers, by its ordinal.
    Sandbox = 33,
    /// When a pod's probes fall, by its ordinal.
    Probe = 34,
    /// When the API hears that a pod runs, by its ordinal.
    StatusReport = 35,
    /// When a kubelet collects dead sandboxes, and whose it leaves to that.
    Collection = 36,
    /// How long a kubelet that has started takes to post a status.
    KubeletStart = 37,
    /// When a reflector tries again.
    Reflector = 38,
    /// When the node lifecycle controller looks at nodes.
    Monitor = 39,
    /// When in a second the scheduler looks at pods that back off.
    SchedulerTick = 40,
    /// Which API server the load balancer gives a kubelet.
    Connection = 41,
    /// When the cluster autoscaler scans, and how long the machines that it deletes take.
    Autoscaler = 42,
    /// When the service controller and the load balancers of Services look at nodes.
    ServiceBalancer = 43,
    /// Whether a new machine comes.
    NodeCreation = 44,
}

/// The randomness of one run.
#[derive(Clone, Debug)]
pub struct Streams {
    key: [u8; 32],
}

/// One stream, to be drawn from in order.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Streams {
    /// The streams of one replication.
    #[must_use]
    pub fn new(seed: u64, trial: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&trial.to_le_bytes());
        Self { key }
    }

    /// The stream of one purpose and entity; the same call gives the same stream from its start.
    #[must_use]
    pub fn stream(&self, purpose: Purpose, entity: u64) -> Stream {
        let mut rng = ChaCha8Rng::from_seed(self.key);
        rng.set_stream(nonce(purpose, entity));
        Stream(rng)
    }

    /// One sample of a distribution from the stream of a purpose and entity.
    #[must_use]
    pub fn sample(&self, purpose: Purpose, entity: u64, dist: &Dist) -> Span {
        match dist {
            Dist::Constant(span) => *span,
            _ => dist.at(self.unit(purpose, entity)),
        }
    }

    /// The first number of the stream of a purpose and entity, in `[0, 1)`.
    #[must_use]
    pub fn unit(&self, purpose: Purpose, entity: u64) -> f64 {
        let [first] = self.firsts([nonce(purpose, entity)]);
        unit(first)
    }

    /// The first number of each of these streams of an entity: made side by side, which takes half of the time.
    fn units(&self, purposes: [Purpose; 4], entity: u64) -> [f64; 4] {
        self.firsts(purposes.map(|purpose| nonce(purpose, entity))).map(unit)
    }

    /// The first 64 bits of the streams of these names: of all that a block of ChaCha8 yields, a quarter of what the
    /// generator makes at least.
    fn firsts<const N: usize>(&self, names: [u64; N]) -> [u64; N] {
        const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(self.key.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [a, b, c, d] = CONSTANTS;
        let [e, f, g, h, i, j, k, l] = key;
        // In halves, for what goes through the loop side by side is to be as wide as the numbers in it.
        let [lows, highs] = [0, 32].map(|shift| names.map(|name| (name >> shift) as u32));
        let mut firsts = [[0; N]; 2];
        for n in 0..N {
            let mut state = [a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, lows[n], highs[n]];
            for _ in 0..4 {
                double_round(&mut state);
            }
            firsts[0][n] = state[0].wrapping_add(a);
            firsts[1][n] = state[1].wrapping_add(b);
        }
        std::array::from_fn(|n| u64::from(firsts[0][n]) | u64::from(firsts[1][n]) << 32)
    }
}

impl Stream {
    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        unit(self.0.next_u64())
    }

    /// A number in `0..n`, by a widening multiply; 0 where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        scale(self.0.next_u32(), n)
    }

    /// One sample.
    pub fn sample(&mut self, dist: &Dist) -> Span {
        match dist {
            Dist::Constant(span) => *span,
            _ => dist.at(self.unit()),
        }
    }

    /// A duration between two others, every one equally likely.
    pub fn between(&mut self, low: Span, high: Span) -> Span {
        Dist::Uniform(low, high).at(self.unit())
    }

    /// Puts items in a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let bound = u32::try_from(i + 1).unwrap_or(u32::MAX);
            items.swap(i, self.below(bound) as usize);
        }
    }
}

/// The first numbers of all streams, of which a pod that starts asks for several in a row: with the first that it asks for
/// come the others.
#[derive(Clone, Debug)]
pub struct Lots {
    streams: Streams,
    /// Each in the place that its entity points to, until another takes it.
    known: Box<[Lot; LOTS]>,
}

/// The first numbers of the streams of [`TOGETHER`].
#[derive(Clone, Copy, Debug)]
struct Lot {
    entity: u64,
    units: [f64; TOGETHER.len()],
}

/// So many pods may start at a time, more or less, before they ask again.
const LOTS: usize = 256;

/// What a pod that starts asks for, in this order (and for its end, if that is soon).
const TOGETHER: [Purpose; 4] = [
    Purpose::Sandbox,
    Purpose::StatusReport,
    Purpose::Startup,
    Purpose::Shutdown,
];

impl Lots {
    /// Of these streams.
    #[must_use]
    pub fn new(streams: Streams) -> Self {
        let (entity, units) = (0, streams.units(TOGETHER, 0));
        Self {
            streams,
            known: Box::new([Lot { entity, units }; LOTS]),
        }
    }

    /// As [`Streams::unit`].
    #[must_use]
    pub fn unit(&mut self, purpose: Purpose, entity: u64) -> f64 {
        let Some(lane) = TOGETHER.iter().position(|&p| p == purpose) else {
            return self.streams.unit(purpose, entity);
        };
        let lot = &mut self.known[(entity ^ entity >> 24) as usize % LOTS];
        if lot.entity != entity {
            if lane > 0 {
                return self.streams.unit(purpose, entity);
            }
            let units = self.streams.units(TOGETHER, entity);
            *lot = Lot { entity, units };
        }
        lot.units[lane]
    }
}

/// A stream of which many numbers of 32 bits are drawn, not all of which need be looked at. The same numbers as from the
/// stream itself.
#[derive(Clone, Debug)]
pub struct Ties {
    stream: Stream,
    /// The numbers from `start` on.
    words: [u32; CHUNK as usize],
    start: u64,
    next: u64,
}

/// So many numbers are made at a time.
const CHUNK: u64 = 64;
/// They begin at a multiple of this: what the generator makes is in blocks.
const BLOCK: u64 = 16;

impl Ties {
    /// From the start of a stream that is used for nothing else.
    #[must_use]
    pub const fn new(stream: Stream) -> Self {
        Self {
            stream,
            words: [0; CHUNK as usize],
            // Far from every number.
            start: u64::MAX / 2,
            next: 0,
        }
    }

    /// A number in `0..n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        self.next += 1;
        scale(self.word(self.next - 1), n)
    }

    /// Passes over so many numbers.
    pub const fn skip(&mut self, count: u64) {
        self.next += count;
    }

    /// Which of `n` equals is left when the k-th takes the place of the one before with a chance of 1/k, for each k from
    /// 2 to n: draws n − 1 numbers. The last to take its place stays, so they are looked at from the end.
    pub fn pick(&mut self, n: u32) -> u32 {
        let first = self.next;
        self.next += u64::from(n.saturating_sub(1));
        let mut end = self.next;
        while end > first {
            let start = self.reach(first, end - 1);
            let from = start.max(first);
            let words = &self.words[(from - start) as usize..(end - start) as usize];
            // The number at `first` is that of the second.
            let second = (from - first) as u32 + 2;
            let takes = |&(at, &word): &(usize, &u32)| scale(word, second + at as u32) == 0;
            if let Some((at, _)) = words.iter().enumerate().rfind(takes) {
                return second + at as u32 - 1;
            }
            end = from;
        }
        0
    }

    fn word(&mut self, at: u64) -> u32 {
        let start = self.reach(at, at);
        self.words[(at - start) as usize]
    }

    /// Makes the numbers around `last` where it is not at hand; where those at hand begin. Numbers are looked at from `last`
    /// down to `first`: where these are many, as many of them as possible are made, otherwise those from `first` on.
    #[inline]
    fn reach(&mut self, first: u64, last: u64) -> u64 {
        if last.wrapping_sub(self.start) >= CHUNK {
            let start = if last - first < BLOCK {
                first
            } else {
                (last + BLOCK).saturating_sub(CHUNK)
            };
            self.fill(start / BLOCK * BLOCK);
        }
        self.start
    }

    fn fill(&mut self, start: u64) {
        self.start = start;
        self.stream.0.set_word_pos(u128::from(start));
        let mut bytes = [0; 4 * CHUNK as usize];
        self.stream.0.fill_bytes(&mut bytes);
        for (word, bytes) in self.words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
    }
}

/// A number in `[0, 1)` with 53 random bits.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// The name of a stream.
const fn nonce(purpose: Purpose, entity: u64) -> u64 {
    (purpose as u64) << 48 | (entity & 0xffff_ffff_ffff)
}

/// Two rounds of ChaCha: the columns of the state, then its diagonals.
#[inline]
fn double_round(state: &mut [u32; 16]) {
    let mut quarter = |[a, b, c, d]: [usize; 4]| {
        let mut step = |to: usize, by: usize, turned: usize, left: u32| {
            state[to] = state[to].wrapping_add(state[by]);
            state[turned] = (state[turned] ^ state[to]).rotate_left(left);
        };
        step(a, b, d, 16);
        step(c, d, b, 12);
        step(a, b, d, 8);
        step(c, d, b, 7);
    };
    quarter([0, 4, 8, 12]);
    quarter([1, 5, 9, 13]);
    quarter([2, 6, 10, 14]);
    quarter([3, 7, 11, 15]);
    quarter([0, 5, 10, 15]);
    quarter([1, 6, 11, 12]);
    quarter([2, 7, 8, 13]);
    quarter([3, 4, 9, 14]);
}

/// The widening multiply that brings 32 random bits into `0..n`.
#[inline]
fn scale(word: u32, n: u32) -> u32 {
    ((u64::from(word) * u64::from(n)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These vectors pin the streams: if they move, every result of every version moves.
    #[test]
    fn streams_are_pinned() {
        let streams = Streams::new(7, 3);
        let first = |purpose, entity| {
            let mut stream = streams.stream(purpose, entity);
            [stream.below(1000), stream.below(1000), stream.below(1000)]
        };
        assert_eq!(first(Purpose::PodName, 0), first(Purpose::PodName, 0));
        assert_ne!(first(Purpose::PodName, 0), first(Purpose::PodName, 1));
        assert_ne!(first(Purpose::PodName, 0), first(Purpose::Startup, 0));
        assert_eq!(first(Purpose::PodName, 0), [768, 772, 231]);
        assert_eq!(first(Purpose::Startup, 5), [53, 678, 963]);
        assert_eq!(first(Purpose::Fault, 1 << 40), [492, 478, 203]);
    }

    #[test]
    fn ties_are_the_numbers_of_their_stream() {
        let stream = Streams::new(7, 3).stream(Purpose::Ties, 0);
        let (mut plain, mut ties) = (stream.clone(), Ties::new(stream));
        for n in 0..1000 {
            assert_eq!(ties.below(n), plain.below(n));
            let picked = (2..=n).fold(0, |picked, k| if plain.below(k) == 0 { k - 1 } else { picked });
            assert_eq!(ties.pick(n), picked);
            if n % 3 == 0 {
                ties.skip(u64::from(n));
                (0..n).for_each(|_| _ = plain.below(1));
            }
        }
    }

    #[test]
    fn first_draws_are_those_of_the_generator() {
        for n in 0..500_u64 {
            let streams = Streams::new(n * n, n % 7);
            let entity = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut stream = streams.stream(Purpose::Startup, entity);
            let [first] = streams.firsts([nonce(Purpose::Startup, entity)]);
            assert_eq!(first, stream.0.next_u64());
        }
    }

    #[test]
    fn lots_are_the_first_numbers_of_their_streams() {
        let streams = Streams::new(7, 3);
        let mut lots = Lots::new(streams.clone());
        let mut luck = streams.stream(Purpose::Ties, 0);
        for _ in 0..20_000 {
            // Some meet in a place, some do not come first, and some are asked for again.
            let entity = u64::from(luck.below(3)) << 24 | u64::from(luck.below(300));
            let purpose = [TOGETHER[luck.below(4) as usize], Purpose::Init][usize::from(luck.below(9) == 0)];
            assert_eq!(lots.unit(purpose, entity), streams.unit(purpose, entity));
        }
        assert_eq!(
            lots.unit(Purpose::Sandbox, u64::MAX),
            streams.unit(Purpose::Sandbox, u64::MAX)
        );
    }

    #[test]
    fn unit_stays_in_range_and_shuffles_are_permutations() {
        let mut stream = Streams::new(0, 0).stream(Purpose::Ties, 0);
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&stream.unit())));
        let mut items: Vec<u32> = (0..50).collect();
        stream.shuffle(&mut items);
        let mut sorted = items.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        assert_ne!(sorted, items);
    }
}
