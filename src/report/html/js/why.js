// Why: what is known of the thing that is looked at, and the chain of causes.

/**
 * What is looked at: a letter as in the kinds of facts (p pod, n node, w workload, i process, f fact) and an id.
 * @typedef {{letter: string, id: number}} Subject
 */

const MOST_CAUSES = 12;

/** The chain of causes of a fact, the first cause first. @param {number} fact @returns {number[]} */
function chainOf(fact) {
  const chain = [];
  for (let i = fact; i >= 0 && chain.length < 64; i = facts.cause[i]) chain.unshift(i);
  return chain;
}

/** The facts about a thing until now, the newest last. @param {string} letter @param {number} id @param {number} limit */
function factsAbout(letter, id, limit) {
  const found = [];
  for (let i = world.done - 1; i >= 0 && found.length < limit; i--) {
    if (isAbout(i, letter, id) && sentence(i) !== "") found.unshift(i);
  }
  return found;
}

/** @param {number} fact @param {string} tag @returns {HTMLElement} */
function line(fact, tag) {
  const made = element(tag);
  made.append(element("span", seconds(facts.at[fact]), "when"), sentence(fact));
  return made;
}

/** @param {HTMLElement} into @param {string} title @param {number[]} list @param {string} [className] */
function addList(into, title, list, className) {
  if (list.length === 0) return;
  into.append(element("h3", title));
  const made = element("ol", undefined, className);
  for (const fact of list) made.append(line(fact, "li"));
  into.append(made);
}

/** @param {HTMLElement} into @param {number} fact */
function addChain(into, fact) {
  addList(into, "Because of", chainOf(fact), "chain");
}

/** @param {Subject} selection @returns {string} */
function titleOf({ letter, id }) {
  return letter === "f" ? sentence(id) : nameOf(letter, id);
}

/** Shows what is known. @param {Subject | null} selection @param {number} at */
function showWhy(selection, at) {
  const panel = part("why");
  panel.replaceChildren();
  if (selection === null) return;
  const title = element("h2", titleOf(selection));
  if (selection.letter === "w") title.prepend(markOf(data.workloads[selection.id].name));
  if (selection.letter === "p") title.prepend(markOf(data.workloads[pods.workload[selection.id]].name));
  panel.append(title);
  switch (selection.letter) {
    case "w":
      whyWorkload(panel, selection.id, at);
      break;
    case "n":
      whyNode(panel, selection.id);
      break;
    case "p":
      whyPod(panel, selection.id);
      break;
    case "i":
      panel.append(element("p", processState(selection.id)));
      whyLast(panel, "i", selection.id);
      break;
    default:
      addChain(panel, selection.id);
  }
}

/** @param {HTMLElement} panel @param {number} id @param {number} at */
function whyWorkload(panel, id, at) {
  const workload = data.workloads[id];
  const now = valueAt(ready[id], at);
  panel.append(element("p", workload.kind + ", " + now + " of " + workload.desired + " ready now"));
  const churn = countOf(workload.evictions, "eviction") + ", " + workload.refusals + " refused";
  panel.append(element("p", churn));
  if (workload.causes.length === 0) panel.append(element("p", "Never down in this run."));
  for (const cause of workload.causes) {
    const [from, to] = cause.interval;
    panel.append(element("h3", "Down " + seconds(from * 1000) + " – " + seconds(to * 1000)));
    panel.append(element("p", cause.why));
    addCauses(panel, cause.losses.map(([why, root, fact]) => ({ words: why, more: root, fact })));
    if (cause.fix) panel.append(element("p", "What helps: " + cause.fix, "fix"));
  }
  if (workload.missing.length === 0) return;
  panel.append(element("h3", "What replicas were missing for"));
  addCauses(panel, workload.missing.map(([why, root, fact, down, degraded]) => {
    const times = [down > 0 ? "down " + seconds(down * 1000) : "", degraded > 0 ? "degraded " + seconds(degraded * 1000) : ""];
    return { words: why, more: [...times.filter((t) => t !== ""), root].join(", "), fact };
  }));
  if (workload.missingMore > 0) panel.append(element("p", countOf(workload.missingMore, "more reason") + " for less", "more"));
}

/** Causes, each of which leads to its chain. @param {HTMLElement} panel
 * @param {{words: string, more: string, fact: number | null}[]} causes */
