//! Whether the README and the pages in `docs/` are true: every command line that they show in a `sh` block is run here, and says
//! what the `text` block behind it shows.
//!
//! A rate is any of those that the source draws, a port any port, a line `…` any lines. `cargo run -- serve` stays in the
//! background until the next one, or to the end of the page. Commands below "Adding a bootloader" are those of the kernel that
//! got the bootloader.

use nautil::console::Code;
use nautil::testing::TestKernel;

use crate::adding_a_bootloader::Greeted;
use crate::source::{self, Block, Page};
use crate::support::{HOST, Process, Project, Ran, Server};

/// How command lines begin that are not run here, and why not.
const EXCEPTED: [(&str, &str); 17] = [
    (".ci/", "the gate, which runs this test"),
    ("cargo test", "tests, this one among them"),
    ("cargo bench", "minutes; nothing is asserted"),
    ("cargo build", "minutes; the gate and the images build so"),
    (
        "cargo mutants",
        "an hour; the tests are run for each change",
    ),
    ("cargo run -- dev", "does not end; `dev` runs it"),
    (
        "cargo run -p nautil-cli",
        "another program; its own tests run it",
    ),
    (
        "RUSTFLAGS=",
        "builds every crate again; `deployment::tokio_console` says what for",
    ),
    ("docker ", "needs an engine; `deployment::docker` runs them"),
    (
        "CURRENCY_RATE_PORT=9001-9003 docker ",
        "as above, on ports that may be taken",
    ),
    (
        "deployment/debug/up",
        "needs an engine; `deployment::debugger` does the same",
    ),
    ("conformance/run", "needs Go; the gate runs it"),
    ("kubectl ", "needs a cluster"),
    ("apt-get ", "changes this machine"),
    ("install ", "changes this machine"),
    ("mkdir ", "changes this machine"),
    ("systemctl ", "changes this machine"),
];

/// What a fenced block may be. A command line stands in `sh`, so that it is run; what a debugger is told is another test's.
const LANGUAGES: [&str; 6] = ["gdb", "protobuf", "rust", "sh", "text", "toml"];

/// How long the README may be: it is the first page, and the others lead on.
const FIRST_PAGE: usize = 200;

/// A command line of a page.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Excepted(String),
    App {
        variables: Vec<(String, String)>,
        arguments: Vec<String>,
    },
}

fn lines(block: &Block) -> Vec<Line> {
    let lines = block
        .text
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line).trim());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(line)
        .collect()
}

fn line(text: &str) -> Line {
    if EXCEPTED.iter().any(|(start, _)| text.starts_with(start)) {
        return Line::Excepted(text.to_owned());
    }
    let mut words = words(text).into_iter().peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        variables.push((name.to_owned(), value.to_owned()));
        words.next();
    }
    let command: Vec<String> = words.by_ref().take_while(|word| word != "--").collect();
    assert_eq!(
        command.get(..2),
        Some(&["cargo".to_owned(), "run".to_owned()][..]),
        "`{text}` is not run by any test"
    );
    let arguments = words.collect();
    Line::App {
        variables,
        arguments,
    }
}

/// The words of a command line, up to a comment; quotes hold a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match letter {
            '\'' | '"' if quote.is_none() => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            _ if quote == Some(letter) => quote = None,
            ' ' if quote.is_none() => words.extend(word.take()),
            '#' if quote.is_none() && word.is_none() => break,
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// A text with every rate, port and duration of building as one pattern.
fn pattern(text: &str) -> String {
    let mut text = text.trim_end().to_owned();
    for rate in 70..=75 {
        text = text.replace(&format!("{rate}.00"), "7x.00");
    }
    let mut parts = text.split("127.0.0.1:");
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        pattern.push_str("127.0.0.1:<port>");
        pattern.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    pattern
}

/// Whether `said` is as `shown`, where a line `…` stands for any lines.
fn matches(shown: &str, said: &str) -> bool {
    let (shown, said) = (pattern(shown), pattern(said));
    let mut parts = shown.split("…\n").flat_map(|part| part.split("\n…"));
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
        is_open = true;
    }
    rest.is_empty() || (is_open && shown.ends_with('…'))
}

/// A reader who follows a page.
struct Reader {
    project: Project,
    server: Option<Server>,
}

impl Reader {
    /// Runs one line; what a terminal would show of it.
    fn run(&mut self, variables: &[(String, String)], arguments: &[String]) -> String {
        let mut command = self.project.app(arguments);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        if arguments.first().is_some_and(|name| name == "serve") {
            self.server = None;
            let server = Server::start(command.env("APP_SERVER__LISTEN", "127.0.0.1:0"));
            let said = format!("listening on {}\n", server.address);
            self.server = Some(server);
            return said;
        }
        if let Some(server) = &self.server {
            command.env(HOST, server.address.to_string());
        }
        let Ran { out, err, .. } = Process::start(&mut command).end().with_code(0);
        out + &err
    }
}

