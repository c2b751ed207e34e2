//! The one way out for text: results to standard output, everything else to standard error.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{IsTerminal, LineWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use super::describe::Descriptions;
use crate::config::BrokenSection;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`: results and errors alone.
    Quiet,
    /// As usual.
    Normal,
    /// `-v`: what the framework does.
    Verbose,
    /// `-vv`: everything.
    Trace,
}

/// Where a command writes. A clone writes to the same place.
///
/// ```
/// use nautil::console::Output;
///
/// let (output, out, err) = Output::captured();
/// output.line("TRYUSD: 75.00");
/// output.table(["base", "quote"], [["TRY".to_owned(), "USD".to_owned()]]);
/// output.note("the rate is a day old");
/// assert_eq!(out.text(), "TRYUSD: 75.00\nbase  quote\nTRY   USD\n");
/// assert_eq!(err.text(), "the rate is a day old\n");
/// ```
#[derive(Clone)]
pub struct Output {
    streams: Arc<Streams>,
    ansi: bool,
    error_ansi: bool,
    width: Option<u16>,
    /// Whether standard error is a terminal, where a line can be taken back.
    takes_back: bool,
    verbosity: Verbosity,
    descriptions: Descriptions,
}

/// Each has its own lock: whoever does not read the one holds nobody up who writes to the other.
struct Streams {
    out: Mutex<ResultStream>,
    err: Mutex<ErrorStream>,
}

struct ResultStream {
    stream: Box<dyn Write + Send>,
    /// The first thing that kept a result from being written.
    fault: Option<std::io::Error>,
}

struct ErrorStream {
    stream: Box<dyn Write + Send>,
    /// Whether a status stands in the last line.
    has_status: bool,
}

