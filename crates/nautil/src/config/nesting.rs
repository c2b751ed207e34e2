//! How deep a text nests. Readers call themselves for each level, so a text that is too deep would overflow the stack.

/// The most levels of brackets in the text of a variable, and of references in that of a file.
pub(super) const DEEPEST: usize = 32;

/// The most brackets and braces that are open at one place of the text.
pub(super) fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn a_bracket_that_closes_is_no_level_any_more() {
        assert_eq!(depth("plain"), 0);
        assert_eq!(depth("[1], [2], {a = [3]}"), 2);
        assert_eq!(depth("]]][[["), 3);
    }
}
