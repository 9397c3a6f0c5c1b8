// The timeline: one axis for all runs, strips under each other, marks on the scrubber.

/** @type {HTMLElement} */
const rows = byId("rows");
/** @type {HTMLInputElement} */
const scrub = byId("scrub");
/** What stands before the strips of two runs. */
const LETTERS = ["A", "B"];

/** Builds all of it. @param {Run[]} runs @param {(run: number, what: Subject) => void} select */
function buildTimeline(runs, select) {
  rows.replaceChildren();
  buildTicks();
  buildMarks(runs);
  /** @type {Map<string, (Row | undefined)[]>} */
  const strips = new Map();
  runs.forEach((run, n) => {
    for (const row of run.rows()) {
      const known = strips.get(row.key) ?? [];
      known[n] = row;
      strips.set(row.key, known);
    }
  });
  const down = (/** @type {(Row | undefined)[]} */ all) => Math.max(...all.map((row) => row?.down ?? 0));
  const isAbout = (/** @type {string} */ key) => ["away", "work", "pending"].indexOf(key);
  const order = [...strips.values()].sort((a, b) => {
    const [x, y] = [a, b].map((all) => isAbout(all.find((row) => row)?.key ?? ""));
    if (x >= 0 || y >= 0) return (x < 0 ? 9 : x) - (y < 0 ? 9 : y);
    return down(b) - down(a);
  });
  for (const all of order) addRow(runs, all, select);
  const left = new Set(runs.flatMap((run) => run.names().workloads)).size - [...strips.keys()].filter((key) => isAbout(key) < 0).length;
  if (left > 0) rows.append(element("p", countOf(left, "more workload") + " without a strip", "gutter"));
}

/** @param {Run[]} runs @param {(Row | undefined)[]} all one of each run @param {(run: number, what: Subject) => void} select */
function addRow(runs, all, select) {
  const first = all.findIndex((row) => row);
  const some = /** @type {Row} */ (all[first]);
  const worst = Math.max(...all.map((row) => row?.down ?? 0));
  const row = element("div", undefined, "row" + (worst > 0 ? " down" : "") + (runs.length > 1 ? " two" : ""));
  const { subject } = some;
  if (subject === null) {
    row.append(element("span", some.words, "gutter"));
  } else {
    const label = element("button");
    label.setAttribute("type", "button");
    const times = runs.map((_, n) => all[n]?.down ?? 0);
    const words = runs.length > 1 ? times.map((t, n) => LETTERS[n] + " " + seconds(t * 1000)).join(", ") : seconds(worst * 1000);
    label.append(markOf(some.key), element("span", some.words), ...(worst > 0 ? [element("b", "down " + words)] : []));
    label.title = some.words + (worst > 0 ? ", down " + words : "");
    label.addEventListener("click", () => select(first, subject));
    row.append(label);
  }
  const tracks = element("div", undefined, "tracks");
  runs.forEach((run, n) => {
    const track = element("div", undefined, "track");
    if (runs.length > 1) track.append(element("span", LETTERS[n], "letter"));
    const strip = all[n];
    if (strip) track.append(strip.box);
    // A run that is over before the other one.
    if (run.end < endTime) {
      const over = element("span", undefined, "over");
      over.style.left = along(run.end) / (WIDE / 100) + "%";
      track.append(over);
    }
    tracks.append(track);
  });
  row.append(tracks);
  rows.append(row);
}

function buildTicks() {
  const ticks = byId("ticks");
  ticks.replaceChildren();
  const room = Math.max(3, Math.floor(ticks.clientWidth / 90));
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const step = 1000 * (steps.find((s) => span / (s * 1000) <= room) ?? 604800);
  for (let at = Math.ceil(startTime / step) * step; at <= endTime; at += step) {
    const tick = element("span", tickWords(at, endTime), at > endTime - step / 3 ? "last" : "");
    tick.style.left = along(at) / (WIDE / 100) + "%";
    ticks.append(tick);
  }
}

/** Where something is wrong or begins: a bar or a triangle above the scrubber. @param {Run[]} runs */
function buildMarks(runs) {
  const box = byId("marks");
  box.replaceChildren();
  const seen = new Set();
  runs.forEach((run, n) => {
    for (const { at, end, kind, words } of run.marks()) {
      // As many as can be told apart.
      const place = kind + n + " " + Math.round(along(at) / 2) + " " + Math.round(along(end) / 2);
      if (seen.has(place)) continue;
      seen.add(place);
      const mark = element("span", undefined, "mark " + kind);
      mark.style.left = along(at) / (WIDE / 100) + "%";
      if (end > at) mark.style.width = Math.max(0.3, (along(end) - along(at)) / (WIDE / 100)) + "%";
      mark.title = (runs.length > 1 ? LETTERS[n] + ": " : "") + words + ", " + seconds(at);
      box.append(mark);
    }
  });
}

/** @param {number} at */
function movePlayhead(at) {
  const track = /** @type {HTMLElement} */ (scrub.parentElement);
  byId("playhead").style.left = track.offsetLeft + (track.offsetWidth * along(at)) / WIDE + "px";
  scrub.value = String(Math.round(at));
}
