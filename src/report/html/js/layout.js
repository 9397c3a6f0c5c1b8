// Where everything is on the map, in CSS pixels.

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {{width: number, height: number, nodes: Box[], dots: Box[], columns: number[], cell: number, head: number,
 *   cards: (Box & {node: number})[], chips: (Box & {instance: number})[], groups: {text: string, members: number[], x: number, y: number}[],
 *   tray: Box & {columns: number}, tiles: boolean}} Layout
 */

const GAP = 10;
const PAD = 7;
const CHIP = 26;
const CARD_HEAD = 46;
/** A chip that is less wide has no room for a version beside the name. */
const LEAST_CHIP = 140;
const TITLE = 21;

/** Control-plane nodes, those that a cloud runs as -1, and nodes of each group. */
const masters = [...data.nodes.controlPlane];
if (data.instances.some(([, node]) => node === null)) masters.push(-1);
const isMaster = new Uint8Array(data.nodes.names.length);
for (const node of data.nodes.controlPlane) isMaster[node] = 1;
/** In the order in which people count: 2 before 10. */
const byName = new Intl.Collator("en", { numeric: true });
const workers = data.nodes.names
  .map((_, node) => node)
  .filter((node) => !isMaster[node])
  .sort((a, b) => byName.compare(data.nodes.names[a], data.nodes.names[b]) || a - b);
/** The beginning that the names of all workers share, up to a dash: where there is little room it is left out. */
const sharedName = workers.reduce((shared, node) => {
  let end = 0;
  while (end < shared.length && shared[end] === data.nodes.names[node][end]) end++;
  return shared.slice(0, end);
}, data.nodes.names[workers[0]] ?? "").replace(/[^-.]*$/, "");
const mostPlaces = workers.reduce((most, node) => Math.max(most, pods.places[node]), 1);

/** @param {number} width @returns {Layout} */
function layoutOf(width) {
  // With what is above and below it, the map fits into the window if that is at all possible.
  const height = Math.max(420, Math.min(940, window.innerHeight - 330));
  const sizes = data.whole ? [40, 34, 30, 26, 22, 18, 15, 12, 10, 8, 7, 6, 5] : [34, 26, 20, 16, 13, 11, 9, 8, 7];
  /** @type {Layout | undefined} */
  let layout;
  for (const size of sizes) {
    layout = layoutWith(width, size);
    if (layout.height <= height) break;
  }
  return /** @type {Layout} */ (layout);
}

/** @param {number} width @param {number} cell the room of a dot, or a node's where pods are not drawn @returns {Layout} */
function layoutWith(width, cell) {
  /** @type {Layout} */
  const layout = {
    width, height: 0, nodes: [], dots: [], columns: [], cell, head: 0, cards: [], chips: [], groups: [],
    tray: { x: 0, y: 0, w: 0, h: 0, columns: 1 }, tiles: !data.whole,
  };
  let y = layMasters(layout, width);
  if (data.whole) y = layTray(layout, width, y);
  layout.height = layGroups(layout, width, y) + 2;
  return layout;
}

/** @param {Layout} layout @param {number} width @returns {number} the y below */
function layMasters(layout, width) {
  if (masters.length === 0) return 0;
  const perRow = Math.max(1, Math.min(masters.length, Math.floor((width + GAP) / (250 + GAP))));
  const w = Math.min(420, (width - GAP * (perRow - 1)) / perRow);
  const columns = Math.max(1, Math.floor((w - 2 * PAD) / layout.cell));
  const processes = masters.map((node) => data.instances.flatMap(([, at], i) => (at === (node < 0 ? null : node) ? [i] : [])));
  const rows = masters.map((node) => (node < 0 || !data.whole ? 0 : Math.ceil(pods.places[node] / columns)));
  const chips = Math.max(...processes.map((p) => p.length), 0);
  const chipColumns = (w - 2 * PAD - 4) / 2 < LEAST_CHIP ? 1 : 2;
  const chipRows = Math.ceil(chips / chipColumns);
  const h = CARD_HEAD + chipRows * (CHIP + 4) + Math.max(...rows, 0) * layout.cell + PAD;
  layout.groups.push({ text: "control plane" + (masters.length > 1 ? " (" + masters.length + ")" : ""), members: [], x: 0, y: 13 });
  masters.forEach((node, i) => {
    const box = { x: (i % perRow) * (w + GAP), y: TITLE + Math.floor(i / perRow) * (h + GAP), w, h };
    layout.cards.push({ ...box, node });
    const wide = (w - 2 * PAD + 4) / chipColumns - 4;
    processes[i].forEach((instance, k) => {
      const x = box.x + PAD + (k % chipColumns) * (wide + 4);
      layout.chips.push({ instance, x, y: box.y + CARD_HEAD + Math.floor(k / chipColumns) * (CHIP + 4), w: wide, h: CHIP });
    });
    if (node < 0) return;
    const top = box.y + CARD_HEAD + chipRows * (CHIP + 4);
    layout.nodes[node] = box;
    layout.dots[node] = { x: box.x + PAD, y: top, w: w - 2 * PAD, h: box.y + h - top };
    layout.columns[node] = columns;
  });
  return TITLE + Math.ceil(masters.length / perRow) * (h + GAP);
}

