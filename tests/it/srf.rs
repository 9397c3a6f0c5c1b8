//! The workload SRF of `docs/performance.md`: pods that come, run and finish.

#[path = "../../benches/srf/mod.rs"]
mod workload;

use seatrial::trace::Fact;

use crate::support::observe;

/// The floor program (`benches/floor/`) ends its small sizes at these seconds; 15 s are a cycle and a half of its scheduler.
#[test]
fn srf_ends_when_the_floor_does() {
    for (nodes, pods, floor) in [(100, 1_000, 917.5), (100, 3_000, 931.5)] {
        let (preamble, records, report) = observe(&workload::model(nodes, pods), 0);
        let finished = records.iter().filter(|r| matches!(r.fact, Fact::PodFinished { .. }));
        let ends: Vec<f64> = finished.map(|r| r.at.as_secs_f64()).collect();
        assert_eq!(ends.len(), pods as usize);
        let last = ends[ends.len() - 1];
        assert!((last - floor).abs() < 15.0, "{nodes}/{pods}: {last}");
        // Every pod has its name, and nothing was missed or lost.
        let named = preamble.pod_name(
            seatrial::ids::Id::from_index(7),
            seatrial::ids::Id::from_index(0),
            7,
            None,
        );
        assert_eq!(named, "srf-7");
        let srf = &report.workloads[0];
        assert_eq!(
            (srf.pods_created, srf.pods_lost, srf.desired),
            (u64::from(pods), 0, pods)
        );
        assert_eq!(srf.serving.downtime_seconds, 0.0);
        assert_eq!(srf.serving.deficit_pod_seconds, 0.0);
    }
}
