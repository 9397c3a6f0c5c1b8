// The map: nodes are drawn once per change, pods on top of them in each frame.

/** @type {HTMLCanvasElement} */
const canvas = part("map");
const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const ground = document.createElement("canvas");
const groundPen = /** @type {CanvasRenderingContext2D} */ (ground.getContext("2d"));
/** Around the map, in CSS pixels; the style sheet has the same. */
const MARGIN = 13;
/** Frames of nodes stick out by so much. */
const EDGE = 3;
const FONT = '"Segoe UI", system-ui, Roboto, "DejaVu Sans", sans-serif';

/** @type {Layout} */
let layout = layoutOf(800);
let scale = 1;
let drawnChanges = -1;
/** @type {Subject | null} */
let drawnSelection = null;
/** Where pods are drawn; NaN: nowhere yet. */
const drawnX = new Float32Array(podNames.length).fill(NaN);
const drawnY = new Float32Array(podNames.length);
const most = data.whole ? 1 : mostOnNode();

/** The most pods that a node ever has, where pods are only counted. */
function mostOnNode() {
  let most = 1;
  for (let i = 0; i < facts.count; i++) {
    if (kindOf(i) === "NodePods") most = Math.max(most, thing(i, 1));
  }
  return most;
}

/** How the pods of each workload look. @type {{hue: string, shape: number, letter: string}[]} */
let looks = [];

function resizeMap() {
  looks = data.workloads.map(({ name }) => {
    const letter = name.slice(name.indexOf("/") + 1, name.indexOf("/") + 2).toUpperCase();
    return { hue: hueOf(name), shape: shapeOf(name), letter };
  });
  const width = Math.max(260, canvas.parentElement ? canvas.parentElement.clientWidth - 2 * MARGIN : 800);
  layout = layoutOf(width - 2 * EDGE);
  scale = Math.min(2, window.devicePixelRatio || 1);
  for (const [c, p] of /** @type {[HTMLCanvasElement, CanvasRenderingContext2D][]} */ ([[canvas, pen], [ground, groundPen]])) {
    c.width = Math.round(width * scale);
    c.height = Math.round(layout.height * scale);
    p.setTransform(scale, 0, 0, scale, EDGE * scale, 0);
  }
  canvas.style.height = layout.height + "px";
  pictures = [];
  drawnX.fill(NaN);
  drawnChanges = -1;
}

/** Draws the world; `share`: how much of their way pods move (1: all of it). Whether something still moves.
 * @param {number} share @param {Subject | null} selection @returns {boolean} */
function drawMap(share, selection) {
  if (drawnChanges !== world.changes || drawnSelection !== selection) {
    drawGround(selection);
    drawnChanges = world.changes;
    drawnSelection = selection;
  }
  pen.clearRect(-EDGE, 0, layout.width + 2 * EDGE, layout.height);
  pen.drawImage(ground, -EDGE, 0, layout.width + 2 * EDGE, layout.height);
  return data.whole && drawPods(share, selection);
}

/** @param {Subject | null} selection */
function drawGround(selection) {
  groundPen.clearRect(-EDGE, 0, layout.width + 2 * EDGE, layout.height);
  for (const card of layout.cards) drawCard(card, selection);
  for (const chip of layout.chips) drawChip(chip, selection);
  if (data.whole) drawTray();
  groundPen.textBaseline = "alphabetic";
  for (const group of layout.groups) write(group.text + sumOf(group.members), group.x, group.y, 600, 13, colors.soft, layout.width);
  for (const node of workers) {
    if (layout.tiles) drawTile(node, selection);
    else drawNode(node, selection);
  }
}

/** So many nodes are summed up beside their title. */
const LEAST_SUMMED = 13;

/** How far a group of many nodes is. @param {number[]} nodes @returns {string} */
function sumOf(nodes) {
  if (nodes.length < LEAST_SUMMED) return "";
  const versions = new Map();
  const sums = { cordoned: 0, down: 0 };
  for (const node of nodes) {
    const state = world.nodes[node];
    if (state & ABSENT) continue;
    versions.set(world.versions[node], (versions.get(world.versions[node]) ?? 0) + 1);
    if (state & CORDONED) sums.cordoned++;
    if (state & (CRASHED | KUBELET_DOWN)) sums.down++;
  }
  const words = [...versions]
    .sort(([a], [b]) => (ages.get(data.versions[a]) ?? 0) - (ages.get(data.versions[b]) ?? 0))
    .map(([version, count]) => count + " at " + data.versions[version]);
  for (const [word, count] of Object.entries(sums)) if (count > 0) words.push(count + " " + word);
  return ": " + words.join(", ");
}

