//! Tests the built book: every link leads somewhere, and nothing is loaded from another host.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use book_server::Pages;
use chapter_checks::chapter::{chapters, repository};
use regex::Regex;

static BOOK: LazyLock<Pages> =
    LazyLock::new(|| Pages::build(repository()).unwrap_or_else(|error| panic!("{error}")));

/// The pages: their names and their HTML.
static PAGES: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let names = BOOK.names().filter(|name| name.ends_with(".html") && !is_fragment(name));
    names.map(|name| (name, text(name))).collect()
});

/// Whether a file is a fragment: chapters include it, and mdBook copies it without making a page.
fn is_fragment(name: &str) -> bool {
    name.starts_with("widgets/")
}

fn text(name: &str) -> String {
    let bytes = BOOK.at(&format!("/{name}")).unwrap_or_else(|| panic!("there is no {name}"));
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| panic!("{name} is not UTF-8"))
}

#[track_caller]
fn nothing(found: BTreeSet<String>) {
    let lines: Vec<_> = found.into_iter().collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn mdbook_has_no_warnings_about_the_sources() {
    assert_eq!(BOOK.warnings, Vec::<String>::new());
}

#[test]
fn mdbook_warns_about_an_include_that_it_cannot_expand() {
    let place = tempfile::tempdir().unwrap();
    let lessons = place.path().join("lessons");
    std::fs::create_dir(&lessons).unwrap();
    std::fs::write(place.path().join("book.toml"), "[book]\nsrc = \"lessons\"\n").unwrap();
    std::fs::write(lessons.join("SUMMARY.md"), "- [A](a.md)\n").unwrap();
    std::fs::write(lessons.join("a.md"), "# A\n\n{{#include gone.rs}}\n\n<div>\n").unwrap();
    let warnings = Pages::build(place.path()).map(|pages| pages.warnings);
    let said = format!("{warnings:?}");
    assert!(said.contains("gone.rs"), "{said}");
}

#[test]
fn every_chapter_is_a_page_with_one_title() {
    let title = Regex::new("<h1[ >]").unwrap();
    for chapter in chapters() {
        let name = chapter.file.replace("README.md", "index.html").replace(".md", ".html");
        let (_, main) = PAGES[&name[..]].split_once("<main>").expect("a page has a main part");
        assert_eq!(title.find_iter(main).count(), 1, "{name}");
    }
}

#[test]
fn every_link_leads_to_a_page_and_a_place_on_it() {
    let places: BTreeMap<_, HashSet<_>> =
        PAGES.iter().map(|(&name, html)| (name, ids(html).collect())).collect();
    let mut found = BTreeSet::new();
    let mut count = 0;
    for (&name, html) in PAGES.iter() {
        for link in attributes(html, "href").chain(attributes(html, "src")) {
            if is_of_another_host(link) || link.starts_with("data:") {
                continue;
            }
            count += 1;
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let target = resolve(name, path);
            let is_there = BOOK.at(&format!("/{target}")).is_some();
            let has_place = place.is_empty()
                || places.get(&target[..]).is_some_and(|places| places.contains(place));
            if !is_there || !has_place {
                found.insert(format!("{name}: {link}"));
            }
        }
    }
    assert!(count > PAGES.len(), "{count} links on {} pages", PAGES.len());
    nothing(found);
}

#[test]
fn no_two_elements_of_a_page_have_the_same_id() {
    let mut found = BTreeSet::new();
    for (name, html) in PAGES.iter() {
        let mut seen = HashSet::new();
        let twice = ids(html).filter(|id| !seen.insert(id.to_owned()));
        found.extend(twice.map(|id| format!("{name}: {id}")));
    }
    nothing(found);
}

#[test]
fn nothing_is_loaded_from_another_host() {
    let loads = Regex::new("<(?:link|script|img|iframe|source|video|audio|object)[^>]*>").unwrap();
    let elsewhere = Regex::new(r#"(?:url\(|@import )["']?(?:https?:)?//"#).unwrap();
    let mut found = BTreeSet::new();
    for (name, html) in PAGES.iter() {
        let tags = loads.find_iter(html).map(|tag| tag.as_str());
        let links = tags.flat_map(|tag| attributes(tag, "href").chain(attributes(tag, "src")));
        let asked = links.filter(|link| is_of_another_host(link));
        found.extend(asked.map(|link| format!("{name}: {link}")));
    }
    for name in BOOK.names().filter(|name| name.ends_with(".css")) {
        found.extend(elsewhere.find(&text(name)).map(|url| format!("{name}: {}", url.as_str())));
    }
    nothing(found);
}

/// A diagram has a description in words. The icon of a note, beside its word, needs none.
#[test]
fn every_picture_has_a_title_and_a_description() {
    let picture = Regex::new("(?s)<svg[^>]*>.*?</svg>").unwrap();
    let icon = Regex::new(r#"(?s)<p class="blockquote-tag-title">.*?</p>"#).unwrap();
    let mut found = BTreeSet::new();
    for (name, html) in PAGES.iter() {
        let main = html.split("<main>").nth(1).and_then(|rest| rest.split("</main>").next());
        let main = icon.replace_all(main.unwrap_or_default(), "");
        for svg in picture.find_iter(&main).map(|svg| svg.as_str()) {
            if !svg.contains("<title") || !svg.contains("<desc") {
                found.insert(format!("{name}: {}", &svg[..svg.len().min(80)]));
            }
        }
    }
    nothing(found);
}

fn is_of_another_host(link: &str) -> bool {
    link.starts_with("http:")
        || link.starts_with("https:")
        || link.starts_with("//")
        || link.starts_with("mailto:")
}

/// The values of an attribute in tags. Text about attributes does not count.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[a-z][^<>]*>").unwrap());
    static ATTRIBUTE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\s(href|src|id)="([^"]*)""#).unwrap());
    let name = name.to_owned();
    let tags = TAG.find_iter(html).map(|tag| tag.as_str());
    let found = tags.flat_map(|tag| ATTRIBUTE.captures_iter(tag));
    let named = found.filter(move |found| found[1] == name);
    named.map(|found| found.get(2).expect("it is in the pattern").as_str())
}

fn ids(html: &str) -> impl Iterator<Item = &str> {
    attributes(html, "id")
}

/// The name of the page that a link on the page `from` leads to.
fn resolve(from: &str, link: &str) -> String {
    if link.is_empty() {
        return from.to_owned();
    }
    // The page for missing pages can be shown at any address, so its links begin at the top.
    let (mut parts, link): (Vec<_>, _) = match link.strip_prefix('/') {
        Some(link) => (Vec::new(), link),
        None if from == "404.html" => (Vec::new(), link),
        None => (from.split('/').collect(), link),
    };
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if path.is_empty() { "index.html".to_owned() } else { path }
}
