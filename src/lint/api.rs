//! A: APIs, add-ons and flags.

use super::case::Case;
use super::{Finding, Found, Object, Rule, Severity};
use crate::ids::WorkloadId;
use crate::model::{Predicts, WorkloadKind};
use crate::units::KubeVersion;
use crate::versions::releases;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "A01",
        severity: Severity::Error,
        title: "Objects are written in an API that a hop removes",
        why: "From that version on the API server does not know it: the next `kubectl apply` or Helm release fails.",
        fix: "Convert the manifests before that hop (`kubectl convert`).",
        needs: "objects as they were applied, an UpgradePlan that names versions",
        source: "https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
        check: removed_apis,
    },
    Rule {
        id: "A02",
        severity: Severity::Warning,
        title: "CoreDNS is newer than what the target deploys",
        why: "kubeadm cannot migrate the configuration of a CoreDNS that it does not know: its preflight check refuses, or it goes back \
              to an older one.",
        fix: "Take a target that knows this CoreDNS, or skip the add-on (`--skip-phases=addon/coredns`).",
        needs: "the Deployment coredns with its image, an UpgradePlan that names versions",
        source: "https://github.com/coredns/deployment/blob/master/kubernetes/CoreDNS-k8s_version.md (K-16)",
        check: core_dns,
    },
    Rule {
        id: "A04",
        severity: Severity::Note,
        title: "A component is started with a flag that a hop removes",
        why: "The new version does not know the flag and exits: kubeadm waits for it, and rolls the component back.",
        fix: "Take the flag out of the kubeadm configuration before that hop.",
        needs: "pods of the control plane with their commands, an UpgradePlan that names versions",
        source: "change logs of Kubernetes",
        check: removed_flags,
    },
];

/// The minors between the cluster's version and the highest that the plan reaches.
fn way(case: &Case<'_>) -> Option<(u32, u32)> {
    let plan = case.model.plan.as_ref()?;
    let now = case.model.version.minor();
    let last = plan.versions().map(KubeVersion::minor).max()?;
    (last > now).then_some((now, last))
}

fn removed_apis(case: &Case<'_>, found: &mut Found) {
    let Some((now, last)) = way(case) else { return };
    for usage in &case.traits.ending_apis {
        let Some(removal) = releases::removal(&usage.api, &usage.kind) else {
            continue;
        };
        if removal.minor <= now || removal.minor > last {
            continue;
        }
        for name in &usage.names {
            let (namespace, name) = name.split_once('/').unwrap_or(("", name));
            let says = format!(
                "it is written in {}, which 1.{} no longer serves",
                usage.api, removal.minor
            );
            let why = if usage.by_manifest {
                format!(
                    "`kubectl apply` was given {}; the object itself is stored in another API.",
                    usage.api
                )
            } else {
                String::new()
            };
            let finding = Finding::new(Object::new(&usage.kind, namespace, name), says)
                .field("apiVersion")
                .why(why);
            let finding = finding
                .figure("api", &usage.api)
                .figure("removedIn", format!("1.{}", removal.minor));
            found.push(finding.fix(format!("Write it in {} before that hop.", removal.instead)));
        }
    }
}

fn images<'a>(case: &Case<'a>, id: WorkloadId) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let images = case.traits.workloads.get(id).map_or(&[][..], |t| &t.images);
    images.iter().filter_map(|image| image.rsplit_once(':'))
}

fn core_dns(case: &Case<'_>, found: &mut Found) {
    let Some(target) = case.model.plan.as_ref().and_then(|p| p.target.as_ref()) else {
        return;
    };
    let Some(known) = releases::images(target) else { return };
    let version = |tag: &str| semver::Version::parse(tag.trim_start_matches('v')).ok();
    for (id, workload) in case.model.workloads.iter_ids() {
        if workload.namespace != "kube-system" || workload.name != "coredns" || !case.upgrades_control_plane() {
            continue;
        }
        let own = images(case, id)
            .find(|(image, _)| image.ends_with("coredns"))
            .and_then(|(_, tag)| version(tag));
        if let (Some(own), Some(deployed)) = (own, version(&known.core_dns))
            && own > deployed
        {
            let says = format!("CoreDNS is at {own}; kubeadm of {target} deploys {deployed}");
            let finding = Finding::new(case.workload_object(id), says).figure("coreDNS", &own);
            found.push(finding.figure("deployed", &deployed));
        }
    }
}

/// Flags that a minor no longer knows: component, flag, minor. From the change logs ("removed" sections).
const REMOVED_FLAGS: [(&str, &str, u32); 13] = [
    ("kube-apiserver", "--insecure-port", 24),
    ("kube-apiserver", "--insecure-bind-address", 24),
    ("kube-apiserver", "--service-account-api-audiences", 25),
    ("kube-apiserver", "--logtostderr", 26),
    ("kube-controller-manager", "--port", 24),
    ("kube-controller-manager", "--address", 24),
    ("kube-controller-manager", "--experimental-cluster-signing-duration", 25),
    ("kube-controller-manager", "--pod-eviction-timeout", 27),
    ("kube-controller-manager", "--enable-taint-manager", 27),
    ("kube-apiserver", "--cloud-config", 33),
    ("kube-controller-manager", "--volume-host-cidr-denylist", 31),
    ("kube-scheduler", "--policy-config-file", 23),
    ("kube-scheduler", "--port", 24),
];

fn removed_flags(case: &Case<'_>, found: &mut Found) {
    let Some((now, last)) = way(case) else { return };
    if !case.upgrades_control_plane() {
        return;
    }
    for (id, workload) in case.model.workloads.iter_ids() {
        if workload.kind != WorkloadKind::StaticPod {
            continue;
        }
        let flags = case.traits.workloads.get(id).map_or(&[][..], |t| &t.flags);
        for (component, flag, minor) in REMOVED_FLAGS {
            let given = |f: &&String| f.split('=').next() == Some(flag);
            let own = workload.name.starts_with(component);
            if let (true, Some(written)) = (own && minor > now && minor <= last, flags.iter().find(given)) {
                let says = format!("{component} is started with {written}, which 1.{minor} does not know");
                let finding = Finding::new(case.workload_object(id), says).figure("flag", flag);
                found.push(
                    finding
                        .figure("removedIn", format!("1.{minor}"))
                        .predicts(Predicts::Nothing),
                );
            }
        }
    }
}
