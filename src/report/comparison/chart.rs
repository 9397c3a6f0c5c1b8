//! A comparison as a chart: makespan against downtime, and churn as size; where nothing is down, against churn.

use crate::report::plot::{Axis, Point, Scatter};
use crate::study::comparison::{Comparison, Row, Showing};

/// Makespans that differ more than so many times do not fit on a linear axis.
const WIDEST: f64 = 6.0;

/// The chart as SVG: the strategies that complete in every trial, or at least in some where none does.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let down = |s: &Showing| s.downtime_seconds.mean;
    let calm = comparison
        .rows
        .iter()
        .filter_map(|row| row.showing.as_ref())
        .all(|s| down(s) <= 0.0);
    let point = |row: &Row| {
        let s = row.showing.as_ref()?;
        let moves = s.moves_per_replica.mean.mean;
        Some(Point {
            label: row.name.clone(),
            x: s.makespan_seconds?.mean,
            y: if calm { moves } else { down(s) },
            size: if calm { s.refusals.mean } else { moves },
            marked: comparison.against.as_ref() == Some(&row.name),
        })
    };
    let points: Vec<Point> = comparison.rows.iter().filter_map(point).collect();
    let left = comparison.rows.len() - points.len();
    let mut title = format!("{} strategies, {} trials of each", points.len(), comparison.trials);
    if left > 0 {
        title += &format!("; {left} more never complete");
    }
    if calm {
        title += "; no workload is ever down";
    }
    let shortest = points.iter().map(|p| p.x).fold(f64::INFINITY, f64::min);
    let longest = points.iter().map(|p| p.x).fold(0.0, f64::max);
    let makespan = Axis::seconds("Makespan");
    let (y, size) = if calm {
        (Axis::number("Moves per replica"), "evictions refused")
    } else {
        (Axis::seconds("Downtime of all workloads"), "moves a replica")
    };
    Scatter {
        title,
        x: if shortest > 0.0 && longest > WIDEST * shortest {
            makespan.log()
        } else {
            makespan
        },
        y,
        size: size.into(),
        points,
    }
    .draw()
}
