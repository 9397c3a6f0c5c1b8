//! preStop hooks.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::units::Span;

/// How long the preStop hooks of a pod take, and whether one of them does something else than to sleep. Containers stop in
/// parallel, so the longest counts.
pub(super) fn pre_stop(spec: &PodSpec) -> (Span, bool) {
    let hooks = spec.containers.iter().filter_map(sleep);
    hooks.fold((Span::ZERO, false), |(longest, other), hook| match hook {
        Some(span) => (longest.max(span), other),
        None => (longest, true),
    })
}

/// The sleep of a container's hook; `Some(None)`: a hook of which nobody knows how long it takes.
fn sleep(container: &Container) -> Option<Option<Span>> {
    let hook = container.lifecycle.as_ref()?.pre_stop.as_ref()?;
    if let Some(sleep) = &hook.sleep {
        let seconds = u64::try_from(sleep.seconds).unwrap_or(0);
        return Some(Some(Span::from_secs(seconds).at_most(Span::LONGEST)));
    }
    let command = hook.exec.as_ref().and_then(|exec| exec.command.as_deref());
    Some(command.and_then(slept))
}

/// `sleep 5`, `/bin/sleep 5`, `sh -c "sleep 5"`; of a script, the sleep at its start or end.
fn slept(command: &[String]) -> Option<Span> {
    let (program, arguments) = command.split_first()?;
    match program.rsplit('/').next()? {
        "sleep" => total(arguments.iter().map(String::as_str)),
        "sh" | "bash" | "ash" | "dash" => script(arguments.last()?),
        _ => None,
    }
}

fn script(text: &str) -> Option<Span> {
    let parts: Vec<&str> = text.split([';', '&', '|', '\n']).map(str::trim).collect();
    let sleeps = parts.iter().filter_map(|part| {
        let mut words = part.split_whitespace();
        let program = words.next()?.rsplit('/').next()?;
        (program == "sleep").then(|| total(words))?
    });
    sleeps.reduce(|a, b| a + b)
}

/// `sleep` adds up its arguments: numbers with an optional unit.
fn total<'a>(arguments: impl Iterator<Item = &'a str>) -> Option<Span> {
    let mut sum = None;
    for argument in arguments {
        let (number, unit) = match argument.char_indices().last()? {
            (at, 's') => (&argument[..at], 1.0),
            (at, 'm') => (&argument[..at], 60.0),
            (at, 'h') => (&argument[..at], 3600.0),
            (at, 'd') => (&argument[..at], 86_400.0),
            _ => (argument, 1.0),
        };
        let seconds: f64 = number.parse().ok()?;
        if !seconds.is_finite() || seconds < 0.0 {
            return None;
        }
        sum = Some((sum.unwrap_or(Span::ZERO) + Span::from_secs_f64(seconds * unit)).at_most(Span::LONGEST));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeps_are_understood() {
        let slept = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&w| w.to_owned()).collect();
            slept(&words).map(Span::as_secs_f64)
        };
        assert_eq!(slept(&["sleep", "5"]), Some(5.0));
        assert_eq!(slept(&["/bin/sleep", "1m", "2.5s"]), Some(62.5));
        assert_eq!(slept(&["/bin/sh", "-c", "sleep 10"]), Some(10.0));
        assert_eq!(
            slept(&["sh", "-c", "sleep 10 && nginx -s quit; /bin/sleep 3"]),
            Some(13.0)
        );
        assert_eq!(slept(&["nginx", "-s", "quit"]), None);
        assert_eq!(slept(&["sh", "-c", "nginx -s quit"]), None);
        assert_eq!(slept(&["sleep"]), None);
        assert_eq!(slept(&["sleep", "$DELAY"]), None);
        assert_eq!(slept(&["sleep", "-1"]), None);
        assert_eq!(slept(&["sleep", "inf"]), None);
        assert_eq!(slept(&[]), None);
    }
}
