// A run: its embedded data, decoded. What follows, up to `run.js`, is there once for each run of the page.

const data = source;
const facts = factsOf(data);
const ready = data.workloads.map((workload) => seriesOf(workload.ready));
const pending = seriesOf(data.pending);
const podNames = data.whole ? namesOf() : [];

function namesOf() {
  const tails = data.podTails.split(" ");
  return numbersOf(data.podHeads).map((head, i) => data.heads[head] + tails[i]);
}

/** The place of the first fact of a kind; -1: there is none. @param {string} name */
function firstOf(name) {
  for (let i = 0; i < facts.count; i++) {
    if (data.kinds[facts.kind[i]][0] === name) return i;
  }
  return -1;
}

/** What stands before it describes the start. */
const startFact = Math.max(0, firstOf("RunStarted"));

/** @param {string} id of an element that each run has @returns {any} */
function part(id) {
  return byId(id + suffix);
}
