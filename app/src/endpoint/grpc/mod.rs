//! The services: one file for one, and the one place where a domain error becomes a status.

mod currency_rate_service;
mod status;

pub use currency_rate_service::CurrencyRateService;
