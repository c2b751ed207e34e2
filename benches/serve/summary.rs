//! Medians with their spread.

use std::fmt;

/// The middle of several measurements, and their ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Summary {
    /// `None` without measurements.
    pub(crate) fn of(measured: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], upper)
        } else {
            upper
        };
        Some(Self {
            median,
            lowest: *sorted.first()?,
            highest: *sorted.last()?,
        })
    }
}

/// `median (lowest to highest)`, with the formatter's precision.
impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = formatter.precision().unwrap_or(2);
        let Self {
            median,
            lowest,
            highest,
        } = self;
        write!(
            formatter,
            "{median:.digits$} ({lowest:.digits$} to {highest:.digits$})"
        )
    }
}
