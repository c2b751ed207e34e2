//! `${NAME}` and `${NAME:-default}` in the values of a file.

use super::nesting::{DEEPEST, depth};
use crate::environment::Environment;

const EXPECTED: &str = "expected ${NAME} or ${NAME:-default}";

/// Replaces each reference in `text`. `$${` stands for `${`; a `$` that opens no brace is itself.
///
/// # Errors
/// What is wrong with the reference: a variable that is not set and has no default, or is not UTF-8, or a brace that does
/// not close. The text itself is not repeated, because a secret may stand in it.
pub(super) fn interpolate(text: &str, environment: &Environment) -> Result<String, String> {
    let depth = depth(text);
    if depth > DEEPEST {
        return Err(format!(
            "found braces nested {depth} deep, expected at most {DEEPEST}"
        ));
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        result.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix("${") {
            result.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing(after)
                .ok_or_else(|| format!("found a `${{` that no `}}` closes, {EXPECTED}"))?;
            result.push_str(&value(&after[..end], environment)?);
            rest = &after[end + 1..];
        } else {
            result.push('$');
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// Whether [`interpolate`] would change the text.
pub(super) fn has_reference(text: &str) -> bool {
    text.contains("${")
}

/// Finds the brace that closes the reference. A default may hold references of its own, with braces of theirs.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(index),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn value(reference: &str, environment: &Environment) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!(
            "found a `${{` without a name of letters, digits and `_` behind it, {EXPECTED}"
        ));
    }
    let set = environment.value(name).map_err(|_| {
        format!("the variable {name} holds bytes that are not UTF-8, expected text")
    })?;
    match (set.filter(|set| !set.is_empty()), default) {
        (Some(value), _) => Ok(value.to_owned()),
        (None, Some(default)) => interpolate(default, environment),
        (None, None) => Err(format!(
            "the variable {name} is not set, and `${{{name}}}` has no default; set it, or write ${{{name}:-…}}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::interpolate;
    use crate::environment::{Environment, Origin};

    fn with(text: &str) -> Result<String, String> {
        let mut environment = Environment::default();
        environment.set("HOST", "ecb", Origin::Process);
        environment.set("EMPTY", "", Origin::Process);
        interpolate(text, &environment)
    }

    #[test]
    fn references_compose() {
        assert_eq!(
            with("https://${HOST}:443/$1").as_deref(),
            Ok("https://ecb:443/$1")
        );
        assert_eq!(with("${NONE:-${HOST}}-${EMPTY:-b}").as_deref(), Ok("ecb-b"));
        assert_eq!(with("${NONE:-}").as_deref(), Ok(""));
        assert_eq!(with("5$$ $${HOST}").as_deref(), Ok("5$$ ${HOST}"));
    }

    #[test]
    fn what_cannot_be_replaced_is_an_error() {
        assert!(with("${NONE}").is_err_and(|error| error.contains("NONE is not set")));
        assert!(with("${HOST").is_err_and(|error| error.contains("no `}` closes")));
        assert!(with("${}").is_err_and(|error| error.contains("without a name")));
    }

    #[test]
    fn references_nest_so_deep_and_no_deeper() {
        let nested = |depth| "${NONE:-".repeat(depth) + "here" + &"}".repeat(depth);
        assert_eq!(with(&nested(32)).as_deref(), Ok("here"));
        let refused = "found braces nested 33 deep, expected at most 32".to_owned();
        assert_eq!(with(&nested(33)), Err(refused));
    }
}
