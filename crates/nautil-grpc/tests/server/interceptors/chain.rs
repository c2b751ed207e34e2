//! Which calls pass through which interceptors, and in which order.

use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse};
use nautil_grpc::server::{MethodConfig, ServerConfig};
use nautil_grpc::{Calls, Interceptors, Method, MethodKind, Request, Response};

use super::fixture::{Log, both, client, down, echo, routes, said, start, start_by, up, with};
use crate::fixture::{config, in_time};

#[tokio::test]
async fn calls_of_each_kind_pass_in_the_order_of_declaration() {
    let log = Log::default();
    let interceptors = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(Calls::served(), log.passes::<1>());
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let order = ["0 in", "1 in", "1 out", "0 out"];
    assert_eq!(said(&channel, "a").await.unwrap(), "a");
    assert_eq!(log.take(), order);
    assert_eq!(down(&channel, "a").await.unwrap(), ["a", "a"]);
    assert_eq!(log.take(), order);
    assert_eq!(up(&channel, &["a", "b"]).await.unwrap(), "a b");
    assert_eq!(log.take(), order);
    assert_eq!(both(&channel, &["a", "b"]).await.unwrap(), ["a", "b"]);
    assert_eq!(log.take(), order);
}

#[tokio::test]
async fn the_config_says_another_order_and_which_are_for_a_method() {
    let log = Log::default();
    let interceptors = || {
        Interceptors::new()
            .with(Calls::served(), log.passes::<0>())
            .with(Calls::served(), log.passes::<1>())
            .with(Calls::served().configured(), log.passes::<2>())
    };
    let mut config = config();
    config.interceptors = vec!["second".to_owned()];
    let named = |names: &[&str]| MethodConfig {
        interceptors: Some(names.iter().map(|&name| name.to_owned()).collect()),
        ..MethodConfig::default()
    };
    let methods = [
        ("echo.Echo/ServerStreaming", named(&["third", "first"])),
        ("echo.Echo/ClientStreaming", named(&[])),
    ];
    for (pattern, table) in methods {
        config.methods.insert(pattern.parse().unwrap(), table);
    }
    let running = start_by(&config, echo(), interceptors());
    let channel = client(&running);
    said(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["1 in", "0 in", "0 out", "1 out"]);
    // One that waits to be named is named here, too.
    let mut all = config.clone();
    all.interceptors.push("third".to_owned());
    let running = start_by(&all, echo(), interceptors());
    said(&client(&running), "a").await.unwrap();
    let passed = log.take();
    assert_eq!(passed, ["1 in", "2 in", "0 in", "0 out", "2 out", "1 out"]);
    down(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["2 in", "0 in", "0 out", "2 out"]);
    up(&channel, &["a"]).await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn an_interceptor_is_for_the_calls_that_it_was_declared_for() {
    let log = Log::default();
    let unary_only = Calls::served().of("echo.Echo/Unary".parse().unwrap());
    let interceptors = Interceptors::new()
        .with(unary_only, log.passes::<0>())
        .with(Calls::made(), log.passes::<1>())
        .with(
            Calls::all().of("echo.Echo/*".parse().unwrap()),
            log.passes::<2>(),
        );
    let running = start(echo(), interceptors);
    let channel = client(&running);
    said(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["0 in", "2 in", "2 out", "0 out"]);
    down(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["2 in", "2 out"]);
}

#[tokio::test]
async fn what_is_for_nothing_or_twice_there_does_not_start() {
    let log = Log::default();
    let refused = |config: &ServerConfig, interceptors| {
        let error = routes(config, echo(), interceptors).unwrap_err();
        error.to_string()
    };
    let all = "echo.Echo/Unary, echo.Echo/ServerStreaming, echo.Echo/ClientStreaming, \
               echo.Echo/Streaming, grpc.health.v1.Health/Check, grpc.health.v1.Health/Watch";
    let calls = Calls::served().of("echo.Echo/Nothing".parse().unwrap());
    let interceptors = Interceptors::new().with(calls, log.passes::<0>());
    assert_eq!(
        refused(&config(), interceptors),
        format!(
            "the interceptor `first` is for `echo.Echo/Nothing`, which is no method that is served; there are {all}"
        )
    );
    let twice = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(Calls::served(), log.passes::<0>());
    assert_eq!(
        refused(&config(), twice),
        "two interceptors are named `first`"
    );
    let mut repeated = config();
    repeated.interceptors = vec!["first".to_owned(), "first".to_owned()];
    let once = Interceptors::new().with(Calls::served(), log.passes::<0>());
    assert_eq!(
        refused(&repeated, once),
        "`server.interceptors` names the interceptor `first` twice"
    );

    let mut named = config();
    named.interceptors = vec!["audit".to_owned()];
    let first = || Interceptors::new().with(Calls::served(), log.passes::<0>());
    assert_eq!(
        refused(&named, first()),
        "`server.interceptors` names the interceptor `audit`, which there is not; there are first"
    );
    let mut named = config();
    let table = MethodConfig {
        interceptors: Some(vec!["audit".to_owned()]),
        ..MethodConfig::default()
    };
    named.methods.insert("echo.Echo/*".parse().unwrap(), table);
    assert_eq!(
        refused(&named, Interceptors::new()),
        "`server.methods.\"echo.Echo/*\".interceptors` names the interceptor `audit`, which there is not; \
         there are none"
    );
}

static CHECK: Method = Method::new("/grpc.health.v1.Health/Check", MethodKind::Unary);

#[tokio::test]
async fn health_is_seen_only_by_who_names_it() {
    let (log, named) = (Log::default(), Log::default());
    let written = named.clone();
    let dynamic = with::<1>(move |call, mut next| {
        let (requests, responses) = (written.clone(), written.clone());
        next.on_request(move |message| {
            requests.write(message.to_dynamic()?.to_string());
            Ok(())
        });
        next.on_response(move |message| {
            responses.write(message.to_dynamic()?.to_string());
            Ok(())
        });
        Box::pin(next.run(call))
    });
    let health = Calls::served().of("grpc.health.v1.Health/*".parse().unwrap());
    let interceptors = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(health, dynamic);
    let running = start(echo(), interceptors);
    let request = Request::new(HealthCheckRequest {
        service: "echo.Echo".to_owned(),
    });
    let response = in_time(client(&running).unary(&CHECK, request)).await;
    let response: Response<HealthCheckResponse> = response.unwrap();
    assert_eq!(response.get_ref().status, 1);
    assert_eq!(named.take(), ["service:\"echo.Echo\"", "status:SERVING"]);
    assert!(log.take().is_empty());
}
