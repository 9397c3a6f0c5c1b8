//! Bytes of nodes, a block at a time. Loops over arrays, without conditions: so the compiler handles many bytes at once.

use crate::rng::Ties;

/// So many nodes are handled together.
pub(super) const BLOCK: usize = 64;
/// A byte for each node of a block; 0: the node does not fit.
pub(super) type Block = [u8; BLOCK];

/// So many zones, that of nodes without one included, are told apart by masks.
pub(super) const FEW: usize = 4;

/// All bits or none.
const fn only_if(yes: bool) -> u8 {
    (yes as u8).wrapping_neg()
}

/// The highest byte.
fn highest(bytes: &Block) -> u8 {
    let mut highest = 0;
    for byte in bytes {
        highest = highest.max(*byte);
    }
    highest
}

/// How often a byte occurs.
fn count(bytes: &Block, of: u8) -> u8 {
    let mut count = 0;
    for byte in bytes {
        count += u8::from(*byte == of);
    }
    count
}

/// The lowest byte above 0 and the highest; (1, 0) or so where there is none.
pub(super) fn range(cells: &[Block]) -> (u8, u8) {
    let (mut low, mut high) = ([u8::MAX; BLOCK], [0; BLOCK]);
    for cell in cells {
        for at in 0..BLOCK {
            low[at] = low[at].min(cell[at].wrapping_sub(1));
            high[at] = high[at].max(cell[at]);
        }
    }
    let lowest = u8::MAX - highest(&low.map(|byte| u8::MAX - byte));
    (lowest.saturating_add(1), highest(&high))
}

/// The lowest and the highest pair of the nodes in a zone that fit.
pub(super) fn range_in_zone(cells: &[Block], zones: &[Block], pairs: &[Block], zone: u8) -> (u8, u8) {
    let (mut low, mut high) = ([u8::MAX; BLOCK], [0; BLOCK]);
    for ((cell, zones), pairs) in cells.iter().zip(zones).zip(pairs) {
        for at in 0..BLOCK {
            let here = only_if(zones[at] == zone) & only_if(cell[at] != 0);
            low[at] = low[at].min(pairs[at] | !here);
            high[at] = high[at].max(pairs[at] & here);
        }
    }
    let lowest = u8::MAX - highest(&low.map(|byte| u8::MAX - byte));
    (lowest, highest(&high))
}

/// Adds to the cells of nodes that fit what is added by number; `numbers`: those of the nodes.
pub(super) fn add(cells: &mut [Block], numbers: &[Block], adds: &[u8; 256]) {
    for (cell, numbers) in cells.iter_mut().zip(numbers) {
        let mut more = [0; BLOCK];
        for at in 0..BLOCK {
            more[at] = adds[usize::from(numbers[at])];
        }
        for at in 0..BLOCK {
            cell[at] = cell[at].wrapping_add(more[at]) & only_if(cell[at] != 0);
        }
    }
}

/// Adds the same to the cells of nodes that fit, and something else by number where there is a pair for it.
pub(super) fn add_most(cells: &mut [Block], numbers: &[Block], most: u8, rare: &[(u8, u8)]) {
    for (cell, numbers) in cells.iter_mut().zip(numbers) {
        let mut more = [most; BLOCK];
        for &(number, add) in rare {
            for at in 0..BLOCK {
                let here = only_if(numbers[at] == number);
                more[at] = more[at] & !here | add & here;
            }
        }
        for at in 0..BLOCK {
            cell[at] = cell[at].wrapping_add(more[at]) & only_if(cell[at] != 0);
        }
    }
}

/// The same for numbers below [`FEW`].
pub(super) fn add_few(cells: &mut [Block], numbers: &[Block], [a, b, c, d]: [u8; FEW]) {
    for (cell, numbers) in cells.iter_mut().zip(numbers) {
        for at in 0..BLOCK {
            let number = numbers[at];
            let first = only_if(number == 0) & a | only_if(number == 1) & b;
            let last = only_if(number == 2) & c | only_if(number == 3) & d;
            cell[at] = cell[at].wrapping_add(first | last) & only_if(cell[at] != 0);
        }
    }
}

/// Where a byte occurs first.
fn first(bytes: &Block, of: u8) -> u8 {
    let mut first = u8::MAX;
    for (at, byte) in (0..).zip(bytes) {
        first = first.min(at | !only_if(*byte == of));
    }
    first
}

