//! The report for people.

use std::fmt::Write;

use crate::{Found, Need, Page};

/// The finding for each need, and the pages that it concerns.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) looks: Vec<(&'static Need, Found)>,
    pub(crate) pages: Vec<Page>,
}

impl Report {
    /// Whether every page works.
    pub(crate) fn all_pages_work(&self) -> bool {
        self.pages.iter().all(|page| self.missing_for(page).is_empty())
    }

    /// The needs of a page that this machine does not meet.
    fn missing_for(&self, page: &Page) -> Vec<&'static str> {
        let is_missing = |name: &&str| {
            let look = self.looks.iter().find(|(need, _)| need.name == *name);
            look.is_some_and(|(_, found)| matches!(found, Found::No { .. }))
        };
        page.needs.iter().copied().filter(is_missing).collect()
    }

    /// How many pages need this.
    fn pages_with(&self, need: &Need) -> usize {
        self.pages.iter().filter(|page| page.needs.contains(&need.name)).count()
    }

    /// The report, as lines of at most 80 columns where the reasons allow that.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("what this machine has\n");
        for (need, found) in &self.looks {
            // Writing to a string cannot fail.
            let _ = match found {
                Found::Yes(remark) => writeln!(text, "  yes  {}", spaced(need.name, remark)),
                Found::No { why, try_this } => {
                    let pages = match self.pages_with(need) {
                        0 => "no page needs it".to_owned(),
                        1 => "1 page needs it".to_owned(),
                        many => format!("{many} pages need it"),
                    };
                    let first = spaced(need.name, &pages);
                    writeln!(text, "  NO   {first}\n         {why}\n         -> {try_this}")
                }
            };
        }
        text += &match self.all_pages_work() {
            true if self.pages.len() == 1 => "\nThis page works here.\n".to_owned(),
            true => "\nAll pages work here.\n".to_owned(),
            false => format!("\npages that do not work as they are\n{}", self.broken()),
        };
        text
    }

    /// A line for each page that lacks something.
    fn broken(&self) -> String {
        let width = self.pages.iter().map(|page| page.file.len()).max().unwrap_or_default();
        let line = |page: &Page| {
            let missing = self.missing_for(page);
            let needs = missing.join(", ");
            (!missing.is_empty()).then(|| format!("  {:width$}  {needs}\n", page.file))
        };
        self.pages.iter().filter_map(line).collect()
    }
}

fn spaced(name: &str, rest: &str) -> String {
    format!("{name:<15}  {rest}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NEEDS;

    fn report(found: impl Fn(&str) -> Found) -> Report {
        let needs = NEEDS.iter().filter(|need| ["IPv6", "nc"].contains(&need.name));
        Report {
            looks: needs.map(|need| (need, found(need.name))).collect(),
            pages: vec![
                Page { file: "one.md", needs: vec!["nc"] },
                Page { file: "two/three.md", needs: vec!["nc", "IPv6"] },
            ],
        }
    }

    #[test]
    fn a_machine_with_everything_is_told_so() {
        let report = report(|_| Found::Yes("fine".to_owned()));
        assert!(report.all_pages_work());
        assert_eq!(
            report.text(),
            "what this machine has\n  yes  IPv6             fine\n  yes  nc               fine\n\n\
             All pages work here.\n"
        );
    }

    #[test]
    fn what_is_missing_is_told_with_its_pages_and_the_command() {
        let report = report(|name| match name {
            "nc" => Found::Yes(String::new()),
            _ => Found::No { why: "it is off".to_owned(), try_this: "switch it on".to_owned() },
        });
        assert!(!report.all_pages_work());
        assert_eq!(
            report.text(),
            "what this machine has\n  NO   IPv6             1 page needs it\n         it is off\n         \
             -> switch it on\n  yes  nc\n\npages that do not work as they are\n  two/three.md  IPv6\n"
        );
    }
}
