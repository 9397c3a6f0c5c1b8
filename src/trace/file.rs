//! A trace as a file: JSON lines. The first line says who is who, each further line is one fact.

use std::io::{self, BufRead, Read, Write};

use serde::Deserialize;

use super::mention::{Mentions, object};
use super::{Fact, Observer, Preamble, Record};
use crate::ids::{FactId, Id};
use crate::units::Time;

/// The version of the format, as Kubernetes writes versions.
const API_VERSION: &str = "seatrial.dev/v1alpha1";
/// The kind of the document.
const KIND: &str = "Trace";
/// The longest first line that is read, in bytes: names of millions of pods.
const LONGEST_PREAMBLE: u64 = 512 << 20;
/// The longest line of a fact that is read, in bytes.
const LONGEST_RECORD: u64 = 64 << 10;
/// The latest time that is read, in seconds: up to here, six decimals of a double are exact.
const LATEST: f64 = 4e9;

/// Writes facts as they happen.
///
/// An observer cannot fail, so the first error is kept and nothing is written after it; [`TraceWriter::finish`]
/// returns it.
pub struct TraceWriter<'a, W> {
    preamble: &'a Preamble,
    out: W,
    error: Option<io::Error>,
    /// Quoted object names of the pods that were created so far, by id.
    pods: Vec<Box<str>>,
    line: Vec<u8>,
    fact: Vec<u8>,
}

