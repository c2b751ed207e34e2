//! "Did you mean": the known name that a mistyped one is nearest to.

/// The question behind an error, "did you mean `workers`?", where one of `known` is similar enough to be what was meant.
pub(crate) fn hint<'name>(
    typed: &str,
    known: impl IntoIterator<Item = &'name str>,
) -> Option<String> {
    nearest(typed, known).map(|name| format!("did you mean `{name}`?"))
}

/// The most similar of `known`, where one is similar enough to be what was meant.
pub(crate) fn nearest<'name>(
    typed: &str,
    known: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
    known
        .into_iter()
        .map(|name| (likeness(typed, name), name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        let known = ["listen", "workers", "drain_timeout"];
        assert_eq!(nearest("wokers", known), Some("workers"));
        assert_eq!(nearest("Listen", known), Some("listen"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn a_near_name_is_asked_for() {
        let asked = hint("wokers", ["listen", "workers"]);
        assert_eq!(asked.as_deref(), Some("did you mean `workers`?"));
        assert_eq!(hint("colour", ["listen", "workers"]), None);
    }
}
