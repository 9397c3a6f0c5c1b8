//! The JSON Schemas: written down in `docs/schema`, and true.

use seatrial::scenario::scenario_schema;
use serde_json::{Value, json};

use crate::support::{files, output, root};

fn printed(kind: &str) -> String {
    let output = output(&["schema", kind]);
    assert!(output.status.success(), "{kind}");
    String::from_utf8(output.stdout).unwrap()
}

/// `UPDATE_DOCS=1 cargo test schemas` writes them.
#[test]
#[expect(clippy::disallowed_methods, reason = "how a document is brought up to date")]
fn the_schemas_of_the_documents_are_those_that_are_printed() {
    let folder = root().join("docs/schema");
    let listed = String::from_utf8(output(&["schema"]).stdout).unwrap();
    let mut expected: Vec<_> = listed.lines().map(|kind| folder.join(format!("{kind}.json"))).collect();
    for (kind, path) in listed.lines().zip(&expected) {
        let text = printed(kind);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "{} is not what `seatrial schema {kind}` prints",
            path.display()
        );
    }
    expected.sort();
    assert_eq!(files(&folder, "json"), expected, "a schema of a kind that is no more");
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// What an editor would mark.
pub(crate) fn mistakes(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&scenario_schema()).unwrap();
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_shipped_scenarios_follow_the_schema() {
    let mut own = 0;
    for path in files(&root().join("scenarios"), "yaml") {
        for document in documents(&std::fs::read_to_string(&path).unwrap()) {
            own += usize::from(document["apiVersion"] == "seatrial.dev/v1alpha1");
            assert_eq!(mistakes(&document), [""; 0], "{}", path.display());
        }
    }
    assert!(own > 100, "{own}");
}

#[test]
pub(crate) fn mistakes_do_not_follow_the_schema() {
    let plan = |spec: Value| json!({"apiVersion": "seatrial.dev/v1alpha1", "kind": "UpgradePlan", "spec": spec});
    assert_eq!(mistakes(&plan(json!({"drain": {"timeout": "90s"}}))), [""; 0]);
    for (wrong, word) in [
        (plan(json!({"drian": {}})), "drian"),
        (plan(json!({"drain": {"onFailure": "Explode"}})), "Explode"),
        (
            plan(json!({"pools": [{"name": "a", "strategy": {"soak": true}}]})),
            "true",
        ),
        (
            json!({"apiVersion": "seatrial.dev/v1alpha1", "kind": "Plan", "spec": {}}),
            "Plan",
        ),
        (
            json!({"apiVersion": "seatrial.dev/v1", "kind": "UpgradePlan", "spec": {}}),
            "v1alpha1",
        ),
        (
            json!({"apiVersion": "seatrial.dev/v1alpha1", "kind": "Cluster"}),
            "spec",
        ),
        (json!({"kind": "Pod"}), "apiVersion"),
    ] {
        let found = mistakes(&wrong).join("\n");
        assert!(found.contains(word), "{wrong}: {found:?}");
    }
    assert_eq!(
        mistakes(&json!({"apiVersion": "v1", "kind": "Pod", "anything": 1})),
        [""; 0]
    );
}
