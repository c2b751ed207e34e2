//! Two config sections, and ways to read them as an application would.

use std::sync::Arc;
use std::time::Duration;

use nautil::bootloader::{Bootloader, Init};
use nautil::config::{Invalid, Secret, Section};
use nautil::console::{Command, DynCommand, Failure, Output};
use nautil::container::Component;
use nautil::testing::TestKernel;
use nautil::{Bootloaders, Kernel};
use serde::{Deserialize, Serialize};

use crate::project::Project;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    #[serde(with = "nautil::config::duration")]
    pub(crate) lifetime: Duration,
    #[serde(with = "nautil::config::size")]
    pub(crate) size: u64,
    #[serde(with = "nautil::config::size")]
    pub(crate) page: u32,
    pub(crate) path: String,
    pub(crate) label: Option<String>,
    pub(crate) workers: u16,
    pub(crate) enabled: bool,
    pub(crate) mode: Mode,
    pub(crate) hosts: Vec<String>,
    pub(crate) ports: Vec<u16>,
    pub(crate) limits: Limits,
    pub(crate) token: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    Memory,
    Disk,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) entries: u32,
    pub(crate) ratio: f64,
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            lifetime: Duration::from_secs(60),
            size: 4 << 20,
            page: 4 << 10,
            path: "cache.db".to_owned(),
            label: None,
            workers: 2,
            enabled: true,
            mode: Mode::Memory,
            hosts: vec!["localhost".to_owned()],
            ports: Vec::new(),
            limits: Limits {
                entries: 100,
                ratio: 0.5,
            },
            token: Secret::default(),
        }
    }
}

impl Section for Cache {
    const NAME: &'static str = "cache";
    const VARIABLES: &'static [(&'static str, &'static str)] =
        &[("path", "CACHE_PATH"), ("limits.entries", "CACHE_ENTRIES")];

    fn check(&self) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        if self.workers == 0 {
            invalid.push(Invalid {
                key: "workers",
                expected: "at least one".to_owned(),
            });
        }
        if self.limits.ratio > 1.0 {
            invalid.push(Invalid {
                key: "limits.ratio",
                expected: "a part of the whole, from 0.0 to 1.0".to_owned(),
            });
        }
        invalid
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) sender: String,
    pub(crate) port: u16,
}

impl Section for Mail {
    const NAME: &'static str = "mail";
}

#[derive(PartialEq)]
pub(crate) struct Storage;

impl Bootloader for Storage {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<Cache>().command::<ShowCache>();
    }
}

/// Show the cache's path
#[derive(clap::Args)]
pub(crate) struct ShowCacheArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct ShowCache {
    #[shaku(inject)]
    cache: Arc<Cache>,
}

impl Command for ShowCache {
    const NAME: &'static str = "cache:show";
    type Arguments = ShowCacheArguments;

    async fn run(&self, _: ShowCacheArguments, output: &Output) -> Result<(), Failure> {
        output.line(&self.cache.path);
        Ok(())
    }
}

#[derive(PartialEq)]
pub(crate) struct Post;

impl Bootloader for Post {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<Mail>();
    }
}

/// The kernel with both sections.
pub(crate) fn kernel(project: &Project) -> TestKernel<impl Kernel + use<>> {
    project.kernel(|| Bootloaders::new().with(Storage).with(Post))
}

/// The section `cache`, as a component gets it.
pub(crate) async fn cache(kernel: TestKernel<impl Kernel>) -> Arc<Cache> {
    let app = kernel.start().await.unwrap();
    app.get::<Cache>().unwrap()
}

/// The section `cache` out of this `config/cache.toml`.
pub(crate) async fn cache_of(text: &str) -> Arc<Cache> {
    let project = Project::new().config("cache.toml", text);
    cache(kernel(&project)).await
}

/// Everything that keeps the kernel from starting: errors of one line each.
pub(crate) async fn errors(kernel: TestKernel<impl Kernel>) -> Vec<String> {
    let said = kernel.start().await.unwrap_err().to_string();
    let listed = said.strip_prefix("the config is broken\n  ").unwrap();
    listed.split("\n  ").map(str::to_owned).collect()
}

/// Everything that is wrong with this `config/cache.toml`.
pub(crate) async fn errors_of(text: &str) -> Vec<String> {
    let project = Project::new().config("cache.toml", text);
    errors(kernel(&project)).await
}
