//! The grammar of a console block.
//!
//! A line that begins with `$ ` is a command; if it ends with `\`, the next line continues it. The
//! lines after it are its output. The last command of a block named `server` or `session` has its
//! own terminal and goes on after the block. There, a line that begins with `> ` is typed, and `^C`
//! and `^D` are keys. After the last key of a block its command ends.
//!
//! A third word is the name of the terminal: `console,session,ann`. A block with that name that
//! begins without a command continues the session there; a command in it is typed when the shell
//! shows its prompt again.
//!
//! The commands of a block named `soon` show something that takes a moment, such as the end of a
//! process: each is repeated until it prints the lines shown.

use crate::chapter::{Block, Chapter, include};

/// A console block.
#[derive(Clone, Debug, PartialEq)]
pub struct Console {
    /// The commands that run to their end.
    pub commands: Vec<Command>,
    /// Whether they are repeated until they print the lines shown.
    pub is_soon: bool,
    /// The session at a terminal of its own.
    pub terminal: Option<Terminal>,
    /// Whether it is written in the chapter itself, where its output can be rewritten.
    pub is_inline: bool,
}

/// A command that runs to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The line of the chapter that contains it.
    pub line: usize,
    /// The text to type.
    pub text: String,
    /// The expected output.
    pub output: Vec<String>,
}

/// A session at a terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct Terminal {
    /// Its name, which the reader sees above the block.
    pub name: String,
    /// The command that is started there, or `None` if it already runs.
    pub command: Option<String>,
    /// The line of the chapter where it begins.
    pub line: usize,
    /// The printed and typed lines, in turn.
    pub turns: Vec<Turn>,
}

/// A part of a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// These lines are printed.
    Printed(Vec<String>),
    /// This line is typed.
    Typed(String),
    /// This key is pressed, as the terminal sends it.
    Key(u8),
    /// This command is typed at the prompt of the shell.
    Command(String),
}

/// Whether a block is a console block.
pub fn is_console(block: &Block) -> bool {
    block.info.split(',').next() == Some("console")
}

/// Reads a console block of a chapter.
///
/// # Errors
///
/// The error in the block, in one line.
pub fn read(chapter: &Chapter, block: &Block) -> Result<Console, String> {
    let mut words = block.info.split(',').map(str::trim).skip(1);
    let kind = words.next();
    let (has_terminal, is_soon) = match kind {
        None => (false, false),
        Some("soon") => (false, true),
        Some("server" | "session") => (true, false),
        Some(other) => return Err(format!("there is no kind of console called {other}")),
    };
    let name = words.next().or(kind).unwrap_or_default().to_owned();
    let (lines, is_inline) = expanded(chapter, block)?;
    let mut steps = steps(lines)?;
    let goes_on = steps.first().is_some_and(|first| first.command.is_none());
    let own = if goes_on { 0 } else { steps.len().saturating_sub(1) };
    let terminal = match has_terminal {
        true => terminal(name, steps.split_off(own)),
        false => None,
    };
    if has_terminal && terminal.is_none() {
        return Err("nothing happens at this terminal".to_owned());
    }
    let commands = steps.into_iter().map(|step| match step.command {
        Some(text) => Ok(Command { line: step.line, text, output: step.lines }),
        None => Err("it has to begin with a command, `$ ...`".to_owned()),
    });
    Ok(Console { commands: commands.collect::<Result<_, _>>()?, is_soon, terminal, is_inline })
}

/// A command, or none at the beginning, and the lines up to the next one.
struct Step {
    line: usize,
    command: Option<String>,
    lines: Vec<String>,
}

fn expanded(chapter: &Chapter, block: &Block) -> Result<(Vec<(usize, String)>, bool), String> {
    let mut lines = Vec::new();
    let mut is_inline = true;
    for (number, line) in (block.line + 1..).zip(&block.lines) {
        match include(number, line) {
            None => lines.push((number, line.clone())),
            Some(include) => {
                is_inline = false;
                let included = chapter.resolve(&include)?;
                lines.extend(included.into_iter().map(|line| (number, line)));
            }
        }
    }
    Ok((lines, is_inline))
}

