//! A comparison as a chart: makespan against downtime, and churn as size.

use crate::report::plot::{Axis, Point, Scatter};
use crate::study::comparison::Comparison;

/// The chart as SVG: the strategies that complete in every trial, or at least in some where none does.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let point = |row: &crate::study::comparison::Row| {
        let s = row.showing.as_ref()?;
        Some(Point {
            label: row.name.clone(),
            x: s.makespan_seconds?.mean,
            y: s.downtime_seconds.mean,
            size: s.moves_per_replica.mean.mean,
            marked: comparison.against.as_ref() == Some(&row.name),
        })
    };
    let points: Vec<Point> = comparison.rows.iter().filter_map(point).collect();
    let left = comparison.rows.len() - points.len();
    let mut title = format!("{} strategies, {} trials of each", points.len(), comparison.trials);
    if left > 0 {
        title += &format!("; {left} more never complete");
    }
    Scatter {
        title,
        x: Axis::seconds("Makespan"),
        y: Axis::seconds("Downtime of all workloads"),
        size: "moves a replica".into(),
        points,
    }
    .draw()
}
