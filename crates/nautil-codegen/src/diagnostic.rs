//! A compiler's complaint as text: what is wrong, where, the line itself, and a caret under the place. No colours, and no
//! character of the file that a terminal would obey.

use std::fmt::{self, Write as _};
use std::ops::Range;

use miette::Diagnostic;

/// A place in a file, in bytes, and what is there.
#[derive(Debug)]
pub(crate) struct Label {
    pub(crate) at: Range<usize>,
    pub(crate) text: Option<String>,
}

/// What the compiler says about `file`, whose text is `source`.
pub(crate) fn render(diagnostic: &dyn Diagnostic, file: &str, source: &str) -> String {
    let labels: Vec<_> = diagnostic
        .labels()
        .into_iter()
        .flatten()
        .map(|label| Label {
            at: label.offset()..label.offset() + label.len(),
            text: label.label().map(str::to_owned),
        })
        .collect();
    let help = diagnostic.help().map(|help| help.to_string());
    let mut text = snippet(
        &diagnostic.to_string(),
        file,
        source,
        &labels,
        help.as_deref(),
    );
    for related in diagnostic.related().into_iter().flatten() {
        let _ = write!(text, "\n\n{}", render(related, file, source));
    }
    text
}

/// The complaint `message` about the places in `file`.
pub(crate) fn snippet(
    message: &str,
    file: &str,
    source: &str,
    labels: &[Label],
    help: Option<&str>,
) -> String {
    let mut text = shown(message);
    let file = shown(file);
    if labels.is_empty() {
        let _ = write!(text, "\n --> {file}");
    }
    for label in labels {
        let _ = write!(text, "{}", place(&file, source, label));
    }
    if let Some(help) = help {
        let _ = write!(text, "\nhelp: {}", shown(help));
    }
    text
}

/// A text in which every character shows: one that a terminal would obey is written as its escape. A tab stays, because a
/// line of a file may begin with some.
pub(crate) fn shown(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\t' {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn place(file: &str, source: &str, label: &Label) -> String {
    let start = floor(source, label.at.start);
    let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = source[start..]
        .find('\n')
        .map_or(source.len(), |newline| start + newline);
    let end = floor(source, label.at.end).clamp(start, line_end);

    let number = source[..start].matches('\n').count() + 1;
    let before = &source[line_start..start];
    let column = before.chars().count() + 1;
    let line = shown(source[line_start..line_end].trim_end());
    // A tab before the place is a tab before the caret, so that both are as wide.
    let indent: String = shown(before)
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let marked = shown(source[start..end].trim_end());
    let carets = "^".repeat(marked.chars().count().max(1));
    let remark = label
        .text
        .as_deref()
        .map(|text| format!(" {}", shown(text)))
        .unwrap_or_default();

    let gutter = " ".repeat(number.to_string().len());
    format!(
        "\n{gutter}--> {file}:{number}:{column}\n{gutter} |\n{number} | {line}\n{gutter} | {indent}{carets}{remark}"
    )
}

/// The nearest boundary between characters at or before `offset`.
fn floor(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
