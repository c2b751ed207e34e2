//! The Rust that the framework and the app meet.

use crate::project::{Project, assert_code, paths, text};

#[test]
fn the_articles_contracts_give_these_files() {
    let generated = Project::article().generate(&["proto/currency/service.proto"]);
    assert_eq!(
        paths(&generated),
        [
            "bootloader.rs",
            "config.rs",
            "currency/dto.rs",
            "currency.rs",
            "descriptor_set.bin",
            "mod.rs"
        ]
    );
    let root = text(&generated, "mod.rs");
    assert!(
        root.starts_with(
            "//! Written by `app grpc:generate` from the contracts in `config/grpc.toml`. Do not edit.\n"
        ),
        "{root}"
    );
    assert_code(
        &generated,
        "mod.rs",
        "pub use bootloader::ServiceBootloader;",
    );
    assert_code(&generated, "mod.rs", "pub mod currency;");
    assert_code(
        &generated,
        "mod.rs",
        "DESCRIPTOR_SET: &[u8] = include_bytes!(\"descriptor_set.bin\");",
    );
    assert_code(&generated, "currency.rs", "pub mod dto;");
}

#[test]
fn a_service_is_an_interface_with_its_contract_and_its_client() {
    let generated = Project::article().generate(&["proto/currency/*.proto"]);
    let signature = "async fn get_rate(&self, request: ::nautil::grpc::Request<dto::GetRateRequest>)
        -> ::core::result::Result<::nautil::grpc::Response<dto::CurrencyRateResponse>, ::nautil::grpc::Status>";
    for code in [
        &format!(
            "#[::nautil::async_trait]
            pub trait CurrencyRateServiceInterface: ::nautil::container::Interface {{ {signature}; }}"
        ),
        "impl ::nautil::grpc::Service for dyn CurrencyRateServiceInterface {
            const NAME: &'static str = \"currency.CurrencyRateService\";
            const METHODS: &'static [::nautil::grpc::Method] = &[
                ::nautil::grpc::Method::new(
                    \"/currency.CurrencyRateService/GetRate\",
                    ::nautil::grpc::MethodKind::Unary,
                )
                .with_descriptor_set(super::DESCRIPTOR_SET),
            ];
            const DESCRIPTOR_SET: &'static [u8] = super::DESCRIPTOR_SET;
            const HOST_VARIABLE: &'static str = \"CURRENCY_RATE_SERVICE_HOST\";
            fn handle(
                service: &::std::sync::Arc<Self>,
                method: &str,
                call: ::nautil::grpc::server::Call,
            ) -> ::nautil::grpc::server::Reply {
                let service = ::std::sync::Arc::clone(service);
                match method {
                    \"GetRate\" => {
                        call.unary(move |request| async move {
                            CurrencyRateServiceInterface::get_rate(&*service, request).await
                        })
                    }
                    _ => call.unimplemented(),
                }
            }
            fn client(channel: ::nautil::grpc::Channel) -> ::std::sync::Arc<Self> {
                ::std::sync::Arc::new(CurrencyRateServiceClient::new(channel))
            }
        }",
        &format!(
            "#[::nautil::async_trait]
            impl CurrencyRateServiceInterface for CurrencyRateServiceClient {{
                {signature} {{
                    let method = &<dyn CurrencyRateServiceInterface as ::nautil::grpc::Service>::METHODS[0];
                    self.channel.unary(method, request).await
                }}
            }}"
        ),
    ] {
        assert_code(&generated, "currency.rs", code);
    }
}

#[test]
fn the_bootloader_binds_each_interface_to_its_client() {
    let generated = Project::article().generate(&["proto/currency/*.proto"]);
    assert_code(
        &generated,
        "bootloader.rs",
        "fn init(&self, init: &mut ::nautil::Init<'_>) {
            init.config::<super::config::ClientsConfig>();
            init.client::<dyn super::currency::CurrencyRateServiceInterface, super::config::ClientsConfig>(
                |clients| &clients.currency_rate_service);
        }",
    );
}

