//! Type names as people say them.

use std::any::type_name;

/// Returns the name of a type without the paths in it: `dyn RateSource`, `Vec<Ticker>`.
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
        // What is declared in a function has a path with `{{closure}}` or `{impl#0}` in it.
        if !(character.is_alphanumeric() || "_{}#".contains(character)) {
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
        assert_eq!(shorten("[(a::B, c::d_e::F_1); 2]"), "[(B, F_1); 2]");
    }

    #[test]
    fn the_function_that_a_type_is_declared_in_goes_too() {
        assert_eq!(shorten("app::main::{{closure}}::Clock"), "Clock");
        assert_eq!(shorten("app::{impl#0}::now::Clock"), "Clock");
    }
}