/// What an [`Output`] of a test has taken.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// The standard streams of this process, coloured where they are terminals and `NO_COLOR` is not set.
    #[must_use]
    pub fn standard(no_color: bool) -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        Output {
            ansi: !no_color && out.is_terminal(),
            error_ansi: !no_color && err.is_terminal(),
            // comfy-table asks the terminal itself; a pipe gets lines of any length.
            width: out.is_terminal().then(terminal_width).flatten(),
            takes_back: err.is_terminal(),
            verbosity: Verbosity::Normal,
            descriptions: Descriptions::default(),
            // A line at a time: other processes may write there too.
            streams: Streams::new(out, LineWriter::new(err)),
        }
    }

    /// An output that keeps what is written: standard output, then standard error.
    #[must_use]
    pub fn captured() -> (Self, Captured, Captured) {
        let (out, err) = (Captured::default(), Captured::default());
        let output = Output {
            streams: Streams::new(out.clone(), err.clone()),
            ansi: false,
            error_ansi: false,
            width: None,
            takes_back: false,
            verbosity: Verbosity::Normal,
            descriptions: Descriptions::default(),
        };
        (output, out, err)
    }

    pub(crate) fn with(mut self, verbosity: Verbosity, no_ansi: bool) -> Self {
        self.verbosity = verbosity;
        self.ansi &= !no_ansi;
        self.error_ansi &= !no_ansi;
        self
    }

    /// Takes the words that features have for errors that are not theirs.
    pub(crate) fn describing(mut self, descriptions: &Descriptions) -> Self {
        self.descriptions = descriptions.clone();
        self
    }

    /// An error and its causes, one text each.
    pub(crate) fn chain(&self, error: &(dyn Error + 'static)) -> Vec<String> {
        self.descriptions.chain(error)
    }

    /// How much is to be said.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether standard error takes colours.
    pub(crate) fn error_ansi(&self) -> bool {
        self.error_ansi
    }

    /// A line of the result, to standard output.
    pub fn line(&self, line: impl Display) {
        self.write(|out| writeln!(out, "{line}"));
    }

    /// Text of the result that ends as it ends: a script, a help page.
    pub fn text(&self, text: impl Display) {
        let text = text.to_string();
        let text = if self.ansi { text } else { plain(&text) };
        self.write(|out| write!(out, "{text}"));
    }

    /// A heading above lines of the result.
    pub fn heading(&self, line: impl Display) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
        self.line(paint(self.ansi, style, line));
    }

    /// A name that stands out, for a line of the result.
    pub fn name(&self, name: impl Display) -> String {
        let style = Style::new().fg_color(Some(AnsiColor::Green.into()));
        paint(self.ansi, style, name)
    }

    /// A table of the result. On a terminal it keeps to the width of that.
    pub fn table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let style = Style::new().bold();
        table.set_header(header.map(|title| paint(self.ansi, style, title)));
        if let Some(width) = self.width {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width);
        }
        for row in rows {
            table.add_row(row);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            self.line(line.trim_end());
        }
    }

    /// A remark on the way, to standard error; not under `-q`.
    pub fn note(&self, line: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.write_error(|err| writeln!(err, "{line}"));
        }
    }

    /// A line that whatever comes next takes the place of, to standard error where that is a terminal; not under `-q`.
    pub fn status(&self, line: impl Display) {
        if self.takes_back && self.verbosity > Verbosity::Quiet {
            self.write_error(|err| write!(err, "{line}"));
            self.lock_error().has_status = true;
        }
    }

    /// Takes the status back, for output that does not come this way.
    pub fn clear_status(&self) {
        self.write_error(|_| Ok(()));
    }

    /// What failed, to standard error.
    pub fn error(&self, line: impl Display) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let label = paint(self.error_ansi, style, "error:");
        self.write_error(|err| writeln!(err, "{label} {line}"));
    }

    fn cause(&self, line: impl Display) {
        self.write_error(|err| writeln!(err, "  because {line}"));
    }

    /// An error with its causes, to standard error. Behind a broken config section there is more than one.
    pub(crate) fn fault(&self, error: &(dyn Error + 'static)) {
        if let Some(broken) = error
            .source()
            .and_then(<dyn Error>::downcast_ref::<BrokenSection>)
        {
            broken.errors.iter().for_each(|error| self.error(error));
            return;
        }
        let mut lines = self.chain(error).into_iter();
        self.error(lines.next().unwrap_or_default());
        for cause in lines {
            self.cause(cause);
        }
    }

    pub(crate) fn error_text(&self, text: impl Display) {
        let text = text.to_string();
        let text = if self.error_ansi { text } else { plain(&text) };
        self.write_error(|err| write!(err, "{text}"));
    }

    /// Says at the end whether every result was written.
    ///
    /// # Errors
    /// The first that was not: the disk is full, say. A reader who closed the other end is no error.
    pub(crate) fn finish(&self) -> std::io::Result<()> {
        match self.lock_result().fault.take() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    fn write(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        if self.takes_back {
            self.clear_status();
        }
        let mut out = self.lock_result();
        let written = write(&mut *out.stream).and_then(|()| out.stream.flush());
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            out.fault.get_or_insert(error);
        }
    }

    /// What cannot be written to standard error is lost: nowhere is left to say so.
    fn write_error(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        let mut err = self.lock_error();
        if std::mem::take(&mut err.has_status) {
            let _ = write!(err.stream, "\r\x1b[2K");
        }
        let _ = write(&mut *err.stream).and_then(|()| err.stream.flush());
    }

    fn lock_result(&self) -> MutexGuard<'_, ResultStream> {
        let locked = self.streams.out.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_error(&self) -> MutexGuard<'_, ErrorStream> {
        let locked = self.streams.err.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Arc<Self> {
        Arc::new(Self {
            out: Mutex::new(ResultStream {
                stream: Box::new(out),
                fault: None,
            }),
            err: Mutex::new(ErrorStream {
                stream: Box::new(err),
                has_status: false,
            }),
        })
    }
}

impl Captured {
    /// Everything that was written so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn paint(ansi: bool, style: Style, text: impl Display) -> String {
    if ansi {
        format!("{style}{text}{style:#}")
    } else {
        text.to_string()
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Output")
            .field("ansi", &self.ansi)
            .field("verbosity", &self.verbosity)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Captured")
            .field(&self.text())
            .finish()
    }
}
