//! The verbs of gRPC.

use nautil_grpc::Service;
use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::server::{ResponseBody, RoutedBy, Routes};
use shaku::{Component, Interface};
use tower_layer::Layer;

use super::{Connect, Services};
use crate::bootloader::Init;
use crate::config::Section;
use crate::container::Container;

impl Init<'_> {
    /// Serves a gRPC service by this component. It is not bound under the interface: that is the client's name.
    pub fn serve<C>(&mut self) -> &mut Self
    where
        C: Component<Container>,
        C::Interface: Service,
    {
        let name = <C::Interface as Service>::NAME;
        let bootloader = self.bootloader();
        let taken = self.declare::<Services>().add::<C>(bootloader);
        if let Err(first) = taken {
            self.twice("service", name, first);
        }
        self
    }

    /// Puts a tower layer around every served call; the first declared is the outermost.
    pub fn layer<L, B>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.declare::<Services>().add_layer(layer);
        self
    }

    /// Binds the interface of a service to its client, connected as the section `T` says.
    pub fn client<I, T>(&mut self, config: fn(&T) -> &ClientConfig) -> &mut Self
    where
        I: Service + Interface + ?Sized,
        T: Section,
    {
        self.factory::<I>(move |resolver| {
            let section = resolver.get::<T>();
            let connect = resolver.get::<dyn Connect>();
            let target = Target {
                service: I::NAME,
                variable: I::HOST_VARIABLE,
            };
            Ok(I::client(connect.connect(target, config(&section))?))
        })
    }
}
