//! Callers that call all the time, and what became of each call. Each server draws one rate only, so an answer says who gave it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use currency_rate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::support::in_time;

/// Callers, each on a connection of its own, with one call at a time: so many calls are in flight.
pub(super) const CALLERS: usize = 8;

/// A call as its caller had it.
#[derive(Debug)]
pub(super) struct Call {
    started: Instant,
    /// The rate, or why there is none.
    answer: Result<String, Status>,
}

/// A client that does nothing by itself when a call fails.
pub(super) async fn call(client: &mut Grpc<Channel>) -> Result<String, Status> {
    let ticker = "TRYUSD".to_owned();
    let path = PathAndQuery::from_static("/currency.CurrencyRateService/GetRate");
    let codec = ProstCodec::<GetRateRequest, CurrencyRateResponse>::default();
    let ready = client.ready().await;
    ready.map_err(|error| Status::unknown(error.to_string()))?;
    let answer = client.unary(Request::new(GetRateRequest { ticker }), path, codec);
    Ok(answer.await?.into_inner().rate)
}

/// Callers that call until they are stopped.
pub(super) struct Load {
    callers: JoinSet<Vec<Call>>,
    stop: Arc<AtomicBool>,
    /// How many calls of each rate were answered.
    answered: watch::Receiver<BTreeMap<String, usize>>,
}

impl Load {
    pub(super) async fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (counts, answered) = watch::channel(BTreeMap::new());
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let endpoint = Endpoint::new(format!("http://{address}")).unwrap();
            let mut client = Grpc::new(in_time(endpoint.connect()).await.unwrap());
            let (stop, counts) = (Arc::clone(&stop), counts.clone());
            callers.spawn(async move {
                let mut calls = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    let answer = in_time(call(&mut client)).await;
                    if let Ok(rate) = &answer {
                        counts.send_modify(|counts| {
                            *counts.entry(rate.clone()).or_default() += 1;
                        });
                    }
                    calls.push(Call { started, answer });
                }
                calls
            });
        }
        Load {
            callers,
            stop,
            answered,
        }
    }

    /// Waits for so many more answers of each of these rates.
    pub(super) async fn hears(&mut self, more: usize, rates: &[&str]) {
        let before = self.answered.borrow().clone();
        let is_heard = |now: &BTreeMap<String, usize>| {
            rates.iter().all(|rate| {
                let count = |counts: &BTreeMap<String, usize>| counts.get(*rate).copied();
                count(now).unwrap_or(0) >= count(&before).unwrap_or(0) + more
            })
        };
        in_time(self.answered.wait_for(is_heard)).await.unwrap();
    }

    /// All calls that were made.
    pub(super) async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        in_time(self.callers.join_all())
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The calls that failed, with the rest's number of answers by rate.
pub(super) fn sorted(calls: Vec<Call>) -> (Vec<(Instant, Status)>, BTreeMap<String, usize>) {
    let mut failed = Vec::new();
    let mut answers = BTreeMap::new();
    for Call { started, answer } in calls {
        match answer {
            Ok(rate) => *answers.entry(rate).or_default() += 1,
            Err(status) => failed.push((started, status)),
        }
    }
    (failed, answers)
}
