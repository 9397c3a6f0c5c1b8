//! `seatrial merge`: trials that were made in several places.

use std::fs;

use anyhow::Result;

use super::args::MergeArgs;
use super::output::Terminal;
use super::{Exit, file, trials};
use crate::study::Study;

/// Merges studies and prints what all trials showed.
pub(super) fn run(args: &MergeArgs, program: &'static str, terminal: &Terminal) -> Result<Exit> {
    let mut whole: Option<Study> = None;
    let mut wrong = 0;
    for path in &args.parts {
        let merged = match read(path) {
            Ok(part) => match &mut whole {
                Some(whole) => whole.merge(part).map_err(|why| why.to_string()),
                None => {
                    whole = Some(part);
                    Ok(())
                }
            },
            Err(why) => Err(why),
        };
        if let Err(why) = merged {
            terminal.error(&format!("{}: {why}", path.display()));
            wrong += 1;
        }
    }
    let Some(study) = whole.filter(|_| wrong == 0) else {
        return Ok(Exit::Usage);
    };
    if let Some(path) = &args.save {
        file::write(path, &study.to_json()?)?;
    }
    // Where the scenario was is known to who made the trials.
    let replay = format!("{} run SCENARIO --seed {}", trials::spoken(program), study.seed());
    trials::print(&study, args.output, &replay, terminal)?;
    Ok(trials::exit(&study))
}

fn read(path: &std::path::Path) -> Result<Study, String> {
    let text = fs::read_to_string(path).map_err(|why| why.to_string())?;
    Study::from_json(&text).map_err(|why| why.to_string())
}