#[tokio::test]
async fn every_command_works_and_says_what_is_shown() {
    let (mut run, mut compared) = (0, 0);
    for page in Page::all() {
        let mut reader = Reader {
            project: Project::new(),
            server: None,
        };
        for (index, block) in page.blocks.iter().enumerate() {
            if block.language != "sh" {
                continue;
            }
            let mut said = String::new();
            for line in lines(block) {
                let Line::App {
                    variables,
                    arguments,
                } = line
                else {
                    continue;
                };
                run += 1;
                if block.heading == "Adding a bootloader" {
                    let called = TestKernel::of(Greeted).console(&arguments).await;
                    assert_eq!(called.code, Code::Done, "{called:?}");
                    said += &called.out;
                } else {
                    said += &reader.run(&variables, &arguments);
                }
            }
            let next = page.blocks.get(index + 1);
            if let Some(shown) = next.filter(|next| next.language == "text") {
                compared += 1;
                assert!(
                    matches(&shown.text, &said),
                    "{}--- {} shows\n{}--- it says\n{said}",
                    block.text,
                    page.path,
                    shown.text
                );
            }
        }
    }
    assert!(run >= 10, "{run} commands of the application are shown");
    assert!(compared >= 3, "{compared} outputs are shown");
}

#[test]
fn every_exception_is_one() {
    let pages = Page::all();
    let excepted: Vec<String> = pages
        .iter()
        .flat_map(|page| page.blocks("sh"))
        .flat_map(lines)
        .filter_map(|line| match line {
            Line::Excepted(text) => Some(text),
            Line::App { .. } => None,
        })
        .collect();
    let idle: Vec<&str> = EXCEPTED
        .iter()
        .map(|(start, _)| *start)
        .filter(|start| !excepted.iter().any(|line| line.starts_with(start)))
        .collect();
    assert_eq!(idle, [""; 0], "no page shows a command that begins so");
}

#[test]
fn a_command_is_in_a_block_that_is_run() {
    for page in Page::all() {
        for block in &page.blocks {
            assert!(
                LANGUAGES.contains(&&*block.language),
                "{}: ```{}\n{}",
                page.path,
                block.language,
                block.text
            );
        }
    }
}

#[test]
fn the_first_page_is_short() {
    let lines = source::read("README.md").lines().count();
    assert!(
        lines < FIRST_PAGE,
        "{lines} lines: the rest belongs into docs/"
    );
}

#[test]
fn a_line_of_a_page_is_read_as_a_shell_reads_it() {
    let app = |variables: &[(&str, &str)], arguments: &[&str]| Line::App {
        variables: variables
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect(),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
    };
    assert_eq!(
        line("cargo run -- grpc:get-currency-rate \"\""),
        app(&[], &["grpc:get-currency-rate", ""])
    );
    assert_eq!(
        line("A=b cargo run --release -- list # all"),
        app(&[("A", "b")], &["list"])
    );
    assert_eq!(line("cargo run"), app(&[], &[]));
    assert_eq!(
        line("docker compose up"),
        Line::Excepted("docker compose up".to_owned())
    );
}

#[test]
fn an_output_that_differs_is_noticed() {
    assert!(matches("TRYUSD: 75.00\n", "TRYUSD: 70.00\n"));
    assert!(matches(
        "listening on 127.0.0.1:9001\n",
        "listening on 127.0.0.1:41234\n"
    ));
    assert!(matches("a\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(matches("a\n…\n", "a\nb\n"));
    assert!(!matches("TRYUSD: 75.00\n", "TRYUSD: 76.00\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a\n…\nd\n", "a\nb\nc\n"));
    assert!(!matches("a\nb\n", "a\n"));
}

#[test]
fn every_dependency_has_a_line_that_says_what_it_is_for() {
    let manifest = source::read("Cargo.toml");
    let (_, dependencies) = manifest
        .split_once("[workspace.dependencies]\n")
        .expect("the versions are stated once, for the workspace");
    let mut names: Vec<&str> = dependencies
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#') && !line.starts_with("nautil"))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    assert!(names.len() > 30, "only {} were found", names.len());

    let page = source::read("docs/dependencies.md");
    let mut listed: Vec<&str> = page
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .skip_while(|names| !names.starts_with("---"))
        .skip(1)
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(
        listed, names,
        "docs/dependencies.md beside [workspace.dependencies]"
    );
}
