//! Whether a declaration can stand, by the pattern of OpenMetrics 1.0 (sections 4.4 and 4.7, "MetricFamily" and "Label").

use super::error::ErrorKind;

/// How the names of the framework begin.
const RESERVED: [&str; 2] = ["nautil_", "process_"];

/// What the exposition puts behind a name, and what Prometheus takes for it.
const SUFFIXES: [&str; 4] = ["_total", "_created", "_bucket", "_info"];

/// The label of a histogram's bounds.
const BOUND: &str = "le";

/// The name of a metric.
///
/// # Errors
/// A name that breaks the pattern, is kept for the framework, or ends as no name may.
pub(super) fn name(name: &str) -> Result<(), ErrorKind> {
    if !is_word(name) {
        return Err(ErrorKind::Name);
    }
    if let Some(prefix) = RESERVED.into_iter().find(|prefix| name.starts_with(prefix)) {
        return Err(ErrorKind::Reserved { prefix });
    }
    for suffix in SUFFIXES {
        if let Some(mended) = name.strip_suffix(suffix) {
            return Err(ErrorKind::Suffix {
                suffix,
                mended: mended.to_owned(),
            });
        }
    }
    Ok(())
}

/// The labels of a metric.
///
/// # Errors
/// A label that breaks the pattern, is there twice, or is a histogram's own.
pub(super) fn labels(labels: &[&str]) -> Result<(), ErrorKind> {
    for (index, label) in labels.iter().enumerate() {
        let owned = || (*label).to_owned();
        if !is_word(label) || label.starts_with("__") {
            return Err(ErrorKind::Label { label: owned() });
        }
        if *label == BOUND {
            return Err(ErrorKind::OwnLabel { label: owned() });
        }
        if labels[..index].contains(label) {
            return Err(ErrorKind::LabelTwice { label: owned() });
        }
    }
    Ok(())
}

/// The upper bounds of a histogram's buckets.
///
/// # Errors
/// Bounds that are none, that are not finite, or that do not rise.
pub(super) fn bounds(bounds: &[f64]) -> Result<(), ErrorKind> {
    let are_finite = bounds.iter().all(|bound| bound.is_finite());
    let rise = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    if bounds.is_empty() || !are_finite || !rise {
        return Err(ErrorKind::Bounds);
    }
    Ok(())
}

fn is_word(word: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    word.bytes().next().is_some_and(is_letter)
        && word
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}
