//! Large input: a dump is read item by item, and memory is not that of its text.

use std::io::{self, Read};

use seatrial::scenario::{Input, LoadError, load_inputs};

/// A text that is made while it is read: a beginning, the same again and again, an end.
struct Endless<'a> {
    parts: Box<dyn Iterator<Item = Vec<u8>> + 'a>,
    rest: Vec<u8>,
    /// Bytes that have been read.
    given: &'a std::cell::Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.parts.next() {
                Some(part) => self.rest = part,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.rest.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        self.given.set(self.given.get() + count);
        Ok(count)
    }
}

fn loaded(parts: impl Iterator<Item = String>) -> (Result<seatrial::scenario::Scenario, LoadError>, usize) {
    let given = std::cell::Cell::new(0);
    let from = Endless {
        parts: Box::new(parts.map(String::into_bytes)),
        rest: Vec::new(),
        given: &given,
    };
    let result = load_inputs(vec![Input::new("-", from)]);
    (result, given.get())
}

fn pod(n: usize, more: &str) -> String {
    let padding = "x".repeat(2_000);
    format!(
        "{}\n    {{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n     \"metadata\": {{\"annotations\": {{\"padding\": \"{padding}\"}}, \"name\": \"p-{n}\"}},\n     \
         \"spec\": {{\"containers\": [{{\"name\": \"main\"}}], \"nodeName\": \"n\"{more}}},\n     \"status\": {{\"phase\": \"Running\"}}}}",
        if n == 0 { "" } else { "," }
    )
}

const BEGIN: &str = "{\"apiVersion\": \"v1\", \"items\": [";
const END: &str =
    ",{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"n\"}}], \"kind\": \"List\"}\n";
const FAULTS: &str = "---\napiVersion: seatrial.dev/v1alpha1\nkind: Faults\nspec: {events: []}\n";

fn dump(pods: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let begin = std::iter::once(BEGIN.to_owned());
    begin.chain(pods).chain([END.to_owned(), FAULTS.to_owned()])
}

/// 12 MB of standard input: more than stays in memory. Errors that are seen at once show the line, errors that are found
/// when everything has been read at least know it.
#[test]
fn errors_in_a_large_dump_have_their_lines() {
    let (good, _) = loaded(dump((0..6_000).map(|n| pod(n, ""))));
    assert_eq!(good.unwrap_or_else(|e| panic!("{e}")).model.pods.len(), 6_000);
    let wrong = (0..6_000).map(|n| match n {
        5 => pod(n, ", \"priority\": \"much\""),
        4_000 => pod(n, ", \"priority\": true"),
        5_999 => pod(5_998, ""),
        _ => pod(n, ""),
    });
    let faults = FAULTS.replace("events: []", "evnts: []");
    let parts = dump(wrong).map(move |part| if part == FAULTS { faults.clone() } else { part });
    let (result, _) = loaded(parts);
    let Err(LoadError::Wrong(diagnostics)) = result else {
        panic!("it is wrong");
    };
    let told = diagnostics.to_string();
    let lines: Vec<&str> = told.lines().collect();
    // Each pod has four lines; the first stands on line 2.
    assert_eq!(
        lines,
        [
            "<stdin>:24:78: expected a whole number of at most 32 bits, found the text \"much\"",
            "<stdin>:16004:78: expected a whole number of at most 32 bits, found `true`",
            "<stdin>:23999:2059: Pod default/p-5998 stands here a second time (the first time: <stdin>:23995:2059)",
            "<stdin>:24005:8: unknown field `evnts`; did you mean `events`?",
        ]
    );
    let rendered = diagnostics.render(false);
    assert!(rendered.contains("\"priority\": \"much\""), "{rendered}");
    assert!(rendered.contains("\"priority\": true"), "{rendered}");
    assert!(rendered.contains("spec: {evnts: []}"), "{rendered}");
}

/// What is found only when everything has been read knows its line, though the text is gone.
#[test]
fn late_errors_in_a_large_dump_know_their_lines() {
    let wrong = (0..6_000).map(|n| match n {
        5_000 => pod(n, "").replace("\"nodeName\": \"n\"", "\"nodeName\": \"nn\""),
        _ => pod(n, ""),
    });
    let told = loaded(dump(wrong)).0.map(drop).unwrap_err().to_string();
    assert_eq!(
        told,
        "<stdin>:20003:2059: pod default/p-5000 is on the node `nn`, which is not in the input; did you mean `n`?"
    );
}

