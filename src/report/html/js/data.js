// What is embedded in the page, and how it is read.

/**
 * @typedef {{names: string[], versions: number[], controlPlane: number[], planned: number[],
 *   groups: [string | null, string | null][], group: number[]}} NodesData
 * @typedef {{interval: [number, number], why: string, fix: string | null, losses: [string, string, number | null][]}} Cause
 * @typedef {{name: string, kind: string, desired: number, application: boolean, outages: [number, number][],
 *   causes: Cause[], missing: [string, string, number | null, number, number][],
 *   missingMore: number, evictions: number, refusals: number, ready: string}} WorkloadData
 * @typedef {{start: number, end: number, components: string[], podsLost: number, recreatedDuring: number,
 *   recreatedAfter: number}} Outage
 * @typedef {{engine: string, name: string | null, plan: string | null, seed: number, trial: number, versions: string[], from: number,
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

/** The runs of this page: one, or two that are watched side by side. @type {Data[]} */
const sources = [...document.querySelectorAll('script[type="application/json"]')].map((s) => JSON.parse(s.textContent ?? ""));
