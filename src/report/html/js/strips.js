// Strips over time: outages, drains, pods without a node, and the ready replicas of each workload.

const HIGH = 20;
const MOST_STRIPS = 200;
const MOST_BARS = 300;

/** Workloads in the order of their strips: those that were down first. */
const striped = data.workloads
  .map((workload, id) => ({ workload, id, down: downtimeOf(workload) }))
  .filter(({ workload }) => workload.application)
  .sort((a, b) => b.down - a.down || a.id - b.id);

/** @param {WorkloadData} workload @returns {number} seconds */
function downtimeOf(workload) {
  return workload.outages.reduce((sum, [from, to]) => sum + (to - from), 0);
}

/** When a kind of fact begins and another ends, by its first thing. @param {string} begin @param {string} end
 * @returns {{node: number, from: number, to: number, fact: number}[]} */
function intervals(begin, end) {
  /** @type {Map<number, {node: number, from: number, to: number, fact: number}>} */
  const open = new Map();
  const found = [];
  for (let fact = 0; fact < facts.count; fact++) {
    const name = kindOf(fact);
    if (name !== begin && name !== end) continue;
    const node = thing(fact);
    const known = open.get(node);
    if (name === begin && !known) {
      const interval = { node, from: facts.at[fact], to: data.end, fact };
      open.set(node, interval);
      found.push(interval);
    } else if (name === end && known) {
      known.to = facts.at[fact];
      open.delete(node);
    }
  }
  return found;
}

const drains = intervals("DrainStarted", "DrainEnded");
const work = intervals("NodeUpgradeStarted", "NodeUpgradeEnded");

function strip() {
  const box = svg("svg", { viewBox: "0 0 " + WIDE + " " + HIGH, preserveAspectRatio: "none", "aria-hidden": "true" });
  box.style.display = "block";
  return box;
}

/** @param {SVGElement} box @param {number} from @param {number} to @param {string} fill @param {number} y @param {number} h
 * @param {string} [title] */
function bar(box, from, to, fill, y, h, title) {
  const x = along(from);
  const rect = svg("rect", { x, y, width: Math.max(1.5, along(to) - x), height: h });
  rect.style.fill = "var(--" + fill + ")";
  if (title) {
    const words = svg("title", {});
    words.textContent = title;
    rect.append(words);
  }
  box.append(rect);
}

/** Bars that tell of which node they are; of very many, one picture. @param {SVGElement} box
 * @param {{node: number, from: number, to: number}[]} all @param {string} fill @param {number} y @param {number} h
 * @param {string} words */
function bars(box, all, fill, y, h, words) {
  if (all.length <= MOST_BARS) {
    for (const { node, from, to } of all) bar(box, from, to, fill, y, h, words + data.nodes.names[node]);
    return;
  }
  let path = "";
  let right = -1;
  for (const { from, to } of all) {
    // What is under another bar is not drawn again.
    if (along(to) <= right) continue;
    right = Math.max(right, along(from) + 1.5, along(to));
    path += "M" + along(from).toFixed(1) + " " + y + "v" + h + "H" + right.toFixed(1) + "v-" + h + "z";
  }
  box.append(shape(path, fill));
}

/** The area under a series. @param {Series} series @param {number} full */
function area(series, full) {
  const y = (/** @type {number} */ value) => (HIGH - Math.min(1, value / Math.max(1, full)) * HIGH).toFixed(2);
  let level = y(valueAt(series, startTime));
  let path = "M0 " + HIGH + "V" + level;
  for (let i = 0; i < series.at.length; i++) {
    if (series.at[i] <= startTime) continue;
    path += "H" + along(series.at[i]).toFixed(2);
    level = y(series.value[i]);
    path += "V" + level;
  }
  return path + "H" + along(data.end).toFixed(2) + "V" + HIGH + "Z";
}

/** @param {string} d @param {string} fill */
function shape(d, fill) {
  const path = svg("path", { d });
  path.style.fill = "var(--" + fill + ")";
  return path;
}

