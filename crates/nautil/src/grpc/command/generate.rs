//! `grpc:generate`: from the contracts to `generated/`.

use std::sync::Arc;

use clap::Args;
use nautil_codegen::{Difference, Options, generate};
use shaku::Component;

use crate::config::Sources;
use crate::console::{Command, DynCommand, Failure, Output};
use crate::grpc::{GrpcConfig, Runtime};

/// Generate messages, interfaces and clients from the contracts in config/grpc.toml
#[derive(Debug, Args)]
pub(crate) struct GrpcGenerateArguments {
    /// Change nothing; fail and list the files that differ
    #[arg(long)]
    check: bool,
}

/// The section stands without the generator, which a production build leaves out: so the two are two types.
impl From<Runtime> for nautil_codegen::Runtime {
    fn from(runtime: Runtime) -> Self {
        match runtime {
            Runtime::Nautil => Self::Nautil,
            Runtime::NautilGrpc => Self::NautilGrpc,
        }
    }
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct GrpcGenerate {
    #[shaku(inject)]
    config: Arc<GrpcConfig>,
    #[shaku(inject)]
    sources: Arc<Sources>,
}

impl Command for GrpcGenerate {
    const NAME: &'static str = "grpc:generate";
    type Arguments = GrpcGenerateArguments;

    async fn run(&self, arguments: GrpcGenerateArguments, output: &Output) -> Result<(), Failure> {
        if self.config.services.is_empty() {
            return Err("there is nothing to generate from: list a .proto in `services` of config/grpc.toml".into());
        }
        let generated = generate(&Options {
            root: self.sources.root.clone(),
            services: self.config.services.clone(),
            imports: self.config.imports.clone(),
            runtime: self.config.runtime.into(),
        })?;
        let name = &self.config.generated;
        let directory = self.sources.root.join(name);
        if arguments.check {
            let differences = generated.differences(&directory)?;
            if differences.is_empty() {
                output.note(format_args!("{name}/ is fresh"));
                return Ok(());
            }
            for difference in &differences {
                output.line(difference);
            }
            output.error(format_args!(
                "{name}/ is not what the contracts say: run `grpc:generate`"
            ));
            return Err(Failure::said());
        }
        let written = generated.write(&directory)?;
        for difference in &written {
            let (verb, path) = match difference {
                Difference::Missing(path) => ("created", path),
                Difference::Changed(path) => ("changed", path),
                Difference::Stale(path) => ("removed", path),
            };
            output.line(format_args!("{verb} {}", path.display()));
        }
        if written.is_empty() {
            output.note(format_args!("{name}/ was fresh already"));
        }
        Ok(())
    }
}
