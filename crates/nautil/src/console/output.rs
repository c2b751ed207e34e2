//! The one way out for text: results to standard output, everything else to standard error.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{IsTerminal, LineWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use super::describe::Descriptions;
use crate::config::BrokenSection;

/// How much a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`: only results and errors.
    Quiet,
    /// Without a flag: remarks and states too.
    Normal,
    /// `-v`: what the framework does too, as log lines of the level `debug`.
    Verbose,
    /// `-vv`: everything, down to the level `trace`.
    Trace,
}

/// Where a command writes: its result to standard output, everything else to standard error. A clone writes to the same place.
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

/// Each stream has a lock of its own. So a reader who does not read the one holds up nobody who writes to the other.
struct Streams {
    out: Mutex<ResultStream>,
    err: Mutex<ErrorStream>,
}

struct ResultStream {
    stream: Box<dyn Write + Send>,
    /// The first error that kept a result from being written. It is kept for the end, because a command goes on writing.
    fault: Option<std::io::Error>,
}

struct ErrorStream {
    stream: Box<dyn Write + Send>,
    /// Whether the last line is a status, which the next output takes back.
    has_status: bool,
}

/// What was written to one stream of an [`Output::captured`].
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Returns an output to the standard streams of this process. A stream that is a terminal gets colours, unless `no_color`
    /// says that there are to be none (<https://no-color.org>).
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
            // A whole line at a time, so that it is not mixed with the lines of other processes that write there.
            streams: Streams::new(out, LineWriter::new(err)),
        }
    }

    /// Returns an output that keeps what is written to it, for a test, with what it keeps of standard output and of standard
    /// error.
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

    /// Returns how much is to be printed.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether standard error takes colours.
    pub(crate) fn error_ansi(&self) -> bool {
        self.error_ansi
    }

    /// Writes a line of the result to standard output.
    pub fn line(&self, line: impl Display) {
        self.write(|out| writeln!(out, "{line}"));
    }

    /// Writes text of the result to standard output, without a line end of its own: a script, or a help page. Colours in it
    /// are left out where standard output has none.
    pub fn text(&self, text: impl Display) {
        let text = text.to_string();
        let text = if self.ansi { text } else { plain(&text) };
        self.write(|out| write!(out, "{text}"));
    }

    /// Writes a heading above lines of the result.
    pub fn heading(&self, line: impl Display) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
        self.line(paint(self.ansi, style, line));
    }

    /// Returns a name as it stands out in a line of the result: coloured, where standard output has colours.
    pub fn name(&self, name: impl Display) -> String {
        let style = Style::new().fg_color(Some(AnsiColor::Green.into()));
        paint(self.ansi, style, name)
    }

    /// Writes a table of the result. On a terminal it is no wider than that, and elsewhere its lines may be of any length.
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

    /// Writes a remark to standard error, except under `-q`.
    pub fn note(&self, line: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.write_error(|err| writeln!(err, "{line}"));
        }
    }

    /// Writes a status to standard error: a line that the next output replaces, such as how far a build is. Where standard
    /// error is no terminal a line cannot be replaced, so nothing is written; nor is it under `-q`.
    pub fn status(&self, line: impl Display) {
        if self.takes_back && self.verbosity > Verbosity::Quiet {
            self.write_error(|err| write!(err, "{line}"));
            self.lock_error().has_status = true;
        }
    }

    /// Removes the status, before something else than this output writes to the terminal.
    pub fn clear_status(&self) {
        self.write_error(|_| Ok(()));
    }

    /// Writes to standard error what failed.
    pub fn error(&self, line: impl Display) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let label = paint(self.error_ansi, style, "error:");
        self.write_error(|err| writeln!(err, "{label} {line}"));
    }

    fn cause(&self, line: impl Display) {
        self.write_error(|err| writeln!(err, "  because {line}"));
    }

    /// Writes an error with its causes to standard error. A broken config section is written as the errors of that section.
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
    /// Why a result was not written: the disk is full, for example. A reader who has closed the other end of a pipe is no error.
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
        // Flushed each time, so that who reads a pipe sees a line when it is written.
        let written = write(&mut *out.stream).and_then(|()| out.stream.flush());
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            out.fault.get_or_insert(error);
        }
    }

    /// What cannot be written to standard error is lost, because there is no other place to report it.
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
    /// Returns everything that was written so far.
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