/** @returns {Row[]} */
function rowsOf() {
  /** @type {Row[]} */
  const rows = [];
  if (data.outages.length > 0) {
    const box = strip();
    for (const outage of data.outages) {
      const words = outage.components.join(", ") + " away, " + seconds((outage.end - outage.start) * 1000);
      bar(box, outage.start * 1000, outage.end * 1000, "bad", 3, HIGH - 6, words);
    }
    rows.push({ key: "away", words: "control plane away", down: 0, subject: null, box });
  }
  if (work.length + drains.length > 0) {
    const box = strip();
    bars(box, work, "work", 12, 6, "work on ");
    bars(box, drains, "drain", 2, 8, "drain of ");
    rows.push({ key: "work", words: "drains, work on nodes", down: 0, subject: null, box });
  }
  const waiting = Math.max(0, ...pending.value.filter((_, i) => pending.at[i] > startTime));
  if (waiting > 0) {
    const box = strip();
    box.append(shape(area(pending, waiting), "fair"));
    rows.push({ key: "pending", words: "pending pods (≤ " + waiting + ")", down: 0, subject: null, box });
  }
  for (const { workload, id } of striped.slice(0, MOST_STRIPS)) rows.push(stripOf(workload, id));
  return rows;
}

/** @param {WorkloadData} workload @param {number} id @returns {Row} */
function stripOf(workload, id) {
  const box = strip();
  box.append(shape("M0 0H" + along(data.end) + "V" + HIGH + "H0Z", "lack"));
  box.append(shape(area(ready[id], workload.desired), "strip"));
  for (const [from, to] of workload.outages) {
    bar(box, from * 1000, to * 1000, "bad", 0, HIGH, "down for " + seconds((to - from) * 1000));
  }
  return { key: workload.name, words: workload.name, down: downtimeOf(workload), subject: { letter: "w", id }, box };
}

/** What the scrubber marks. @returns {Mark[]} */
function marksOf() {
  /** @type {Mark[]} */
  const marks = data.outages.map(({ start, end, components }) => ({
    at: start * 1000, end: end * 1000, kind: "away", words: components.join(", ") + " away",
  }));
  for (const { workload } of striped) {
    for (const [from, to] of workload.outages) {
      marks.push({ at: from * 1000, end: to * 1000, kind: "down", words: workload.name + " is down" });
    }
  }
  for (let fact = startFact; fact < facts.count; fact++) {
    const name = kindOf(fact);
    if (name === "FaultInjected") marks.push({ at: facts.at[fact], end: facts.at[fact], kind: "fault", words: sentence(fact) });
    if (name === "HopStarted") marks.push({ at: facts.at[fact], end: facts.at[fact], kind: "hop", words: sentence(fact) });
  }
  return marks;
}

/** The worst moment: the longest downtime, else the most missing replicas, else the longest outage of the control plane.
 * @returns {Moment} */
function worstMoment() {
  let best = { at: startTime, length: 0, id: -1 };
  let lack = { at: startTime, missing: 0, id: -1 };
  for (const { workload, id } of striped) {
    for (const [from, to] of workload.outages) {
      if (to - from > best.length) best = { at: from * 1000, length: to - from, id };
    }
    ready[id].at.forEach((at, i) => {
      const missing = (workload.desired - ready[id].value[i]) / Math.max(1, workload.desired);
      if (at > startTime && missing > lack.missing) lack = { at, missing, id };
    });
  }
  if (best.id >= 0) return { at: best.at, weight: 1 + best.length, subject: { letter: "w", id: best.id } };
  if (lack.id >= 0) return { at: lack.at, weight: lack.missing, subject: { letter: "w", id: lack.id } };
  const outage = [...data.outages].sort((a, b) => b.end - b.start - (a.end - a.start))[0];
  return { at: outage ? outage.start * 1000 : startTime, weight: 0, subject: null };
}
