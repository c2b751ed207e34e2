//! Text from outside, made fit for a terminal and a log: control characters are escaped, and passwords are left out.

use std::borrow::Cow;
use std::fmt::Display;

/// What stands in the place of a secret.
pub const MASK: &str = "********";

/// The text in one line, in which every character shows.
///
/// A control character is written as its escape: printed as it is, it could clear the screen, move the cursor over what
/// stands there, or end the line. So are the characters that turn the direction of the text behind them.
#[must_use]
pub fn escaped(text: impl Display) -> String {
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || turns_text(character) {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A value without the password of a URL in it: `http://user:secret@host` is `http://user:********@host`.
///
/// The password is all that stands between the first colon behind `://` and the last `@`, because one that is not encoded
/// may hold any character.
#[must_use]
pub fn without_password(value: &str) -> Cow<'_, str> {
    match value.split_once("://") {
        Some((scheme, rest)) => match without_credential(rest) {
            Cow::Borrowed(_) => Cow::Borrowed(value),
            Cow::Owned(rest) => Cow::Owned(format!("{scheme}://{rest}")),
        },
        None => Cow::Borrowed(value),
    }
}

/// A text that should be a host, as an error may repeat it: what stands before an `@` may be a password, with or without a
/// scheme.
pub fn host(text: &str) -> String {
    escaped(if text.contains("://") {
        without_password(text)
    } else {
        without_credential(text)
    })
}

/// The same for what stands behind the `://`: `user:secret@host` is `user:********@host`.
fn without_credential(authority: &str) -> Cow<'_, str> {
    let credential = authority.rsplit_once('@');
    match credential.and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => Cow::Owned(format!("{user}:{MASK}@{host}")),
        None => Cow::Borrowed(authority),
    }
}

/// A sentence without the passwords of the URLs in it, each of which ends with the quote or backtick around it.
#[must_use]
pub fn without_passwords(sentence: &str) -> String {
    let parts = sentence.split_inclusive(['"', '`']);
    parts.map(without_password).collect()
}

/// Marks of direction, embeddings, overrides and isolates (Unicode, annex 9), and the separators of lines.
fn turns_text(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::{escaped, host, without_password, without_passwords};

    #[test]
    fn characters_that_move_the_cursor_are_escaped_and_letters_are_not() {
        for (text, expected) in [
            ("größe \"1\" '2' \\ 漢 🦀", "größe \"1\" '2' \\ 漢 🦀"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\nb\tc\u{7f}", "a\\r\\nb\\tc\\u{7f}"),
            ("a\u{9b}2Jb", "a\\u{9b}2Jb"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn a_password_is_masked_whatever_it_holds() {
        for (value, expected) in [
            (
                "http://user:secret@host:9001",
                "http://user:********@host:9001",
            ),
            (
                "postgres://user:s/e:c@r\"e t@host/db",
                "postgres://user:********@host/db",
            ),
            ("redis://:secret@host", "redis://:********@host"),
            ("http://user@host:9001", "http://user@host:9001"),
            ("http://host:9001", "http://host:9001"),
            ("user:secret@host", "user:secret@host"),
            ("", ""),
        ] {
            assert_eq!(without_password(value), expected);
        }
        assert_eq!(host("user:secret@host"), "user:********@host");
        assert_eq!(host("http://user:secret@host"), "http://user:********@host");
    }

    #[test]
    fn each_url_of_a_sentence_loses_its_password() {
        assert_eq!(
            without_passwords(
                "found `http://a:b@c` and \"http://d:e@f\", expected `http://g:1` or me@h"
            ),
            "found `http://a:********@c` and \"http://d:********@f\", expected `http://g:1` or me@h"
        );
    }
}
