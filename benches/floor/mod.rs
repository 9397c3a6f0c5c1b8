//! The floor under SRF: what the workload costs at least, as a bare program. Dense arrays, events of one word, a score cache
//! in a tournament tree, and a radix queue; the same chain of 13 to 14 events a pod, the same filter and score, the same
//! placements as a plain scan of all nodes makes. It has no API that can be away, no controllers, budgets, leases, facts or
//! causes. It measures machines as much as programs: ratios to it hold elsewhere, too, within about a tenth.

use std::collections::VecDeque;
use std::time::Duration;

use cpu_time::ProcessTime;

/// What a run of the floor came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    pub(crate) events: u64,
    /// The simulated end.
    pub(crate) end: Duration,
    /// CPU time of the loop; the arrivals were pushed before.
    pub(crate) cpu: Duration,
    /// A hash of all placements.
    pub(crate) placements: u32,
}

const MS: u64 = 1_000_000;
/// A pod's requests: millicores and bytes.
const POD: (u32, u64) = (250, 512 << 20);
/// The event of the scheduler's cycle is about no pod.
const CYCLE: u32 = u32::MAX >> 4;

/// Pending events: time, and what and whose as `kind << 28 | pod`. A stable monotone radix queue.
struct Events {
    now: u64,
    last: u64,
    filled: u128,
    buckets: Vec<Vec<(u64, u32)>>,
    head: usize,
    spare: Vec<(u64, u32)>,
}

impl Events {
    fn new() -> Self {
        Self {
            now: 0,
            last: 0,
            filled: 0,
            buckets: (0..65).map(|_| Vec::new()).collect(),
            head: 0,
            spare: Vec::new(),
        }
    }

    #[inline]
    fn after(&mut self, delay: u64, kind: u32, pod: u32) {
        self.put((self.now + delay, kind << 28 | pod));
    }

    #[inline]
    fn put(&mut self, event: (u64, u32)) {
        let bucket = (64 - (event.0 ^ self.last).leading_zeros()) as usize;
        self.buckets[bucket].push(event);
        self.filled |= 1 << bucket;
    }

    #[inline]
    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(&(at, event)) = self.buckets[0].get(self.head) {
                self.head += 1;
                if self.head == self.buckets[0].len() {
                    self.buckets[0].clear();
                    self.head = 0;
                    self.filled &= !1;
                }
                self.now = at;
                return Some(event);
            }
            if self.filled == 0 {
                return None;
            }
            let first = self.filled.trailing_zeros() as usize;
            std::mem::swap(&mut self.spare, &mut self.buckets[first]);
            self.filled &= !(1 << first);
            self.last = self.spare.iter().map(|e| e.0).min().unwrap_or(self.last);
            let mut spare = std::mem::take(&mut self.spare);
            for event in spare.drain(..) {
                self.put(event);
            }
            self.spare = spare;
            std::mem::swap(&mut self.spare, &mut self.buckets[first]);
        }
    }
}

/// Free room of the nodes, and the best node for a pod: least allocated, the last among equals.
struct Nodes {
    free: Vec<(u32, u64)>,
    /// A tournament of scores; the winner at 1.
    tree: Vec<(f64, u32)>,
    leaves: usize,
}

impl Nodes {
    fn new(count: usize) -> Self {
        let leaves = count.next_power_of_two();
        let mut nodes = Self {
            free: vec![(16_000, 64 << 30); count],
            tree: vec![(-2.0, 0); 2 * leaves],
            leaves,
        };
        for node in 0..count {
            nodes.play(node);
        }
        nodes
    }

    fn score((cpu, memory): (u32, u64)) -> f64 {
        if cpu < POD.0 || memory < POD.1 {
            return -1.0;
        }
        let part = |left: f64, all: f64| left * 100.0 / all;
        let memory = part((memory - POD.1) as f64, memory as f64);
        (part(f64::from(cpu - POD.0), f64::from(cpu)) + memory) / 2.0
    }

    fn play(&mut self, node: usize) {
        let mut at = self.leaves + node;
        self.tree[at] = (Self::score(self.free[node]), node as u32);
        while at > 1 {
            at /= 2;
            let (left, right) = (self.tree[2 * at], self.tree[2 * at + 1]);
            self.tree[at] = if right.0 >= left.0 { right } else { left };
        }
    }

    fn take(&mut self) -> u32 {
        let (score, node) = self.tree[1];
        assert!(score >= 0.0, "the cluster is large enough");
        let free = &mut self.free[node as usize];
        *free = (free.0 - POD.0, free.1 - POD.1);
        self.play(node as usize);
        node
    }

    fn give_back(&mut self, node: u32) {
        let free = &mut self.free[node as usize];
        *free = (free.0 + POD.0, free.1 + POD.1);
        self.play(node as usize);
    }
}

/// Runs SRF on so many nodes with so many pods.
pub(crate) fn run(nodes: usize, pods: usize) -> Floor {
    let mut events = Events::new();
    for pod in 0..pods {
        events.after(1000 * MS + pod as u64 * 10 * MS, 0, pod as u32);
    }
    events.after(0, 1, CYCLE);
    let mut cluster = Nodes::new(nodes);
    let start = ProcessTime::now();
    let (mut node_of, mut running) = (vec![u32::MAX; pods], vec![0_u32; nodes]);
    let mut waiting: VecDeque<u32> = VecDeque::new();
    let (mut done, mut count, mut placements) = (0, 0, 0_u64);
    while done < pods
        && let Some(event) = events.next()
    {
        count += 1;
        let (kind, pod) = (event >> 28, event & CYCLE);
        match kind {
            // Somebody creates the pod, the API stores it, the scheduler sees it.
            0 => events.after(50 * MS, 2, pod),
            2 => {
                events.after(50 * MS, 15, pod);
                events.after(89 * MS, 3, pod);
            }
            3 => waiting.push_back(pod),
            1 => {
                let mut spent = 0;
                while let Some(next) = waiting.pop_front() {
                    spent += nodes as u64 * 1000;
                    let node = cluster.take();
                    node_of[next as usize] = node;
                    placements = placements.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(node));
                    events.after(spent + 23 * MS, 4, next);
                }
                events.after(spent.max(10_000 * MS), 1, CYCLE);
            }
            // The binding is stored and reaches the node.
            4 | 5 => events.after(50 * MS, kind + 1, pod),
            6 => events.after(152 * MS, 7, pod),
            7 => {
                running[node_of[pod as usize] as usize] += 1;
                events.after(152 * MS, 8, pod);
                events.after((300 + u64::from(pod) * 7919 % 600) * 1000 * MS, 10, pod);
            }
            8 => events.after(50 * MS, 9, pod),
            // The pod has finished, and the scheduler hears of it.
            10 => {
                running[node_of[pod as usize] as usize] -= 1;
                events.after(152 * MS, 11, pod);
            }
            11 => events.after(50 * MS, 12, pod),
            12 => {
                done += 1;
                events.after(89 * MS, 13, pod);
            }
            13 => cluster.give_back(node_of[pod as usize]),
            _ => {}
        }
    }
    Floor {
        events: count,
        end: Duration::from_nanos(events.now),
        cpu: start.elapsed(),
        placements: placements as u32,
    }
}
