//! Code for a program without a kernel.

use std::fs;

use nautil_codegen::{Error, Generated, Options, Runtime, generate};

use crate::project::{Project, assert_code, paths, text};

/// What is generated for `nautil-grpc`.
fn plain(project: &Project, services: &[&str]) -> Result<Generated, Error> {
    generate(&Options {
        runtime: Runtime::NautilGrpc,
        ..project.options(services)
    })
}

#[test]
fn there_is_no_bootloader_and_no_config() {
    let generated = plain(&Project::article(), &["proto/currency/service.proto"]).unwrap();
    assert_eq!(
        paths(&generated),
        [
            "currency/dto.rs",
            "currency.rs",
            "descriptor_set.bin",
            "mod.rs"
        ]
    );
    let root = text(&generated, "mod.rs");
    assert!(
        root.starts_with("//! Written by `nautil grpc:generate` from the contracts"),
        "{root}"
    );
    assert!(!root.contains("bootloader"), "{root}");
    assert_code(&generated, "mod.rs", "pub mod currency;");
}

#[test]
fn a_service_is_an_interface_with_its_contract_and_its_client() {
    let generated = plain(&Project::article(), &["proto/currency/*.proto"]).unwrap();
    for code in [
        "#[::nautil_grpc::async_trait]
        pub trait CurrencyRateServiceInterface: ::core::marker::Send + ::core::marker::Sync + 'static {
            async fn get_rate(&self, request: ::nautil_grpc::Request<dto::GetRateRequest>)
            -> ::core::result::Result<::nautil_grpc::Response<dto::CurrencyRateResponse>, ::nautil_grpc::Status>; }",
        "impl ::nautil_grpc::Service for dyn CurrencyRateServiceInterface",
        "call: ::nautil_grpc::server::Call) -> ::nautil_grpc::server::Reply {",
        "pub struct CurrencyRateServiceClient { channel: ::nautil_grpc::Channel, }",
        "#[::nautil_grpc::async_trait] impl CurrencyRateServiceInterface for CurrencyRateServiceClient",
    ] {
        assert_code(&generated, "currency.rs", code);
    }
    assert_code(
        &generated,
        "currency/dto.rs",
        "#[prost(prost_path = \"::nautil_grpc::prost\")] pub struct GetRateRequest",
    );
}

#[test]
fn the_code_names_no_crate_but_that_one() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; import 'google/protobuf/any.proto';
         message A { map<string, E> e = 1; google.protobuf.Any any = 2; bytes b = 3; oneof o { string s = 4; } }
         enum E { Z = 0; }
         service S { rpc Get (A) returns (stream A); rpc Put (stream A) returns (A); }
         service Nothing {}",
    );
    let generated = plain(&project, &["a.proto"]).unwrap();
    let mut named = 0;
    for file in ["a.rs", "mod.rs"] {
        let text = text(&generated, file).replace(">::METHODS", "");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        for path in words.filter(|path| path.starts_with("::")) {
            let name = path[2..].split("::").next().unwrap();
            assert!(["nautil_grpc", "core", "std"].contains(&name), "{path}");
            named += 1;
        }
    }
    assert!(named > 50, "{named} paths");
}

#[test]
fn packages_may_be_called_bootloader_and_config() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package config; message M {} service S { rpc Get (M) returns (M); }",
    );
    let generated = plain(&project, &["a.proto"]).unwrap();
    assert_code(&generated, "config.rs", "pub trait SInterface");

    let project = project.with("b.proto", "syntax = 'proto3'; package a.mod; message M {}");
    let error = plain(&project, &["b.proto"]).unwrap_err();
    assert!(matches!(error, Error::ReservedPackage { .. }), "{error:?}");
}

#[test]
fn two_services_that_would_share_a_variable_are_refused() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; service HTTPPing {} service HttpPing {}",
    );
    assert_eq!(
        plain(&project, &["*.proto"]).unwrap_err().to_string(),
        "service `a.HTTPPing` and service `a.HttpPing` would both be named `A_HTTP_PING_HOST`: rename one of them"
    );
}

#[test]
fn a_project_may_change_its_runtime() {
    let project = Project::article();
    let directory = project.path("generated");
    let services = ["proto/**/*.proto"];
    let (with_kernel, without) = (
        project.generate(&services),
        plain(&project, &services).unwrap(),
    );

    with_kernel.write(&directory).unwrap();
    without.write(&directory).unwrap();
    assert!(!fs::exists(directory.join("bootloader.rs")).unwrap());
    assert_eq!(without.differences(&directory).unwrap(), []);

    fs::write(directory.join("stale.rs"), "").unwrap();
    with_kernel.write(&directory).unwrap();
    assert_eq!(with_kernel.differences(&directory).unwrap(), []);
}
