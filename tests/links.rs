//! Whether the pages of the documentation lead where they say: to each other, to a heading, to a file of this repository.
//!
//! A path is a link's target, or a word between back-quotes or of a `sh` block that looks like one: with a slash in it, or with the
//! ending of a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::source::{self, Page};
use crate::support::ROOT;

/// Words that look like a path and are none of this repository's, by their beginning.
const NO_PATHS: [(&str, &str); 4] = [
    ("currency.", "a method of a service"),
    ("target/", "what cargo writes"),
    ("deployment/cli", "a Deployment in Kubernetes"),
    ("kubernetes.io/tls", "a type of Secret"),
];

/// The endings of files that are named without their directory.
const ENDINGS: [&str; 6] = [".conf", ".lock", ".md", ".rs", ".toml", ".yml"];

/// Where a link leads: `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// What stands between back-quotes.
fn spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let opened = &rest[at..];
        let fence = &opened[..opened.len() - opened.trim_start_matches('`').len()];
        let Some((span, after)) = opened[fence.len()..].split_once(fence) else {
            break;
        };
        spans.push(span);
        rest = after;
    }
    spans
}

/// The words that are to be paths of this repository.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_none = |word: &str| NO_PATHS.iter().any(|(start, _)| word.starts_with(start));
    words(text).filter(move |word| !is_none(word))
}

/// The words that look like paths.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_of_a_path = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    text.split_whitespace().filter(move |word| {
        let is_elsewhere = word.starts_with(['/', '-']) || word.starts_with("..");
        let is_name = || {
            ENDINGS
                .iter()
                .any(|ending| word.ends_with(ending) && word != ending)
        };
        !is_elsewhere && (word.contains('/') || is_name()) && word.chars().all(is_of_a_path)
    })
}

/// The anchors of a page: its headings as those who show Markdown name them.
fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = page.prose.iter().filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|&letter| letter.is_alphanumeric() || " -_".contains(letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

/// A path without its `..`, which must not lead out of the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !normal.pop() => return None,
            Component::Normal(name) => normal.push(name),
            _ => {}
        }
    }
    Some(normal)
}

/// The names of all files of this repository.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut pending = vec![PathBuf::from(ROOT)];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                let is_tools = ["target", ".git"].contains(&&*name);
                pending.extend((!is_tools).then(|| entry.path()));
            } else {
                names.insert(name);
            }
        }
    }
    names
}

/// What is wrong with a link of a page.
fn wrong_link(page: &Page, target: &str) -> Option<&'static str> {
    if target.contains("://") {
        return None;
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let headings = if path.is_empty() {
        anchors(page)
    } else {
        let directory = Path::new(&page.path).parent().unwrap();
        let Some(path) = normal(&directory.join(path)) else {
            return Some("leads out of the repository");
        };
        if !Path::new(ROOT).join(&path).exists() {
            return Some("is not there");
        }
        anchor?;
        anchors(&Page::read(path.to_str().unwrap()))
    };
    (!headings.contains(anchor?)).then_some("has no such heading")
}

/// Every place that leads nowhere.
fn astray(page: &Page, names: &BTreeSet<String>) -> Vec<String> {
    let mut astray = Vec::new();
    let is_there = |path: &str| {
        if path.contains('/') {
            Path::new(ROOT).join(path).exists()
        } else {
            names.contains(path)
        }
    };
    for (number, line) in &page.prose {
        let place = format!("{}:{number}", page.path);
        for target in targets(line) {
            if let Some(why) = wrong_link(page, target) {
                astray.push(format!("{place}: {target} {why}"));
            }
        }
        let spans = spans(line);
        let named = spans.iter().flat_map(|span| paths(span));
        let gone = named.filter(|path| !is_there(path));
        astray.extend(gone.map(|path| format!("{place}: {path} is not there")));
    }
    let commands = page.blocks("sh").flat_map(|block| paths(&block.text));
    let gone = commands.filter(|path| !is_there(path));
    astray.extend(gone.map(|path| format!("{}: {path} is not there", page.path)));
    astray
}

#[test]
fn every_page_leads_where_it_says() {
    let names = names();
    let pages = Page::all();
    assert!(pages.len() >= 10, "{} pages", pages.len());
    let astray: Vec<String> = pages.iter().flat_map(|page| astray(page, &names)).collect();
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}

#[test]
fn the_tour_of_the_framework_leads_somewhere() {
    let sources = Path::new(ROOT).join("crates/nautil/src");
    let library = source::read("crates/nautil/src/lib.rs");
    let tour = library.lines().filter_map(|line| line.strip_prefix("//!"));
    let spans: Vec<&str> = tour.flat_map(spans).collect();
    let named: Vec<&str> = spans.iter().flat_map(|span| paths(span)).collect();
    assert!(named.len() >= 3, "{named:?}");
    let gone = named.iter().filter(|path| !sources.join(path).exists());
    assert_eq!(gone.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn the_index_has_every_page() {
    let index = Page::read("docs/README.md");
    let listed: BTreeSet<String> = index
        .prose
        .iter()
        .filter(|(_, line)| line.starts_with('|'))
        .flat_map(|(_, line)| targets(line))
        .map(|target| format!("docs/{target}"))
        .collect();
    let pages: BTreeSet<String> = Page::all()
        .into_iter()
        .map(|page| page.path)
        .filter(|path| path.starts_with("docs/") && *path != index.path)
        .collect();
    assert_eq!(listed, pages, "docs/README.md beside docs/");
}

#[test]
fn every_word_that_is_no_path_is_needed() {
    let pages = Page::all();
    let prose = pages.iter().flat_map(|page| &page.prose);
    let spans = prose.flat_map(|(_, line)| spans(line));
    let commands = pages.iter().flat_map(|page| page.blocks("sh"));
    let texts = spans.chain(commands.map(|block| &*block.text));
    let found: Vec<&str> = texts.flat_map(words).collect();
    let idle: Vec<&str> = NO_PATHS
        .iter()
        .map(|(start, _)| *start)
        .filter(|start| !found.iter().any(|word| word.starts_with(start)))
        .collect();
    assert_eq!(idle, [""; 0]);
}

#[test]
fn what_leads_nowhere_is_found() {
    let names = names();
    let wrong = |text: &str| astray(&Page::of("docs/x.md", text), &names).len();
    for text in [
        "[a page](nowhere.md)",
        "[a page](../../outside.md)",
        "[a heading](scaling.md#nowhere)",
        "[a heading](#nowhere)",
        "# Here\n\n[a heading](#here), and `app/src/endpoint/http/`",
        "`a ``word`` between` back-quotes, and `app/src/endpoint/http/`",
        "The file `nowhere.toml`, and `Cargo.toml`.",
        "`cp -r config/nowhere /etc`",
        "```sh\nkubectl apply -k deployment/nowhere\n```",
    ] {
        assert_eq!(wrong(text), 1, "{text}");
    }
    for text in [
        "[a page](tls.md), [the first](../README.md), [a heading](scaling.md#1-one-process)",
        "`app/src/endpoint/`, `.ci/setup/`, `/metrics`, `server.tls.key`, `https://host`, `Cargo.toml`, `.rs`",
        "[outside](https://example.com/nowhere.md)",
    ] {
        assert_eq!(wrong(text), 0, "{text}");
    }
    let readme = source::read("README.md");
    assert!(readme.lines().flat_map(targets).count() >= 10);
}
