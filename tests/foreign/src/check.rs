//! Whether enough days are known.

use std::sync::Arc;

use nautil::bootloader::BoxError;
use nautil::container::Component;
use nautil::grpc::{DynHealthCheck, HealthCheck, Scope};

use crate::{AlmanacConfig, Days};

#[derive(Component)]
#[shaku(interface = DynHealthCheck)]
pub(crate) struct AlmanacCheck {
    #[shaku(inject)]
    days: Arc<Days>,
    #[shaku(inject)]
    config: Arc<AlmanacConfig>,
}

impl HealthCheck for AlmanacCheck {
    const NAME: &'static str = "almanac";
    const SCOPE: Scope = Scope::Server;

    async fn check(&self) -> Result<(), BoxError> {
        let (known, least) = (self.days.0.len(), self.config.least);
        if known < least {
            return Err(format!("{known} days are known, and `almanac.least` is {least}").into());
        }
        Ok(())
    }
}
