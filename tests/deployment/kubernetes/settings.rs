//! Whether the application takes what the manifests give it: every key of the ConfigMap, every variable of the containers. It is
//! asked itself, in a directory as the kubelet would mount it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::manifests::{Manifest, Manifests, built, holds_and_can_fail};
use crate::support::{Process, Project, ROOT, Ran};

/// What the application says of itself in a container: key to value and origin.
pub(super) type Shown = BTreeMap<String, (String, String)>;

/// The variables of a container. One that asks for a resource gets it as the kubelet computes it.
pub(super) fn variables(container: &Manifest) -> BTreeMap<String, String> {
    let variables = container.list("env").into_iter().map(|variable| {
        let value = match variable.get("valueFrom.resourceFieldRef") {
            None => variable.text("value"),
            Some(field) => {
                assert_eq!(field.text("divisor"), "1");
                let (half, resource) = field.text("resource").split_once('.').map_or_else(
                    || panic!("{field} is no resource"),
                    |(half, resource)| (half.to_owned(), resource.to_owned()),
                );
                let quantity = container.text(&format!("resources.{half}.{resource}"));
                // The documentation of the Downward API: rounded up to whole divisors.
                millicores(&quantity).div_ceil(1000).to_string()
            }
        };
        (variable.text("name"), value)
    });
    variables.collect()
}

/// `500m`, `2`: the quantity of CPU in thousandths of a core.
pub(super) fn millicores(quantity: &str) -> u64 {
    match quantity.strip_suffix('m') {
        Some(thousandths) => thousandths.parse().unwrap(),
        None => quantity.parse::<u64>().unwrap() * 1000,
    }
}

/// The directory of a container of the server's, as the kubelet mounts the ConfigMap: links into a directory behind a link.
fn mounted(manifests: &Manifests) -> Project {
    let project = Project::new();
    project.remove("config");
    project.remove(".env");
    fs::create_dir_all(project.path("config/..version")).unwrap();
    symlink("..version", project.path("config/..data")).unwrap();
    for config in manifests.of_kind("ConfigMap") {
        for (name, content) in config.map("data") {
            project.write(&format!("config/..version/{name}"), &content.to_string());
            let link = project.path(&format!("config/{name}"));
            symlink(Path::new("..data").join(&name), link).unwrap();
        }
    }
    project
}

/// Runs a command as if in a container of the server's.
fn run(manifests: &Manifests, arguments: &[&str]) -> Ran {
    let container = manifests.server().get("spec.template.spec.containers.0");
    let variables = variables(&container.unwrap());
    Process::start(mounted(manifests).app(arguments).envs(variables)).end()
}

/// The effective configuration of the server's container.
pub(super) fn shown(manifests: &Manifests) -> Shown {
    let ran = run(manifests, &["--no-ansi", "config:show"]).with_code(0);
    let rows = ran.out.lines().skip(1).map(|line| {
        let mut columns = line.split("  ").map(str::trim);
        let mut next = || {
            columns
                .find(|column| !column.is_empty())
                .unwrap()
                .to_owned()
        };
        (next(), (next(), next()))
    });
    rows.collect()
}

/// What the application says against its configuration and against itself.
fn complaints(manifests: &Manifests) -> Vec<String> {
    let runs = ["config:show", "container:check"].map(|command| run(manifests, &[command]));
    let failed = runs.into_iter().filter(|ran| ran.code != Some(0));
    failed.map(|ran| ran.err).collect()
}

#[test]
fn the_application_takes_every_key_and_every_variable() {
    for (_, manifests) in built("the_application_takes_every_key_and_every_variable") {
        holds_and_can_fail(&manifests, complaints, "drain_timeout = ", "drain_time = ");
        holds_and_can_fail(&manifests, complaints, "server.toml:", "servers.toml:");
        for (from, to) in [
            ("APP_SERVER__LISTEN", "APP_SERVER__LISTENS"),
            (
                "APP_SERVER__MANAGEMENT__LISTEN",
                "APP_SERVER__MANAGMENT__LISTEN",
            ),
            ("APP_SERVER__WORKERS", "APP_SERVER_WORKERS"),
            ("APP_TELEMETRY__FORMAT", "APP_TELEMETRI__FORMAT"),
            ("value: 0.0.0.0:9001", "value: \"9001\""),
        ] {
            holds_and_can_fail(&manifests, complaints, from, to);
        }
    }
}

#[test]
fn every_variable_of_a_container_is_one_that_the_application_reads() {
    for (target, manifests) in
        built("every_variable_of_a_container_is_one_that_the_application_reads")
    {
        let mut hosts = 0;
        for (pod, spec) in manifests.pods() {
            for container in spec.list("containers") {
                for (name, value) in variables(&container) {
                    // The application itself answers for `APP_<SECTION>__…`, above; here for those of the server's container too.
                    if name == "APP_ENV" || name.starts_with("APP_") && name.contains("__") {
                        continue;
                    }
                    hosts += 1;
                    let project = Project::new();
                    project.remove(".env");
                    let mut command = project.app(["--no-ansi", "config:show", "clients"]);
                    let ran = Process::start(command.env(&name, &value))
                        .end()
                        .with_code(0);
                    let read = ran
                        .out
                        .lines()
                        .any(|line| line.ends_with(&format!("{name}, environment")));
                    assert!(read, "{target}, {pod}: nothing reads {name}: {ran}");
                }
            }
        }
        assert_eq!(hosts, usize::from(target.ends_with("dev")), "{target}");
    }
}

#[test]
fn the_config_map_is_the_directory_config() {
    for (target, manifests) in built("the_config_map_is_the_directory_config") {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(Path::new(ROOT).join("config")).unwrap() {
            let path = entry.unwrap().path();
            assert!(path.is_file(), "{} is not in the ConfigMap", path.display());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(path).unwrap());
        }
        files.remove("kustomization.yaml").unwrap();
        assert!(files.len() >= 6);

        let maps: Vec<_> = manifests.of_kind("ConfigMap").collect();
        assert_eq!(maps.len(), 1, "{target}");
        let data = maps[0].map("data").into_iter();
        let data: BTreeMap<_, _> = data.map(|(key, value)| (key, value.to_string())).collect();
        assert_eq!(
            data, files,
            "{target}: config/kustomization.yaml lists the files"
        );

        // And it is what the container sees.
        let pod = manifests.server().get("spec.template.spec").unwrap();
        let volume = pod.named("volumes", "config").unwrap();
        assert_eq!(volume.text("configMap.name"), maps[0].text("metadata.name"));
        let mount = pod.named("containers.0.volumeMounts", "config").unwrap();
        assert_eq!(mount.text("mountPath"), "/app/config");
    }
}

#[test]
fn a_container_has_a_worker_for_each_core_that_it_asks_for() {
    assert_eq!([millicores("100m"), millicores("2")], [100, 2000]);
    for (target, manifests) in built("a_container_has_a_worker_for_each_core_that_it_asks_for") {
        let workers = if target.ends_with("prod") { "2" } else { "1" };
        let shown = shown(&manifests);
        assert_eq!(shown["server.workers"].0, workers, "{target}");
        assert_eq!(
            shown["server.workers"].1, "APP_SERVER__WORKERS, environment",
            "{target}"
        );
    }
}
