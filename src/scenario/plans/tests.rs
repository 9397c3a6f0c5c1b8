#![cfg(test)]

use super::*;
use crate::model::{BudgetLimit, Mode, Owner, Setting, WorkloadKind};
use crate::units::IntOrPercent;

const CLUSTER: &str = r#"
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 2}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: "1"}}
  template:
    metadata: {labels: {app: "1"}}
    spec: {containers: [{name: main, image: web}]}
"#;
const PLAN: &str = "
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {name: mine}
spec: {controlPlane: {upgrade: false}, drain: {timeout: 1m}, pools: [{name: all, strategy: {soak: 9s}}]}
";

fn plans(texts: &[&'static str]) -> Plans {
    let inputs = texts.iter().map(|text| Input::new("t.yaml", text.as_bytes()));
    Plans::read(inputs.collect(), Vec::new()).unwrap()
}

fn web() -> Owner {
    Owner {
        kind: WorkloadKind::Deployment,
        namespace: "default".into(),
        name: "web".into(),
    }
}

const ONE: BudgetLimit = BudgetLimit::MaxUnavailable(IntOrPercent::Int(1));

#[test]
fn a_preset_keeps_pools_and_target_and_nothing_else() {
    let mut plans = plans(&[CLUSTER, PLAN]);
    plans.aim(&"v1.36.2".parse().unwrap()).unwrap();
    let at = plans.add_preset("gke-surge").unwrap();
    assert_eq!(plans.names(), ["mine", "gke-surge"]);
    let plan = plans.scenario(Some(at)).unwrap().model.plan.unwrap();
    assert_eq!(
        (plan.pools[0].name.as_str(), plan.pools[0].strategy.mode),
        ("all", Mode::Replace)
    );
    assert_eq!(plan.pools[0].strategy.soak, crate::units::Span::ZERO);
    assert_eq!(plan.target.unwrap().to_string(), "v1.36.2");
    assert!(!plan.control_plane.upgrade);
}

#[test]
fn changes_of_a_plan_are_those_that_are_quoted() {
    let plans = plans(&[CLUSTER, PLAN]);
    let change = [Change::Plan(vec![
        Setting::strategy("maxUnavailable", "2"),
        Setting::drain("onFailure", "Skip"),
    ])];
    let plan = plans.changed(Some(0), &change).unwrap().unwrap().model.plan.unwrap();
    assert_eq!(plan.pools[0].strategy.max_unavailable, IntOrPercent::Int(2));
    assert_eq!(plan.pools[0].strategy.soak, crate::units::Span::from_secs(9));
    assert_eq!(plan.drain.on_failure, crate::model::OnFailure::Skip);
    let yaml = "kind: UpgradePlan\nspec:\n  pools:\n  - name: all\n    strategy: {maxUnavailable: 2}\n  drain: {onFailure: Skip}\n";
    assert_eq!(plans.yaml(Some(0), &change), yaml);
    assert!(plans.changed(None, &change).unwrap().is_none(), "no plan to be changed");
}

#[test]
fn changes_of_a_cluster_leave_the_documents_as_they_are() {
    let plans = plans(&[CLUSTER]);
    let change = [
        Change::Replicas {
            workload: web(),
            count: 2,
        },
        Change::AddBudget {
            workload: web(),
            limit: ONE,
        },
        Change::SpreadOverNodes { workload: web() },
    ];
    let model = plans.changed(None, &change).unwrap().unwrap().model;
    let workload = model.workloads.iter().next().unwrap();
    assert_eq!((workload.desired, model.budgets.len()), (2, 1));
    let class = &model.classes[workload.class];
    assert_eq!(
        class.budgets.len(),
        1,
        "the selector finds the pods, although its label looks like a number"
    );
    assert_eq!(class.placement.as_ref().map(|p| p.spread.len()), Some(1));
    let before = plans.scenario(None).unwrap().model;
    assert_eq!(
        (before.workloads.iter().next().unwrap().desired, before.budgets.len()),
        (1, 0)
    );
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let plans = plans(&[CLUSTER]);
    let nobody = Owner {
        name: "nobody".into(),
        ..web()
    };
    let change = Change::AddBudget {
        workload: nobody,
        limit: ONE,
    };
    assert!(plans.changed(None, &[change]).unwrap().is_none());
}
