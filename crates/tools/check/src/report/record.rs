//! The verdict on a case, as other programs read it.

use serde::Serialize;

use crate::case::{Act, Case};
use crate::judge::{Failed, Status, Verdict};
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
        let (status, because) = match &verdict.status {
            Status::Passed => ("pass", None),
            Status::Failed(_) => ("fail", None),
            Status::Error(why) => ("error", Some(why.clone())),
            Status::Skipped(why) => ("skipped", Some(why.clone())),
            Status::NotReached => ("skipped", Some("an earlier case failed".to_owned())),
        };
        let mut record = Record {
            version: 1,
            case: case.name(),
            title: case.title.clone(),
            status,
            points: if status == "pass" { case.points } else { 0 },
            max_points: case.points,
            sent: None,
            expected: None,
            got: None,
            at_byte: None,
            cause: None,
            likely: None,
            page: None,
            because,
            seconds: (verdict.took.as_secs_f64() * 1000.0).round() / 1000.0,
            again,
            seed,
            story: String::new(),
        };
        if let Status::Failed(failed) = &verdict.status {
            record.tell(case, failed, reveal);
        }
        record
    }

    /// Adds as much about a failure as may be revealed.
    fn tell(&mut self, case: &Case, failed: &Failed, reveal: Reveal) {
        if reveal == Reveal::None {
            return;
        }
        let failure = &failed.failure;
        self.story = story(case, failed, reveal);
        self.sent = case.steps[..failure.step].iter().rev().find_map(|step| match &step.act {
            Act::Send { text, .. } => Some(escaped(&text.bytes(&Names::new()).ok()?)),
            _ => None,
        });
        self.got = Some(match failure.got.is_empty() {
            true => failure.then.clone(),
            false => escaped(&failure.got),
        });
        if reveal == Reveal::Full {
            self.expected = failure.expected.as_deref().map(escaped);
            self.at_byte = failure.at.map(|at| at + 1);
            if let Some(cause) = &failure.cause {
                self.cause = Some(cause.id.clone());
                self.likely = Some(cause.text.clone());
                self.page = Some(cause.page.clone());
            }
        }
    }
}