/** @param {string} text @param {number} x @param {number} y @param {number} weight @param {number} size
 * @param {string} color @param {number} room */
function write(text, x, y, weight, size, color, room) {
  groundPen.font = weight + " " + size + "px " + FONT;
  groundPen.fillStyle = color;
  let shown = text;
  // Names differ at their ends, so beginnings are cut off.
  for (let cut = 1; cut < text.length && groundPen.measureText(shown).width > room; cut++) shown = "…" + text.slice(cut);
  if (groundPen.measureText(shown).width <= room) groundPen.fillText(shown, x, y);
}

/** @param {CanvasRenderingContext2D} pen @param {Box} box @param {number} radius */
function rounded(pen, box, radius) {
  pen.beginPath();
  pen.roundRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1, radius);
}

/** @param {Box} box @param {number} head */
function hatch(box, head) {
  groundPen.save();
  groundPen.clip();
  groundPen.beginPath();
  groundPen.rect(box.x, box.y + head, box.w, box.h - head);
  groundPen.clip();
  groundPen.beginPath();
  const step = box.h > 20 ? 9 : 5;
  for (let x = box.x - box.h; x < box.x + box.w; x += step) {
    groundPen.moveTo(x, box.y + box.h);
    groundPen.lineTo(x + box.h, box.y);
  }
  groundPen.strokeStyle = colors.hatch;
  groundPen.lineWidth = box.h > 20 ? 1.2 : 1;
  groundPen.stroke();
  groundPen.restore();
}

/** The frame of a node: its version, and hatched where it takes no pods. @param {Box} box @param {number} node
 * @param {boolean} selected @param {number} radius @param {number} head words stand here, so it is not hatched */
function drawFrame(box, node, selected, radius, head) {
  const state = world.nodes[node];
  const [fill, edge] = versionColors(data.versions[world.versions[node]]);
  const down = (state & (CRASHED | KUBELET_DOWN)) !== 0;
  groundPen.globalAlpha = (state & CRASHED) !== 0 ? 0.3 : down ? 0.6 : 1;
  rounded(groundPen, box, radius);
  groundPen.fillStyle = fill;
  groundPen.fill();
  if (state & CORDONED) hatch(box, head);
  groundPen.globalAlpha = 1;
  rounded(groundPen, box, radius);
  groundPen.lineWidth = state & (DRAINING | WORKED_ON) ? 2.5 : 1;
  groundPen.strokeStyle = state & DRAINING ? colors.drain : state & WORKED_ON ? colors.work : edge;
  groundPen.stroke();
  if (selected) {
    rounded(groundPen, { x: box.x - 3, y: box.y - 3, w: box.w + 6, h: box.h + 6 }, radius + 2);
    groundPen.lineWidth = 2;
    groundPen.strokeStyle = colors.ink;
    groundPen.stroke();
  }
}

/** A node's state in words. @param {number} node @returns {string} */
function stateOf(node) {
  const state = world.nodes[node];
  const words = [];
  if (state & ABSENT) return "not there";
  if (state & CRASHED) words.push("machine down");
  else if (state & KUBELET_DOWN) words.push("kubelet stopped");
  else if (state & NOT_READY) words.push("not ready");
  if (state & DRAINING) words.push("draining");
  else if (state & CORDONED) words.push("cordoned");
  if (state & REMOVED) words.push("being removed");
  else if (words.length === 0 && state & WORKED_ON) words.push("being upgraded");
  if (world.outs[node] > 0) words.push("a load balancer leaves it out");
  return words.length === 0 ? "ready" : words.join(", ");
}

/** @param {Subject | null} selection @param {string} letter @param {number} id */
function isSelected(selection, letter, id) {
  return selection !== null && selection.letter === letter && selection.id === id;
}

