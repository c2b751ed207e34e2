//! `/almanac` on the management port.

use std::sync::Arc;

use nautil::container::Component;
use nautil::grpc::server::{PageRequest, PageResponse, text};
use nautil::grpc::{DynPage, Page};

use crate::Almanac;

#[derive(Component)]
#[shaku(interface = DynPage)]
pub(crate) struct AlmanacPage {
    #[shaku(inject)]
    almanac: Arc<dyn Almanac>,
}

impl Page for AlmanacPage {
    const PATH: &'static str = "/almanac";
    const ABOUT: &'static str = "The days that are worth knowing";

    async fn answer(&self, _: PageRequest) -> PageResponse {
        text(self.almanac.days().join("\n"))
    }
}