impl<'a, W: Write> TraceWriter<'a, W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(mut out: W, preamble: &'a Preamble) -> io::Result<Self> {
        let who = serde_json::to_vec(preamble)?;
        write!(out, r#"{{"apiVersion":"{API_VERSION}","kind":"{KIND}","#)?;
        out.write_all(who.get(1..).unwrap_or_default())?;
        out.write_all(b"\n")?;
        Ok(Self {
            preamble,
            out,
            error: None,
            pods: Vec::new(),
            line: Vec::new(),
            fact: Vec::new(),
        })
    }

    /// Flushes and returns what was written to.
    ///
    /// # Errors
    /// The first error that occurred.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, id: FactId, record: &Record) -> io::Result<()> {
        self.fact.clear();
        serde_json::to_writer(&mut self.fact, &record.fact)?;
        // `{"what":"X","node":0}`: the object goes behind the first member, and no name of a fact has a comma.
        let inner = self.fact.get(1..self.fact.len().saturating_sub(1)).unwrap_or_default();
        let what = inner.iter().position(|&b| b == b',');
        let (what, rest) = inner.split_at(what.unwrap_or(inner.len()));
        let micros = record.at.as_micros();
        self.line.clear();
        write!(self.line, r#"{{"id":{},"t":"#, id.index())?;
        write_seconds(&mut self.line, micros)?;
        self.line.push(b',');
        self.line.extend_from_slice(what);
        object(self.preamble, &mut self.pods, &record.fact, &mut self.line)?;
        self.line.extend_from_slice(rest);
        if let Some(cause) = record.cause {
            write!(self.line, r#","cause":{}"#, cause.index())?;
        }
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Observer for TraceWriter<'_, W> {
    fn observe(&mut self, id: FactId, record: &Record) {
        if self.error.is_none() {
            self.error = self.write(id, record).err();
        }
    }
}

/// Seconds with as many decimals as needed, six at most.
fn write_seconds(out: &mut Vec<u8>, micros: u64) -> io::Result<()> {
    let (secs, rest) = (micros / 1_000_000, micros % 1_000_000);
    write!(out, "{secs}")?;
    if rest > 0 {
        write!(out, ".{rest:06}")?;
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    Ok(())
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Reading failed.
    #[error("line {line}: {source}")]
    Io {
        /// The line, counted from 1.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("line {line}: {message}")]
    Line {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
}

/// What every line of a fact has besides the fact.
#[derive(Deserialize)]
struct Head {
    id: u64,
    t: f64,
    cause: Option<u64>,
}

/// What the first line has besides the preamble.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    api_version: String,
    kind: String,
}

/// Reads the facts of a trace, one after another, and checks that they can be trusted: ids count up and refer to
/// something that exists, and time never runs backwards.
pub struct TraceReader<R> {
    input: R,
    preamble: Preamble,
    line: u64,
    text: Vec<u8>,
    /// Facts read.
    facts: u64,
    /// How many pods and drains can exist by now.
    pods: usize,
    drains: usize,
    now: Time,
    ended: bool,
}

impl<R: BufRead> TraceReader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not the first line of a trace.
    pub fn new(mut input: R) -> Result<Self, TraceError> {
        let mut text = Vec::new();
        read_line(&mut input, &mut text, LONGEST_PREAMBLE, 1)?;
        let fault = |message: String| TraceError::Line { line: 1, message };
        let kind: Kind = serde_json::from_slice(&text).map_err(|e| fault(format!("not a trace of seatrial ({e})")))?;
        if kind.api_version != API_VERSION || kind.kind != KIND {
            return Err(fault(format!(
                "expected a {KIND} of {API_VERSION}, found a {} of {}",
                kind.kind, kind.api_version
            )));
        }
        let preamble: Preamble = serde_json::from_slice(&text).map_err(|e| fault(e.to_string()))?;
        check_preamble(&preamble).map_err(|what| fault(format!("{what} does not exist")))?;
        Ok(Self {
            pods: preamble.pods.len(),
            input,
            preamble,
            line: 1,
            text,
            facts: 0,
            drains: 0,
            now: Time::ZERO,
            ended: false,
        })
    }

    /// Who is who.
    pub const fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    /// Shows all facts that are left to an observer and returns the time of the last one.
    ///
    /// # Errors
    /// At the first line that cannot be read, or when the trace stops before [`Fact::RunEnded`].
    pub fn replay<O: Observer>(&mut self, observer: &mut O) -> Result<Time, TraceError> {
        for next in self.by_ref() {
            let (id, record) = next?;
            observer.observe(id, &record);
        }
        if self.ended {
            Ok(self.now)
        } else {
            Err(self.fault("the trace stops before the end of the run"))
        }
    }

    fn fault(&self, message: impl Into<String>) -> TraceError {
        TraceError::Line {
            line: self.line,
            message: message.into(),
        }
    }

    fn read(&mut self) -> Result<Option<(FactId, Record)>, TraceError> {
        self.line += 1;
        if read_line(&mut self.input, &mut self.text, LONGEST_RECORD, self.line)? == 0 {
            return Ok(None);
        }
        let wrong = |e: serde_json::Error| TraceError::Line {
            line: self.line,
            message: e.to_string(),
        };
        let head: Head = serde_json::from_slice(&self.text).map_err(wrong)?;
        let fact: Fact = serde_json::from_slice(&self.text).map_err(wrong)?;
        if self.ended {
            return Err(self.fault("a fact after the end of the run"));
        }
        if head.id != self.facts || head.id >= u64::from(u32::MAX) {
            return Err(self.fault(format!("expected id {}, found {}", self.facts, head.id)));
        }
        if head.cause.is_some_and(|cause| cause >= head.id) {
            return Err(self.fault("the cause of a fact must come before it"));
        }
        if !(0.0..=LATEST).contains(&head.t) {
            return Err(self.fault("a time that no run can reach"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 4e15"
        )]
        let at = Time::from_micros(libm::round(head.t * 1e6) as u64);
        if at < self.now {
            return Err(self.fault("time runs backwards"));
        }
        self.admit(&fact)?;
        self.now = at;
        self.facts += 1;
        self.ended = matches!(fact, Fact::RunEnded);
        let id = |n: u64| FactId::from_index(usize::try_from(n).unwrap_or(usize::MAX));
        let cause = head.cause.map(id);
        Ok(Some((id(head.id), Record { at, cause, fact })))
    }

    /// Checks that whatever the fact mentions can exist. Pods and drains are numbered in the order of their
    /// creation, give or take those of the input, so what readers keep for them is bounded by the length of the file.
    fn admit(&mut self, fact: &Fact) -> Result<(), TraceError> {
        match fact {
            Fact::PodCreated { .. } => self.pods += 1,
            Fact::DrainStarted { .. } => self.drains += 1,
            _ => {}
        }
        let p = &self.preamble;
        let m = Mentions::of(fact);
        let exists = |index: Option<usize>, len: usize| index.is_none_or(|i| i < len);
        for (what, index, len) in [
            ("node", m.node.map(Id::index), p.nodes.len()),
            ("pod", m.pod.map(Id::index), self.pods),
            ("workload", m.workload.map(Id::index), p.workloads.len()),
            ("budget", m.budget.map(Id::index), p.budgets.len()),
            ("drain", m.drain.map(Id::index), self.drains),
            ("instance", m.instance.map(Id::index), p.instances.len()),
            ("version", m.version.map(|v| usize::from(v.0)), p.versions.len()),
        ] {
            if !exists(index, len) {
                let index = index.unwrap_or_default();
                return Err(self.fault(format!("{what} {index} does not exist")));
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for TraceReader<R> {
    type Item = Result<(FactId, Record), TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Reads one line of at most `limit` bytes; 0 at the end of the file.
fn read_line<R: BufRead>(input: &mut R, text: &mut Vec<u8>, limit: u64, line: u64) -> Result<usize, TraceError> {
    text.clear();
    let read = input
        .take(limit)
        .read_until(b'\n', text)
        .map_err(|source| TraceError::Io { line, source })?;
    if read as u64 == limit && text.last() != Some(&b'\n') {
        let message = format!("longer than {limit} bytes");
        return Err(TraceError::Line { line, message });
    }
    Ok(read)
}

/// The first thing that the preamble refers to and does not have.
fn check_preamble(p: &Preamble) -> Result<(), String> {
    let within = |what: &str, index: usize, len: usize| {
        if index < len {
            Ok(())
        } else {
            Err(format!("{what} {index}"))
        }
    };
    let versions = p.versions.len();
    within("version", p.from, versions)?;
    for &version in p.target.iter().chain(&p.hops) {
        within("version", version, versions)?;
    }
    for node in &p.nodes {
        within("version", node.version, versions)?;
    }
    for workload in &p.workloads {
        for budget in &workload.budgets {
            within("budget", budget.index(), p.budgets.len())?;
        }
    }
    for set in &p.replica_sets {
        within("workload", set.workload.index(), p.workloads.len())?;
    }
    for node in p.instances.iter().filter_map(|i| i.node) {
        within("node", node.index(), p.nodes.len())?;
    }
    Ok(())
}
