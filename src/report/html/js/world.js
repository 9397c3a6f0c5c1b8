// The cluster at any moment: facts applied one after another, with checkpoints to start from.

const CORDONED = 1;
const KUBELET_DOWN = 2;
const CRASHED = 4;
const NOT_READY = 8;
const ABSENT = 16;
const DRAINING = 32;
const WORKED_ON = 64;
const REMOVED = 128;

const GONE = 0;
const PENDING = 1;
const UNSCHEDULABLE = 2;
const STARTING = 3;
const READY = 4;
const UNREADY = 5;
const TERMINATING = 6;
const FINISHED = 7;
const FAILED = 8;
const PHASES = ["gone", "pending", "pending: no node fits", "starting", "ready", "not ready", "terminating", "done", "failed"];

const STOPPED = 0;
const STARTS = 1;
const SERVES = 2;
const STOPPING = 3;

/**
 * @typedef {{done: number, nodes: Uint8Array, versions: Uint16Array, counts: Uint16Array, outs: Uint8Array, pods: Uint8Array,
 *   processes: Uint8Array, processVersions: Uint16Array, leads: Uint8Array, apiAway: boolean, noQuorum: boolean,
 *   changes: number}} World
 */

/** @returns {World} before the first fact */
function beginning() {
  const { nodes, instances } = data;
  /** @type {World} */
  const world = {
    done: 0,
    nodes: new Uint8Array(nodes.names.length),
    versions: Uint16Array.from(nodes.versions),
    counts: new Uint16Array(nodes.names.length),
    // How many load balancers have left a node out.
    outs: new Uint8Array(nodes.names.length),
    pods: new Uint8Array(podNames.length),
    processes: new Uint8Array(instances.length).fill(SERVES),
    processVersions: new Uint16Array(instances.length).fill(data.from),
    leads: new Uint8Array(instances.length),
    apiAway: false,
    noQuorum: false,
    changes: 0,
  };
  for (const node of nodes.planned) world.nodes[node] = ABSENT;
  return world;
}

/** @param {World} world @returns {World} */
function copyOf(world) {
  return {
    ...world,
    nodes: world.nodes.slice(),
    versions: world.versions.slice(),
    counts: world.counts.slice(),
    outs: world.outs.slice(),
    pods: world.pods.slice(),
    processes: world.processes.slice(),
    processVersions: world.processVersions.slice(),
    leads: world.leads.slice(),
  };
}

/** Facts about nodes: bits that come and bits that go. @type {Record<string, [number, number]>} */
const NODE_BITS = {
  NodeCordoned: [CORDONED, 0],
  NodeUncordoned: [0, CORDONED],
  KubeletStopped: [KUBELET_DOWN, 0],
  KubeletStarted: [0, KUBELET_DOWN],
  NodeCrashed: [CRASHED, 0],
  NodeBooted: [0, CRASHED],
  NodeNotReady: [NOT_READY, 0],
  NodeReady: [0, NOT_READY],
  NodeCreated: [0, ABSENT],
  NodeDeleted: [ABSENT, REMOVED],
  ScaleDownStarted: [REMOVED, 0],
  DrainStarted: [DRAINING, 0],
  DrainEnded: [0, DRAINING],
  NodeUpgradeStarted: [WORKED_ON, 0],
  NodeUpgradeEnded: [0, WORKED_ON],
};

/** Facts about pods: the phase that follows. @type {Record<string, number>} */
const POD_PHASE = {
  PodCreated: PENDING,
  PodUnschedulable: UNSCHEDULABLE,
  PodBound: STARTING,
  PodReady: READY,
  PodUnready: UNREADY,
  PodDeleted: TERMINATING,
  PodFinished: FINISHED,
  PodFailed: FAILED,
  PodRemoved: GONE,
};

/** What each kind of facts does. */
const effects = data.kinds.map(([name]) => ({ name, bits: NODE_BITS[name], phase: POD_PHASE[name] }));

/** @param {World} world @param {number} fact */
function apply(world, fact) {
  const { name, bits, phase } = effects[facts.kind[fact]];
  const it = facts.args[facts.first[fact]];
  if (phase !== undefined) {
    applyPod(world, it, phase, fact);
  } else if (bits !== undefined) {
    world.nodes[it] = (world.nodes[it] | bits[0]) & ~bits[1];
    if (name === "KubeletStarted") world.versions[it] = thing(fact, 1);
    world.changes++;
  } else if (name === "NodePods") {
    world.counts[it] = thing(fact, 1);
    world.changes++;
  } else {
    applyProcess(world, name, it, fact);
  }
}

/** @param {World} world @param {number} pod @param {number} phase @param {number} fact */
function applyPod(world, pod, phase, fact) {
  const before = world.pods[pod];
  if (phase === GONE) {
    const node = pods.node[pod];
    if (node >= 0 && pods.bound[pod] < fact && before !== GONE) world.counts[node]--;
  } else if (before === TERMINATING || (phase === UNREADY && before >= FINISHED)) {
    return;
  } else if (phase === STARTING) {
    world.counts[pods.node[pod]]++;
  }
  world.pods[pod] = phase;
}

