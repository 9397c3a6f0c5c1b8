// What the page is about: the embedded data, decoded.

/**
 * @typedef {{names: string[], versions: number[], controlPlane: number[], planned: number[],
 *   groups: [string | null, string | null][], group: number[]}} NodesData
 * @typedef {{interval: [number, number], why: string, fix: string | null}} Cause
 * @typedef {{name: string, kind: string, desired: number, application: boolean, outages: [number, number][],
 *   causes: Cause[], evictions: number, refusals: number, ready: string}} WorkloadData
 * @typedef {{start: number, end: number, components: string[], podsLost: number, recreatedDuring: number,
 *   recreatedAfter: number}} Outage
 * @typedef {{engine: string, plan: string | null, seed: number, trial: number, versions: string[], from: number,
 *   target: number | null, end: number, whole: boolean, nodes: NodesData, workloads: WorkloadData[],
 *   instances: [string, number | null][], budgets: string[], outages: Outage[], heads: string[], podHeads: string,
 *   podTails: string, pending: string, words: string[], kinds: [string, string, string][], count: number,
 *   facts: string}} Data
 */

/**
 * Facts in columns: kind, time in milliseconds, cause (-1: none), and where its things begin in `args`.
 * @typedef {{count: number, kind: Uint16Array, at: Float64Array, cause: Int32Array, first: Int32Array,
 *   args: Int32Array}} Facts
 */

/**
 * A number that changes: from `at[i]` on (milliseconds) it is `value[i]`.
 * @typedef {{at: number[], value: number[]}} Series
 */

/** @param {string} text numbers as LEB128 in base64 @returns {number[]} */
function numbersOf(text) {
  const bytes = atob(text);
  const numbers = [];
  let number = 0;
  let scale = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    number += (byte & 127) * scale;
    if (byte > 127) {
      scale *= 128;
    } else {
      numbers.push(number);
      number = 0;
      scale = 1;
    }
  }
  return numbers;
}

/** @param {string} text @returns {Series} */
function seriesOf(text) {
  const numbers = numbersOf(text);
  /** @type {Series} */
  const series = { at: [], value: [] };
  let at = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    at += numbers[i];
    series.at.push(at);
    series.value.push(numbers[i + 1]);
  }
  return series;
}

/** @param {Series} series @param {number} at @returns {number} */
function valueAt(series, at) {
  const place = placeOf(series.at, at);
  return place === 0 ? 0 : series.value[place - 1];
}

/** How many of the sorted times are not after a time. @param {ArrayLike<number>} times @param {number} at */
function placeOf(times, at) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {Data} data @returns {Facts} */
function factsOf(data) {
  const numbers = numbersOf(data.facts);
  const n = data.count;
  const facts = {
    count: n,
    kind: new Uint16Array(n),
    at: new Float64Array(n),
    cause: new Int32Array(n),
    first: new Int32Array(n),
    args: new Int32Array(Math.max(0, numbers.length - 3 * n)),
  };
  let from = 0;
  let to = 0;
  let at = 0;
  for (let i = 0; i < n; i++) {
    const kind = numbers[from];
    at += numbers[from + 1];
    const back = numbers[from + 2];
    from += 3;
    facts.kind[i] = kind;
    facts.at[i] = at;
    facts.cause[i] = back === 0 ? -1 : i - back;
    facts.first[i] = to;
    for (let things = data.kinds[kind][1].length; things > 0; things--) facts.args[to++] = numbers[from++];
  }
  return facts;
}

/** @param {string} id @returns {any} the element, whose kind the caller knows */
function byId(id) {
  return document.getElementById(id);
}

/** @type {Data} */
const data = JSON.parse(byId("data").textContent);
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
const startTime = facts.count === 0 ? 0 : facts.at[startFact];
const endTime = data.end;
