//! Each service is in every file that lists the services.
//!
//! This test shows what is left to do for a new service.

use std::fs;
use std::path::Path;

use protocol::{CATALOGUE, Entry};

#[test]
fn every_service_has_its_rows_and_sections_in_the_readme_and_the_book() {
    let missing: Vec<String> = CATALOGUE.iter().flat_map(missing).collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

/// A line for each missing entry of a service: the file, and the text to add.
fn missing(service: &Entry) -> Vec<String> {
    let Entry { name, port, .. } = service;
    let row = format!("| {name} | {port:02} |");
    let lower = |file| text(file).to_lowercase();
    let is_headed = lower("lessons/start/services.md")
        .lines()
        .any(|line| line.starts_with("## ") && line.contains(name));
    let places = [
        (text("README.md").contains(&row), format!("README.md: {name} has no row: add `{row}`")),
        (
            is_headed,
            format!(
                "lessons/start/services.md: {name} has no section: add `## {name}`, and describe it"
            ),
        ),
    ];
    places.into_iter().filter(|(is_there, _)| !is_there).map(|(_, what)| what).collect()
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).expect("it is readable")
}
