//! The results.json of Gradescope: <https://gradescope-autograders.readthedocs.io/en/latest/specs/>

use serde::Serialize;

use crate::judge::Verdict;
use crate::report::{Record, Report};

#[derive(Default, Serialize)]
pub(crate) struct Gradescope {
    score: u32,
    output: String,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Test {
    name: String,
    number: String,
    score: u32,
    max_score: u32,
    status: &'static str,
    output: String,
    tags: Vec<String>,
    visibility: &'static str,
}

impl Report for Gradescope {
    fn verdict(&mut self, _verdict: &Verdict, record: &Record) -> String {
        self.score += record.points;
        let output = match &record.because {
            Some(why) if record.status == "error" => format!("could not be checked: {why}"),
            Some(why) => format!("not run: {why}"),
            None => record.story.clone(),
        };
        self.tests.push(Test {
            name: record.title.clone(),
            number: record.case.clone(),
            score: record.points,
            max_score: record.max_points,
            status: if record.status == "pass" { "passed" } else { "failed" },
            output,
            tags: record.cause.iter().cloned().collect(),
            visibility: "visible",
        });
        String::new()
    }

    fn end(&mut self) -> String {
        let passed = self.tests.iter().filter(|test| test.status == "passed").count();
        self.output = format!("{passed} of {} cases passed", self.tests.len());
        serde_json::to_string_pretty(self).expect("it has no map") + "\n"
    }
}
