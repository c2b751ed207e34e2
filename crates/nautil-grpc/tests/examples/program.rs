//! A running example: what it prints, line by line, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::build::built;

/// How long a program may take for one line or for its end: longer than any machine needs.
const LIMIT: Duration = Duration::from_secs(30);

/// A program that is killed when the test is over.
pub(crate) struct Program {
    pid: Pid,
    events: Receiver<Event>,
    ended: bool,
}

#[derive(Debug)]
enum Event {
    Line(String),
    /// The code that it ended with; `None` where a signal ended it.
    End(Option<i32>),
}

impl Program {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(built(name))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines() {
                let _ = sender.send(Event::Line(line.unwrap()));
            }
            let _ = sender.send(Event::End(child.wait().unwrap().code()));
        });
        Self {
            pid,
            events,
            ended: false,
        }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        match self.event() {
            Event::Line(line) => line,
            Event::End(code) => panic!("it ended with {code:?}, and a line was expected"),
        }
    }

    /// Waits for the end, before which nothing more may be printed; the code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        match self.event() {
            Event::Line(line) => panic!("it said {line:?}, and its end was expected"),
            Event::End(code) => code,
        }
    }

    /// What ctrl-c does.
    pub(crate) fn interrupt(&self) {
        kill_process(self.pid, Signal::INT).unwrap();
    }

    fn event(&mut self) -> Event {
        let event = self.events.recv_timeout(LIMIT).unwrap();
        self.ended |= matches!(event, Event::End(_));
        event
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}