/** @param {number} node @param {Subject | null} selection */
function drawNode(node, selection) {
  const box = layout.nodes[node];
  if (world.nodes[node] & ABSENT) {
    drawAbsent(box, node);
    return;
  }
  drawFrame(box, node, isSelected(selection, "n", node), 7, layout.head);
  const room = box.w - 2 * PAD;
  if (layout.head > 20) {
    write(data.nodes.names[node], box.x + PAD, box.y + 17, 650, 13, colors.ink, room);
    const state = stateOf(node);
    const version = data.versions[world.versions[node]];
    write(state === "ready" ? version : version + " · " + state, box.x + PAD, box.y + 33, 400, 12, colors.ink, room);
  } else {
    write(data.nodes.names[node].slice(sharedName.length), box.x + PAD - 2, box.y + 13, 500, 11, colors.ink, room + 4);
  }
}

/** @param {Box} box @param {number} node */
function drawAbsent(box, node) {
  groundPen.setLineDash([4, 4]);
  rounded(groundPen, box, 7);
  groundPen.lineWidth = 1;
  groundPen.strokeStyle = colors.line;
  groundPen.stroke();
  groundPen.setLineDash([]);
  write(data.nodes.names[node], box.x + PAD, box.y + Math.min(17, 13 + layout.head / 10), 400, 11, colors.soft, box.w - 2 * PAD);
}

/** A node of very many: its version, and how full it is. @param {number} node @param {Subject | null} selection */
function drawTile(node, selection) {
  const box = layout.nodes[node];
  const state = world.nodes[node];
  if (state & ABSENT) {
    groundPen.strokeStyle = colors.line;
    groundPen.lineWidth = 1;
    groundPen.strokeRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
    return;
  }
  const [fill, edge] = versionColors(data.versions[world.versions[node]]);
  groundPen.globalAlpha = state & CRASHED ? 0.3 : state & KUBELET_DOWN ? 0.55 : 1;
  groundPen.fillStyle = fill;
  groundPen.fillRect(box.x, box.y, box.w, box.h);
  const full = (box.h * world.counts[node]) / most;
  groundPen.fillStyle = edge;
  groundPen.fillRect(box.x, box.y + box.h - full, box.w, full);
  groundPen.globalAlpha = 1;
  if (state & CORDONED) {
    groundPen.strokeStyle = state & DRAINING ? colors.drain : colors.work;
    groundPen.lineWidth = 1.5;
    groundPen.strokeRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
    groundPen.beginPath();
    groundPen.moveTo(box.x, box.y + box.h);
    groundPen.lineTo(box.x + box.w, box.y);
    groundPen.stroke();
  }
  if (isSelected(selection, "n", node)) {
    groundPen.strokeStyle = colors.ink;
    groundPen.lineWidth = 2;
    groundPen.strokeRect(box.x - 1.5, box.y - 1.5, box.w + 3, box.h + 3);
  }
}

/** @param {Box & {node: number}} card @param {Subject | null} selection */
function drawCard(card, selection) {
  const room = card.w - 2 * PAD;
  if (card.node < 0) {
    rounded(groundPen, card, 9);
    groundPen.fillStyle = colors.paper;
    groundPen.fill();
    groundPen.lineWidth = 1;
    groundPen.strokeStyle = colors.line;
    groundPen.stroke();
    write("managed control plane", card.x + PAD, card.y + 18, 650, 13, colors.ink, room);
    return;
  }
  drawFrame(card, card.node, isSelected(selection, "n", card.node), 9, CARD_HEAD - 4);
  write(data.nodes.names[card.node], card.x + PAD, card.y + 18, 650, 13, colors.ink, room);
  const words = ["kubelet " + data.versions[world.versions[card.node]]];
  const state = stateOf(card.node);
  if (state !== "ready") words.push(state);
  write(words.join(" · "), card.x + PAD, card.y + 35, 400, 12, colors.ink, room);
}

/** What a process does. @param {number} instance @returns {string} */
function processState(instance) {
  switch (world.processes[instance]) {
    case STOPPED:
      return "down";
    case STARTS:
      return "not answering";
    case STOPPING:
      return "stopping";
    default:
      return world.leads[instance] ? "leads" : "up";
  }
}

