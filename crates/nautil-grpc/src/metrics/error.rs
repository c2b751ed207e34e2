//! Why a metric cannot be declared.

/// A metric that cannot be declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metric `{name}` cannot be declared: {kind}")]
pub struct Error {
    /// The name that was asked for.
    pub name: String,
    /// Why not.
    pub kind: ErrorKind,
}

/// What is wrong with the declaration of a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name has other characters than OpenMetrics allows.
    #[error(
        "a name begins with a letter or `_` and goes on with letters, digits and `_`, such as `rates_fetched`"
    )]
    Name,
    /// The name begins as those of the framework do.
    #[error(
        "names that begin with `{prefix}` are the framework's; begin with the name of the feature"
    )]
    Reserved {
        /// `nautil_` or `process_`.
        prefix: &'static str,
    },
    /// The name ends with what the exposition puts behind names itself.
    #[error("`{suffix}` is put behind names where it belongs; leave it out: `{mended}`")]
    Suffix {
        /// `_total`, `_created`, `_bucket` or `_info`.
        suffix: &'static str,
        /// The name without it.
        mended: String,
    },
    /// There are no words on what the metric is.
    #[error("say in its help what it counts")]
    Help,
    /// A label has other characters than OpenMetrics allows.
    #[error(
        "label `{label}`: a label begins with a letter or `_`, not with two, and goes on with letters, digits and `_`"
    )]
    Label {
        /// The label.
        label: String,
    },
    /// The label says something else already.
    #[error("label `{label}` is a histogram's own; take another name")]
    OwnLabel {
        /// `le`.
        label: String,
    },
    /// One label is there twice.
    #[error("label `{label}` is there twice")]
    LabelTwice {
        /// The label.
        label: String,
    },
    /// The bounds of a histogram are none, or do not rise.
    #[error("its bounds must be finite numbers, at least one, each above the one before it")]
    Bounds,
    /// The metric is declared already, as another one.
    #[error("it is declared already as {first}; here it is {second}")]
    Another {
        /// Kind, labels and help of the first declaration.
        first: String,
        /// Those of this one.
        second: String,
    },
    /// One of its series would have the name of another metric's.
    #[error("it would be exposed as `{sample}`, as metric `{other}` is already")]
    Clash {
        /// The name that both would have.
        sample: String,
        /// The metric that has it.
        other: String,
    },
}
