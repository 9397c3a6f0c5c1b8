//! The runbook of a plan that says every step itself.

use super::node::{drain_fails, uncordon};
use super::workers::configure;
use super::{ADMIN, Block, Packages, Runbook, Section, Step, Tools, commands, look, pools};
use crate::ids::{NodeId, WorkloadId};
use crate::model::behaviour::kubeadm::certs_command;
use crate::model::{self, Command, DrainOptions, Expectation, Model, Plan};
use crate::units::KubeVersion;

/// The runbook of a plan with explicit steps; `None`: it has none.
///
/// Its commands are those of the steps, in their order. How long each takes is not told: `seatrial run` rehearses it.
#[must_use]
pub fn of_steps(model: &Model, packages: Packages) -> Option<Runbook> {
    let plan = model.plan.as_ref().filter(|plan| !plan.steps.is_empty())?;
    let tools = Tools {
        model: Some(model),
        packages,
    };
    let mut hand = Hand {
        model,
        plan,
        tools,
        applied: None,
    };
    let steps: Vec<Step> = plan.steps.iter().flat_map(|step| hand.step(step)).collect();
    let before = Section {
        title: "Before".into(),
        notes: Vec::new(),
        steps: vec![look()],
    };
    let section = Section {
        title: format!("The steps of {}", plan.name),
        notes: Vec::new(),
        steps,
    };
    Some(Runbook {
        title: format!("Runbook: {}", plan.name),
        notes: vec!["In order; go on only when the check of a step shows what it should.".into()],
        sections: vec![before, section],
    })
}

/// Who types the steps.
struct Hand<'a> {
    model: &'a Model,
    plan: &'a Plan,
    tools: Tools<'a>,
    /// The version that `kubeadm upgrade apply` has brought.
    applied: Option<KubeVersion>,
}

