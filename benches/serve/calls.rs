//! CPU per call and calls per second under `h2load`, each round one contestant after the other.

use std::io::{ErrorKind, Write};

use anyhow::{Context, bail, ensure};
use clap::Args;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::client::{Client, METHOD, TICKER};
use super::server::{Contestant, Server};
use super::summary::Summary;

const CONNECTIONS: u32 = 32;

/// The byte that says "not compressed" and four of length.
const PREFIX: usize = 5;

#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// How often each contestant is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Calls of one measurement
    #[arg(long, default_value_t = 200_000)]
    calls: u32,
    /// Calls in flight on each connection
    #[arg(long, default_value_t = 8)]
    streams: u32,
}

/// What each contestant is given.
#[derive(Debug)]
struct Load {
    frame: NamedTempFile,
    streams: u32,
}

#[derive(Debug)]
struct Running {
    contestant: Contestant,
    server: Server,
    client: Client,
    measured: Vec<Measured>,
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Microseconds of the server's CPU time per call.
    cpu: f64,
    calls_per_second: f64,
}

pub(crate) async fn measure(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments {
        rounds,
        calls,
        streams,
    } = arguments;
    ensure!(rounds > 0 && calls > 0, "no rounds or no calls");
    let ticks_per_second = ticks_per_second().await?;
    let load = Load {
        frame: frame()?,
        streams,
    };
    let mut running = Vec::new();
    for contestant in Contestant::ALL {
        let server = contestant.start().await?;
        let client = Client::connect(&server.address).await?;
        let mut started = Running {
            contestant,
            server,
            client,
            measured: Vec::new(),
        };
        // To fill caches and pools; not counted.
        started.measure(&load, calls.div_ceil(10), 1).await?;
        running.push(started);
    }
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        // Another one begins each time: what comes and goes on the machine does not always hit the same.
        running.rotate_left(1);
        for running in &mut running {
            let measured = running.measure(&load, calls, ticks_per_second).await?;
            running.measured.push(measured);
        }
    }
    running.sort_by_key(|running| {
        Contestant::ALL
            .iter()
            .position(|one| *one == running.contestant)
    });
    report(&running, arguments)
}

impl Running {
    async fn measure(
        &mut self,
        load: &Load,
        calls: u32,
        ticks_per_second: u32,
    ) -> anyhow::Result<Measured> {
        let before = self.server.cpu_ticks()?;
        let output = h2load(&self.server.address, load, calls).await?;
        let ticks = self.server.cpu_ticks()? - before;
        let answer = self.client.call().await?;
        let size = PREFIX + 2 + answer.ticker.len() + 2 + answer.rate.len();
        let calls_per_second = calls_per_second(&output, calls, size)
            .with_context(|| format!("{}: h2load reports:\n{output}", self.contestant))?;
        Ok(Measured {
            cpu: f64::from(u32::try_from(ticks)?) / f64::from(ticks_per_second) * 1e6
                / f64::from(calls),
            calls_per_second,
        })
    }
}

async fn h2load(address: &str, load: &Load, calls: u32) -> anyhow::Result<String> {
    let output = Command::new("h2load")
        .args(["-n", &calls.to_string()])
        .args(["-c", &CONNECTIONS.to_string()])
        .args(["-m", &load.streams.to_string()])
        .args(["-t", "1", "-H", "content-type: application/grpc"])
        .args(["-H", "te: trailers", "-d"])
        .arg(load.frame.path())
        .arg(format!("http://{address}{METHOD}"))
        .kill_on_drop(true)
        .output()
        .await;
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("h2load is missing: apt-get install -y nghttp2-client");
        }
        Err(error) => return Err(error).context("cannot start h2load"),
    };
    ensure!(
        output.status.success(),
        "h2load failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Reads h2load's report.
///
/// # Errors
/// A call that was not answered, or not with 2xx, or without a message of `size` bytes: a gRPC failure is a 200 with none.
fn calls_per_second(report: &str, calls: u32, size: usize) -> anyhow::Result<f64> {
    let succeeded = format!("{calls} done, {calls} succeeded, 0 failed, 0 errored, 0 timeout");
    ensure!(report.contains(&succeeded), "not all calls were answered");
    let ok = format!("status codes: {calls} 2xx");
    ensure!(report.contains(&ok), "not all calls were answered with 2xx");
    let data = format!("({}) data", usize::try_from(calls)? * size);
    ensure!(
        report.contains(&data),
        "not all calls were answered with a rate: expected {data}"
    );
    report
        .lines()
        .find_map(|line| line.strip_prefix("finished in "))
        .and_then(|line| line.split(", ").nth(1))
        .and_then(|rate| rate.strip_suffix(" req/s"))
        .context("no line `finished in`")?
        .parse()
        .context("calls per second are no number")
}

/// The request, as it is sent: one message with its prefix, 13 bytes.
fn frame() -> anyhow::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    let ticker = u8::try_from(TICKER.len())?;
    file.write_all(&[0, 0, 0, 0, 2 + ticker, 0x0a, ticker])?;
    file.write_all(TICKER.as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// The unit of /proc/PID/stat; 100 on common kernels.
pub(crate) async fn ticks_per_second() -> anyhow::Result<u32> {
    let output = Command::new("getconf").arg("CLK_TCK").output().await;
    let output = output.context("cannot run getconf")?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().context("getconf CLK_TCK")
}

fn report(running: &[Running], arguments: Arguments) -> anyhow::Result<()> {
    let plain = running
        .iter()
        .find(|running| running.contestant == Contestant::PlainTonic)
        .context("plain tonic was not measured")?;
    let Arguments {
        rounds,
        calls,
        streams,
    } = arguments;
    println!(
        "{rounds} rounds of {calls} calls, {CONNECTIONS} connections x {streams} streams; median (lowest to highest)\n"
    );
    println!(
        "| server | CPU per call, µs | of plain tonic's | calls per second | of plain tonic's | failures |"
    );
    println!("|---|---|---|---|---|---|");
    for one in running {
        let pairs = || one.measured.iter().zip(&plain.measured);
        let cpu = Summary::of(one.measured.iter().map(|one| one.cpu));
        let cpu_ratio = Summary::of(pairs().map(|(one, plain)| one.cpu / plain.cpu));
        let rate = Summary::of(one.measured.iter().map(|one| one.calls_per_second));
        let rate_ratio =
            Summary::of(pairs().map(|(one, plain)| one.calls_per_second / plain.calls_per_second));
        let (Some(cpu), Some(cpu_ratio), Some(rate), Some(rate_ratio)) =
            (cpu, cpu_ratio, rate, rate_ratio)
        else {
            bail!("{} was not measured", one.contestant);
        };
        // A failure ends the bench before it comes here.
        println!(
            "| {} | {cpu:.2} | {cpu_ratio:.2} | {rate:.0} | {rate_ratio:.2} | 0 |",
            one.contestant
        );
    }
    Ok(())
}