fn steps(lines: Vec<(usize, String)>) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = lines.into_iter();
    while let Some((number, line)) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                let (_, more) =
                    lines.next().ok_or("the command continues after the end of the block")?;
                command = format!("{command}\n{more}");
            }
            steps.push(Step { line: number, command: Some(command), lines: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            step.lines.push(line);
        } else {
            steps.push(Step { line: number, command: None, lines: vec![line] });
        }
    }
    Ok(steps)
}

/// The session at a terminal, or `None` if nothing happens there.
fn terminal(name: String, steps: Vec<Step>) -> Option<Terminal> {
    let mut steps = steps.into_iter();
    let first = steps.next()?;
    let mut turns = turns(first.lines);
    for step in steps {
        turns.extend(step.command.map(Turn::Command));
        turns.extend(self::turns(step.lines));
    }
    Some(Terminal { name, command: first.command, line: first.line, turns })
}

fn turns(lines: Vec<String>) -> Vec<Turn> {
    let mut turns = Vec::new();
    for line in lines {
        let typed = line.strip_prefix("> ").or((line == ">").then_some(""));
        let key = match typed.unwrap_or(&line) {
            "^C" => Some(0x03),
            "^D" => Some(0x04),
            _ => None,
        };
        match (key, typed, turns.last_mut()) {
            (Some(key), _, _) => turns.push(Turn::Key(key)),
            (None, Some(typed), _) => turns.push(Turn::Typed(typed.to_owned())),
            (None, None, Some(Turn::Printed(lines))) => lines.push(line),
            (None, None, _) => turns.push(Turn::Printed(vec![line])),
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Console, String> {
        let chapter = Chapter { file: "README.md".to_owned(), text: text.to_owned() };
        super::read(&chapter, &chapter.blocks()[0])
    }

    #[test]
    fn commands_have_their_output() {
        let console = read("```console\n$ echo a\na\n$ echo b \\\n  c\nb c\n```").unwrap();
        let commands = [
            Command { line: 2, text: "echo a".into(), output: vec!["a".into()] },
            Command { line: 4, text: "echo b \\\n  c".into(), output: vec!["b c".into()] },
        ];
        assert_eq!(console.commands, commands);
        assert_eq!(console.terminal, None);
    }

    #[test]
    fn a_soon_block_may_take_a_moment() {
        let console = read("```console,soon\n$ ps\nZ\n```").unwrap();
        assert!(console.is_soon && console.terminal.is_none());
        assert!(!read("```console\n$ ps\nZ\n```").unwrap().is_soon);
    }

    #[test]
    fn the_last_command_of_a_server_goes_on() {
        let console = read("```console,server,fork\n$ true\n$ serve\nlistening\n```").unwrap();
        assert_eq!(console.commands.len(), 1);
        let terminal = console.terminal.unwrap();
        assert_eq!(terminal.name, "fork");
        assert_eq!(terminal.command.as_deref(), Some("serve"));
        assert_eq!(terminal.turns, [Turn::Printed(vec!["listening".into()])]);
    }

    #[test]
    fn a_session_takes_turns() {
        let console = read("```console,session\n$ nc\nhello\nyou\n> hi\n>\n^D\nbye\n```").unwrap();
        let turns = [
            Turn::Printed(vec!["hello".into(), "you".into()]),
            Turn::Typed("hi".into()),
            Turn::Typed(String::new()),
            Turn::Key(4),
            Turn::Printed(vec!["bye".into()]),
        ];
        assert_eq!(console.terminal.unwrap().turns, turns);
    }

    #[test]
    fn a_terminal_that_goes_on_may_have_a_command_later() {
        let console = read("```console,session,a\nStopped\n$ fg\nserve\n^C\n```").unwrap();
        let turns = [
            Turn::Printed(vec!["Stopped".into()]),
            Turn::Command("fg".into()),
            Turn::Printed(vec!["serve".into()]),
            Turn::Key(3),
        ];
        let terminal = console.terminal.unwrap();
        assert_eq!((terminal.command, &terminal.turns[..]), (None, &turns[..]));
    }

    #[test]
    fn a_wrong_console_block_is_refused() {
        assert!(read("```console\nno command\n```").is_err());
        assert!(read("```console,screen\n$ true\n```").is_err());
        assert!(read("```console,session\n```").is_err());
        assert!(read("```console\n$ true \\\n```").is_err());
    }
}
