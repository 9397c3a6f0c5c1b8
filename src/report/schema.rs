//! The JSON Schemas of what is printed.

use crate::expect::suite::TestReport;
use crate::expect::summary::ReportDiff;
use crate::metrics::Report;
use crate::planning::Itinerary;
use crate::study::TrialsReport;
use crate::study::comparison::Comparison;

/// The JSON Schema of an `UpgradeReport`.
#[must_use]
pub fn report() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

/// The JSON Schema of an `UpgradeItinerary`.
#[must_use]
pub fn itinerary() -> serde_json::Value {
    schemars::schema_for!(Itinerary).to_value()
}

/// The JSON Schema of a `TrialsReport`.
#[must_use]
pub fn trials_report() -> serde_json::Value {
    schemars::schema_for!(TrialsReport).to_value()
}

/// The JSON Schema of a `Comparison`.
#[must_use]
pub fn comparison() -> serde_json::Value {
    schemars::schema_for!(Comparison).to_value()
}

/// The JSON Schema of a `TestReport`.
#[must_use]
pub fn test_report() -> serde_json::Value {
    schemars::schema_for!(TestReport).to_value()
}

/// The JSON Schema of a `ReportDiff`.
#[must_use]
pub fn report_diff() -> serde_json::Value {
    schemars::schema_for!(ReportDiff).to_value()
}