/// Whatever it is, one error says so; what follows is only searched for the next document. That none of it is kept is seen by
/// `tests/memory`.
#[test]
fn junk_of_160_mb_is_one_error() {
    let size = 160 << 20;
    for (unit, says) in [
        ("\0", "it holds a NUL byte"),
        ("no document at all\n", "there is no `apiVersion` in its first MiB"),
        ("{\"a\": \"", "expected `,` or `}`"),
        ("[", "nested more than 100 levels deep"),
        ("[\"x\", ", "nested more than 100 levels deep"),
    ] {
        let block = unit.repeat((64 << 10) / unit.len());
        let (result, _) = loaded(std::iter::repeat_n(block.clone(), size / block.len()));
        let told = result.map(drop).unwrap_err().to_string();
        assert!(told.contains(says), "{unit:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{unit:?}: {told}");
    }
    // The document after junk is read.
    let block = "[".repeat(64 << 10);
    let faults = "\n".to_owned() + &FAULTS.replace("events: []", "evnts: []");
    let told = loaded(std::iter::repeat_n(block, 256).chain([faults]))
        .0
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(told.contains("unknown field `evnts`"), "{told}");
    // A text without end, and one value without end.
    for begin in ["{\"apiVersion\": \"", "{\"items\": [{\"kind\": "] {
        let block = "x".repeat(64 << 10);
        let parts = std::iter::once(begin.to_owned()).chain(std::iter::repeat_n(block, 2_560));
        let told = loaded(parts).0.map(drop).unwrap_err().to_string();
        assert!(told.contains("larger than 32 MiB"), "{told}");
    }
    // Blanks and comments are no documents, however many.
    for unit in ["        \n", "# nothing\n"] {
        let block = unit.repeat((64 << 10) / unit.len());
        let (result, _) = loaded(std::iter::repeat_n(block, 2_560));
        assert!(
            result.map(drop).unwrap_err().to_string().starts_with("no documents"),
            "{unit:?}"
        );
    }
}

/// A list says at its end what it is; items that do not say it themselves wait for it.
#[test]
fn a_list_may_say_at_its_end_what_it_is() {
    let item = "{\"metadata\": {\"name\": \"n\"}}";
    let list = format!("{{\"items\": [{item}], \"apiVersion\": \"v1\", \"kind\": \"NodeList\"}}\n{FAULTS}");
    assert_eq!(loaded(std::iter::once(list)).0.unwrap().model.nodes.len(), 1);
    let other = format!("{{\"items\": [{END_NODE}], \"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}}\n{FAULTS}");
    let told = loaded(std::iter::once(other)).0.map(drop).unwrap_err().to_string();
    assert!(
        told.contains("`items` with objects in a ConfigMap, which is no list"),
        "{told}"
    );
}

const END_NODE: &str = "{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"n\"}}";

/// Several JSON documents, YAML documents and comments follow each other in one source, and blocks end anywhere.
#[test]
fn documents_are_found_wherever_blocks_end() {
    let text = format!(
        "\u{feff}# é\n---\n{END_NODE}\n{}\n---  # x\n{}...\n{FAULTS}",
        END_NODE.replace("\"n\"", "\"é\""),
        "kind: Pod\napiVersion: v1\nmetadata: {name: 'a---b'}\nspec: {containers: [{name: x}]}\n"
    );
    let whole = loaded(std::iter::once(text.clone()))
        .0
        .unwrap_or_else(|e| panic!("{e}"))
        .model;
    assert_eq!((whole.nodes.len(), whole.workloads.len()), (2, 1));
    for size in [1, 2, 3, 5, 7] {
        let bytes = text.as_bytes().chunks(size).map(<[u8]>::to_vec);
        let given = std::cell::Cell::new(0);
        let from = Endless {
            parts: Box::new(bytes.collect::<Vec<_>>().into_iter()),
            rest: Vec::new(),
            given: &given,
        };
        let model = load_inputs(vec![Input::new("x", from)])
            .unwrap_or_else(|e| panic!("{e}"))
            .model;
        assert_eq!(format!("{model:?}"), format!("{whole:?}"), "{size}");
    }
}

/// A source that cannot be read is somebody else's trouble than one that is wrong.
#[test]
fn a_source_that_breaks_off_is_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let error = load_inputs(vec![Input::new("x.json", Broken)]).map(drop).unwrap_err();
    assert!(matches!(error, LoadError::Read(_)));
    assert_eq!(error.to_string(), "cannot read x.json: the disk is gone");
}
