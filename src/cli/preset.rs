//! `seatrial preset`: how upgrade tools go about it.

use anyhow::Result;
use serde_json::Value;

use super::Exit;
use super::args::{Output, PresetArgs, PresetCommand};
use super::output::Terminal;
use crate::report;
use crate::scenario::presets::{self, Confidence, Preset};

/// Lists the presets, or shows one.
pub(super) fn run(args: &PresetArgs, terminal: &Terminal) -> Result<Exit> {
    let text = match &args.command {
        PresetCommand::List { output } => {
            let all = presets::presets();
            match output {
                Output::Json => report::json::render(&all)?,
                Output::Yaml => report::yaml::render(&all)?,
                Output::Table | Output::Wide => list(&all),
            }
        }
        PresetCommand::Show { name, output } => {
            let Some(preset) = presets::preset(name) else {
                terminal.error(&unknown(name).unwrap_or_default());
                return Ok(Exit::Usage);
            };
            match output {
                Output::Json => report::json::render(&preset)?,
                Output::Yaml => report::yaml::render(&preset)?,
                Output::Table | Output::Wide => show(&preset),
            }
        }
    };
    terminal.result(&text)?;
    Ok(Exit::Ok)
}

/// What is wrong with the name of a preset; `None`: there is one of this name.
pub(super) fn unknown(name: &str) -> Option<String> {
    if presets::names().any(|known| known == name) {
        return None;
    }
    let shown: String = name.chars().take(120).collect();
    Some(format!("there is no preset `{shown}`; {}", presets::advice(name)))
}

fn list(all: &[Preset]) -> String {
    let width = all.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let row = |p: &Preset| format!("{:width$}  {}\n", p.name, p.tool);
    all.iter().map(row).collect()
}

fn show(preset: &Preset) -> String {
    let mut text = format!("{}: {}\n\n", preset.name, preset.tool);
    text += &paragraph(&preset.summary, "", "");
    let rows: Vec<[String; 3]> = preset
        .figures
        .iter()
        .map(|f| [f.field.clone(), plain(&f.value), sure(f.confidence).to_owned()])
        .collect();
    let widest = |column: usize| rows.iter().map(|r| r[column].len()).max().unwrap_or(0);
    let (fields, values) = (widest(0).max(5), widest(1).max(5));
    text += &format!("\n{:fields$}  {:values$}  SURE\n", "FIELD", "VALUE");
    for [field, value, sure] in &rows {
        text += &format!("{field:fields$}  {value:values$}  {sure}\n");
    }
    text += "\nSources\n";
    for same in preset.figures.chunk_by(|a, b| a.source == b.source) {
        let fields: Vec<&str> = same.iter().map(|f| f.field.as_str()).collect();
        text += &paragraph(&format!("{}: {}", fields.join(", "), same[0].source), "  - ", "    ");
    }
    if !preset.not_simulated.is_empty() {
        text += "\nNot simulated\n";
        for note in &preset.not_simulated {
            text += &paragraph(note, "  - ", "    ");
        }
    }
    text
}

/// A value as it is written in a plan.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// Words in lines of at most 96 characters.
fn paragraph(text: &str, first: &str, rest: &str) -> String {
    let mut lines = vec![first.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |l| l.chars().count());
        let begins = lines.last().is_some_and(|l| l == first || l == rest);
        if !begins && line + 1 + word.chars().count() > 96 {
            lines.push(rest.to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if *line != first && *line != rest {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