function addCauses(panel, causes) {
  const list = element("ol", undefined, "causes");
  for (const { words, more, fact } of causes.slice(0, MOST_CAUSES)) {
    const item = element("li");
    const line = element(fact === null ? "span" : "button", words);
    if (fact !== null) {
      line.setAttribute("type", "button");
      line.addEventListener("click", () => select({ letter: "f", id: fact }));
    }
    item.append(line, element("span", more, "more"));
    list.append(item);
  }
  if (causes.length > MOST_CAUSES) list.append(element("li", causes.length - MOST_CAUSES + " more"));
  panel.append(list);
}

/** @param {HTMLElement} panel @param {number} node */
function whyNode(panel, node) {
  const words = [data.versions[world.versions[node]], stateOf(node), countOf(world.counts[node], "pod")];
  panel.append(element("p", words.join(", ")));
  whyLast(panel, "n", node);
}

/** @param {HTMLElement} panel @param {number} pod */
function whyPod(panel, pod) {
  const workload = data.workloads[pods.workload[pod]];
  const node = pods.node[pod];
  const bound = node >= 0 && pods.bound[pod] < world.done;
  const place = bound ? " on " + data.nodes.names[node] : "";
  panel.append(element("p", workload.kind + " " + workload.name + ": " + PHASES[world.pods[pod]] + place));
  whyLast(panel, "p", pod);
}

/** @param {HTMLElement} panel @param {string} letter @param {number} id */
function whyLast(panel, letter, id) {
  const list = factsAbout(letter, id, 8);
  addList(panel, "So far", list);
  const last = list[list.length - 1];
  if (last !== undefined && facts.cause[last] >= 0) addChain(panel, last);
}

/** The last facts that matter. */
function showLog() {
  const log = part("log");
  const list = [];
  for (let i = world.done - 1; i >= 0 && list.length < 12; i--) {
    if (isTold(i)) list.push(i);
  }
  log.replaceChildren(
    ...list.map((fact) => {
      const item = element("li", undefined, WEIGHT[kindOf(fact)]);
      const button = line(fact, "button");
      button.setAttribute("type", "button");
      button.addEventListener("click", () => select({ letter: "f", id: fact }));
      item.append(button);
      return item;
    }),
  );
}

/** What goes on, in a line. @param {number} at @returns {(string | HTMLElement)[]} */
function captionOf(at) {
  const alarms = alarmsAt(at);
  const words = busyWords();
  const quiet = at >= data.end ? "The run has ended after " + seconds(data.end) : "Nothing is worked on";
  const rest = words.length === 0 && alarms.length === 0 ? quiet : words.join(" · ");
  return alarms.length === 0 ? [rest] : [element("span", alarms.slice(0, 4).join(" · "), "alarm"), rest === "" ? "" : " · " + rest];
}

/** What is away or down. @param {number} at @returns {string[]} */
function alarmsAt(at) {
  const alarms = [];
  if (world.apiAway) alarms.push("the API is away");
  if (world.noQuorum) alarms.push("etcd has no quorum");
  const within = (/** @type {[number, number]} */ [from, to]) => from * 1000 <= at && at < to * 1000;
  for (const { workload, id } of striped) {
    if (workload.outages.some(within)) alarms.push(data.workloads[id].name + " is down");
  }
  // Clients see the API; what else is away, nobody sees at once.
  const away = data.outages.filter(({ start, end }) => within([start, end])).flatMap(({ components }) => components);
  const others = [...new Set(away)].filter((name) => name !== "etcd" && name !== "kube-apiserver");
  if (others.length > 0 && !world.apiAway) alarms.push(others.join(" and ") + (others.length > 1 ? " are" : " is") + " away");
  return alarms;
}

/** The nodes to which something happens; many of them by what happens. @returns {string[]} */
function busyWords() {
  const busy = [];
  for (let node = 0; node < world.nodes.length; node++) {
    const state = world.nodes[node];
    if (!(state & ABSENT) && state & (DRAINING | WORKED_ON | CRASHED | REMOVED)) busy.push(node);
  }
  if (busy.length <= 3) return busy.map((node) => data.nodes.names[node] + ": " + stateOf(node));
  /** @type {Map<string, number>} */
  const states = new Map();
  for (const node of busy) states.set(stateOf(node), (states.get(stateOf(node)) ?? 0) + 1);
  return [...states].sort((a, b) => b[1] - a[1]).map(([state, count]) => countOf(count, "node") + ": " + state);
}
