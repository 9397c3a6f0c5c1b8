// The state at a moment as a table, for those who do not see the map.

const MOST_NODES_IN_TABLE = 300;

function showTable() {
  const { body, shown, fitting } = bodyOf(part("filter").value.trim().toLowerCase());
  const head = element("thead");
  const titles = element("tr");
  for (const title of ["Node", "Version", "State", "Pods", "Not ready, starting or terminating"]) {
    const cell = element("th", title);
    cell.setAttribute("scope", "col");
    titles.append(cell);
  }
  head.append(titles);
  const words = shown < fitting
    ? ": " + shown + " of " + fitting + " nodes, those first to which something happens; the field above finds the others"
    : "";
  part("state").replaceChildren(element("caption", "At " + seconds(shownAt) + words), head, body);
}

/** @param {string} text that names of nodes must have */
function bodyOf(text) {
  const strays = strayPods();
  const all = [...data.nodes.controlPlane, ...workers].filter((node) => data.nodes.names[node].toLowerCase().includes(text));
  // What is like all others comes last where there is not room for all.
  if (all.length > MOST_NODES_IN_TABLE) {
    const plain = (/** @type {number} */ node) => Number(world.nodes[node] === 0 && !isMaster[node]);
    all.sort((a, b) => plain(a) - plain(b));
  }
  const shown = all.slice(0, MOST_NODES_IN_TABLE);
  const body = element("tbody");
  for (const node of shown) {
    const version = data.versions[world.versions[node]];
    addNode(body, [data.nodes.names[node], version, stateOf(node), String(world.counts[node])], strays.get(node) ?? []);
  }
  addNode(body, ["without node", "–", "–", String(valueAt(pending, shownAt))], strays.get(-1) ?? []);
  return { body, shown: shown.length, fitting: all.length };
}

/** @param {HTMLElement} body @param {string[]} cells @param {string[]} strays */
function addNode(body, [name, ...cells], strays) {
  const row = element("tr");
  const head = element("th", name);
  head.setAttribute("scope", "row");
  const list = strays.length > 6 ? countOf(strays.length, "pod") : strays.join(", ") || "–";
  row.append(head, ...[...cells, list].map((text) => element("td", text)));
  body.append(row);
}
/** Pods that are not simply ready, in words, by node (-1: none). @returns {Map<number, string[]>} */
function strayPods() {
  /** @type {Map<number, string[]>} */
  const strays = new Map();
  for (let pod = 0; pod < world.pods.length; pod++) {
    const phase = world.pods[pod];
    if (phase === GONE || phase === READY) continue;
    const node = phase === PENDING || phase === UNSCHEDULABLE ? -1 : pods.node[pod];
    const list = strays.get(node) ?? [];
    list.push(podNames[pod] + " " + PHASES[phase]);
    strays.set(node, list);
  }
  return strays;
}
