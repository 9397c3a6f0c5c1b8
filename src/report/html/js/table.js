// The state at a moment as a table, for those who do not see the map.

const MOST_NODES_IN_TABLE = 300;

function showTable() {
  const table = byId("state");
  const head = element("thead");
  const titles = element("tr");
  for (const title of ["Node", "Version", "State", "Pods", "Not ready, starting or terminating"]) {
    const cell = element("th", title);
    cell.setAttribute("scope", "col");
    titles.append(cell);
  }
  head.append(titles);
  const body = element("tbody");
  const strays = strayPods();
  const shown = [...data.nodes.controlPlane, ...workers].slice(0, MOST_NODES_IN_TABLE);
  for (const node of shown) {
    const row = element("tr");
    const name = element("th", data.nodes.names[node]);
    name.setAttribute("scope", "row");
    row.append(name);
    const pending = strays.get(node) ?? [];
    for (const text of [
      data.versions[world.versions[node]],
      stateOf(node),
      String(world.counts[node]),
      pending.length > 6 ? countOf(pending.length, "pod") : pending.join(", ") || "–",
    ]) {
      row.append(element("td", text));
    }
    body.append(row);
  }
  const waiting = element("tr");
  const name = element("th", "without node");
  name.setAttribute("scope", "row");
  const list = strays.get(-1) ?? [];
  waiting.append(name, element("td", "–"), element("td", "–"), element("td", String(valueAt(pending, now()))));
  waiting.append(element("td", list.length > 6 ? countOf(list.length, "pod") : list.join(", ") || "–"));
  body.append(waiting);
  table.replaceChildren(element("caption", "At " + seconds(now())), head, body);
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