/// Where a byte occurs, a bit for each place.
fn places(bytes: &Block, of: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    let (words, _) = bytes.as_chunks();
    let mut places = 0;
    for word in words.iter().rev() {
        let differs = u64::from_le_bytes(*word) ^ u64::from_le_bytes([of; 8]);
        // The highest bit of a byte without any bit is set, and no other; then these are brought together.
        let same = !(((differs & LOW) + LOW) | differs | LOW);
        places = (places << 8) | ((same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    }
    places
}

/// Where the best of these bytes stands. Ties are broken at random (S-13): whenever a byte equals the best so far, the n-th
/// of its kind takes its place with a chance of 1/n.
pub(super) fn best(cells: &[Block], ties: &mut Ties) -> usize {
    let mut most = [0; BLOCK];
    for cell in cells {
        for at in 0..BLOCK {
            most[at] = most[at].max(cell[at]);
        }
    }
    let best = highest(&most);
    ties.skip(overtaken(cells, best));
    let equals = cells.iter().map(|cell| u32::from(count(cell, best))).sum();
    let mut before = ties.pick(equals);
    for (number, cell) in cells.iter().enumerate() {
        let here = u32::from(count(cell, best));
        if before < here {
            let mut places = places(cell, best);
            for _ in 0..before {
                places &= places - 1;
            }
            return number * BLOCK + places.trailing_zeros() as usize;
        }
        before -= here;
    }
    0
}

/// How many nodes before the first of the best equal the best so far.
fn overtaken(cells: &[Block], best: u8) -> u64 {
    let (mut so_far, mut equals) = (0, 0);
    for cell in cells {
        let most = highest(cell);
        // Most blocks have nothing to say once a good node is known.
        if most < so_far || most == 0 {
            continue;
        }
        if most == so_far {
            equals += u64::from(count(cell, so_far));
            continue;
        }
        if most < best {
            equals += u64::from(count(cell, most)) - 1;
        }
        equals += before_the_first(*cell, most, so_far);
        so_far = most;
        if most == best {
            break;
        }
    }
    equals
}

/// The same within a block, before the first of its best: from the end, each best before it stands before all that equal it.
fn before_the_first(mut cell: Block, mut best: u8, so_far: u8) -> u64 {
    let mut equals = 0;
    loop {
        let first = first(&cell, best);
        for (at, byte) in (0..).zip(&mut cell) {
            *byte &= only_if(at < first);
        }
        best = highest(&cell);
        if best <= so_far || best == 0 {
            break;
        }
        equals += u64::from(count(&cell, best)) - 1;
    }
    if so_far > 0 {
        equals += u64::from(count(&cell, so_far));
    }
    equals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    /// Side by side with a walk from node to node, each of which is drawn for.
    #[test]
    fn s13_the_best_and_the_draws_are_those_of_a_plain_walk() {
        let mut luck = Streams::new(3, 1).stream(Purpose::Fault, 0);
        for case in 0..3000 {
            let (values, rare) = (1 + luck.below(255), 2 + luck.below(20));
            let mut byte = |_| {
                if luck.below(rare) == 0 {
                    0
                } else {
                    1 + luck.below(values) as u8
                }
            };
            let cells: Vec<Block> = (0..1 + case % 9).map(|_| std::array::from_fn(&mut byte)).collect();
            let stream = Streams::new(case, 0).stream(Purpose::Ties, 0);
            let (mut plain, mut ties) = (Ties::new(stream.clone()), Ties::new(stream));
            let (mut at, mut most, mut equals) = (0, 0, 0);
            for (place, &byte) in cells.as_flattened().iter().enumerate().filter(|(_, byte)| **byte > 0) {
                if byte > most {
                    (at, most, equals) = (place, byte, 1);
                } else if byte == most {
                    equals += 1;
                    if plain.below(equals) == 0 {
                        at = place;
                    }
                }
            }
            assert_eq!(
                (best(&cells, &mut ties), ties.below(1 << 30)),
                (at, plain.below(1 << 30))
            );
        }
    }

    #[test]
    fn what_is_added_to_most_and_to_few_is_what_a_table_says() {
        let mut luck = Streams::new(3, 3).stream(Purpose::Fault, 0);
        for case in 0..500 {
            let mut block = |below: u32| -> Block { std::array::from_fn(|_| luck.below(below) as u8) };
            let cells: Vec<Block> = (0..1 + case % 5).map(|_| block(90)).collect();
            let numbers: Vec<Block> = (0..1 + case % 5).map(|_| block(6)).collect();
            let rare: Vec<(u8, u8)> = (0..case as u8 % 4).map(|n| (2 * n, block(100)[0])).collect();
            let mut table = [7; 256];
            for &(number, add) in &rare {
                table[usize::from(number)] = add;
            }
            let (mut by_table, mut by_pair) = (cells.clone(), cells);
            add(&mut by_table, &numbers, &table);
            add_most(&mut by_pair, &numbers, 7, &rare);
            assert_eq!(by_pair, by_table);
        }
    }

    #[test]
    fn ranges_are_those_of_a_plain_walk() {
        let mut luck = Streams::new(3, 2).stream(Purpose::Fault, 0);
        for case in 0..2000 {
            let (values, rare) = (1 + luck.below(255), 2 + luck.below(20));
            let mut byte = || {
                if luck.below(rare) == 0 {
                    0
                } else {
                    1 + luck.below(values) as u8
                }
            };
            let mut block = |_| std::array::from_fn(|_| byte());
            let cells: Vec<Block> = (0..1 + case % 5).map(&mut block).collect();
            let pairs: Vec<Block> = (0..1 + case % 5).map(&mut block).collect();
            let zones: Vec<Block> = pairs.iter().map(|pairs| pairs.map(|pair| pair % 3)).collect();
            let fit = cells.as_flattened().iter().copied().filter(|&byte| byte > 0);
            assert_eq!(Some(range(&cells)), fit.clone().min().zip(fit.max()));
            for zone in 0..3 {
                let nodes = cells.as_flattened().iter().zip(pairs.as_flattened());
                let here = nodes.filter(|&(&cell, &pair)| cell > 0 && pair % 3 == zone);
                let here = here.map(|(_, &pair)| pair);
                let found = range_in_zone(&cells, &zones, &pairs, zone);
                if let Some(range) = here.clone().min().zip(here.max()) {
                    assert_eq!(found, range);
                }
            }
        }
    }
}
