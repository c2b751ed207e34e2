//! The text of a `.env` file, read into its variables.
//!
//! ```text
//! # A comment, or an empty line.
//! NAME=value            # A comment behind a value has a space before its hash.
//! export NAME=value
//! NAME='As it is: $, \ and " are themselves.'
//! NAME="With escapes: \n, \r, \t, \\, \" and \$."
//! NAME="A value in quotes
//! may take several lines."
//! ```
//!
//! Nothing is replaced in a value: a `$` is a `$`, in every kind of quotes and without them. Quotes count only where a value
//! begins with them. Without them, a value ends at the first space, and nothing but a comment may follow it.

/// The byte order mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What is wrong with a file. The text itself is not in it, because it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineFault {
    /// The number of the line, from 1.
    pub(super) line: usize,
    /// What would have been right there.
    pub(super) expected: &'static str,
}

const ASSIGNMENT: &str = "NAME=value, with quotes around a value that holds spaces";
const CLOSING_QUOTE: &str = "a closing quote for the one that opens here";
const END: &str = "nothing but a comment after the closing quote";
const ESCAPE: &str = "\\n, \\r, \\t, \\\\, \\\" or \\$ where a backslash stands in double quotes; in single quotes it is itself";

/// Reads every variable, in the order of the file.
///
/// # Errors
/// The first line that is no comment and no assignment.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, LineFault> {
    // A file is the same with the line ends of another system.
    let text = text.replace("\r\n", "\n");
    let mut rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut variables = Vec::new();
    let mut line = 1;
    while !rest.is_empty() {
        let (first, behind) = first_line(rest);
        if is_comment(first) {
            rest = behind;
            line += 1;
            continue;
        }
        let Some((name, at)) = name(first) else {
            return Err(LineFault {
                line,
                expected: ASSIGNMENT,
            });
        };
        let (value, behind) = value(&rest[at..], line)?;
        variables.push((name.to_owned(), value));
        line += lines(rest, behind);
        rest = behind;
    }
    Ok(variables)
}

/// The name before the `=` of a line, and where the text behind the `=` begins.
fn name(line: &str) -> Option<(&str, usize)> {
    let at = line.find('=')?;
    let name = line[..at].trim();
    let name = match name.split_once([' ', '\t']) {
        Some(("export", name)) => name.trim_start(),
        _ => name,
    };
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let is_next = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    let is_name = name.starts_with(is_first) && name.chars().all(is_next);
    is_name.then_some((name, at + 1))
}

/// The value behind an `=` in `line`, and the lines behind it.
fn value(text: &str, line: usize) -> Result<(String, &str), LineFault> {
    let (first, behind) = first_line(text);
    // A hash right behind the `=` belongs to the value.
    if is_comment(first) && !first.starts_with('#') {
        return Ok((String::new(), behind));
    }
    let text = text.trim_start_matches([' ', '\t']);
    if let Some(quote @ ('\'' | '"')) = text.chars().next() {
        let (value, behind) = quoted(&text[1..], quote, line)?;
        let line = line + lines(text, behind);
        return Ok((value, end(behind, line, END)?));
    }
    let length = text.find(|letter: char| letter.is_ascii_whitespace());
    let (value, behind) = text.split_at(length.unwrap_or(text.len()));
    Ok((value.to_owned(), end(behind, line, ASSIGNMENT)?))
}

/// The value up to its closing quote, and what stands behind that. The quote opens in `line`.
fn quoted(text: &str, quote: char, line: usize) -> Result<(String, &str), LineFault> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((value, &text[at + 1..]));
        }
        if letter != '\\' || quote == '\'' {
            value.push(letter);
            continue;
        }
        value.push(match letters.next() {
            Some((_, 'n')) => '\n',
            Some((_, 'r')) => '\r',
            Some((_, 't')) => '\t',
            Some((_, itself @ ('\\' | '"' | '$'))) => itself,
            Some(_) => {
                return Err(LineFault {
                    line: line + text[..at].matches('\n').count(),
                    expected: ESCAPE,
                });
            }
            None => break,
        });
    }
    Err(LineFault {
        line,
        expected: CLOSING_QUOTE,
    })
}

/// The lines behind a value, which ends in `line`; `expected` is what to say of anything else in there.
fn end<'text>(
    text: &'text str,
    line: usize,
    expected: &'static str,
) -> Result<&'text str, LineFault> {
    let (rest, behind) = first_line(text);
    if is_comment(rest) {
        return Ok(behind);
    }
    Err(LineFault { line, expected })
}

/// The first line of a text, and the lines behind it.
fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Whether there is nothing here, or nothing but a comment.
fn is_comment(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with('#')
}

/// How many lines end between the start of a text and its remainder.
fn lines(text: &str, rest: &str) -> usize {
    text[..text.len() - rest.len()].matches('\n').count()
}
