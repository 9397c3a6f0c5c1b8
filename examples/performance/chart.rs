//! The picture `docs/performance.svg`.

use seatrial::report::plot::{Axis, Growth, Line, Panel, Unit};

use super::measure::Work;
use super::page::{Found, KUBERNETRIKS, PEER_SIZES};
use super::series::Grown;

/// Cost by nodes, by pods, by trials, and memory.
pub(crate) fn picture(found: &Found) -> String {
    let kubernetriks = |keep: fn((u32, u32)) -> bool, x: fn((u32, u32)) -> u32| Line {
        name: "Kubernetriks (SRF, another machine)".into(),
        points: (PEER_SIZES.iter().zip(KUBERNETRIKS))
            .filter(|(size, _)| keep(**size))
            .map(|(size, cpu)| (f64::from(x(*size)), cpu))
            .collect(),
    };
    let mut nodes = lines(&found.by_nodes, |g| f64::from(g.nodes), |g| g.cpu);
    nodes.push(kubernetriks(|(nodes, pods)| pods == 30 * nodes, |size| size.0));
    let mut pods = lines(&found.by_pods, |g| f64::from(g.pods), |g| g.cpu);
    pods.push(kubernetriks(|(nodes, _)| nodes == 1_000, |size| size.1));
    let trials = |name: &str, y: fn(&super::series::Made) -> f64| Line {
        name: name.into(),
        points: found.trials.iter().map(|m| (m.trials as f64, y(m))).collect(),
    };
    let mebibytes = Axis::number("Peak memory").unit(Unit::Of("MiB".into())).log();
    let panel = |title: &str, x: &str, y: Axis, lines| Panel {
        title: title.into(),
        x: Axis::number(x).log(),
        y,
        lines,
    };
    let cpu = || Axis::seconds("CPU time of a run").log();
    Growth {
        title: "What rehearsals cost".into(),
        panels: vec![
            panel("By nodes, 30 pods each", "Nodes", cpu(), nodes),
            panel("By pods, 1,000 nodes", "Pods", cpu(), pods),
            panel(
                "By trials: UPG, 100 workers, 3,000 pods",
                "Trials",
                Axis::seconds("Time").log(),
                vec![
                    trials("CPU time on one core", |m| m.cpu),
                    trials("time that passes on all cores", |m| m.all_cores),
                ],
            ),
            panel(
                "Memory by pods, 30 a node",
                "Pods",
                mebibytes,
                lines(
                    &found.by_nodes,
                    |g| f64::from(g.pods),
                    |g| g.peak as f64 / f64::from(1 << 20),
                ),
            ),
        ],
    }
    .draw()
}

fn lines(grown: &[Grown], x: fn(&Grown) -> f64, y: fn(&Grown) -> f64) -> Vec<Line> {
    let line = |work: Work| Line {
        name: work.as_str().into(),
        points: grown.iter().filter(|g| g.work == work).map(|g| (x(g), y(g))).collect(),
    };
    let all = [Work::Floor, Work::Srf, Work::Upg].map(line);
    all.into_iter().filter(|line| !line.points.is_empty()).collect()
}
