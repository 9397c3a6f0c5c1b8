//! `seatrial plan`: hops, rounds, what is refused, and the runbook.

use anyhow::Result;

use super::args::{Output, Packages, PlanArgs, Workers};
use super::output::Terminal;
use super::{Exit, load, preset};
use crate::model::Model;
use crate::planning::{self, Itinerary, Legality, Request, runbook};
use crate::report;
use crate::units::KubeVersion;
use crate::versions::path::Rounds;

/// Plans the way and prints it.
pub(super) fn run(args: &PlanArgs, terminal: &Terminal) -> Result<Exit> {
    if args.expand {
        return expand(args, terminal);
    }
    let scenario = if args.scenario.is_empty() {
        None
    } else {
        match load::with_plan(&args.scenario, terminal) {
            Ok(scenario) => Some(scenario),
            Err(exit) => return Ok(exit),
        }
    };
    let model = scenario.as_ref().map(|s| &s.model);
    if args.runbook
        && let Some(book) = model.and_then(|model| runbook::of_steps(model, packages(args)))
    {
        terminal.result(&report::runbook::render(&book))?;
        return Ok(Exit::Ok);
    }
    let (from, to) = match versions(args, model) {
        Ok(versions) => versions,
        Err(wrong) => {
            terminal.error(wrong);
            return Ok(Exit::Usage);
        }
    };
    let request = Request {
        from,
        to,
        rounds: args.workers.map(|workers| match workers {
            Workers::Fewest => Rounds::Fewest,
            Workers::EveryHop => Rounds::EveryHop,
            Workers::Once => Rounds::Once,
        }),
        force: args.force,
        date: args.date,
        cluster: model,
        ending_apis: scenario.as_ref().map_or(&[], |s| &s.ending_apis),
        trials: args.trials,
        seed: args.seed,
    };
    let way = match planning::itinerary(&request) {
        Ok(way) => way,
        Err(impossible) => {
            terminal.error(&impossible.to_string());
            return Ok(Exit::Usage);
        }
    };
    print(&way, model, args, terminal)?;
    let force = args.force || model.and_then(|m| m.plan.as_ref()).is_some_and(|p| p.kubeadm.force);
    Ok(exit(&way, force))
}

/// Prints the plan with every figure written down.
fn expand(args: &PlanArgs, terminal: &Terminal) -> Result<Exit> {
    let preset = args.preset.as_deref();
    if let Some(name) = preset
        && let Some(unknown) = preset::unknown(name)
    {
        terminal.error(&unknown);
        return Ok(Exit::Usage);
    }
    let plan = match load::expanded(&args.scenario, preset, terminal) {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    let text = match args.output {
        Output::Json => report::json::render(&plan)?,
        Output::Table | Output::Wide | Output::Yaml => report::yaml::render(&plan)?,
    };
    terminal.result(&text)?;
    Ok(Exit::Ok)
}

/// Where the way starts and ends: as asked, or as the scenario has it.
fn versions(args: &PlanArgs, model: Option<&Model>) -> Result<(KubeVersion, KubeVersion), &'static str> {
    let target = || model.and_then(|m| m.plan.as_ref()?.target.clone());
    let from = match (&args.from, model) {
        (Some(_), Some(_)) => return Err("--from is for plans without a cluster: the scenario has its own version"),
        (Some(from), None) => from.clone(),
        (None, Some(model)) => model.version.clone(),
        (None, None) => return Err("from where? Give a scenario, or --from v1.34.2"),
    };
    let to = args.to.clone().or_else(target);
    let to = to.ok_or("where to? Give --to v1.36.2, or an UpgradePlan with targetVersion")?;
    Ok((from, to))
}

fn print(way: &Itinerary, model: Option<&Model>, args: &PlanArgs, terminal: &Terminal) -> Result<()> {
    if args.runbook {
        let book = runbook::runbook(way, model, packages(args));
        terminal.result(&report::runbook::render(&book))?;
        return Ok(());
    }
    let text = match args.output {
        Output::Table | Output::Wide => report::table::itinerary::render(way, terminal.out_style()),
        Output::Json => report::json::render(way)?,
        Output::Yaml => report::yaml::render(way)?,
    };
    terminal.result(&text)?;
    Ok(())
}

const fn packages(args: &PlanArgs) -> runbook::Packages {
    match args.packages {
        Packages::Deb => runbook::Packages::Deb,
        Packages::Rpm => runbook::Packages::Rpm,
        Packages::Both => runbook::Packages::Both,
    }
}

/// A way that kubeadm does not go by itself is not one that can be completed as it stands.
fn exit(way: &Itinerary, force: bool) -> Exit {
    match way.choices[way.chosen].legality {
        Legality::Clean => Exit::Ok,
        Legality::NeedsForce if force => Exit::Ok,
        Legality::NeedsForce | Legality::Forbidden => Exit::Incomplete,
    }
}