/** @param {Box & {instance: number}} chip @param {Subject | null} selection */
function drawChip(chip, selection) {
  const state = world.processes[chip.instance];
  const [component] = data.instances[chip.instance];
  const good = state === SERVES;
  rounded(groundPen, chip, 13);
  groundPen.fillStyle = good ? colors.card : state === STOPPED ? colors["bad-bg"] : colors["fair-bg"];
  groundPen.fill();
  groundPen.lineWidth = isSelected(selection, "i", chip.instance) ? 2.5 : 1;
  groundPen.strokeStyle = good ? colors.line : state === STOPPED ? colors.bad : colors.fair;
  groundPen.stroke();
  const middle = chip.y + chip.h / 2;
  const color = good ? colors.good : state === STOPPED ? colors.bad : colors.fair;
  groundPen.beginPath();
  if (state === STOPPED) {
    groundPen.moveTo(chip.x + 9, middle - 4);
    groundPen.lineTo(chip.x + 17, middle + 4);
    groundPen.moveTo(chip.x + 17, middle - 4);
    groundPen.lineTo(chip.x + 9, middle + 4);
  } else if (world.leads[chip.instance]) {
    star(chip.x + 13, middle, 6.5);
  } else {
    groundPen.arc(chip.x + 13, middle, 4, 0, 7);
  }
  groundPen.lineWidth = state === STOPPED ? 2 : 1.5;
  groundPen.strokeStyle = color;
  groundPen.fillStyle = color;
  groundPen.stroke();
  if (good) groundPen.fill();
  const name = component.replace("kube-", "").replace("controller-manager", "controllers").replace("apiserver", "API server");
  const version = component === "etcd" || state === STOPPED ? "" : data.versions[world.processVersions[chip.instance]];
  groundPen.font = "400 11px " + FONT;
  const width = version === "" ? 0 : groundPen.measureText(version).width + 8;
  const showVersion = width > 0 && chip.w - 36 - width > 48;
  const room = chip.w - 30 - (showVersion ? width : 0);
  groundPen.font = "600 12px " + FONT;
  write(name, chip.x + 23, middle + 4, 600, groundPen.measureText(name).width > room ? 10.5 : 12, colors.ink, room);
  if (showVersion) write(version, chip.x + chip.w - 10 - width + 8, middle + 4, 400, 11, colors.soft, width);
}

/** Who leads. @param {number} x @param {number} y @param {number} r */
function star(x, y, r) {
  for (let i = 0; i < 10; i++) {
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    const far = i % 2 === 0 ? r : r * 0.45;
    groundPen.lineTo(x + Math.cos(angle) * far, y + Math.sin(angle) * far);
  }
  groundPen.closePath();
}

function drawTray() {
  const { tray } = layout;
  groundPen.setLineDash([5, 4]);
  rounded(groundPen, tray, 7);
  groundPen.lineWidth = 1.2;
  groundPen.strokeStyle = colors.soft;
  groundPen.stroke();
  groundPen.setLineDash([]);
  write("Pending pods", tray.x + PAD + 4, tray.y + tray.h / 2 + 4, 400, 12, colors.soft, 128);
}

/** @param {number} share @param {Subject | null} selection @returns {boolean} */
function drawPods(share, selection) {
  let moves = false;
  const radius = Math.max(1.8, layout.cell * 0.36);
  const chosen = selection !== null && selection.letter === "w" ? selection.id : -1;
  for (let pod = 0; pod < world.pods.length; pod++) {
    const phase = world.pods[pod];
    if (phase === GONE) {
      drawnX[pod] = NaN;
      continue;
    }
    const [x, y] = homeOf(layout, pod, phase);
    if (Number.isNaN(drawnX[pod])) appear(pod, x, y);
    const [dx, dy] = [x - drawnX[pod], y - drawnY[pod]];
    if (share >= 1 || Math.abs(dx) + Math.abs(dy) < 0.5) {
      drawnX[pod] = x;
      drawnY[pod] = y;
    } else {
      drawnX[pod] += dx * share;
      drawnY[pod] += dy * share;
      moves = true;
    }
    pen.globalAlpha = chosen >= 0 && pods.workload[pod] !== chosen ? 0.35 : podAlpha(pod, phase);
    drawPod(pod, phase, radius, isSelected(selection, "p", pod));
  }
  pen.globalAlpha = 1;
  return moves;
}

