// The clock, the controls and the keyboard.

const SPEEDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const MOST_LISTED = 1000;
const still = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {HTMLSelectElement} */
const speedList = byId("speed");
/** @type {HTMLInputElement} */
const look = byId("look");
const runs = sources.map((source, n) => openRun(source, n === 0 ? "" : "-b", (what) => choose(n, what)));
/** Times when something happens that a log tells. */
const moments = [...new Set(runs.flatMap((run) => run.times))].sort((a, b) => a - b);
let at = startTime;
let playing = false;
let speed = 1;
let frame = 0;
let lastFrame = 0;
let shownClock = NaN;
let shownWords = 0;
/** What is looked at in each run. @type {(Subject | null)[]} */
const chosen = runs.map(() => null);

/** Asks for a frame. */
function wake() {
  if (frame === 0) frame = requestAnimationFrame(draw);
}

/** @param {number} time of the frame */
function draw(time) {
  frame = 0;
  const passed = Math.min(100, Math.max(0, time - lastFrame));
  lastFrame = time;
  if (playing) {
    at = Math.min(endTime, at + passed * speed);
    if (at >= endTime) setPlaying(false);
  }
  const share = still.matches ? 1 : 1 - Math.exp(-passed / 110);
  let moves = false;
  runs.forEach((run, n) => {
    run.seek(at);
    moves = run.draw(share, chosen[n]) || moves;
  });
  if (at !== shownClock) {
    shownClock = at;
    byId("clock").value = seconds(at);
    movePlayhead(at);
  }
  // Words change less often than pictures: nobody reads sixty lines a second.
  if (!playing || time - shownWords > 200) {
    shownWords = time;
    runs.forEach((run, n) => run.tell(at, chosen[n]));
    const said = runs.map((run) => (runs.length > 1 ? run.name + ": " : "") + run.caption());
    scrub.setAttribute("aria-valuetext", seconds(at) + ": " + said.join("; "));
  }
  if (playing || moves) wake();
}

/** @param {number} time */
function jump(time) {
  at = Math.max(startTime, Math.min(endTime, time));
  wake();
}

/** @param {boolean} on */
function setPlaying(on) {
  playing = on;
  if (on && at >= endTime) at = startTime;
  const button = byId("play");
  button.querySelector("path").setAttribute("d", on ? "M3 2h3.6v12H3zM9.4 2H13v12H9.4z" : "M3 1.5v13l11-6.5z");
  button.querySelector(".word").textContent = on ? "Pause" : "Play";
  lastFrame = performance.now();
  wake();
}

/** @param {number} direction 1 or -1 */
function step(direction) {
  setPlaying(false);
  const place = placeOf(moments, at);
  const next = direction > 0 ? place : moments[place - 1] === at ? place - 2 : place - 1;
  jump(moments[Math.max(0, Math.min(moments.length - 1, next))]);
}

/** Looks at something in a run, and at what has the same name in the others. @param {number} run
 * @param {Subject | null} what */
function choose(run, what) {
  const name = what === null ? "" : runs[run].titleOf(what);
  runs.forEach((other, n) => (chosen[n] = n === run ? what : what === null || what.letter === "f" ? null : other.named(name)));
  look.value = what === null || what.letter === "f" ? "" : name;
  wake();
}

/** Looks at what somebody has named. */
function find() {
  runs.forEach((run, n) => (chosen[n] = run.named(look.value)));
  const found = look.value === "" || chosen.some((what) => what !== null);
  look.setAttribute("aria-invalid", String(!found));
  wake();
}

function worst() {
  setPlaying(false);
  const all = runs.map((run) => run.worst());
  const run = all.reduce((best, moment, n) => (moment.weight > all[best].weight ? n : best), 0);
  jump(all[run].at);
  choose(run, all[run].subject);
}

/** @param {number} direction */
function chooseNode(direction) {
  const all = runs[0].nodes();
  const place = all.indexOf(look.value);
  const name = all[((place < 0 && direction < 0 ? 0 : place) + direction + all.length) % all.length];
  choose(0, runs[0].named(name));
}

/** @param {number} direction */
function changeSpeed(direction) {
  const place = SPEEDS.indexOf(speed) + direction;
  speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place))];
  speedList.value = String(speed);
}

/** @type {Record<string, () => void>} */
const KEYS = {
  " ": () => setPlaying(!playing),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  ",": () => jump(at - 1000),
  ".": () => jump(at + 1000),
  "[": () => changeSpeed(-1),
  "]": () => changeSpeed(1),
  Home: () => jump(startTime),
  End: () => jump(endTime),
  w: worst,
  n: () => chooseNode(1),
  p: () => chooseNode(-1),
  "/": () => look.select(),
  Escape: () => choose(0, null),
  "?": () => toggleKeys(),
};

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const tag = target.tagName;
  const action = KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  // Lists, links, buttons and where one writes have keys of their own.
  if (tag === "SELECT" || (event.key === " " && ["BUTTON", "SUMMARY", "A"].includes(tag))) return;
  if (tag === "INPUT" && target !== scrub && event.key !== "Escape") return;
  // What scrolls goes on to scroll.
  if (target !== scrub && target.closest(".report, .scroll, pre") && !/^[a-z?,.[\]/]$/.test(event.key)) return;
  event.preventDefault();
  action();
}

