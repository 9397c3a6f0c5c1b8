//! The JSON Schema of the report.

use crate::metrics::Report;

/// The JSON Schema of an `UpgradeReport`.
#[must_use]
pub fn report() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
