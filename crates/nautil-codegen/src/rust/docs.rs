//! Comments of contracts as documentation in Rust: shown as written, and never compiled as examples.

use prost_build::Comments;
use prost_types::FileDescriptorProto;
use syn::parse::Parser;

use crate::Error;

/// What may stand before a code fence on its line: indentation, quotes, list markers.
const BEFORE_FENCE: &[char] = &[
    ' ', '\t', '>', '*', '-', '+', '.', ')', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
];

/// Gives every comment plain line ends: Rust refuses a carriage return in a doc comment.
pub(crate) fn normalize(file: &mut FileDescriptorProto) {
    let plain = |text: &mut String| {
        if text.contains('\r') {
            *text = text.replace("\r\n", "\n").replace('\r', "\n");
        }
    };
    for location in file
        .source_code_info
        .iter_mut()
        .flat_map(|info| &mut info.location)
    {
        location.leading_comments.iter_mut().for_each(plain);
        location.trailing_comments.iter_mut().for_each(plain);
        location
            .leading_detached_comments
            .iter_mut()
            .for_each(plain);
    }
}

/// Marks every code block in the `///` lines of `code` as text.
///
/// prost-build leaves some blocks to be doctests: it turns `rust` into `compile_fail`, which fails where the code compiles.
pub(crate) fn tame(code: &str) -> String {
    let mut tamed = String::with_capacity(code.len());
    let mut open: Option<&str> = None;
    for line in code.lines() {
        let Some(doc) = line.trim_start().strip_prefix("///") else {
            open = None;
            tamed.push_str(line);
            tamed.push('\n');
            continue;
        };
        let content = doc.trim_start_matches(BEFORE_FENCE);
        let fence = fence(content);
        let info = &content[fence.len()..];
        match open {
            _ if fence.is_empty() => tamed.push_str(line),
            Some(opening) => {
                tamed.push_str(line);
                if fence.starts_with(opening) && info.trim().is_empty() {
                    open = None;
                }
            }
            // Inline code that is longer than it has to be.
            None if info.contains('`') => tamed.push_str(line),
            None => {
                tamed.push_str(line.strip_suffix(info).unwrap_or(line));
                tamed.push_str("text");
                open = Some(fence);
            }
        }
        tamed.push('\n');
    }
    tamed
}

/// The fence that a line starts with; empty if there is none.
fn fence(line: &str) -> &str {
    for mark in ['`', '~'] {
        let end = line.find(|c| c != mark).unwrap_or(line.len());
        if end >= 3 {
            return &line[..end];
        }
    }
    ""
}

/// The documentation of a service or method, or else `otherwise`.
pub(crate) fn attributes(
    comments: &Comments,
    otherwise: &str,
) -> Result<Vec<syn::Attribute>, Error> {
    let mut text = String::new();
    // Detached comments are about something else, or nothing.
    Comments {
        leading_detached: Vec::new(),
        ..comments.clone()
    }
    .append_with_indent(0, &mut text);
    if text.is_empty() && !otherwise.is_empty() {
        text = format!("/// {otherwise}");
    }
    let attributes = syn::Attribute::parse_outer.parse_str(&tame(&text));
    attributes.map_err(|source| Error::Syntax {
        module: text,
        source,
    })
}
