//! The needs of a chapter: the programs and abilities of a machine, by the commands that it types.
//!
//! `after-accept doctor` tells a reader what is missing. It is installed without the book, so it has
//! a list of the pages, which a test compares with this.

use std::collections::BTreeSet;
use std::fs;

use doctor::NEEDS;

use crate::chapter::{Chapter, lessons, repository};
use crate::console;

/// The names of what a chapter needs: abilities of the system, then programs.
pub fn needs(chapter: &Chapter) -> Vec<&'static str> {
    let commands = Commands::of(chapter);
    let mut needs = commands.abilities(chapter);
    needs.extend(commands.programs());
    needs
}

/// The programs that a chapter needs.
pub fn programs(chapter: &Chapter) -> Vec<&'static str> {
    Commands::of(chapter).programs()
}

/// All that a chapter types, and all that its own scripts run.
struct Commands {
    /// The lines that are typed, joined where they go on in the next one.
    typed: Vec<String>,
    /// The lines of the scripts in `lessons/labs` that are typed.
    scripts: Vec<String>,
    /// The sources of the examples that are typed.
    examples: String,
}

impl Commands {
    fn of(chapter: &Chapter) -> Commands {
        let blocks = chapter.blocks().into_iter().filter(console::is_console);
        let text = blocks.map(|block| block.lines.join("\n") + "\n").collect::<String>();
        let typed = text.replace("\\\n", " ");
        let typed = typed.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned);
        let typed: Vec<_> = typed.collect();
        let mut read = BTreeSet::new();
        let (mut scripts, mut examples) = (Vec::new(), String::new());
        for word in typed.iter().flat_map(|line| line.split_whitespace()) {
            let script =
                word.strip_prefix("lessons/labs/").filter(|name| read.insert(name.to_string()));
            if let Some(script) =
                script.and_then(|name| fs::read_to_string(lessons().join("labs").join(name)).ok())
            {
                let code = script.lines().filter(|line| !line.trim_start().starts_with('#'));
                scripts.extend(code.map(str::to_owned));
            }
            let example = repository().join("examples").join(word).with_extension("rs");
            if read.insert(word.to_owned()) {
                examples += &fs::read_to_string(example).unwrap_or_default();
            }
        }
        Commands { typed, scripts, examples }
    }

    fn programs(&self) -> Vec<&'static str> {
        let lines = || self.typed.iter().chain(&self.scripts);
        // A command that plays a timeline traces the server.
        let is_it = |word: &str, program: &str| {
            word == program || (word, program) == ("timelines", "strace")
        };
        let is_needed =
            |program: &&str| lines().flat_map(|line| words(line)).any(|word| is_it(word, program));
        let known = NEEDS.iter().filter(|need| need.package().is_some());
        known.map(|need| need.name).filter(is_needed).collect()
    }

    fn abilities(&self, chapter: &Chapter) -> Vec<&'static str> {
        let is_typed = |part: &str| self.typed.iter().any(|line| line.contains(part));
        let runs = |word: &str| {
            let lines = self.typed.iter().chain(&self.scripts);
            lines.flat_map(|line| words(line)).any(|found| found == word)
        };
        let outside = |line: &&String| !line.contains("on.sh") && !line.contains("heard.sh");
        let mut outside_a_lab = self.typed.iter().filter(outside);
        let mut not_computed = self.typed.iter().filter(|line| !line.contains("addresses "));
        let traces = self.programs().contains(&"strace");
        let abilities = [
            ("namespaces", runs("unshare") || is_typed("on.sh")),
            ("trace", traces),
            ("trace-others", traces && chapter.text.contains("-p PID`")),
            ("capture", outside_a_lab.any(|line| words(line).any(|word| word == "tcpdump"))),
            ("descriptors", chapter.file.starts_with("measuring/") && measures(&chapter.text)),
            ("processors", is_typed("taskset -c 1")),
            (
                "IPv6",
                is_typed("two-machines.sh")
                    || not_computed.any(|line| line.contains("::"))
                    || ["Ipv6Addr", "IPV6", "Inet6"]
                        .iter()
                        .any(|word| self.examples.contains(word)),
            ),
            ("io_uring", is_typed(" uring ") || self.examples.contains("IoUring")),
        ];
        abilities.into_iter().filter(|(_, is_needed)| *is_needed).map(|(name, _)| name).collect()
    }
}

/// Whether the text shows commands that open many connections.
fn measures(text: &str) -> bool {
    let commands = [" load ", " compare", "--bench stevens"];
    commands
        .iter()
        .any(|command| text.lines().any(|line| line.contains("cargo ") && line.contains(command)))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
}