#[test]
fn the_config_has_a_client_and_a_variable_for_each_service() {
    let generated = Project::article().generate(&["proto/currency/*.proto"]);
    assert_code(
        &generated,
        "config.rs",
        "#[serde(crate = \"::nautil::serde\", default, deny_unknown_fields)]
        pub struct ClientsConfig {
            /// `currency.CurrencyRateService`.
            pub currency_rate_service: ::nautil::grpc::ClientConfig,
        }",
    );
    assert_code(
        &generated,
        "config.rs",
        "const NAME: &'static str = \"clients\";
         const VARIABLES: &'static [(&'static str, &'static str)] = &[
            (\"currency_rate_service.host\", \"CURRENCY_RATE_SERVICE_HOST\")];",
    );
}

#[test]
fn each_kind_of_call_has_its_signature() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; message A {} message B {}
         service S {
            rpc One (A) returns (B);
            rpc Down (A) returns (stream B);
            rpc Up (stream A) returns (B);
            rpc Both (stream A) returns (stream B);
         }",
    );
    let generated = project.generate(&["a.proto"]);
    let stream = |message: &str| format!("::nautil::grpc::BoxStream<{message}>");
    let methods = [
        ("One", "unary", "A".to_owned(), "B".to_owned()),
        ("Down", "server_streaming", "A".to_owned(), stream("B")),
        ("Up", "client_streaming", stream("A"), "B".to_owned()),
        ("Both", "streaming", stream("A"), stream("B")),
    ];
    for (index, (name, kind, request, response)) in methods.into_iter().enumerate() {
        let method = name.to_lowercase();
        let signature = format!(
            "async fn {method}(&self, request: ::nautil::grpc::Request<{request}>)
             -> ::core::result::Result<::nautil::grpc::Response<{response}>, ::nautil::grpc::Status>"
        );
        assert_code(&generated, "a.rs", &format!("{signature};"));
        assert_code(
            &generated,
            "a.rs",
            &format!(
                "{signature} {{ let method = &<dyn SInterface as ::nautil::grpc::Service>::METHODS[{index}]; \
                 self.channel.{kind}(method, request).await }}"
            ),
        );
        assert_code(
            &generated,
            "a.rs",
            &format!(
                "\"{name}\" => {{ call.{kind}(move |request| async move {{ SInterface::{method}(&*service, request).await }}) }}"
            ),
        );
    }
}

#[test]
fn a_service_without_methods_answers_that_nothing_is_implemented() {
    let project = Project::new().with("a.proto", "syntax = 'proto3'; package a; service S {}");
    let generated = project.generate(&["a.proto"]);
    assert_code(
        &generated,
        "a.rs",
        "-> ::nautil::grpc::server::Reply { call.unimplemented() }",
    );
}

#[test]
fn generated_code_names_no_crate_but_the_framework() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; import 'google/protobuf/any.proto';
         message A { map<string, E> e = 1; google.protobuf.Any any = 2; bytes b = 3; oneof o { string s = 4; } }
         enum E { Z = 0; }
         service S { rpc Get (A) returns (stream A); }",
    );
    let generated = project.generate(&["a.proto"]);
    let text = text(&generated, "a.rs").replace(">::METHODS", "");
    let crates = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    for path in crates.filter(|path| path.starts_with("::")) {
        assert!(
            ["nautil", "core", "std"]
                .iter()
                .any(|name| path[2..].starts_with(name)),
            "{path}"
        );
    }
}

#[test]
fn packages_are_nested_modules_and_keywords_are_raw() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package x.type.v1; message M {} service S { rpc Type (M) returns (M); rpc Self (M) returns (M); }",
    );
    let generated = project.generate(&["a.proto"]);
    assert_code(&generated, "mod.rs", "pub mod x;");
    assert_code(&generated, "x.rs", "pub mod r#type;");
    assert_code(&generated, "x/type.rs", "pub mod v1;");
    assert_code(
        &generated,
        "x/type/v1.rs",
        "super::super::super::DESCRIPTOR_SET;",
    );
    assert_code(&generated, "x/type/v1.rs", "async fn r#type(&self");
    assert_code(&generated, "x/type/v1.rs", "async fn self_(&self");
    assert_code(
        &generated,
        "bootloader.rs",
        "dyn super::x::r#type::v1::SInterface",
    );
}

