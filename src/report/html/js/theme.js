// Colours and shapes: nothing is told by colour alone.

/** Hues that people with any colour vision can tell apart (after Okabe and Ito), for light and dark paper. */
const HUES = {
  light: ["#0072b2", "#b8860b", "#00795c", "#a3478c", "#c04a00", "#2a7fb8", "#6b5b00", "#5b4bb0"],
  dark: ["#56b4e9", "#f0c04a", "#2fc79a", "#e08cc6", "#ff8f4d", "#8fd0f5", "#d6c85a", "#a99bf5"],
};
const SHAPES = 6;

/** @type {Record<string, string>} */
let colors = {};
/** @type {string[]} */
let hues = HUES.light;

/** How old versions are, the oldest 0: numbers are compared as numbers. @type {Map<string, number>} */
const ages = new Map(
  [...new Set(sources.flatMap((source) => source.versions))]
    .map((version) => ({ version, parts: (version.match(/\d+/g) ?? []).map(Number) }))
    .sort((a, b) => {
      const differs = [0, 1, 2].find((k) => (a.parts[k] ?? 0) !== (b.parts[k] ?? 0));
      return differs === undefined ? 0 : (a.parts[differs] ?? 0) - (b.parts[differs] ?? 0);
    })
    .map(({ version }, age) => [version, age]),
);
/** Each name of a workload has a colour and a shape, the same in all runs. @type {Map<string, number>} */
const known = new Map();
for (const { name } of sources.flatMap((source) => source.workloads)) if (!known.has(name)) known.set(name, known.size);

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ name) => style.getPropertyValue("--" + name).trim();
  colors = {};
  for (const name of ["paper", "card", "ink", "soft", "line", "accent", "good", "fair", "bad", "old", "new", "old-edge",
    "new-edge", "hatch", "drain", "work", "strip", "bad-bg", "fair-bg"]) {
    colors[name] = read(name);
  }
  hues = isDark() ? HUES.dark : HUES.light;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Between two colours of the form #rrggbb. @param {string} a @param {string} b @param {number} share of b */
function mix(a, b, share) {
  const part = (/** @type {number} */ at) => {
    const [x, y] = [a, b].map((c) => parseInt(c.slice(at, at + 2), 16));
    return Math.round(x + (y - x) * share).toString(16).padStart(2, "0");
  };
  return "#" + part(1) + part(3) + part(5);
}

/** Fill and edge of a node of a version: from old to new. @param {string} version @returns {[string, string]} */
function versionColors(version) {
  const share = ages.size < 2 ? 0 : (ages.get(version) ?? 0) / (ages.size - 1);
  return [mix(colors.old, colors.new, share), mix(colors["old-edge"], colors["new-edge"], share)];
}

/** @param {string} workload @returns {string} */
function hueOf(workload) {
  return hues[(known.get(workload) ?? 0) % hues.length];
}

/** A shape for a workload: eight colours and six shapes make 24 pairs before one comes again.
 * @param {string} workload */
function shapeOf(workload) {
  return (known.get(workload) ?? 0) % SHAPES;
}

/** Points of a shape around 0, 0; none: a circle. @param {number} shape @param {number} r @returns {[number, number][]} */
function pointsOf(shape, r) {
  /** @type {(n: number, turn: number, size: number) => [number, number][]} */
  const polygon = (n, turn, size) =>
    Array.from({ length: n }, (_, i) => {
      const angle = ((i + turn) / n) * 2 * Math.PI - Math.PI / 2;
      return [Math.cos(angle) * size, Math.sin(angle) * size];
    });
  switch (shape) {
    case 1:
      return polygon(4, 0.5, r * 1.2);
    case 2:
      return polygon(3, 0, r * 1.25).map(([x, y]) => [x, y + r * 0.2]);
    case 3:
      return polygon(4, 0, r * 1.25);
    case 4:
      return polygon(6, 0, r * 1.08);
    case 5:
      return polygon(3, 0.5, r * 1.25).map(([x, y]) => [x, y - r * 0.2]);
    default:
      return [];
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} shape @param {number} x @param {number} y @param {number} r */
function trace(pen, shape, x, y, r) {
  pen.beginPath();
  const points = pointsOf(shape, r);
  if (points.length === 0) pen.arc(x, y, r, 0, 7);
  points.forEach(([px, py], i) => (i === 0 ? pen.moveTo(x + px, y + py) : pen.lineTo(x + px, y + py)));
  pen.closePath();
}

/** The mark of a workload as a small picture. @param {string} workload @returns {SVGElement} */
function markOf(workload) {
  const points = pointsOf(shapeOf(workload), 5).map((p) => p.map((c) => (c + 7).toFixed(1)).join(","));
  const box = svg("svg", { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": "true" });
  const fill = hueOf(workload);
  box.append(
    points.length === 0 ? svg("circle", { cx: 7, cy: 7, r: 5, fill }) : svg("polygon", { points: points.join(" "), fill }),
  );
  return box;
}