/** A new pod comes from where the one that it replaces was. @param {number} pod @param {number} x @param {number} y */
function appear(pod, x, y) {
  const before = pods.before[pod];
  drawnX[pod] = x;
  drawnY[pod] = y;
  if (before >= 0 && pods.node[before] >= 0 && facts.at[Math.max(0, pods.bound[pod])] > startTime) {
    [drawnX[pod], drawnY[pod]] = homeOf(layout, before, TERMINATING);
  }
}

/** @param {number} pod @param {number} phase */
function podAlpha(pod, phase) {
  const node = pods.node[pod];
  if (node >= 0 && phase !== PENDING && world.nodes[node] & CRASHED) return 0.3;
  return phase === FINISHED || phase === FAILED ? 0.5 : 1;
}

/** Pictures of pods by workload and phase: each is drawn once, and copied for every pod in every frame.
 * @type {(HTMLCanvasElement | undefined)[]} */
let pictures = [];

/** @param {number} pod @param {number} phase @param {number} r @param {boolean} selected */
function drawPod(pod, phase, r, selected) {
  const workload = pods.workload[pod];
  const half = Math.ceil(r * 1.5) + 2;
  const key = workload * PHASES.length + phase;
  const picture = (pictures[key] ??= pictureOf(workload, phase, r, half));
  const [x, y] = [drawnX[pod], drawnY[pod]];
  // Between two pixels it would be blurred.
  const onPixel = (/** @type {number} */ at) => Math.round((at - half) * scale) / scale;
  pen.drawImage(picture, onPixel(x), onPixel(y), 2 * half, 2 * half);
  if (phase === UNSCHEDULABLE || selected) {
    pen.beginPath();
    pen.arc(x, y, r + 3, 0, 7);
    pen.lineWidth = 2;
    pen.strokeStyle = selected ? colors.ink : colors.bad;
    pen.stroke();
  }
}

/** Ready: full. Starting: a ring with a core. Not ready, terminating: a ring, the latter crossed out.
 * @param {number} workload @param {number} phase @param {number} r @param {number} half of the picture's width */
function pictureOf(workload, phase, r, half) {
  const picture = document.createElement("canvas");
  picture.width = picture.height = Math.ceil(2 * half * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d"));
  pen.scale(picture.width / (2 * half), picture.width / (2 * half));
  pen.translate(half, half);
  const { hue, shape, letter } = looks[workload];
  trace(pen, shape, 0, 0, r);
  pen.fillStyle = phase === READY ? hue : colors.card;
  pen.fill();
  pen.lineWidth = Math.max(1, r * 0.22);
  pen.strokeStyle = hue;
  pen.stroke();
  if (phase === STARTING) {
    trace(pen, shape, 0, 0, r * 0.45);
    pen.fillStyle = hue;
    pen.fill();
  } else if (phase === TERMINATING || phase === FAILED) {
    pen.beginPath();
    pen.moveTo(-r * 0.8, r * 0.8);
    pen.lineTo(r * 0.8, -r * 0.8);
    pen.stroke();
  } else if (r >= 6 && phase === READY) {
    pen.font = "700 " + Math.round(r * 1.15) + "px " + FONT;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = isDark() ? "#0d171f" : "#ffffff";
    pen.fillText(letter, 0, r * 0.08);
  }
  return picture;
}

/** What is at a place of the map. @param {number} x @param {number} y @returns {Subject | null} */
function hit(x, y) {
  let best = -1;
  let nearest = Math.max(7, layout.cell * 0.6) ** 2;
  for (let pod = 0; pod < world.pods.length; pod++) {
    if (world.pods[pod] === GONE) continue;
    const distance = (drawnX[pod] - x) ** 2 + (drawnY[pod] - y) ** 2;
    if (distance < nearest) {
      nearest = distance;
      best = pod;
    }
  }
  if (best >= 0) return { letter: "p", id: best };
  const inside = (/** @type {Box} */ b) => x >= b.x && x <= b.x + b.w && y >= b.y && y <= b.y + b.h;
  const chip = layout.chips.find(inside);
  if (chip) return { letter: "i", id: chip.instance };
  const node = layout.nodes.findIndex((box) => box && inside(box));
  return node < 0 ? null : { letter: "n", id: node };
}
