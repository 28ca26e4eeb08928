//! Questions without end, and diagnoses of the answers.
//!
//! A [`Question`] knows its right answer, the typical wrong ones, and the [`Mistake`] that leads to
//! each: so [`judge`] finds the mistake from the answer alone.
//!
//! A seed always asks the same questions, also in a page of the book. So this module promises the
//! way in which they are drawn:
//!
//! - Numbers come from [`Numbers`], mulberry32, which consists of 32-bit additions,
//!   multiplications, shifts and XORs, so that JavaScript computes the same with `Math.imul` and
//!   `>>>`.
//! - The module of each question says which numbers it takes, in which order, and nothing else
//!   takes numbers.
//! - If the answer to a question could not tell the mistakes apart, the question is dropped, and
//!   the next one is drawn from the numbers that follow: see [`is_telling`].

mod bytes;
mod ipv6;
mod mac;
mod numbers;
mod subnet;

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::net::Ipv6Addr;

pub use numbers::Numbers;

use crate::multicast::Mac;
use crate::read::{self, Wrong};
use crate::working::dotted;

/// The end of a drill in the middle.
#[derive(Debug)]
pub enum Failure {
    /// The answers cannot be read.
    Input(io::Error),
    /// The questions cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Asks `count` questions: reads an answer from each line of `input`, and writes to `output`
/// whether it is right, what the likely mistake is, and why. `prompt` is shown before each answer.
///
/// The end of the input ends the drill, too. If a line is not an answer, the question is asked
/// again.
///
/// # Errors
///
/// Errors of the input and of the output.
pub fn run(
    subject: Subject,
    seed: u32,
    count: u32,
    prompt: &str,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), Failure> {
    let mut score = Score::default();
    let name = subject.name();
    writeln!(output, "drill {name} --seed {seed} --count {count}")?;
    writeln!(output, "An empty line shows the answer; Ctrl-D ends.")?;
    for question in subject.questions(seed).take(count as usize) {
        let asked = score.asked + 1;
        let begin = format!("{asked} of {count}");
        writeln!(output, "\n{begin}  {}", question.text())?;
        let Some(answer) = read_answer(&*question, prompt, &mut input, &mut output)? else {
            writeln!(output, "\nThe input has ended.")?;
            break;
        };
        let verdict = match &answer {
            Some(answer) => judge(&*question, answer),
            None => Verdict::Wrong(None),
        };
        score.count(verdict);
        match verdict {
            Verdict::Right => writeln!(output, "Right.")?,
            Verdict::Wrong(mistake) => {
                match (mistake, &answer) {
                    (Some(mistake), _) => writeln!(output, "No: {}.", mistake.says)?,
                    (None, Some(_)) => writeln!(output, "No.")?,
                    (None, None) => {}
                }
                writeln!(output, "It is {}.\n", question.right())?;
                write!(output, "{}", question.working())?;
            }
        }
        output.flush()?;
    }
    writeln!(output, "\n{score}. The same questions again: --seed {seed}")?;
    Ok(output.flush()?)
}

/// The next answer; an inner `None` for an empty line, an outer one at the end of the input.
fn read_answer(
    question: &dyn Question,
    prompt: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<Option<Option<Answer>>, Failure> {
    /// No answer is as long as this. A longer line is read as several.
    const LINE_LIMIT: u64 = 1024;
    loop {
        write!(output, "{prompt}")?;
        output.flush()?;
        let mut line = Vec::new();
        input.take(LINE_LIMIT).read_until(b'\n', &mut line).map_err(Failure::Input)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            return Ok(Some(None));
        }
        match question.right().read_alike(line.trim()) {
            Ok(answer) => return Ok(Some(Some(answer))),
            Err(wrong) => writeln!(output, "{wrong:#}\nTry again.")?,
        }
    }
}

/// Judges an answer, and names the mistake that leads to it.
pub fn judge(question: &dyn Question, answer: &Answer) -> Verdict {
    if *answer == question.right() {
        return Verdict::Right;
    }
    let mut slips = wrong_answers(question).into_iter();
    let slip = slips.find(|(_, wrong)| wrong == answer);
    Verdict::Wrong(slip.map(|(mistake, _)| mistake))
}

/// Whether a question tells mistakes apart: at least three are possible, and each leads to a
/// different answer.
pub fn is_telling(question: &dyn Question) -> bool {
    let answers: Vec<_> = wrong_answers(question);
    let is_first = |at: usize| answers[..at].iter().all(|earlier| earlier.1 != answers[at].1);
    answers.len() >= 3 && (0..answers.len()).all(is_first)
}

/// The typical wrong answers. If a mistake happens to lead to the right answer, it is left out.
fn wrong_answers(question: &dyn Question) -> Vec<(Mistake, Answer)> {
    let right = question.right();
    let mut answers = question.slips();
    answers.retain(|(_, answer)| *answer != right);
    answers
}

/// A question of a drill.
pub trait Question: fmt::Debug {
    /// The question in words.
    fn text(&self) -> String;

