//! One layer of a section's values, with where they come from.

use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Tag, Value};

use super::Error;
use super::interpolate::{has_reference, interpolate};
use crate::environment::Environment;
use nautil_grpc::permission::unreadable;

/// The mark that some editors put at the start of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Some of a section's values, all from one place.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// `config/server.toml`, or `APP_SERVER__WORKERS, .env`.
    pub(super) origin: String,
    pub(super) values: Dict,
    /// The key path of the one value in this layer, if it came as text, as variables do. Such a text may stand for a number, a
    /// list and so on. If the value is a list, each of its items may.
    pub(super) text: Option<Vec<String>>,
}

impl Layer {
    /// A layer of one value that came as text, for a key path such as `limits.max_connections`.
    pub(super) fn of_text(origin: String, path: Vec<String>, value: impl Into<Value>) -> Self {
        Layer {
            origin,
            values: nested(&path, value.into()),
            text: Some(path),
        }
    }

    pub(super) fn get(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let value = self.values.get(first)?;
        rest.iter().try_fold(value, |value, key| match value {
            Value::Dict(_, dict) => dict.get(key),
            Value::Array(_, items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    pub(super) fn get_mut(&mut self, path: &[String]) -> Option<&mut Value> {
        let (first, rest) = path.split_first()?;
        let value = self.values.get_mut(first)?;
        rest.iter().try_fold(value, |value, key| match value {
            Value::Dict(_, dict) => dict.get_mut(key),
            Value::Array(_, items) => items.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    pub(super) fn remove(&mut self, path: &[String]) -> bool {
        fn remove(dict: &mut Dict, path: &[String]) -> bool {
            match path {
                [] => false,
                [key] => dict.remove(key).is_some(),
                [key, rest @ ..] => match dict.get_mut(key) {
                    Some(Value::Dict(_, inner)) => remove(inner, rest),
                    _ => false,
                },
            }
        }
        remove(&mut self.values, path)
    }
}

/// Reads one file into layers: what stands in it, then each value that uses a `${…}`.
///
/// `shown` is the path as messages name it. A file that does not exist gives no layers. A value that uses a variable which is not
/// set is an error, and the other values of the file still count.
pub(super) fn read_file(
    path: &Path,
    shown: &Path,
    section: &str,
    environment: &Environment,
    errors: &mut Vec<Error>,
) -> Vec<Layer> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let (path, reason) = unreadable(path, shown, &error);
            errors.push(Error::Read { path, reason });
            return Vec::new();
        }
    };
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut values: Dict = match Toml::from_str(text) {
        Ok(values) => values,
        Err(error) => {
            // The error's own text would repeat the line, which may hold a secret.
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            errors.push(Error::Syntax {
                path: shown.to_owned(),
                line,
                column,
                message: error.message().trim_end().replace('\n', ", "),
            });
            return Vec::new();
        }
    };

    let origin = shown.display().to_string();
    let mut found = Vec::new();
    references(&mut values, &mut Vec::new(), &mut found);
    // A value with a reference is text whatever its key takes, so it gets a layer of its own that says so. The other values of the
    // file are what TOML says they are.
    let mut layers = vec![Layer {
        origin: origin.clone(),
        values,
        text: None,
    }];
    for (path, reference) in found {
        match expand(reference, environment) {
            Ok(value) => layers.push(Layer::of_text(origin.clone(), path, value)),
            Err(problem) => errors.push(Error::Key {
                origin: origin.clone(),
                key: format!("{section}.{}", path.join(".")),
                problem,
            }),
        }
    }
    layers
}

/// Line and column of the character at this byte, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let at = (0..=at.min(text.len())).rfind(|at| text.is_char_boundary(*at));
    let before = &text[..at.unwrap_or(0)];
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Takes out every value that uses a `${…}`: a string, or a list with such a string in it.
fn references(dict: &mut Dict, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    let mut taken = Vec::new();
    for (key, value) in dict.iter_mut() {
        path.push(key.clone());
        match value {
            Value::Dict(_, inner) => references(inner, path, found),
            value if uses(value) => {
                found.push((path.clone(), value.clone()));
                taken.push(key.clone());
            }
            _ => {}
        }
        path.pop();
    }
    for key in taken {
        dict.remove(&key);
    }
}

fn uses(value: &Value) -> bool {
    match value {
        Value::String(_, text) => has_reference(text),
        Value::Array(_, items) => items.iter().any(uses),
        _ => false,
    }
}

fn expand(value: Value, environment: &Environment) -> Result<Value, String> {
    match value {
        Value::String(_, text) => interpolate(&text, environment).map(Value::from),
        Value::Array(_, items) => items
            .into_iter()
            .map(|item| expand(item, environment))
            .collect::<Result<Vec<_>, _>>()
            .map(|items| Value::Array(Tag::Default, items)),
        other => Ok(other),
    }
}

/// The value at this path, and nothing beside it.
fn nested(path: &[String], value: Value) -> Dict {
    match path {
        [] => Dict::new(),
        [key] => Dict::from([(key.clone(), value)]),
        [key, rest @ ..] => {
            let inner = Value::Dict(Tag::Default, nested(rest, value));
            Dict::from([(key.clone(), inner)])
        }
    }
}
