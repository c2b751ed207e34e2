//! From layers to the typed section, with every error of the section found in one go.
//!
//! serde stops at the first error. So the value that caused it is noted and taken out of its layers, and the section is
//! extracted again, until that succeeds. It does in the end, because the defaults alone can always be extracted.

use figment::error::{Actual, Kind};
use figment::providers::Serialized;
use figment::value::Value;
use figment::{Figment, Profile};

use super::layer::Layer;
use super::nesting::{DEEPEST, depth};
use super::{Error, Section};
use crate::suggest;
use nautil_grpc::printable::{escaped, without_password, without_passwords};

/// The expectations of a value that holds others.
const LIST: &str = "a list, such as [\"a\", \"b\"]";
const TABLE: &str = "a table";

/// The section, or everything that is wrong with it.
pub(super) fn extract<T: Section>(layers: &[Layer]) -> Result<T, Vec<Error>> {
    let mut layers = layers.to_vec();
    let mut errors = Vec::new();
    let section = loop {
        let values = layers
            .iter()
            .map(|layer| Serialized::defaults(&layer.values));
        let figment = values.fold(defaults::<T>(), Figment::merge);
        let error = match figment.extract::<T>() {
            Ok(section) => break section,
            Err(error) => error,
        };
        let path = error.path.clone();
        // A variable is text. Only now that serde refuses the text is it known what the section takes instead.
        if read_text(&mut layers, &path, &error.kind) {
            continue;
        }
        let owner = owner(&layers, &path);
        errors.push(Error::Key {
            origin: owner.map_or_else(|| "default".to_owned(), |owner| owner.origin.clone()),
            key: key::<T>(&path),
            problem: problem(&error.kind, owner.and_then(|owner| owner.get(&path))),
        });
        // Without a value to take out, the next round would find the same error again.
        if !take_out(&mut layers, &path) {
            return Err(errors);
        }
    };
    // With a default in the place of a value that was wrong, the section would complain of what nobody wrote.
    let invalid = if errors.is_empty() {
        section.check()
    } else {
        Vec::new()
    };
    errors.extend(invalid.into_iter().map(|invalid| {
        let path: Vec<String> = invalid.key.split('.').map(str::to_owned).collect();
        let owner = owner(&layers, &path);
        let found = Value::serialize(&section)
            .ok()
            .and_then(|values| values.find(invalid.key));
        let found = found.as_ref().map_or_else(String::new, shown);
        Error::Key {
            origin: owner.map_or_else(|| "default".to_owned(), |owner| owner.origin.clone()),
            key: key::<T>(&path),
            problem: format!("found {found}, expected {}", invalid.expected),
        }
    }));
    if errors.is_empty() {
        Ok(section)
    } else {
        Err(errors)
    }
}

pub(super) fn defaults<T: Section>() -> Figment {
    Figment::from(Serialized::from(T::default(), Profile::Default))
}

/// The topmost layer that has a value at `path`.
pub(super) fn owner<'layers>(layers: &'layers [Layer], path: &[String]) -> Option<&'layers Layer> {
    layers.iter().rev().find(|layer| layer.get(path).is_some())
}

/// A value as it would stand in a file, but for the password of a URL.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{:?}", without_password(text)),
        Value::Char(_, character) => format!("{:?}", character.to_string()),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => match (number.to_u128(), number.to_i128()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => number
                .to_f64()
                .map_or_else(String::new, |n| format!("{n:?}")),
        },
        Value::Empty(..) => "unset".to_owned(),
        Value::Array(_, items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Dict(_, entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{} = {}", escaped(key), shown(value)))
                .collect();
            format!("{{ {} }}", entries.join(", ")).replace("{  }", "{}")
        }
    }
}

/// A value that came as text, and was wanted as something else, is read as that: `4`, `true`, `[a, b]`.
fn read_text(layers: &mut [Layer], path: &[String], kind: &Kind) -> bool {
    if !matches!(kind, Kind::InvalidType(Actual::Str(_), _)) {
        return false;
    }
    let owner = layers
        .iter_mut()
        .rev()
        .find(|layer| layer.get(path).is_some());
    let Some(owner) = owner.filter(|owner| {
        let text = owner.text.as_deref();
        text.is_some_and(|text| path.starts_with(text))
    }) else {
        return false;
    };
    let Some(slot) = owner.get_mut(path) else {
        return false;
    };
    let text = slot.as_str().filter(|text| depth(text) <= DEEPEST);
    let read = text.and_then(|text| text.parse::<Value>().ok());
    match read.filter(|read| read.as_str().is_none()) {
        Some(read) => {
            *slot = read;
            true
        }
        None => false,
    }
}

/// Removes the value at `path`, or the list or table that it is a part of.
fn take_out(layers: &mut [Layer], path: &[String]) -> bool {
    (1..=path.len()).rev().any(|length| {
        let removed: Vec<bool> = layers
            .iter_mut()
            .map(|layer| layer.remove(&path[..length]))
            .collect();
        removed.contains(&true)
    })
}

fn key<T: Section>(path: &[String]) -> String {
    [&[T::NAME.to_owned()], path].concat().join(".")
}

fn problem(kind: &Kind, value: Option<&Value>) -> String {
    match kind {
        Kind::UnknownField(field, known) => {
            let known = known.iter().copied();
            let hint = suggest::hint(field, known.clone()).unwrap_or_else(|| {
                format!("the keys are {}", known.collect::<Vec<_>>().join(", "))
            });
            format!("there is no such key; {hint}")
        }
        Kind::UnknownVariant(found, known) => {
            let known = known.iter().copied();
            let hint = suggest::hint(found, known.clone());
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            let known: Vec<String> = known.map(|name| format!("{name:?}")).collect();
            let found = without_password(found);
            format!("found {found:?}, expected {}{hint}", known.join(" or "))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            let expected = plain(expected);
            let found = match value {
                // Whatever was meant for a list or a table may be a secret that belongs into it.
                Some(value) if expected == LIST || expected == TABLE => kind_of(value).to_owned(),
                Some(value) => shown(value),
                None => without_passwords(&actual.to_string()),
            };
            format!("found {found}, expected {expected}")
        }
        Kind::MissingField(field) => format!("the key `{field}` is missing"),
        Kind::Message(message) => without_passwords(message),
        other => without_passwords(&other.to_string()),
    }
}

/// What a value is, without its content.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a string",
        Value::Bool(..) => "a boolean",
        Value::Num(..) => "a number",
        Value::Empty(..) => "nothing",
        Value::Array(..) => "a list",
        Value::Dict(..) => TABLE,
    }
}

/// The expectations that serde writes for Rust's eyes, in a config author's words.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, not negative",
        "a nonzero u8" => "a whole number from 1 to 255",
        "a nonzero u16" => "a whole number from 1 to 65535",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "a nonzero u64" | "a nonzero usize" => "a whole number, at least 1",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => LIST,
        "a map" => TABLE,
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => TABLE,
        other => other,
    }
}
