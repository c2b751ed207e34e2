//! Rates by chance, for a demo that needs no market.

use std::sync::Arc;

use async_trait::async_trait;
use rand::{Rng, RngExt};
use shaku::Component;

use super::RatesConfig;
use crate::domain::{Rate, RateError, RateSource, Ticker};

/// Draws a whole rate between `rates.lowest` and `rates.highest`, both included, for any pair.
#[derive(Debug, Component)]
#[shaku(interface = RateSource)]
pub struct RandomRateSource {
    #[shaku(inject)]
    config: Arc<RatesConfig>,
}

#[async_trait]
impl RateSource for RandomRateSource {
    async fn rate(&self, _ticker: &Ticker) -> Result<Rate, RateError> {
        Ok(draw(&self.config, &mut rand::rng()))
    }
}

fn draw(config: &RatesConfig, random: &mut impl Rng) -> Rate {
    let whole = random.random_range(config.lowest..=config.highest);
    Rate::from_hundredths(u64::from(whole) * 100)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::{RatesConfig, draw};

    #[test]
    fn both_ends_and_nothing_beyond_are_drawn() {
        let mut random = StdRng::seed_from_u64(9001);
        let config = RatesConfig::default();
        let drawn: BTreeSet<String> = (0..500)
            .map(|_| draw(&config, &mut random).to_string())
            .collect();
        let expected = ["70.00", "71.00", "72.00", "73.00", "74.00", "75.00"];
        assert!(drawn.iter().eq(expected.iter()), "{drawn:?}");
    }
}
