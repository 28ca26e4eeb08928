//! The result.json of Classroom 50, version 1. It keeps fields that it does not know.

use std::env;
use std::time::SystemTime;

use serde::Serialize;

use crate::judge::Verdict;
use crate::report::{Record, Report};

#[derive(Default)]
pub(crate) struct Classroom {
    tests: Vec<Test>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Submission<'a> {
    schema: &'static str,
    classroom: String,
    assignment: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
    datetime: String,
    score: u32,
    max_score: u32,
    tests: &'a [Test],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Test {
    test_name: String,
    passed: bool,
    score: u32,
    max_score: u32,
    #[serde(flatten)]
    record: Record,
}

impl Report for Classroom {
    fn verdict(&mut self, _verdict: &Verdict, record: &Record) -> String {
        self.tests.push(Test {
            test_name: format!("{} {}", record.case, record.title),
            passed: record.status == "pass",
            score: record.points,
            max_score: record.max_points,
            record: record.clone(),
        });
        String::new()
    }

    fn end(&mut self) -> String {
        let variable = |name| env::var(name).unwrap_or_default();
        let submission = Submission {
            schema: "classroom50/result/v1",
            classroom: variable("CLASSROOM"),
            assignment: variable("ASSIGNMENT"),
            submission: variable("SUBMISSION_TAG"),
            commit: variable("COMMIT_URL"),
            release: variable("RELEASE_URL"),
            review: variable("REVIEW_URL"),
            datetime: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            score: self.tests.iter().map(|test| test.score).sum(),
            max_score: self.tests.iter().map(|test| test.max_score).sum(),
            tests: &self.tests,
        };
        serde_json::to_string_pretty(&submission).expect("it has no map") + "\n"
    }
}
