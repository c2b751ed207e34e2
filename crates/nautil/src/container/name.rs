//! Type names as people say them.

use std::any::type_name;

/// The name of a type without the paths: `dyn RateSource`, `Vec<Ticker>`.
#[must_use]
pub fn short_name<T: ?Sized>() -> String {
    shorten(type_name::<T>())
}

/// Drops each `path::` before an identifier.
pub(super) fn shorten(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = 0;
    for character in name.chars() {
        short.push(character);
        if !(character.is_alphanumeric() || character == '_') {
            if short.ends_with("::") {
                short.truncate(word);
            } else if character != ':' {
                word = short.len();
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn paths_go_and_structure_stays() {
        assert_eq!(shorten("dyn app::domain::RateSource"), "dyn RateSource");
        assert_eq!(
            shorten("alloc::sync::Arc<dyn a::b::C<d::E, f::G>>"),
            "Arc<dyn C<E, G>>"
        );
        assert_eq!(shorten("u64"), "u64");
    }
}