impl Hand<'_> {
    fn name(&self, node: NodeId) -> &str {
        &self.model.nodes[node].name
    }

    /// The version of a step, or the plan's, or the cluster's.
    fn version(&self, own: Option<&KubeVersion>) -> KubeVersion {
        let planned = own.or(self.plan.target.as_ref());
        planned.unwrap_or(&self.model.version).clone()
    }

    /// The minor of kubectl by now.
    fn kubectl(&self) -> u32 {
        self.applied.as_ref().unwrap_or(&self.model.version).minor()
    }

    fn step(&mut self, step: &model::Step) -> Vec<Step> {
        match step {
            model::Step::Drain { nodes, options, expect } => Vec::from_iter(self.drain(nodes, options, *expect)),
            model::Step::UpgradeNode { node, reboot, version } => self.worker(*node, *reboot, version.as_ref()),
            model::Step::Cordon(node) => {
                let name = self.name(*node);
                vec![Step {
                    title: format!("{name}: cordon"),
                    ..pools::cordon(&[name])
                }]
            }
            model::Step::Uncordon(node) => vec![uncordon(self.name(*node))],
            model::Step::Sleep(span) => Vec::from_iter(pools::pause("Wait", *span)),
            model::Step::DeletePod(workload) => vec![self.delete_pod(*workload)],
            model::Step::UpgradeControlPlane {
                nodes,
                version,
                command,
                expect,
            } => self.control_plane(nodes, version.as_ref(), *command, *expect),
            model::Step::RenewCertificates(node) => vec![renew(self.name(*node), self.kubectl())],
            model::Step::CreateNode(node) => {
                let version = self.version(None);
                vec![pools::extra(self.name(*node), &version)]
            }
            model::Step::DeleteNode(node) => vec![pools::delete(self.name(*node))],
        }
    }

    fn drain(&self, nodes: &[NodeId], options: &DrainOptions, expect: Expectation) -> Option<Step> {
        let names: Vec<&str> = nodes.iter().map(|&node| self.name(node)).collect();
        let command = commands::drain(&names, options, self.kubectl())?;
        let left = |name: &&str| format!("kubectl get pods -A --field-selector=spec.nodeName={name}");
        let list = names.join(", ");
        Some(Step {
            title: meant(format!("{list}: drain"), expect),
            place: ADMIN.into(),
            blocks: Block::plain(vec![command]),
            check: names.iter().map(left).collect(),
            shows: "pods of DaemonSets and static pods only".into(),
            takes: None,
            away: Some(format!(
                "the pods of {list}, until their replacements are ready elsewhere"
            )),
            fails: fails(drain_fails(&names.join(","), options.on_failure), expect),
        })
    }

    fn worker(&self, node: NodeId, reboot: bool, version: Option<&KubeVersion>) -> Vec<Step> {
        let (name, to) = (self.name(node), self.version(version));
        let before = &self.model.nodes[node].version;
        let mut steps = vec![self.tools.packages(name, &["kubeadm"], &to, None)];
        // On a control-plane node it is `kubeadm upgrade` that has gone before.
        if !self.model.nodes[node].control_plane {
            steps.push(configure(name));
        }
        steps.push(self.tools.kubelet(name, before, &to, reboot));
        steps
    }

    fn control_plane(
        &mut self,
        nodes: &[NodeId],
        version: Option<&KubeVersion>,
        command: Option<Command>,
        expect: Expectation,
    ) -> Vec<Step> {
        let to = self.version(version);
        let mut steps = Vec::new();
        for &node in nodes {
            let name = self.name(node);
            let first = self.applied.as_ref() != Some(&to);
            let apply = command.map_or(first, |command| command == Command::Apply);
            let renew = self.plan.control_plane.renew_certificates;
            let line = if apply {
                commands::apply(&to, renew, self.plan.kubeadm.force)
            } else {
                commands::upgrade_node(renew)
            };
            let words = line.split_whitespace().skip(1).take(3).collect::<Vec<_>>().join(" ");
            steps.push(self.tools.packages(name, &["kubeadm"], &to, None));
            steps.push(Step {
                title: meant(format!("{name}: {words}"), expect),
                place: format!("on {name}"),
                blocks: Block::plain(vec![line]),
                check: vec!["kubectl get --raw='/readyz'".into(), commands::control_plane_pods(name)],
                shows: format!("ok; every image of Kubernetes' own with the tag {to}, every pod ready"),
                takes: None,
                away: Some(format!("the control plane of {name}, component by component")),
                fails: fails(
                    "find out why (`sudo crictl ps -a`), then run the same command again (K-17)".into(),
                    expect,
                ),
            });
            if apply {
                self.applied = Some(to.clone());
            }
        }
        steps
    }

    fn delete_pod(&self, workload: WorkloadId) -> Step {
        let workload = &self.model.workloads[workload];
        let (namespace, name) = (&workload.namespace, &workload.name);
        let of = format!("kubectl -n {namespace} get pods -o name | grep -m1 '^pod/{name}'");
        Step {
            title: format!("Delete a pod of {namespace}/{name}"),
            place: ADMIN.into(),
            blocks: Block::plain(vec![format!(
                "kubectl -n {namespace} delete \"$({of})\"   # delete pod"
            )]),
            check: vec![format!("kubectl -n {namespace} get pods")],
            shows: format!("a new pod of {name} beside the others"),
            takes: None,
            away: Some("that pod, until its replacement is ready".into()),
            fails: "the API does not answer: try again".into(),
        }
    }
}

/// `kubeadm certs renew all`, and static pods that read the new ones.
fn renew(node: &str, minor: u32) -> Step {
    let (here, aside) = ("/etc/kubernetes/manifests", "/etc/kubernetes/manifests.aside");
    Step {
        title: format!("{node}: renew certificates"),
        place: format!("on {node}"),
        blocks: Block::plain(vec![
            format!("sudo {} renew all", certs_command(minor)),
            // The kubelet looks at the folder every 20 s.
            format!("sudo mv {here} {aside} && sudo mkdir {here} && sleep 25"),
            format!("sudo rmdir {here} && sudo mv {aside} {here}"),
        ]),
        check: vec![format!("sudo {} check-expiration", certs_command(minor))],
        shows: "all of them in a year".into(),
        takes: Some("25 s and more".into()),
        away: Some(format!("the control plane of {node}")),
        fails: format!("move the manifests back (`sudo mv {aside} {here}`) before anything else"),
    }
}

fn meant(title: String, expect: Expectation) -> String {
    match expect {
        Expectation::Failure => format!("{title}; it is meant to fail"),
        Expectation::Success | Expectation::Any => title,
    }
}

fn fails(what: String, expect: Expectation) -> String {
    match expect {
        Expectation::Success => what,
        Expectation::Failure => "go on: so it should be; stop here if it does not fail".into(),
        Expectation::Any => format!("go on; {what}"),
    }
}
