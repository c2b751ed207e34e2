//! Health checks of an application: run again and again, on a thread of their own, each beside the others.
//!
//! What they found is kept in `health`.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::thread;

use futures_util::future::join_all;
use tokio::runtime::{Builder, Handle};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use super::aside::{Aside, Outcome};
use super::config::HealthConfig;
use super::health::{Health, Scope, Standing};

/// Any error.
type BoxError = Box<dyn StdError + Send + Sync>;

type Run =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Send + Sync>;

/// How much of a reason is kept, in characters.
const REASON: usize = 300;

/// A question that the server asks itself every `server.health.interval`: can it serve?
///
/// It runs on a thread for blocking work. One that fails, panics, or takes longer than `server.health.timeout` makes what it
/// speaks for NOT_SERVING at once; SERVING again once it has passed `server.health.success_threshold` times in a row.
///
/// ```
/// use nautil_grpc::server::{Check, Scope};
///
/// let check = Check::new("rates", Scope::Services(&["currency.CurrencyRateService"]), || async {
///     std::fs::metadata("/dev/null")?;
///     Ok(())
/// });
/// # let _ = check;
/// ```
#[derive(Clone)]
pub struct Check {
    name: String,
    scope: Scope,
    run: Run,
}

impl Check {
    /// A check that fails with what `run` returns. Its name is what people read on `/readyz`.
    pub fn new<R, F>(name: impl Into<String>, scope: Scope, run: R) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self {
            name: name.into(),
            scope,
            run: Arc::new(move || Box::pin(run())),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }
}

/// Runs all checks until the guard is dropped; each on a thread for blocking work of `runtime`.
///
/// # Errors
/// The thread that looks at them, or its runtime, cannot be had.
pub(super) fn start(
    checks: Vec<Check>,
    health: &Health,
    config: &HealthConfig,
    runtime: &Handle,
) -> io::Result<Option<DropGuard>> {
    health.expect(checks.iter().map(|check| (check.name.clone(), check.scope)));
    if checks.is_empty() {
        return Ok(None);
    }
    let own = Builder::new_current_thread().enable_time().build()?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let (health, config, runtime) = (health.clone(), config.clone(), runtime.clone());
    let work = move || {
        let each = checks.iter().enumerate();
        let all = each.map(|(index, check)| repeat(index, check, &health, &config, &runtime));
        own.block_on(stopped.run_until_cancelled(join_all(all)));
    };
    let thread = thread::Builder::new().name("nautil-health".to_owned());
    thread.spawn(work)?;
    Ok(Some(stop.drop_guard()))
}

async fn repeat(
    index: usize,
    check: &Check,
    health: &Health,
    config: &HealthConfig,
    runtime: &Handle,
) {
    let mut ticks = interval(config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut standing = Standing::Waiting;
    loop {
        ticks.tick().await;
        let run = Arc::clone(&check.run);
        let mut running = Aside::run(runtime, move || run());
        let (found, is_late) = match running.within(config.timeout).await {
            Outcome::Done(Ok(())) => (Ok(()), false),
            Outcome::Done(Err(error)) => (Err(worded(&*error)), false),
            Outcome::Panicked(panic) => (Err(format!("it panicked: {}", one_line(&panic))), false),
            Outcome::Late => {
                let limit = humantime::format_duration(config.timeout);
                let late = format!("no answer within {limit} (`server.health.timeout`)");
                (Err(late), true)
            }
        };
        let next = advance(&standing, found, config.success_threshold.get());
        log(check, &standing, &next);
        standing = next.clone();
        health.report(index, next);
        if is_late {
            // One that blocks keeps its thread, and is not started a second time.
            running.cancel().await;
        }
    }
}

/// How a check stands after it was run once more: down at once, up when it has passed `needed` times in a row. The first time
/// of all is enough.
fn advance(standing: &Standing, found: Result<(), String>, needed: u32) -> Standing {
    let (reason, before) = match (standing, found) {
        (_, Err(reason)) => return Standing::Failing { reason },
        (Standing::Waiting | Standing::Passing, Ok(())) => return Standing::Passing,
        (Standing::Failing { reason }, Ok(())) => (reason, 0),
        (
            Standing::Recovering {
                reason, successes, ..
            },
            Ok(()),
        ) => (reason, *successes),
    };
    let successes = before + 1;
    if successes >= needed {
        return Standing::Passing;
    }
    Standing::Recovering {
        reason: reason.clone(),
        successes,
        needed,
    }
}

fn log(check: &Check, before: &Standing, now: &Standing) {
    let name = check.name();
    match (before, now) {
        (Standing::Waiting | Standing::Passing, Standing::Failing { reason }) => {
            warn!(check = name, scope = %check.scope(), reason, "a health check fails");
        }
        (Standing::Failing { .. } | Standing::Recovering { .. }, Standing::Passing) => {
            info!(check = name, scope = %check.scope(), "a health check passes again");
        }
        _ => {}
    }
}

/// An error in words, whatever it does when it is asked for them: all checks run on this thread.
fn worded(error: &(dyn StdError + 'static)) -> String {
    catch_unwind(AssertUnwindSafe(|| reason(error)))
        .unwrap_or_else(|_| "its error panicked when it was to be put into words".to_owned())
}

/// An error with its causes, on one line.
fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    one_line(&text)
}

fn one_line(text: &str) -> String {
    let line = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(REASON).collect()
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Check")
            .field("name", &self.name)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, advance};

    fn failing() -> Standing {
        Standing::Failing {
            reason: "down".to_owned(),
        }
    }

    fn recovering(successes: u32) -> Standing {
        Standing::Recovering {
            reason: "down".to_owned(),
            successes,
            needed: 3,
        }
    }

    #[test]
    fn a_check_falls_at_once_and_rises_after_so_many_successes_in_a_row() {
        assert_eq!(advance(&Standing::Waiting, Ok(()), 3), Standing::Passing);
        let down = || Err("down".to_owned());
        for before in [Standing::Waiting, Standing::Passing, recovering(2)] {
            assert_eq!(advance(&before, down(), 3), failing());
        }
        assert_eq!(advance(&failing(), Ok(()), 3), recovering(1));
        assert_eq!(advance(&recovering(1), Ok(()), 3), recovering(2));
        assert_eq!(advance(&recovering(2), Ok(()), 3), Standing::Passing);
        assert_eq!(advance(&failing(), Ok(()), 1), Standing::Passing);
    }
}
