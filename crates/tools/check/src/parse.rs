//! Reads cases as people write them. `cases/README.md` describes the form.

use crate::case::{Act, Case, Guess, Step, Symptom};
use crate::cause::cause;
use crate::text::Text;

/// Reads the cases of a file, in their order.
///
/// # Errors
///
/// One line, with the number of the line that cannot be read.
pub fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let written = line.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let done = match (line.starts_with(' '), cases.last_mut()) {
            (false, _) => head(written).map(|case| cases.push(case)),
            (true, None) => Err("a case begins with its name: chat/1: what happens".to_owned()),
            (true, Some(case)) => add(case, written),
        };
        done.map_err(|error| format!("line {}: {error}", number + 1))?;
    }
    match cases.iter().find(|case| case.steps.is_empty()) {
        Some(case) => Err(format!("{} has no steps", case.name())),
        None => Ok(cases),
    }
}

/// `chat/3: two members, a line in three pieces`
fn head(line: &str) -> Result<Case, String> {
    let (name, title) = line.split_once(": ").ok_or("want NAME/NUMBER: what happens")?;
    let (service, number) = name.split_once('/').ok_or("want NAME/NUMBER: what happens")?;
    Ok(Case {
        service: service.to_owned(),
        number: number.parse().map_err(|_| format!("want a number: {number}"))?,
        title: title.to_owned(),
        why: String::new(),
        points: 1,
        needs_many: false,
        steps: Vec::new(),
    })
}

/// A line below the head of a case.
fn add(case: &mut Case, line: &str) -> Result<(), String> {
    if let Some(why) = line.strip_prefix("why ") {
        case.why = why.trim().to_owned();
    } else if let Some(points) = line.strip_prefix("points ") {
        case.points = points.trim().parse().map_err(|_| format!("want a number: {points}"))?;
    } else if line == "needs many clients" {
        case.needs_many = true;
    } else if let Some(guess) = line.strip_prefix("likely ") {
        let step = case.steps.last_mut().ok_or("a cause belongs to the step before it")?;
        step.guesses.push(read_guess(guess.trim())?);
    } else {
        case.steps.push(step(line)?);
    }
    Ok(())
}

/// `half-a-line if "[ana] lo"`
fn read_guess(line: &str) -> Result<Guess, String> {
    let (id, symptom) = line.split_once(" if ").ok_or("want CAUSE if SYMPTOM")?;
    let known = cause(id).ok_or(format!("no cause is called {id}"))?;
    let symptom = match symptom {
        "silence" => Symptom::Silence,
        "end" => Symptom::End,
        "reset" => Symptom::Reset,
        "died" => Symptom::Died,
        "anything" => Symptom::Anything,
        text => Symptom::Got(Text::parse(text)?),
    };
    Ok(Guess { symptom, cause: known })
}

/// `ana  sends "hello\n"`
fn step(line: &str) -> Result<Step, String> {
    let (who, written) = line.split_once(' ').ok_or("want WHO DOES WHAT")?;
    let written = written.trim();
    let (act, turns) = match written.rsplit_once(" for n from ") {
        Some((act, turns)) => {
            let read = |(from, to): (&str, &str)| Some((from.parse().ok()?, to.parse().ok()?));
            let turns = turns.split_once(" to ").and_then(read);
            (act, Some(turns.ok_or("want: for n from 1 to 20")?))
        }
        None => (written, None),
    };
    Ok(Step {
        who: who.to_owned(),
        act: read_act(act.trim())?,
        turns,
        guesses: Vec::new(),
        written: written.to_owned(),
    })
}

fn read_act(act: &str) -> Result<Act, String> {
    let number = |text: &str| text.trim().parse().map_err(|_| format!("want a number: {text}"));
    Ok(match act {
        "connects" => Act::Connect { buffer: None },
        "joins" => Act::Join { is_slow: false },
        "joins, and is slow" => Act::Join { is_slow: true },
        "expects the end" => Act::ExpectEnd,
        "expects a fortune and the end" => Act::ExpectFortune,
        "reads it all back" => Act::ReadBack,
        "half-closes" => Act::HalfClose,
        "closes" => Act::Close,
        "pauses" => Act::Pause,
        "resets" => Act::Reset,
        _ => {
            if let Some(size) = act.strip_prefix("connects with a buffer of ") {
                Act::Connect { buffer: Some(number(size)?) }
            } else if let Some(times) = act.strip_prefix("connects and closes, times ") {
                Act::ComeAndGo(number(times)?)
            } else if let Some(size) = act.strip_prefix("sends and reads back ") {
                Act::Exchange(number(size.strip_suffix(" bytes").ok_or("want: N bytes")?)?)
            } else if let Some(text) = act.strip_prefix("connects, sends ") {
                let (text, times) =
                    text.rsplit_once(" and resets, times ").ok_or("want: and resets, times N")?;
                Act::ComeAndReset(Text::parse(text)?, number(times)?)
            } else if let Some(text) = act.strip_prefix("sends ") {
                if let Some(text) = text.strip_suffix(" until stuck") {
                    Act::SendUntilStuck(Text::parse(text)?)
                } else if let Some((text, size)) = text.rsplit_once(" in pieces of ") {
                    Act::Send { text: Text::parse(text)?, pieces: Some(number(size)?) }
                } else {
                    Act::Send { text: Text::parse(text)?, pieces: None }
                }
            } else if let Some(text) = act.strip_prefix("expects ") {
                Act::Expect(Text::parse(text)?)
            } else if let Some(text) = act.strip_prefix("waits for ") {
                Act::WaitFor(Text::parse(text)?)
            } else {
                return Err(format!("nobody can do that: {act}"));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, error) in [
            ("  ana connects", "line 1: a case begins with its name: chat/1: what happens"),
            ("chat: hello", "line 1: want NAME/NUMBER: what happens"),
            ("echo/1: it\n", "echo/1 has no steps"),
            ("echo/1: it\n\n  ana dances", "line 3: nobody can do that: dances"),
            (
                "echo/1: it\n  ana connects\n  likely magic if silence",
                "line 3: no cause is called magic",
            ),
            ("echo/1: it\n  ana sends hello", "line 2: want a text in quotes: hello"),
            ("echo/1: it\n  ana sends \"{n}\" for n from x", "line 2: want: for n from 1 to 20"),
        ] {
            assert_eq!(cases(text).unwrap_err(), error);
        }
    }
}
