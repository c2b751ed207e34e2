//! An error and its causes, as people are told them.

use std::error::Error;

/// Returns words for an error, or `None` if this function does not know the error.
pub type Describe = fn(&(dyn Error + 'static)) -> Option<String>;

/// The words that features have for errors that are not theirs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Descriptions(Vec<Describe>);

impl Descriptions {
    pub(crate) fn add(&mut self, describe: Describe) {
        self.0.push(describe);
    }

    /// The error and its causes, one text each; a cause that the line before it says already is left out.
    pub(crate) fn chain(&self, error: &(dyn Error + 'static)) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let (line, source) = match self.0.iter().find_map(|describe| describe(error)) {
                Some(line) => (line, None),
                None => (error.to_string(), error.source()),
            };
            if !lines.last().is_some_and(|before| before.contains(&line)) {
                lines.push(line);
            }
            next = source;
        }
        lines
    }
}
