//! The verdict on a case, as other programs read it.

use serde::Serialize;

use crate::case::Act;
use crate::judge::{Status, Verdict};
use crate::report::{Reveal, story};
use crate::text::{Names, escaped};

/// A case and its verdict. Bytes are written with escapes, as in a case.
///
/// The fields stay as they are as long as the version does; new ones may come.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Record {
    pub(crate) version: u32,
    /// Its name: `chat/5`.
    pub(crate) case: String,
    pub(crate) title: String,
    /// `pass`, `fail`, `error` (it could not be judged) or `skipped` (it was not played).
    pub(crate) status: &'static str,
    /// The points that the server gets, of so many.
    pub(crate) points: u32,
    pub(crate) max_points: u32,
    /// What the clients sent last before it failed.
    pub(crate) sent: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) got: Option<String>,
    /// The first byte that differs, from 1.
    pub(crate) at_byte: Option<usize>,
    /// The name of the likely cause, one sentence about it, and where the book explains it.
    pub(crate) cause: Option<String>,
    pub(crate) likely: Option<String>,
    pub(crate) page: Option<String>,
    /// Why it could not be judged, or was not played.
    pub(crate) because: Option<String>,
    pub(crate) seconds: f64,
    /// The command that plays this case again.
    pub(crate) again: String,
    pub(crate) seed: u64,
    /// The failure as people read it.
    #[serde(skip)]
    pub(crate) story: String,
}

impl Record {
    pub(crate) fn new(verdict: &Verdict, reveal: Reveal, again: String, seed: u64) -> Record {
        let case = verdict.case;
        let mut record = Record {
            version: 1,
            case: case.name(),
            title: case.title.clone(),
            status: "pass",
            points: case.points,
            max_points: case.points,
            sent: None,
            expected: None,
            got: None,
            at_byte: None,
            cause: None,
            likely: None,
            page: None,
            because: None,
            seconds: (verdict.took.as_secs_f64() * 1000.0).round() / 1000.0,
            again,
            seed,
            story: String::new(),
        };
        let failed = match &verdict.status {
            Status::Passed => return record,
            Status::Failed(failed) => {
                record.status = "fail";
                failed
            }
            Status::NotReached => {
                record.status = "skipped";
                record.points = 0;
                record.because = Some("an earlier case failed".to_owned());
                return record;
            }
            Status::Error(why) | Status::Skipped(why) => {
                let is_error = matches!(verdict.status, Status::Error(_));
                record.status = if is_error { "error" } else { "skipped" };
                record.points = 0;
                record.because = Some(why.clone());
                return record;
            }
        };
        record.points = 0;
        if reveal == Reveal::None {
            return record;
        }
        let failure = &failed.failure;
        record.story = story(case, failed, reveal);
        record.sent = case.steps[..failure.step].iter().rev().find_map(|step| match &step.act {
            Act::Send { text, .. } => Some(escaped(&text.bytes(&Names::new()).ok()?)),
            _ => None,
        });
        record.got = Some(match failure.got.is_empty() {
            true => failure.then.clone(),
            false => escaped(&failure.got),
        });
        if reveal == Reveal::Full {
            record.expected = failure.expected.as_deref().map(escaped);
            record.at_byte = failure.at.map(|at| at + 1);
            if let Some(cause) = &failure.cause {
                record.cause = Some(cause.id.clone());
                record.likely = Some(cause.text.clone());
                record.page = Some(cause.page.clone());
            }
        }
        record
    }
}
