//! The commands, as they are typed.

use super::{Block, Packages};
use crate::model::behaviour::kubectl::empty_dir_flag;
use crate::model::{DrainOptions, DrainVia};
use crate::units::KubeVersion;
use crate::versions::releases;

/// The first minor whose packages the community's repositories hold (pkgs.k8s.io).
pub(super) const FIRST_IN_REPOSITORY: u32 = 24;

/// `1.31.14` for `v1.31.14`.
fn plain(version: &KubeVersion) -> String {
    version.to_string().trim_start_matches('v').to_owned()
}

/// Installs packages of a version, and pins them again. `switch`: the repository of its minor is turned on first.
pub(super) fn install(names: &[&str], version: &KubeVersion, switch: bool, packages: Packages) -> Vec<Block> {
    let mut blocks = Vec::new();
    let both = packages == Packages::Both;
    if packages != Packages::Rpm {
        let lines = deb(names, version, switch);
        blocks.push(Block {
            label: both.then_some("Debian, Ubuntu"),
            lines,
        });
    }
    if packages != Packages::Deb {
        let lines = rpm(names, version, switch);
        blocks.push(Block {
            label: both.then_some("Fedora, RHEL and their kin"),
            lines,
        });
    }
    blocks
}

fn deb(names: &[&str], version: &KubeVersion, switch: bool) -> Vec<String> {
    let plain = plain(version);
    let wanted: Vec<String> = names.iter().map(|n| format!("{n}='{plain}-*'")).collect();
    let names = names.join(" ");
    let mut lines = Vec::new();
    if switch {
        lines.push(repository(version, "/etc/apt/sources.list.d/kubernetes.list"));
    }
    lines.extend([
        format!("sudo apt-mark unhold {names}"),
        "sudo apt-get update".into(),
        format!("sudo apt-get install -y {}", wanted.join(" ")),
        format!("sudo apt-mark hold {names}"),
    ]);
    lines
}

fn rpm(names: &[&str], version: &KubeVersion, switch: bool) -> Vec<String> {
    let plain = plain(version);
    let wanted: Vec<String> = names.iter().map(|n| format!("{n}-'{plain}-*'")).collect();
    let names = names.join(" ");
    let mut lines = Vec::new();
    if switch {
        lines.push(repository(version, "/etc/yum.repos.d/kubernetes.repo"));
    }
    lines.extend([
        format!("sudo dnf versionlock delete {names} || true   # where they are locked"),
        format!("sudo dnf install -y {} --disableexcludes=kubernetes", wanted.join(" ")),
        format!("sudo dnf versionlock add {names} || true      # where the plugin is there"),
    ]);
    lines
}

/// Points the file of a repository to a minor: each has its own.
fn repository(version: &KubeVersion, file: &str) -> String {
    if version.minor() < FIRST_IN_REPOSITORY {
        return format!(
            "grep -H . {file}   # must be a mirror of yours that holds {version}: pkgs.k8s.io starts with 1.24"
        );
    }
    let minor = version.minor();
    format!("sudo sed -i 's|/core:/stable:/v1\\.[0-9]*/|/core:/stable:/v1.{minor}/|g' {file}")
}

/// Installs the version that was there before.
pub(super) fn back(version: &KubeVersion, packages: Packages) -> String {
    let plain = plain(version);
    let deb = format!("`sudo apt-get install -y --allow-downgrades kubelet='{plain}-*'`");
    let rpm = format!("`sudo dnf downgrade -y kubelet-'{plain}-*' --disableexcludes=kubernetes`");
    match packages {
        Packages::Deb => deb,
        Packages::Rpm => rpm,
        Packages::Both => format!("{deb} or {rpm}"),
    }
}

/// `kubectl drain` of these nodes with the flags of the plan, by a kubectl of this minor; `None`: nodes are not drained.
pub(super) fn drain(nodes: &[&str], options: &DrainOptions, kubectl: u32) -> Option<String> {
    let mut flags = Vec::new();
    match options.via {
        DrainVia::None => return None,
        DrainVia::Delete => flags.push("--disable-eviction".to_owned()),
        DrainVia::Eviction => {}
    }
    if options.ignore_daemon_sets {
        flags.push("--ignore-daemonsets".into());
    }
    if options.delete_empty_dir_data {
        flags.push(empty_dir_flag(kubectl).into());
    }
    if options.force {
        flags.push("--force".into());
    }
    if let Some(grace) = options.grace_period {
        flags.push(format!("--grace-period={}", grace.as_micros() / 1_000_000));
    }
    if let Some(timeout) = options.timeout {
        flags.push(format!("--timeout={}s", timeout.as_micros().div_ceil(1_000_000)));
    }
    Some(
        format!("kubectl drain {} {}", nodes.join(" "), flags.join(" "))
            .trim_end()
            .to_owned(),
    )
}

