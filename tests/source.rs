//! The files of this repository, read as text: paths in Rust, keys in TOML, blocks in the pages of the documentation.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::support::ROOT;

/// A Rust file.
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) path: PathBuf,
    tokens: TokenStream,
}

/// A fenced block of a page.
pub(crate) struct Block {
    /// The heading above it.
    pub(crate) heading: String,
    /// What stands behind the opening fence: `sh`, `rust`.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// A page of the documentation.
pub(crate) struct Page {
    /// From the root of the repository.
    pub(crate) path: String,
    /// The lines outside of blocks, each with its number.
    pub(crate) prose: Vec<(usize, String)>,
    /// The fenced blocks in their order.
    pub(crate) blocks: Vec<Block>,
}

/// A file by its path from the root.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files at or below a path from the root.
pub(crate) fn rust(path: &str) -> Vec<Source> {
    let full = Path::new(ROOT).join(path);
    if !full.is_dir() {
        assert!(full.is_file(), "there is no {path}");
        let path = path.into();
        return vec![Source {
            path,
            tokens: fs::read_to_string(&full).unwrap().parse().unwrap(),
        }];
    }
    let mut entries: Vec<_> = fs::read_dir(&full)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    entries.sort_by_key(fs::DirEntry::path);
    let below = entries.iter().filter_map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let is_wanted = entry.path().is_dir() || name.ends_with(".rs");
        is_wanted.then(|| rust(&format!("{path}/{name}")))
    });
    below.flatten().collect()
}

impl Source {
    pub(crate) fn of(path: &str, text: &str) -> Self {
        let path = path.into();
        Source {
            path,
            tokens: text.parse().unwrap(),
        }
    }

    pub(crate) fn is_below(&self, directory: &str) -> bool {
        self.path.starts_with(directory)
    }

    /// Every path in the code, `a::{b, c::d}` as `a::b` and `a::c::d`. Comments have none.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        collect(self.tokens.clone(), &[], &mut found);
        found
    }

    /// Whether a macro of this name is called.
    pub(crate) fn calls(&self, name: &str) -> bool {
        fn calls(tokens: TokenStream, name: &str) -> bool {
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            let here = tokens.windows(2).any(|pair| match pair {
                [TokenTree::Ident(ident), TokenTree::Punct(mark)] => {
                    *ident == name && mark.as_char() == '!'
                }
                _ => false,
            });
            here || tokens.iter().any(|token| match token {
                TokenTree::Group(group) => calls(group.stream(), name),
                _ => false,
            })
        }
        calls(self.tokens.clone(), name)
    }
}

fn collect(tokens: TokenStream, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let mut colons = 0;
    let mut end = |path: &mut Vec<String>| {
        if path.len() > prefix.len() {
            found.push(std::mem::replace(path, prefix.to_vec()));
        }
    };
    let mut groups = Vec::new();
    for token in tokens {
        let was_joined = std::mem::take(&mut colons);
        match token {
            TokenTree::Ident(name) => {
                if was_joined != 2 {
                    end(&mut path);
                }
                path.push(name.to_string());
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons = was_joined + 1,
            TokenTree::Group(group) if was_joined == 2 && group.delimiter() == Delimiter::Brace => {
                groups.push((
                    group.stream(),
                    std::mem::replace(&mut path, prefix.to_vec()),
                ));
            }
            TokenTree::Group(group) => {
                end(&mut path);
                groups.push((group.stream(), Vec::new()));
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => end(&mut path),
        }
    }
    end(&mut path);
    for (tokens, prefix) in groups {
        collect(tokens, &prefix, found);
    }
}

/// The keys of a TOML file with their tables, `limits.max_connections`; a key that is commented out (`#key = …`) counts.
pub(crate) fn keys(toml: &str) -> Vec<String> {
    let mut table = String::new();
    let mut keys = Vec::new();
    for line in toml.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.trim_end().strip_suffix(']'))
        {
            table = format!("{name}.");
        } else if let Some((key, _)) = line.split_once('=') {
            // A comment that is prose has a space behind its `#`.
            let key = key.trim_end();
            if !key.is_empty() && !key.contains(' ') {
                keys.push(format!("{table}{key}"));
            }
        }
    }
    keys
}

/// The lines of a file between `// <name>: begin` and `// <name>: end`, without the indentation that all of them share.
pub(crate) fn marked(path: &str, name: &str) -> String {
    let file = read(path);
    let parts = file.split_once(&format!("// {name}: begin\n"));
    let (_, after) = parts.unwrap_or_else(|| panic!("{path} has no mark `{name}: begin`"));
    let parts = after.split_once(&format!("// {name}: end\n"));
    let (text, _) = parts.unwrap_or_else(|| panic!("{path} has no mark `{name}: end`"));
    let text = text.trim_end_matches(' ');
    let indentation = text.len() - text.trim_start_matches(' ').len();
    text.lines()
        .map(|line| format!("{}\n", line.get(indentation..).unwrap_or_default()))
        .collect()
}

impl Page {
    /// The README and its neighbours, and everything in `docs/`.
    pub(crate) fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        for directory in ["", "docs/"] {
            for entry in fs::read_dir(Path::new(ROOT).join(directory)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                paths.extend(name.ends_with(".md").then(|| format!("{directory}{name}")));
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    pub(crate) fn read(path: &str) -> Self {
        Self::of(path, &read(path))
    }

    pub(crate) fn of(path: &str, markdown: &str) -> Self {
        let mut page = Page {
            path: path.to_owned(),
            prose: Vec::new(),
            blocks: Vec::new(),
        };
        let mut heading = String::new();
        let mut is_inside = false;
        for (index, line) in markdown.lines().enumerate() {
            match line.trim_start().strip_prefix("```") {
                // A span of code, which may hold back-quotes itself.
                Some(rest) if !is_inside && rest.contains('`') => {
                    page.prose.push((index + 1, line.to_owned()));
                }
                Some(_) if is_inside => is_inside = false,
                Some(language) => {
                    is_inside = true;
                    page.blocks.push(Block {
                        heading: heading.clone(),
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                None if is_inside => {
                    let text = &mut page.blocks.last_mut().unwrap().text;
                    text.push_str(line);
                    text.push('\n');
                }
                None => {
                    if line.starts_with('#') {
                        line.trim_start_matches('#').trim().clone_into(&mut heading);
                    }
                    page.prose.push((index + 1, line.to_owned()));
                }
            }
        }
        page
    }

    pub(crate) fn blocks<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks
            .iter()
            .filter(move |block| block.language == language)
    }
}
