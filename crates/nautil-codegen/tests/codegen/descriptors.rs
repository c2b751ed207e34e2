//! The descriptor set.

use nautil_codegen::Generated;
use protox::prost_reflect::{DescriptorPool, Value};

use crate::project::{Project, bytes};

pub(crate) fn pool(generated: &Generated) -> DescriptorPool {
    DescriptorPool::decode(bytes(generated, "descriptor_set.bin")).unwrap()
}

/// The names of the files, sorted.
pub(crate) fn files(generated: &Generated) -> Vec<String> {
    let mut names: Vec<_> = pool(generated)
        .files()
        .map(|file| file.name().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_articles_contracts_keep_their_php_options() {
    let pool = pool(&Project::article().generate(&["proto/**/*.proto"]));
    let file = pool
        .get_file_by_name("proto/currency/service.proto")
        .unwrap();
    let options = file.file_descriptor_proto().options.clone().unwrap();
    assert_eq!(options.php_namespace(), "GRPCContracts\\Currency");
    assert_eq!(
        options.php_metadata_namespace(),
        "GRPCContracts\\Currency\\GPBMetadata"
    );
}

#[test]
fn custom_options_survive() {
    let project = Project::new()
        .with(
            "proto/options.proto",
            "syntax = 'proto3'; package auth; import 'google/protobuf/descriptor.proto';
             message Rule { string role = 1; repeated int32 levels = 2; }
             extend google.protobuf.MethodOptions { Rule rule = 50001; }",
        )
        .with(
            "proto/a.proto",
            "syntax = 'proto3'; package a; import 'options.proto'; message A {}
             service S { rpc Get (A) returns (A) { option (auth.rule) = { role: 'admin', levels: [1, 2] }; } }",
        );
    let pool = pool(&project.generate(&["proto/*.proto"]));
    let extension = pool.get_extension_by_name("auth.rule").unwrap();
    let options = pool
        .get_service_by_name("a.S")
        .unwrap()
        .methods()
        .next()
        .unwrap()
        .options();
    let rule = options.get_extension(&extension);
    let role = rule
        .as_message()
        .unwrap()
        .get_field_by_name("role")
        .unwrap()
        .into_owned();
    assert_eq!(role, Value::String("admin".to_owned()));
}

#[test]
fn comments_are_there() {
    let project = Project::new().with(
        "proto/a.proto",
        "syntax = 'proto3';\n// What it is.\nmessage A {\n  string b = 1; // What it holds.\n}\n",
    );
    let pool = pool(&project.generate(&["proto/*.proto"]));
    let file = pool.get_file_by_name("proto/a.proto").unwrap();
    let info = file
        .file_descriptor_proto()
        .source_code_info
        .clone()
        .unwrap();
    let comments: Vec<_> = info
        .location
        .iter()
        .flat_map(|location| {
            [
                location.leading_comments.as_deref(),
                location.trailing_comments.as_deref(),
            ]
        })
        .flatten()
        .collect();
    assert_eq!(comments, [" What it is.\n", " What it holds.\n"]);
}