/** @param {World} world @param {string} name @param {number} it @param {number} fact */
function applyProcess(world, name, it, fact) {
  world.changes++;
  switch (name) {
    case "ComponentStopping":
      world.processes[it] = STOPPING;
      break;
    case "ComponentStopped":
      world.processes[it] = STOPPED;
      world.leads[it] = 0;
      break;
    case "ComponentStarted":
      world.processes[it] = isServer(it) ? STARTS : SERVES;
      world.processVersions[it] = thing(fact, 1);
      break;
    case "ComponentServing":
      world.processes[it] = SERVES;
      break;
    case "ComponentUnavailable":
      if (world.processes[it] === SERVES) world.processes[it] = STARTS;
      break;
    case "LeaderElected":
      leave(world, data.instances[it][0]);
      world.leads[it] = 1;
      break;
    case "LeaderLost":
      leave(world, data.words[it]);
      break;
    case "ApiUnavailable":
    case "ApiAvailable":
      world.apiAway = name === "ApiUnavailable";
      break;
    case "BalancerLeft":
      world.outs[it]++;
      break;
    case "BalancerJoined":
      if (world.outs[it] > 0) world.outs[it]--;
      break;
    case "QuorumLost":
    case "QuorumRegained":
      world.noQuorum = name === "QuorumLost";
      break;
    default:
      world.changes--;
  }
}

/** API servers and etcd answer some time after they have started. @param {number} instance */
function isServer(instance) {
  const component = data.instances[instance][0];
  return component === "kube-apiserver" || component === "etcd";
}

/** @param {World} world @param {string} component */
function leave(world, component) {
  data.instances.forEach(([name], i) => {
    if (name === component) world.leads[i] = 0;
  });
}

/**
 * What never changes about pods: workload, replica, node and place there (-1: never bound), place in the tray, the fact
 * that binds it, and the pod whose replica it takes over (-1: none).
 */
const pods = podsOf();

function podsOf() {
  const n = podNames.length;
  const pods = {
    workload: new Int32Array(n),
    node: new Int32Array(n).fill(-1),
    place: new Int32Array(n),
    tray: new Int32Array(n),
    bound: new Int32Array(n),
    before: new Int32Array(n).fill(-1),
    places: new Int32Array(data.nodes.names.length),
    trays: 0,
  };
  if (!data.whole) return pods;
  /** @type {boolean[][]} */
  const taken = data.nodes.names.map(() => []);
  /** @type {boolean[]} */
  const tray = [];
  /** @type {Map<string, number>} */
  const replicas = new Map();
  for (let i = 0; i < facts.count; i++) {
    const name = kindOf(i);
    const pod = thing(i);
    if (name === "PodCreated") {
      pods.workload[pod] = thing(i, 1);
      pods.tray[pod] = take(tray);
      if (i > startFact) pods.trays = Math.max(pods.trays, pods.tray[pod] + 1);
      const replica = thing(i, 1) + "/" + thing(i, 2);
      pods.before[pod] = replicas.get(replica) ?? -1;
      replicas.set(replica, pod);
    } else if (name === "PodBound") {
      const node = thing(i, 1);
      tray[pods.tray[pod]] = false;
      pods.node[pod] = node;
      pods.bound[pod] = i;
      pods.place[pod] = take(taken[node]);
      pods.places[node] = Math.max(pods.places[node], pods.place[pod] + 1);
    } else if (name === "PodRemoved") {
      if (pods.node[pod] >= 0) taken[pods.node[pod]][pods.place[pod]] = false;
      else tray[pods.tray[pod]] = false;
    }
  }
  return pods;
}

/** The first free place. @param {boolean[]} places */
function take(places) {
  let place = places.indexOf(false);
  if (place < 0) place = places.length;
  places[place] = true;
  return place;
}

/** So many facts lie between two checkpoints. */
const STRIDE = Math.max(2000, Math.ceil(facts.count / 48));
/** @type {World[]} */
const checkpoints = [];
let world = beginning();

/** The world after so many facts. @param {number} done */
function goTo(done) {
  if (done < world.done || done - world.done > STRIDE) {
    const nearest = checkpoints.filter((c) => c.done <= done).pop();
    if (nearest && (done < world.done || nearest.done > world.done)) {
      const changes = world.changes;
      world = copyOf(nearest);
      world.changes = changes + 1;
    }
  }
  while (world.done < done) {
    if (world.done % STRIDE === 0 && checkpoints.length === world.done / STRIDE) checkpoints.push(copyOf(world));
    apply(world, world.done);
    world.done++;
  }
}

/** The world at a time. @param {number} at milliseconds */
function seek(at) {
  goTo(Math.max(placeOf(facts.at, at), startFact + 1));
}
