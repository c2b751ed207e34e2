//! One name for one thing.

use nautil_codegen::Error;

use crate::project::{Project, assert_code};

#[test]
fn a_name_in_capitals_is_one_word() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; service HTTPService {}",
    );
    let generated = project.generate(&["a.proto"]);
    assert_code(
        &generated,
        "a.rs",
        "const HOST_VARIABLE: &'static str = \"HTTP_SERVICE_HOST\";",
    );
    assert_code(&generated, "a.rs", "pub trait HttpServiceInterface");
    assert_code(
        &generated,
        "config.rs",
        "pub http_service: ::nautil::grpc::ClientConfig",
    );
    assert_code(
        &generated,
        "config.rs",
        "(\"http_service.host\", \"HTTP_SERVICE_HOST\")",
    );
}

#[test]
fn services_of_one_name_in_two_packages_carry_their_packages() {
    let project = Project::new()
        .with(
            "a.proto",
            "syntax = 'proto3'; package a.v1; service PingService {}",
        )
        .with(
            "b.proto",
            "syntax = 'proto3'; package b; service PingService {} service Other {}",
        );
    let generated = project.generate(&["*.proto"]);
    assert_code(
        &generated,
        "config.rs",
        "&[(\"a_v1_ping_service.host\", \"A_V1_PING_SERVICE_HOST\"),
           (\"other.host\", \"OTHER_HOST\"),
           (\"b_ping_service.host\", \"B_PING_SERVICE_HOST\")]",
    );
    assert_code(
        &generated,
        "a/v1.rs",
        "HOST_VARIABLE: &'static str = \"A_V1_PING_SERVICE_HOST\"",
    );
    assert_code(
        &generated,
        "bootloader.rs",
        "(|clients| &clients.b_ping_service)",
    );
}

#[test]
fn a_service_called_like_a_keyword_has_a_raw_field() {
    let project = Project::new().with("a.proto", "syntax = 'proto3'; package a; service Type {}");
    let generated = project.generate(&["a.proto"]);
    assert_code(
        &generated,
        "config.rs",
        "pub r#type: ::nautil::grpc::ClientConfig",
    );
    assert_code(&generated, "config.rs", "(\"type.host\", \"TYPE_HOST\")");
}

#[test]
fn packages_called_like_files_of_the_generator_are_refused() {
    for (package, name) in [
        ("bootloader", "bootloader"),
        ("config.v1", "config"),
        ("Config", "config"),
        ("a.mod", "mod"),
    ] {
        let project = Project::new().with(
            "a.proto",
            &format!("syntax = 'proto3'; package {package}; message M {{}}"),
        );
        let error = project.try_generate(&["a.proto"]).unwrap_err();
        assert!(matches!(error, Error::ReservedPackage { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!(
                "package `{package}`: `{name}.rs` is a file of the generator's own, so name the package otherwise"
            )
        );
    }
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package app.config; message M {}",
    );
    project.generate(&["a.proto"]);
}

#[test]
fn two_things_that_rust_would_give_one_name_are_refused() {
    for (contracts, complaint) in [
        (
            [
                "package shop; message Dto { message Inner {} }",
                "package shop.dto; message M {}",
            ],
            "a module and a module would both be named `shop::dto`: rename one of them",
        ),
        (
            [
                "package shop; message FooBar {}",
                "package shop; message Foo_Bar {}",
            ],
            "a message and a message would both be named `shop::FooBar`: rename one of them",
        ),
        (
            [
                "package shop; message SInterface {}",
                "package shop; service S {}",
            ],
            "a message and a trait would both be named `shop::SInterface`: rename one of them",
        ),
        (
            ["message ServiceBootloader {}", ""],
            "the bootloader and a message would both be named `ServiceBootloader`: rename one of them",
        ),
        (
            ["package shop; message M {}", "package Shop; message N {}"],
            "package `shop` and package `Shop` would both be named `shop`: rename one of them",
        ),
        (
            [
                "package a; service BPing {}",
                "package a.b; service Ping {} message M {}",
            ],
            "",
        ),
        (
            [
                "package m; message M {} service S { rpc Get (M) returns (M); rpc get (M) returns (M); }",
                "",
            ],
            "a method and another would both be named `m::SInterface::get`: rename one of them",
        ),
    ] {
        let [first, second] = contracts.map(|contract| format!("syntax = 'proto3'; {contract}"));
        let project = Project::new()
            .with("a.proto", &first)
            .with("b.proto", &second);
        match project.try_generate(&["*.proto"]) {
            Ok(_) => assert_eq!(complaint, "", "{contracts:?}"),
            Err(error) => assert_eq!(error.to_string(), complaint),
        }
    }
}

#[test]
fn two_clients_of_one_key_are_refused() {
    let project = Project::new()
        .with("a.proto", "syntax = 'proto3'; package a; service Ping {}")
        .with("b.proto", "syntax = 'proto3'; package b; service Ping {}")
        .with("c.proto", "syntax = 'proto3'; package c; service APing {}");
    assert_eq!(
        project.complaint(&["*.proto"]),
        "service `a.Ping` and service `c.APing` would both be named `clients.a_ping`: rename one of them"
    );
}