/** @param {Layout} layout @param {number} width @param {number} y @returns {number} the y below */
function layTray(layout, width, y) {
  const columns = Math.max(1, Math.floor((width - 150) / layout.cell));
  const rows = Math.max(1, Math.min(4, Math.ceil(pods.trays / columns)));
  layout.tray = { x: 0, y, w: width, h: Math.max(30, rows * layout.cell + 2 * PAD), columns };
  return y + layout.tray.h + GAP;
}

/** @param {Layout} layout @param {number} width @param {number} y @returns {number} the y below */
function layGroups(layout, width, y) {
  const many = workers.length;
  const share = Math.min(420, Math.floor((width + GAP) / Math.max(1, many)) - GAP);
  const least = many <= 12 ? Math.min(Math.max(176, share), Math.floor((width - GAP) / 2)) : many <= 40 ? 104 : 58;
  layout.head = layout.tiles ? 0 : many <= 12 ? 42 : 18;
  const { cell } = layout;
  const room = Math.max(1, Math.floor((width - 2 * PAD) / cell));
  const wanted = Math.max(Math.ceil(Math.sqrt(mostPlaces * 1.6)), Math.floor((least - 2 * PAD) / cell));
  const columns = layout.tiles ? 1 : Math.min(room, wanted);
  const w = layout.tiles ? cell - 2 : Math.max(columns * cell + 2 * PAD, Math.min(least, width));
  const h = layout.tiles ? cell - 2 : layout.head + Math.max(1, Math.ceil(mostPlaces / columns)) * cell + PAD;
  const gap = layout.tiles ? 2 : Math.min(GAP, Math.max(4, cell * 0.6));
  const perRow = Math.max(1, Math.floor((width + gap) / (w + gap)));
  data.nodes.groups.forEach(([pool, zone], group) => {
    const members = workers.filter((node) => data.nodes.group[node] === group);
    if (members.length === 0) return;
    const text = [pool ?? "nodes", ...(zone ? ["zone " + zone] : [])].join(" · ") + " (" + members.length + ")";
    layout.groups.push({ text, members, x: 0, y: y + 13 });
    y += TITLE;
    members.forEach((node, i) => {
      const box = { x: (i % perRow) * (w + gap), y: y + Math.floor(i / perRow) * (h + gap), w, h };
      layout.nodes[node] = box;
      layout.dots[node] = { x: box.x + PAD, y: box.y + layout.head, w: w - 2 * PAD, h: h - layout.head };
      layout.columns[node] = columns;
    });
    y += Math.ceil(members.length / perRow) * (h + gap) + 6;
  });
  return y;
}

/** Where a pod belongs. @param {Layout} layout @param {number} pod @param {number} phase @returns {[number, number]} */
function homeOf(layout, pod, phase) {
  const { cell } = layout;
  const node = pods.node[pod];
  if (node < 0 || phase === PENDING || phase === UNSCHEDULABLE) {
    const { tray } = layout;
    const place = pods.tray[pod];
    const row = Math.min(Math.floor(place / tray.columns), Math.max(0, Math.floor((tray.h - 2 * PAD) / cell) - 1));
    return [tray.x + 140 + (place % tray.columns) * cell + cell / 2, tray.y + tray.h / 2 + (row === 0 ? 0 : row * cell)];
  }
  const dots = layout.dots[node];
  const place = pods.place[pod];
  const columns = layout.columns[node];
  return [dots.x + (place % columns) * cell + cell / 2, dots.y + Math.floor(place / columns) * cell + cell / 2];
}
