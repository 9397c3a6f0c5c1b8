// The clock, the controls and the keyboard.

const SPEEDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const still = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {HTMLSelectElement} */
const speedList = byId("speed");
/** @type {HTMLSelectElement} */
const look = byId("look");
let at = startTime;
let playing = false;
let speed = 1;
let frame = 0;
let lastFrame = 0;
let shownAt = NaN;
let shownWords = 0;
/** @type {Subject | null} */
let selection = null;
/** When something happens that the log tells. */
const moments = momentsOf();

/** The time that is shown. */
function now() {
  return at;
}

function momentsOf() {
  const found = [startTime];
  for (let i = startFact; i < facts.count; i++) {
    if (isTold(i) && facts.at[i] > found[found.length - 1]) found.push(facts.at[i]);
  }
  if (found[found.length - 1] < endTime) found.push(endTime);
  return found;
}

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
  seek(at);
  const share = still.matches ? 1 : 1 - Math.exp(-passed / 110);
  const moves = drawMap(share, selection);
  if (at !== shownAt) {
    shownAt = at;
    byId("clock").value = seconds(at);
    movePlayhead(at);
  }
  // Words change less often than pictures: nobody reads sixty lines a second.
  if (!playing || time - shownWords > 200) {
    shownWords = time;
    showWords();
  }
  if (playing || moves) wake();
}

let wordsOf = "";

function showWords() {
  const state = world.done + " " + at + " " + (selection ? selection.letter + selection.id : "");
  if (state === wordsOf) return;
  wordsOf = state;
  const caption = captionOf(at);
  byId("caption").replaceChildren(...caption);
  scrub.setAttribute("aria-valuetext", seconds(at) + ": " + byId("caption").textContent);
  showLog(select);
  showWhy(selection, at);
  if (document.querySelector("details.state[open]")) showTable();
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

/** @param {Subject | null} what */
function select(what) {
  selection = what;
  const value = what && what.letter !== "f" ? what.letter + what.id : "";
  look.value = [...look.options].some((option) => option.value === value) ? value : "";
  wake();
}

function worst() {
  setPlaying(false);
  const moment = worstMoment();
  jump(moment.at);
  select(moment.selection);
}

/** @param {number} direction */
function selectNode(direction) {
  const all = [...data.nodes.controlPlane, ...workers];
  const place = selection && selection.letter === "n" ? all.indexOf(selection.id) : direction > 0 ? -1 : 0;
  select({ letter: "n", id: all[(place + direction + all.length) % all.length] });
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
  n: () => selectNode(1),
  p: () => selectNode(-1),
  Escape: () => select(null),
  "?": () => toggleKeys(),
};

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const tag = target.tagName;
  const action = KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  // Lists, links and buttons have keys of their own.
  if (tag === "SELECT" || (event.key === " " && ["BUTTON", "SUMMARY", "A"].includes(tag))) return;
  // What scrolls goes on to scroll.
  if (target !== scrub && target.closest(".report, .scroll, pre") && !/^[a-z?,.[\]]$/.test(event.key)) return;
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
  const group = (/** @type {string} */ label, /** @type {[string, string][]} */ options) => {
    const made = element("optgroup");
    made.setAttribute("label", label);
    for (const [value, text] of options) {
      const option = element("option", text);
      option.setAttribute("value", value);
      made.append(option);
    }
    look.append(made);
  };
  const nothing = element("option", "nothing");
  nothing.setAttribute("value", "");
  look.append(nothing);
  group("Workloads", striped.map(({ workload, id }) => ["w" + id, workload.name]));
  group("Nodes", data.nodes.names.map((name, id) => ["n" + id, name]));
  group("Control plane", data.instances.map((_, id) => ["i" + id, nameOf("i", id)]));
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
  [...new Set([...data.nodes.versions, ...versionsSeen()])]
    .sort((a, b) => age[a] - age[b])
    .forEach((version) => {
      const [fill, edge] = versionColors(version);
      swatch([square(fill, edge)], data.versions[version]);
    });
  const lines = svg("path", { d: "M1 9 9 1M3 15 15 3M9 15l6-6", stroke: colors.soft, "stroke-width": 1.3 });
  swatch([square("none", colors.soft), lines], "cordoned");
  swatch([square("none", colors.drain)], "draining");
  swatch([square("none", colors.work)], "worked on");
  if (!data.whole) {
    swatch([svg("rect", { x: 2, y: 8, width: 12, height: 6, fill: colors["old-edge"] })], "how full a node is (most: " + most + " pods)");
    return;
  }
  const points = "8,1.5 9.7,6 14.5,6.2 10.7,9.2 12,13.8 8,11.2 4,13.8 5.3,9.2 1.5,6.2 6.3,6";
  swatch([svg("polygon", { points, fill: colors.good })], "leads");
  const dot = (/** @type {string} */ fill) => svg("circle", { cx: 8, cy: 8, r: 5.5, fill, stroke: colors.ink, "stroke-width": 1.4 });
  swatch([dot(colors.ink)], "ready");
  swatch([dot("none"), svg("circle", { cx: 8, cy: 8, r: 2.6, fill: colors.ink })], "starting");
  swatch([dot("none")], "not ready");
  swatch([dot("none"), svg("path", { d: "M4 12 12 4", stroke: colors.ink, "stroke-width": 1.4 })], "terminating");
}

/** Versions that kubelets get. @returns {number[]} */
function versionsSeen() {
  const seen = new Set(/** @type {number[]} */ ([]));
  for (let i = 0; i < facts.count; i++) {
    if (kindOf(i) === "KubeletStarted") seen.add(thing(i, 1));
  }
  return [...seen];
}

/** Everything that depends on colours or on the size of the window. */
function arrange() {
  readColors();
  resizeMap();
  buildTimeline(select);
  buildLegend();
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  shownAt = NaN;
  wordsOf = "";
  wake();
}

/** @param {PointerEvent} event @returns {Subject | null} */
function under(event) {
  const box = canvas.getBoundingClientRect();
  const stretch = layout.width / box.width;
  return hit((event.clientX - box.left) * stretch, (event.clientY - box.top) * stretch);
}

/** @param {PointerEvent} event */
function showTip(event) {
  const tip = byId("tip");
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
  look.addEventListener("change", () => {
    select(look.value === "" ? null : { letter: look.value[0], id: Number(look.value.slice(1)) });
  });
  scrub.addEventListener("input", () => {
    setPlaying(false);
    jump(Number(scrub.value));
  });
  canvas.addEventListener("click", (event) => select(under(/** @type {PointerEvent} */ (event))));
  canvas.addEventListener("pointermove", showTip);
  canvas.addEventListener("pointerleave", () => (byId("tip").hidden = true));
  rows.addEventListener("pointerdown", drag);
  rows.addEventListener("pointermove", drag);
  document.addEventListener("keydown", onKey);
  document.querySelector("details.state")?.addEventListener("toggle", showTable);
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
  seek(at);
  arrange();
  listen();
}

start();