/// `kubeadm upgrade apply` with the flags of the plan.
pub(super) fn apply(version: &KubeVersion, renew: bool, force: bool) -> String {
    let renewal = if renew { "" } else { " --certificate-renewal=false" };
    let force = if force { " --force" } else { "" };
    format!("sudo kubeadm upgrade apply {version} --yes{renewal}{force}")
}

/// `kubeadm upgrade node` with the flags of the plan.
pub(super) fn upgrade_node(renew: bool) -> String {
    let renewal = if renew { "" } else { " --certificate-renewal=false" };
    format!("sudo kubeadm upgrade node{renewal}")
}

/// A snapshot of a stacked member, and a copy of what kubeadm has written.
pub(super) fn backup(node: &str, before: &KubeVersion) -> Vec<String> {
    let pki = "/etc/kubernetes/pki/etcd";
    let stamp = format!("before-{before}");
    // Up to etcd 3.3 etcdctl speaks the old API unless it is told.
    let old = releases::images(before).is_some_and(|i| i.etcd.starts_with("3.3."));
    let api = if old { "env ETCDCTL_API=3 " } else { "" };
    vec![
        format!(
            "kubectl -n kube-system exec etcd-{node} -- {api}etcdctl --endpoints=https://127.0.0.1:2379 \
             --cacert={pki}/ca.crt --cert={pki}/server.crt --key={pki}/server.key snapshot save \
             /var/lib/etcd/{stamp}.db"
        ),
        format!("sudo mkdir -p /var/backups/{stamp}"),
        format!("sudo mv /var/lib/etcd/{stamp}.db /var/backups/{stamp}/"),
        format!("sudo cp -a /etc/kubernetes /var/backups/{stamp}/"),
    ]
}

/// Which images the control plane of a node runs, and whether they are ready.
pub(super) fn control_plane_pods(node: &str) -> String {
    format!(
        "kubectl -n kube-system get pods -l tier=control-plane --field-selector=spec.nodeName={node} \
         -o 'custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image,\
         READY:.status.containerStatuses[0].ready,RESTARTS:.status.containerStatuses[0].restartCount'"
    )
}

/// The version of a node's kubelet.
pub(super) fn kubelet_version(node: &str) -> String {
    format!("kubectl get node {node} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}{{\"\\n\"}}'")
}

/// Waits until a node is Ready.
pub(super) fn ready(node: &str) -> String {
    format!("kubectl wait --for=condition=Ready node/{node} --timeout=5m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    fn options() -> DrainOptions {
        DrainOptions::default()
    }

    #[test]
    fn drains_have_the_flags_of_the_plan() {
        let said = drain(&["w"], &options(), 36).unwrap();
        assert_eq!(said, "kubectl drain w --ignore-daemonsets --delete-emptydir-data");
        let old = drain(&["w"], &options(), 19).unwrap();
        assert_eq!(old, "kubectl drain w --ignore-daemonsets --delete-local-data");
        let hard = DrainOptions {
            via: DrainVia::Delete,
            force: true,
            grace_period: Some(Span::from_secs(30)),
            timeout: Some(Span::from_secs(300)),
            ..options()
        };
        let said = drain(&["w"], &hard, 36).unwrap();
        assert!(said.ends_with("--force --grace-period=30 --timeout=300s") && said.contains("--disable-eviction"));
        let plain = DrainOptions {
            ignore_daemon_sets: false,
            delete_empty_dir_data: false,
            ..options()
        };
        assert_eq!(drain(&["w"], &plain, 36).unwrap(), "kubectl drain w");
        assert_eq!(
            drain(
                &["w"],
                &DrainOptions {
                    via: DrainVia::None,
                    ..options()
                },
                36
            ),
            None
        );
    }

    #[test]
    fn old_etcdctl_is_told_its_api() {
        assert!(backup("cp", &KubeVersion::new(16, 15))[0].contains("-- env ETCDCTL_API=3 etcdctl"));
        assert!(backup("cp", &KubeVersion::new(18, 20))[0].contains("-- etcdctl"));
    }

    #[test]
    fn each_minor_has_its_repository_from_1_24_on() {
        let both = install(&["kubeadm"], &KubeVersion::new(31, 14), true, Packages::Both);
        assert_eq!(both.len(), 2);
        assert!(
            both[0].lines[0].contains("/core:/stable:/v1.31/|g' /etc/apt"),
            "{:?}",
            both[0].lines
        );
        assert!(both[1].lines[0].contains("/etc/yum.repos.d/kubernetes.repo"));
        assert!(
            both[0]
                .lines
                .contains(&"sudo apt-get install -y kubeadm='1.31.14-*'".to_owned())
        );
        let old = install(&["kubeadm"], &KubeVersion::new(19, 16), true, Packages::Deb);
        assert!(old[0].lines[0].contains("a mirror of yours"));
        assert_eq!(old[0].label, None);
        assert_eq!(
            apply(&KubeVersion::new(31, 14), false, true),
            "sudo kubeadm upgrade apply v1.31.14 --yes --certificate-renewal=false --force"
        );
    }
}
