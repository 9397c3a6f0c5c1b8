#!/usr/bin/env python3
"""Makes this folder from a folder of recordings: digest.py <recordings> <this folder>.

A recording is <version>/<scenario>/plan.yaml and, per run, run<k>/cluster.json, summary.json and trace.jsonl.gz (every
change that a watch showed, t = seconds since the start). What is kept is the cluster, and of summary and trace what is
compared with rehearsals.
"""
import gzip
import json
import pathlib
import shutil
import sys


def pods(trace):
    """Per pod (uid) of an application: workload and when it was first seen created, bound, ready, deleted, gone."""
    seen = {}
    for line in gzip.open(trace, "rt"):
        row = json.loads(line)
        if row.get("kind") != "Pod" or not row.get("app"):
            continue
        if row.get("owner", "").split("/")[0] == "DaemonSet":
            continue
        pod = seen.setdefault(row["uid"], {"app": row["app"], "name": row["name"]})
        if row["type"] == "DELETED":
            pod.setdefault("removed", row["t"])
        pod.setdefault("created", row["t"])
        if row.get("node"):
            pod.setdefault("bound", row["t"])
        if row.get("ready"):
            pod.setdefault("ready", row["t"])
        if row.get("deletionTimestamp"):
            pod.setdefault("deleted", row["t"])
    return seen.values()


def replacements(trace):
    """The k-th pod that a workload loses after the start, and the k-th that it gets."""
    chains = []
    found = list(pods(trace))
    for app in sorted({pod["app"] for pod in found}):
        own = [pod for pod in found if pod["app"] == app]
        lost = sorted((p for p in own if p.get("deleted", -1) >= 0), key=lambda p: p["deleted"])
        new = sorted((p for p in own if p["created"] >= 0), key=lambda p: p["created"])
        for old, young in zip(lost, new):
            row = [old["deleted"], young["created"], young.get("bound"), young.get("ready"), old.get("removed")]
            chains.append([app] + [None if t is None else round(t, 3) for t in row])
    return chains


def availability(truth):
    if truth is None:
        return None
    below = sum(i[1] - i[0] for i in truth["below"])
    return {
        "min": truth["min_ready"],
        "down_s": truth["downtime_s"],
        "degraded_s": round(below - truth["downtime_s"], 3),
        "deficit_pod_s": truth["unready_integral_pod_s"],
    }


def workload(w):
    ends = w["endpoints"] or {"downtime_s": None, "min_ready": None}
    return {
        "kind": w["kind"],
        "desired": w["desired"],
        "downtime_s": ends["downtime_s"],
        "min_ready": ends["min_ready"],
        "pods_created": w["pods_created"],
        "lost": w["lost"],
        **{truth: availability(w[truth]) for truth in ("endpoints", "pods", "serving")},
    }


def created_in_outage(summary):
    gaps = summary["cluster"]["api_gaps"]
    created = [t for w in summary["workloads"].values() for t, _ in w["created"]]
    return sum(any(a < t < b for _, a, b in gaps) for t in created)


def digest(run):
    summary = json.loads((run / "summary.json").read_text())
    keys = (
        "plan_start makespan_s observed_until_s aborted nodes_skipped evictions refused_429 lost_for_good "
        "pending_max pending_pod_s drains placement_after api_gaps"
    )
    cluster = {key: summary["cluster"][key] for key in keys.split()}
    ready = all(w["ready_at_end"] >= w["desired"] for w in summary["workloads"].values())
    cluster["settled"] = ready and not summary["cluster"]["unsettled_at_end"]
    cluster["created_in_outage"] = created_in_outage(summary)
    return {
        "cluster": cluster,
        "workloads": {name: workload(w) for name, w in sorted(summary["workloads"].items())},
        "replacements": replacements(run / "trace.jsonl.gz"),
    }


def pack(data, path):
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(data)


def lines(value, depth=2, indent=0):
    """JSON with a line for each value down to a depth: small, and differences can be read."""
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value)
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        inner = [f"{pad}{json.dumps(k)}: {lines(v, depth - 1, indent + 1)}" for k, v in value.items()]
    else:
        inner = [pad + lines(v, depth - 1, indent + 1) for v in value]
    marks = "{}" if isinstance(value, dict) else "[]"
    return f"{marks[0]}\n" + ",\n".join(inner) + f"\n{' ' * indent}{marks[1]}"


def main(source, target):
    for plan in sorted(source.glob("1.*/R*/plan.yaml")):
        folder = target / plan.parent.relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(plan, folder / "plan.yaml")
        for run in sorted(plan.parent.glob("run*")):
            pack((run / "cluster.json").read_bytes(), folder / f"{run.name}.cluster.json.gz")
            (folder / f"{run.name}.summary.json").write_text(lines(digest(run)) + "\n")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