function toggleKeys() {
  const list = byId("keylist");
  list.hidden = !list.hidden;
  byId("keys").setAttribute("aria-expanded", String(!list.hidden));
}

function fillLists() {
  const wanted = span / 1000 / 40;
  speed = SPEEDS.find((s) => s >= wanted) ?? SPEEDS[SPEEDS.length - 1];
  for (const value of SPEEDS) {
    const option = element("option", value + "×");
    option.setAttribute("value", String(value));
    speedList.append(option);
  }
  speedList.value = String(speed);
  const all = runs.map((run) => run.names());
  // Nobody reads through a longer list; what is not in it can be named all the same.
  const lists = [all.flatMap((n) => n.workloads), all.flatMap((n) => n.processes), all.flatMap((n) => n.nodes)];
  const names = new Set(lists.flatMap((list) => list.slice(0, MOST_LISTED)));
  for (const name of names) {
    const option = element("option");
    option.setAttribute("value", name);
    byId("things").append(option);
  }
}

function buildLegend() {
  const legend = byId("legend");
  legend.replaceChildren();
  const swatch = (/** @type {SVGElement[]} */ parts, /** @type {string} */ text) => {
    const box = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16 });
    box.append(...parts);
    const made = element("span");
    made.append(box, text);
    legend.append(made);
  };
  const square = (/** @type {string} */ fill, /** @type {string} */ stroke, dash = "") =>
    svg("rect", { x: 1.5, y: 1.5, width: 13, height: 13, rx: 3, fill, stroke, "stroke-width": 1.5, "stroke-dasharray": dash });
  [...new Set(runs.flatMap((run) => run.versions()))]
    .sort((a, b) => (ages.get(a) ?? 0) - (ages.get(b) ?? 0))
    .forEach((version) => {
      const [fill, edge] = versionColors(version);
      swatch([square(fill, edge)], version);
    });
  const lines = svg("path", { d: "M1 9 9 1M3 15 15 3M9 15l6-6", stroke: colors.soft, "stroke-width": 1.3 });
  swatch([square("none", colors.soft), lines], "cordoned");
  swatch([square("none", colors.drain)], "draining");
  swatch([square("none", colors.work)], "worked on");
  const points = "8,1.5 9.7,6 14.5,6.2 10.7,9.2 12,13.8 8,11.2 4,13.8 5.3,9.2 1.5,6.2 6.3,6";
  swatch([svg("polygon", { points, fill: colors.good })], "leads");
  const counted = runs.find((run) => run.counted);
  if (counted) {
    swatch([svg("rect", { x: 2, y: 8, width: 12, height: 6, fill: colors["old-edge"] })], "how full a node is (most: " + counted.most + " pods)");
    return;
  }
  const dot = (/** @type {string} */ fill) => svg("circle", { cx: 8, cy: 8, r: 5.5, fill, stroke: colors.ink, "stroke-width": 1.4 });
  swatch([dot(colors.ink)], "ready");
  swatch([dot("none"), svg("circle", { cx: 8, cy: 8, r: 2.6, fill: colors.ink })], "starting");
  swatch([dot("none")], "not ready");
  swatch([dot("none"), svg("path", { d: "M4 12 12 4", stroke: colors.ink, "stroke-width": 1.4 })], "terminating");
}

/** Everything that depends on colours or on the size of the window. */
function arrange() {
  readColors();
  for (const run of runs) run.arrange();
  buildTimeline(runs, choose);
  buildLegend();
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  shownClock = NaN;
  shownWords = 0;
  wake();
}

/** Seeks where a strip is pressed or dragged. @param {PointerEvent} event */
function drag(event) {
  const track = /** @type {HTMLElement} */ (event.target).closest(".rows .track");
  if (!track || (event.type === "pointermove" && event.buttons !== 1)) return;
  const box = track.getBoundingClientRect();
  setPlaying(false);
  jump(startTime + ((event.clientX - box.left) / box.width) * span);
}

function listen() {
  byId("play").addEventListener("click", () => setPlaying(!playing));
  byId("back").addEventListener("click", () => step(-1));
  byId("forward").addEventListener("click", () => step(1));
  byId("worst").addEventListener("click", worst);
  byId("keys").addEventListener("click", toggleKeys);
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    arrange();
  });
  speedList.addEventListener("change", () => (speed = Number(speedList.value)));
  look.addEventListener("change", find);
  scrub.addEventListener("input", () => {
    setPlaying(false);
    jump(Number(scrub.value));
  });
  rows.addEventListener("pointerdown", drag);
  rows.addEventListener("pointermove", drag);
  document.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", arrange);
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) {
      width = window.innerWidth;
      arrange();
    }
  });
}

function start() {
  byId("replay").hidden = false;
  byId("theme").hidden = false;
  scrub.min = String(Math.floor(startTime));
  scrub.max = String(Math.ceil(endTime));
  byId("length").textContent = "of " + seconds(endTime) + inWords(endTime);
  fillLists();
  arrange();
  listen();
}

start();
