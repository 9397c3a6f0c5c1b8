// Facts as words.

/** @param {number} fact @returns {string} */
function kindOf(fact) {
  return data.kinds[facts.kind[fact]][0];
}

/** The n-th thing of a fact. @param {number} fact @param {number} [n] */
function thing(fact, n = 0) {
  return facts.args[facts.first[fact] + n];
}

/** @param {string} letter @param {number} id @returns {string} */
function nameOf(letter, id) {
  switch (letter) {
    case "p":
      return podNames[id];
    case "n":
      return data.nodes.names[id];
    case "w":
      return data.workloads[id].name;
    case "v":
      return data.versions[id];
    case "b":
      return data.budgets[id];
    case "s":
      return data.words[id];
    case "i": {
      const [component, node] = data.instances[id];
      return node === null ? component : component + " on " + data.nodes.names[node];
    }
    default:
      return String(id);
  }
}

/** A fact as a sentence without its end; empty: not worth telling. @param {number} fact @returns {string} */
function sentence(fact) {
  const [, letters, words] = data.kinds[facts.kind[fact]];
  return words.replace(/\{(\d)\}/g, (_, n) => nameOf(letters[n], thing(fact, Number(n))));
}

/** Whether a fact is about a thing. @param {number} fact @param {string} letter @param {number} id */
function isAbout(fact, letter, id) {
  const letters = data.kinds[facts.kind[fact]][1];
  for (let i = 0; i < letters.length; i++) {
    if (letters[i] === letter && thing(fact, i) === id) return true;
  }
  return false;
}

/** How much a kind of fact matters, for the log: a class of its line; missing: it is not shown there.
 * @type {Record<string, string>} */
const WEIGHT = {
  RunStarted: "head", RunEnded: "head", PlanStarted: "head", PlanEnded: "head", HopStarted: "head", StepStarted: "head",
  StepEnded: "", NodeUpgradeStarted: "head", NodeUpgradeEnded: "head", PhaseStarted: "", PhaseFailed: "bad",
  CheckFailed: "bad", VersionsChecked: "bad", ManifestRestored: "fair", CertificateExpired: "bad", DrainStarted: "",
  DrainEnded: "", PodNotDrainable: "bad", EvictionAccepted: "", EvictionRefused: "fair", EvictionFailed: "bad",
  SkewBegan: "fair", SkewEnded: "", ServicesUnread: "bad", ServicesRead: "good", NodeCordoned: "", NodeUncordoned: "",
  NodeCreated: "", NodeDeleted: "", KubeletStopped: "", KubeletStarted: "", NodeCrashed: "bad", NodeBooted: "good",
  NodeNotReady: "fair", NodeReady: "good", ComponentStopped: "", ComponentStarted: "", ApiUnavailable: "bad",
  ApiAvailable: "good", QuorumLost: "bad", QuorumRegained: "good", LeaderLost: "fair", LeaderElected: "good",
  PodNotAdmitted: "bad", PodUnschedulable: "fair", PodBound: "", PodReady: "", PodDeleted: "", PodFinished: "",
  DrainOverdue: "bad", GateTimedOut: "bad", CreationRefused: "fair", ScaleDownStarted: "bad", SuccessorLost: "bad", RollbackStarted: "head",
  CreationFailed: "bad", NodeExcluded: "", NodeIncluded: "", BalancerJoined: "good", BalancerLeft: "fair",
  PodFailed: "bad", RolloutStarted: "", RolloutEnded: "", FaultInjected: "bad", FaultMissed: "", NothingCanChange: "bad",
};

/** Whether a fact belongs into the log. @param {number} fact */
function isTold(fact) {
  const [name, , words] = data.kinds[facts.kind[fact]];
  if (fact <= startFact && name !== "RunStarted") return false;
  // The drain says that it evicts.
  if (name === "PodDeleted" && nameOf("s", thing(fact, 1)) === "the drain") return false;
  return words !== "" && name in WEIGHT;
}
