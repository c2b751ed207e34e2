//! Why a command did not do what it was asked.

use std::error::Error;
use std::fmt;

use super::Output;

/// The exit codes of a console command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The command did what it was asked.
    Done = 0,
    /// The command was called rightly, and failed.
    Failed = 1,
    /// The command was called wrongly: it does not exist, or an argument is missing.
    Usage = 2,
}

/// Why a command did not do what it was asked: an exit code, and what to print.
///
/// `?` makes it from any error, with exit code 1. That is why it implements no [`Error`] itself.
pub struct Failure {
    code: Code,
    explanation: Explanation,
}

enum Explanation {
    /// The command has printed why it failed.
    Said,
    Error(Box<dyn Error + Send + Sync>),
    Usage(clap::Error),
}

impl Failure {
    /// Ends the command with exit code 1, and prints nothing. It is for a command that has printed why it fails.
    #[must_use]
    pub fn said() -> Self {
        Failure {
            code: Code::Failed,
            explanation: Explanation::Said,
        }
    }

    /// Ends the command with exit code 2, because it was called wrongly, and prints the error.
    #[must_use]
    pub fn wrong_use(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Failure {
            code: Code::Usage,
            explanation: Explanation::Error(error.into()),
        }
    }

    pub(crate) fn usage(error: clap::Error) -> Self {
        Failure {
            code: Code::Usage,
            explanation: Explanation::Usage(error),
        }
    }

    /// Returns the exit code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure {
            code: Code::Failed,
            explanation: Explanation::Error(error.into()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.explanation {
            Explanation::Said => String::new(),
            Explanation::Error(error) => error.to_string(),
            Explanation::Usage(error) => error.to_string(),
        };
        formatter
            .debug_tuple("Failure")
            .field(&self.code)
            .field(&text)
            .finish()
    }
}

/// Prints a failure: what happened, then its causes.
pub(crate) fn print(failure: &Failure, output: &Output) {
    match &failure.explanation {
        Explanation::Said => {}
        Explanation::Usage(error) => output.error_text(error.render().ansi()),
        Explanation::Error(error) => output.fault(&**error),
    }
}