    /// The one right answer.
    fn right(&self) -> Answer;

    /// The answers that typical mistakes lead to, as far as they are possible for this question.
    fn slips(&self) -> Vec<(Mistake, Answer)>;

    /// Why the right answer is right.
    fn working(&self) -> String;
}

/// The subject of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Byte order.
    Bytes,
    /// IPv4 networks.
    Subnet,
    /// IPv6 networks.
    Ipv6,
    /// The MAC addresses of multicast groups.
    Mac,
}

impl Subject {
    /// All subjects.
    pub const ALL: [Subject; 4] = [Subject::Bytes, Subject::Subnet, Subject::Ipv6, Subject::Mac];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Bytes => "bytes",
            Subject::Subnet => "subnet",
            Subject::Ipv6 => "ipv6",
            Subject::Mac => "mac",
        }
    }

    /// The questions of a seed. There is no end to them.
    pub fn questions(self, seed: u32) -> impl Iterator<Item = Box<dyn Question>> {
        let mut numbers = Numbers::new(seed);
        let any = move || -> Box<dyn Question> {
            match self {
                Subject::Bytes => Box::new(bytes::draw(&mut numbers)),
                Subject::Subnet => Box::new(subnet::draw(&mut numbers)),
                Subject::Ipv6 => Box::new(ipv6::draw(&mut numbers)),
                Subject::Mac => Box::new(mac::draw(&mut numbers)),
            }
        };
        std::iter::repeat_with(any).filter(|question| is_telling(&**question))
    }

    /// All mistakes that an answer can show.
    pub fn mistakes(self) -> &'static [Mistake] {
        match self {
            Subject::Bytes => bytes::MISTAKES,
            Subject::Subnet => subnet::MISTAKES,
            Subject::Ipv6 => ipv6::MISTAKES,
            Subject::Mac => mac::MISTAKES,
        }
    }
}

/// A typical mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// A short name, for other programs.
    pub name: &'static str,
    /// The text for the reader who makes it.
    pub says: &'static str,
}

/// The judgement of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The right answer.
    Right,
    /// A wrong answer, with the mistake if it is known.
    Wrong(Option<Mistake>),
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number: 65280.
    Number(i128),
    /// Bytes in hexadecimal: 01 02 03 04.
    Bytes(Vec<u8>),
    /// An IPv4 address.
    Address(u32),
    /// An IPv6 address.
    Ipv6(u128),
    /// A MAC address.
    Mac(Mac),
}

impl Answer {
    /// Reads an answer of the same kind as this one.
    fn read_alike(&self, text: &str) -> Result<Answer, Wrong> {
        match self {
            Answer::Number(_) => read::answer(text).map(Answer::Number),
            Answer::Bytes(_) => read::bytes(text).map(Answer::Bytes),
            Answer::Address(_) => read::ipv4(text).map(Answer::Address),
            Answer::Ipv6(_) => read::ipv6(text).map(Answer::Ipv6),
            Answer::Mac(_) => read::mac(text).map(Answer::Mac),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Number(number) => write!(f, "{number}"),
            Answer::Bytes(bytes) => {
                let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                write!(f, "{}", pairs.join(" "))
            }
            Answer::Address(address) => write!(f, "{}", dotted(*address)),
            Answer::Ipv6(address) => write!(f, "{}", Ipv6Addr::from_bits(*address)),
            Answer::Mac(mac) => write!(f, "{mac}"),
        }
    }
}

/// The number of right answers, and of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Score {
    right: u32,
    asked: u32,
}

impl Score {
    fn count(&mut self, verdict: Verdict) {
        self.asked += 1;
        self.right += u32::from(verdict == Verdict::Right);
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} right", self.right, self.asked)
    }
}
