//! How much memory reading takes: that of the model and a window of the text.

use std::cell::Cell;
use std::io::{self, Read};

use seatrial::scenario::{Input, LoadError, Scenario, load_inputs};

use super::in_use;

/// A text that is made while it is read: a beginning, numbered parts, an end. It notes the most memory that was in use at a
/// read.
struct Made<'a> {
    part: &'a dyn Fn(usize) -> String,
    parts: usize,
    next: usize,
    rest: Vec<u8>,
    given: usize,
    most: &'a Cell<isize>,
}

impl Read for Made<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.most.set(self.most.get().max(in_use()));
        if self.given == self.rest.len() {
            if self.next == self.parts {
                return Ok(0);
            }
            self.rest = (self.part)(self.next).into_bytes();
            self.given = 0;
            self.next += 1;
        }
        let count = into.len().min(self.rest.len() - self.given);
        into[..count].copy_from_slice(&self.rest[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// What reading so many parts came to, and how much more memory it had in use at most than before.
fn read(parts: usize, part: &dyn Fn(usize) -> String) -> (Result<Scenario, LoadError>, isize) {
    let most = Cell::new(0);
    let before = in_use();
    let made = Made {
        part,
        parts,
        next: 0,
        rest: Vec::new(),
        given: 0,
        most: &most,
    };
    let result = load_inputs(vec![Input::new("-", made)]);
    (result, most.get() - before)
}

const PODS: usize = 4_000;

/// A list of pods, each with a text of so many bytes that means nothing to anybody.
fn list(padding: usize) -> impl Fn(usize) -> String {
    move |n| match n {
        0 => "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Node\", \
              \"metadata\": {\"name\": \"n\"}}"
            .to_owned(),
        _ if n <= PODS => format!(
            ", {{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"p-{n}\", \"annotations\": \
             {{\"padding\": \"{}\"}}}}, \"spec\": {{\"containers\": [{{\"name\": \"main\"}}], \"nodeName\": \"n\"}}}}",
            "x".repeat(padding)
        ),
        _ => "]}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: Faults\nspec: {events: []}\n".to_owned(),
    }
}

/// Memory stays flat while a large list goes by: four times the text, the same memory. Junk is not kept either.
#[expect(clippy::disallowed_macros, reason = "a test that counts says what it counted")]
pub(super) fn memory_of_large_input() {
    let [some, more] = [4_000, 16_000].map(|padding| {
        let (result, most) = read(PODS + 2, &list(padding));
        let model = result.unwrap_or_else(|e| panic!("{e}")).model;
        assert_eq!(model.pods.len(), PODS);
        most
    });
    let kib = |bytes: isize| bytes >> 10;
    println!(
        "reading 16 MB: {} KiB at most; reading 64 MB: {} KiB at most",
        kib(some),
        kib(more)
    );
    assert!(more < 16 << 20, "{more} B");
    assert!(more - some < 1 << 20, "{some} B, then {more} B");
    for unit in ["\0", "no document at all\n", "{\"a\": \"", "[", "[\"x\", "] {
        let block = unit.repeat((64 << 10) / unit.len());
        let (result, most) = read(1_000, &|_| block.clone());
        assert!(result.is_err(), "{unit:?}");
        println!("64 MB of junk, {unit:?}: {} KiB at most", kib(most));
        assert!(most < 16 << 20, "{unit:?}: {most} B");
    }
}
