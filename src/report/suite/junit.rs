//! JUnit's XML, as Jenkins and GitLab read it (`junit-10.xsd` of Jenkins' xUnit plugin).

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{clean, details, line};
use crate::expect::suite::{Case, Outcome, TestReport};

/// The report as XML. There are no times in it: the same input gives the same bytes.
///
/// # Errors
/// Never, as far as is known.
pub fn render(report: &TestReport) -> Result<String, SerializeError> {
    let mut out = Report::new("seatrial");
    for tested in &report.scenarios {
        let mut suite = TestSuite::new(line(&tested.scenario));
        for case in tested.cases() {
            let mut test = TestCase::new(line(case.name), status(&case));
            test.set_classname(line(&tested.scenario));
            suite.add_test_case(test);
        }
        out.add_test_suite(suite);
    }
    // The schema has no number of skipped tests for all suites together; quick-junit writes one.
    Ok(out.to_string()?.replacen(" skipped=\"0\"", "", 1))
}

fn status(case: &Case<'_>) -> TestCaseStatus {
    let (kind, name) = match case.outcome {
        Outcome::Pass => return TestCaseStatus::success(),
        Outcome::Fail => (NonSuccessKind::Failure, "violated"),
        Outcome::Open => (NonSuccessKind::Error, "open"),
        Outcome::Invalid => (NonSuccessKind::Error, "invalid"),
    };
    let mut status = TestCaseStatus::non_success(kind);
    let mut text = details(case).join("\n");
    if let Some((file, line)) = case.place {
        text += &format!("\nat {}:{line}", clean(file));
    }
    status
        .set_type(name)
        .set_message(line(&case.evidence))
        .set_description(text);
    status
}
