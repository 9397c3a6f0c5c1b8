// Strips over time: outages, drains, pods without a node, and the ready replicas of each workload.

/** @type {HTMLElement} */
const rows = byId("rows");
/** @type {HTMLInputElement} */
const scrub = byId("scrub");
const span = Math.max(1, endTime - startTime);
const WIDE = 1000;
const HIGH = 20;
const MOST_STRIPS = 200;

/** @param {number} at milliseconds @returns {number} between 0 and WIDE */
function along(at) {
  return Math.max(0, Math.min(WIDE, ((at - startTime) / span) * WIDE));
}

/** Workloads in the order of their strips: those that were down first. */
const striped = data.workloads
  .map((workload, id) => ({ workload, id, down: downtimeOf(workload) }))
  .filter(({ workload }) => workload.application)
  .sort((a, b) => b.down - a.down || a.id - b.id);

/** @param {WorkloadData} workload @returns {number} seconds */
function downtimeOf(workload) {
  return workload.outages.reduce((sum, [from, to]) => sum + (to - from), 0);
}

/** When a kind of fact begins and another ends, by node. @param {string} begin @param {string} end
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
      const interval = { node, from: facts.at[fact], to: endTime, fact };
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
  return path + "H" + WIDE + "V" + HIGH + "Z";
}

/** @param {string} d @param {string} fill */
function shape(d, fill) {
  const path = svg("path", { d });
  path.style.fill = "var(--" + fill + ")";
  return path;
}

/** @param {HTMLElement} label @param {SVGElement} box @param {string} [className] */
function addRow(label, box, className) {
  const row = element("div", undefined, "row " + (className ?? ""));
  const track = element("div", undefined, "track");
  track.append(box);
  row.append(label, track);
  rows.append(row);
}

/** @param {(selection: Subject) => void} select */
function buildTimeline(select) {
  rows.replaceChildren();
  buildTicks();
  if (data.outages.length > 0) {
    const box = strip();
    for (const outage of data.outages) {
      const words = outage.components.join(", ") + " away, " + seconds((outage.end - outage.start) * 1000);
      bar(box, outage.start * 1000, outage.end * 1000, "bad", 3, HIGH - 6, words);
    }
    addRow(element("span", "control plane away", "gutter"), box);
  }
  if (work.length + drains.length > 0) {
    const box = strip();
    for (const { node, from, to } of work) bar(box, from, to, "work", 12, 6, "work on " + data.nodes.names[node]);
    for (const { node, from, to } of drains) bar(box, from, to, "drain", 2, 8, "drain of " + data.nodes.names[node]);
    addRow(element("span", "drains, work on nodes", "gutter"), box);
  }
  const waiting = Math.max(0, ...pending.value.filter((_, i) => pending.at[i] > startTime));
  if (waiting > 0) {
    const box = strip();
    box.append(shape(area(pending, waiting), "fair"));
    addRow(element("span", "pods without node (≤ " + waiting + ")", "gutter"), box);
  }
  for (const { workload, id } of striped.slice(0, MOST_STRIPS)) addStrip(workload, id, select);
  if (striped.length > MOST_STRIPS) {
    rows.append(element("p", striped.length - MOST_STRIPS + " more workloads have no strip", "gutter"));
  }
}

/** @param {WorkloadData} workload @param {number} id @param {(selection: Subject) => void} select */
function addStrip(workload, id, select) {
  const box = strip();
  box.append(shape("M0 0H" + WIDE + "V" + HIGH + "H0Z", "lack"));
  box.append(shape(area(ready[id], workload.desired), "strip"));
  for (const [from, to] of workload.outages) {
    bar(box, from * 1000, to * 1000, "bad", 0, HIGH, "down for " + seconds((to - from) * 1000));
  }
  const label = element("button");
  label.setAttribute("type", "button");
  const down = downtimeOf(workload);
  const words = workload.name + (down > 0 ? ", down " + seconds(down * 1000) : "");
  label.append(markOf(id), element("span", words));
  label.title = words;
  label.addEventListener("click", () => select({ letter: "w", id }));
  addRow(label, box, down > 0 ? "down" : "");
}

function buildTicks() {
  const ticks = byId("ticks");
  ticks.replaceChildren();
  const room = Math.max(3, Math.floor(ticks.clientWidth / 90));
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const step = 1000 * (steps.find((s) => span / (s * 1000) <= room) ?? 604800);
  for (let at = Math.ceil(startTime / step) * step; at <= endTime; at += step) {
    const tick = element("span", tickWords(at), at > endTime - step / 3 ? "last" : "");
    tick.style.left = along(at) / (WIDE / 100) + "%";
    ticks.append(tick);
  }
}

/** @param {number} at */
function movePlayhead(at) {
  const track = /** @type {HTMLElement} */ (scrub.parentElement);
  const head = byId("playhead");
  head.style.left = track.offsetLeft + (track.offsetWidth * along(at)) / WIDE + "px";
  scrub.value = String(Math.round(at));
}

/** The worst moment: the longest downtime, else the most missing replicas, else the longest outage of the control plane.
 * @returns {{at: number, selection: Subject | null}} */
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
  if (best.id >= 0) return { at: best.at, selection: { letter: "w", id: best.id } };
  if (lack.id >= 0) return { at: lack.at, selection: { letter: "w", id: lack.id } };
  const outage = [...data.outages].sort((a, b) => b.end - b.start - (a.end - a.start))[0];
  return { at: outage ? outage.start * 1000 : startTime, selection: null };
}