#[test]
fn a_contract_without_a_package_lives_in_the_root() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; message M {} service S { rpc Get (M) returns (M); }",
    );
    let generated = project.generate(&["a.proto"]);
    assert_code(&generated, "mod.rs", "pub struct M {}");
    assert_code(&generated, "mod.rs", "const NAME: &'static str = \"S\";");
    assert_code(
        &generated,
        "mod.rs",
        "const DESCRIPTOR_SET: &'static [u8] = DESCRIPTOR_SET;",
    );
    assert_code(&generated, "mod.rs", "\"/S/Get\"");
    assert_code(&generated, "bootloader.rs", "dyn super::SInterface");
}

#[test]
fn comments_are_documentation_that_is_never_compiled() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a;
// Message.
//
// ```rust
// let message = 1;
// ```
message M {}
// Service.
//
// ```
// let service = 1;
// ```
service S {
  // Method of [Nothing].
  //
  // ```rust,no_run
  // let method = 1;
  // ```
  rpc Get (M) returns (M);
}",
    );
    let generated = project.generate(&["a.proto"]);
    let text = text(&generated, "a.rs");
    for comment in ["Message.", "Service.", "Method of \\[Nothing\\]."] {
        assert!(
            text.contains(&format!("/// {comment}\n")),
            "no {comment}:\n{text}"
        );
    }
    let fences: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("/// ```"))
        .collect();
    assert_eq!(fences, ["text", "", "text", "", "text", ""]);
}

#[test]
fn a_comment_with_the_line_ends_of_windows_is_no_obstacle() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3';\r\npackage a;\r\n/* One\r\n   two\r three */\r\nmessage M {}\r\n",
    );
    let generated = project.generate(&["a.proto"]);
    assert!(!text(&generated, "a.rs").contains('\r'));
}

#[test]
fn a_method_states_its_kind_its_idempotency_and_its_options() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; import 'google/protobuf/descriptor.proto';
        extend google.protobuf.MethodOptions { string role = 50001; }
        message M {} service S { rpc Get (stream M) returns (stream M) {
            option deprecated = true; option idempotency_level = NO_SIDE_EFFECTS; option (role) = 'me'; } }",
    );
    // deprecated = 33, idempotency_level = 34, and the option of one's own: fields as they are encoded.
    assert_code(
        &project.generate(&["a.proto"]),
        "a.rs",
        r#"::nautil::grpc::Method::new("/a.S/Get", ::nautil::grpc::MethodKind::Streaming)
            .with_descriptor_set(super::DESCRIPTOR_SET)
            .with_idempotency(::nautil::grpc::Idempotency::NoSideEffects)
            .deprecated()
            .with_options(b"\x88\x02\x01\x90\x02\x01\x8A\xB5\x18\x02me")"#,
    );
}

#[test]
fn a_deprecated_method_is_deprecated_in_the_interface() {
    let project = Project::new().with(
        "a.proto",
        "syntax = 'proto3'; package a; message M {} service S { rpc Get (M) returns (M) { option deprecated = true; } }",
    );
    assert_code(
        &project.generate(&["a.proto"]),
        "a.rs",
        "#[deprecated] async fn get(&self",
    );
}

#[test]
fn the_same_contracts_give_the_same_bytes() {
    let contracts = |project: Project| {
        ["b", "a", "d.e", "d"]
            .iter()
            .fold(project, |project, package| {
                let text = format!(
                    "syntax = 'proto3'; package {package}; import 'google/protobuf/any.proto';
                 message M {{ map<string, google.protobuf.Any> any = 1; }}
                 service Ping {{ rpc Get (M) returns (M); }}"
                );
                project.with(&format!("proto/{package}.proto"), &text)
            })
    };
    let first = contracts(Project::new()).generate(&["proto/*.proto"]);
    for _ in 0..5 {
        assert_eq!(
            contracts(Project::new()).generate(&["proto/*.proto"]),
            first
        );
    }
}
