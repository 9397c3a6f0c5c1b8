// What the page may ask of a run.

/**
 * A strip of the timeline: what it is about (the same in every run), words, seconds of downtime, what a click on it
 * selects, and the picture.
 * @typedef {{key: string, words: string, down: number, subject: Subject | null, box: SVGElement}} Row
 *
 * A moment that is marked on the scrubber: `end` differs from `at` where it lasts.
 * @typedef {{at: number, end: number, kind: "down" | "away" | "fault" | "hop", words: string}} Mark
 *
 * @typedef {{at: number, weight: number, subject: Subject | null}} Moment
 *
 * @typedef {{name: string, end: number, times: number[], counted: boolean, most: number,
 *   seek: (at: number) => void, draw: (share: number, selection: Subject | null) => boolean,
 *   tell: (at: number, selection: Subject | null) => void, caption: () => string, arrange: () => void,
 *   rows: () => Row[], marks: () => Mark[], worst: () => Moment, versions: () => string[],
 *   nodes: () => string[], named: (text: string) => Subject | null, titleOf: (subject: Subject) => string,
 *   names: () => {workloads: string[], nodes: string[], processes: string[]}}} Run
 */

let toldWords = "";
/** The time that is shown. */
let shownAt = startTime;

/** @param {number} at @param {Subject | null} selection */
function tell(at, selection) {
  const state = world.done + " " + at + " " + (selection ? selection.letter + selection.id : "");
  if (state === toldWords) return;
  toldWords = state;
  shownAt = at;
  part("caption").replaceChildren(...captionOf(at));
  showLog();
  showWhy(selection, at);
  if (part("states").open) showTable();
}

/** Times when something happens that the log tells. @returns {number[]} */
function timesOf() {
  const found = [startTime];
  for (let i = startFact; i < facts.count; i++) {
    if (isTold(i) && facts.at[i] > found[found.length - 1]) found.push(facts.at[i]);
  }
  if (found[found.length - 1] < data.end) found.push(data.end);
  return found;
}

/** Versions that its nodes have at some time. @returns {string[]} */
function versionsSeen() {
  const seen = new Set(data.nodes.versions);
  for (let i = 0; i < facts.count; i++) {
    if (kindOf(i) === "KubeletStarted") seen.add(thing(i, 1));
  }
  return [...seen].map((version) => data.versions[version]);
}

/** The thing of this name, or the first whose name has the text in it. @param {string} text @returns {Subject | null} */
function named(text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return null;
  /** @type {[string, ArrayLike<string>][]} */
  const all = [
    ["w", data.workloads.map((workload) => workload.name)],
    ["n", data.nodes.names],
    ["i", data.instances.map((_, id) => nameOf("i", id))],
    ["p", podNames],
  ];
  for (const same of [true, false]) {
    for (const [letter, names] of all) {
      for (let id = 0; id < names.length; id++) {
        const name = names[id].toLowerCase();
        if (same ? name === wanted : name.includes(wanted)) return { letter, id };
      }
    }
  }
  return null;
}

/** @param {PointerEvent} event @returns {Subject | null} */
function under(event) {
  const box = canvas.getBoundingClientRect();
  const stretch = (layout.width + 2 * EDGE) / box.width;
  return hit((event.clientX - box.left) * stretch - EDGE, (event.clientY - box.top) * stretch);
}

/** @param {PointerEvent} event */
function showTip(event) {
  const tip = part("tip");
  const what = under(event);
  tip.hidden = what === null;
  if (what === null) return;
  const more = what.letter === "n" ? ": " + stateOf(what.id) + ", " + countOf(world.counts[what.id], "pod")
    : what.letter === "p" ? ": " + PHASES[world.pods[what.id]] : ": " + processState(what.id);
  tip.textContent = titleOf(what) + more;
  const box = /** @type {HTMLElement} */ (canvas.parentElement).getBoundingClientRect();
  tip.style.left = Math.min(event.clientX - box.left + 14, Math.max(0, box.width - tip.offsetWidth - 8)) + "px";
  tip.style.top = event.clientY - box.top + 16 + "px";
}

/** @returns {Run} */
function asRun() {
  canvas.addEventListener("click", (event) => select(under(/** @type {PointerEvent} */ (event))));
  canvas.addEventListener("pointermove", showTip);
  canvas.addEventListener("pointerleave", () => (part("tip").hidden = true));
  part("states").addEventListener("toggle", showTable);
  part("filter").addEventListener("input", showTable);
  seek(startTime);
  return {
    name: data.name ?? data.plan ?? "this run",
    end: data.end,
    times: timesOf(),
    counted: !data.whole,
    most,
    seek,
    draw: drawMap,
    tell,
    caption: () => part("caption").textContent,
    arrange: () => {
      resizeMap();
      toldWords = "";
    },
    rows: rowsOf,
    marks: marksOf,
    worst: worstMoment,
    versions: versionsSeen,
    nodes: () => [...data.nodes.controlPlane, ...workers].map((node) => data.nodes.names[node]),
    named,
    titleOf,
    names: () => ({
      workloads: striped.map(({ workload }) => workload.name),
      nodes: data.nodes.names,
      processes: data.instances.map((_, id) => nameOf("i", id)),
    }),
  };
}
