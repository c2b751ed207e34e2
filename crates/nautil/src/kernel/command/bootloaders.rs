//! `kernel:bootloaders`: who is part of the application, in which order, and how long each took.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use shaku::Component;

use crate::console::{Command, DynCommand, Failure, Output};
use crate::kernel::{Report, Workers};

/// Show the bootloaders in their order, why some are skipped, and milliseconds per phase
#[derive(Debug, Args)]
pub(crate) struct KernelBootloadersArguments {
    /// Boot the application first, to time that phase too
    #[arg(long)]
    boot: bool,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct KernelBootloaders {
    #[shaku(inject)]
    report: Arc<Report>,
    #[shaku(inject)]
    workers: Arc<Workers>,
}

impl Command for KernelBootloaders {
    const NAME: &'static str = "kernel:bootloaders";
    type Arguments = KernelBootloadersArguments;

    fn boots(arguments: &KernelBootloadersArguments) -> bool {
        arguments.boot
    }

    async fn run(
        &self,
        arguments: KernelBootloadersArguments,
        output: &Output,
    ) -> Result<(), Failure> {
        let enabled = self.report.enabled().enumerate().map(|(index, timing)| {
            [
                (index + 1).to_string(),
                timing.name.to_owned(),
                "enabled".to_owned(),
                milliseconds(Some(timing.init)),
                milliseconds(timing.boot.get().copied()),
            ]
        });
        let skipped = self.report.skipped().map(|(name, reason)| {
            let state = format!("skipped: {reason}");
            [
                "-".to_owned(),
                name.to_owned(),
                state,
                "-".to_owned(),
                "-".to_owned(),
            ]
        });
        let header = ["#", "bootloader", "state", "init ms", "boot ms"];
        output.table(header, enabled.chain(skipped));
        let workers = self.workers.iter();
        let mut workers = workers
            .map(|worker| [worker.name.clone(), worker.bootloader.to_owned()])
            .peekable();
        if workers.peek().is_some() {
            output.line("");
            output.table(["worker", "bootloader"], workers);
        }
        if !arguments.boot {
            output.note("boot was not run; --boot runs and times it");
        }
        Ok(())
    }
}

fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.3}", time.as_secs_f64() * 1000.0),
    )
}
