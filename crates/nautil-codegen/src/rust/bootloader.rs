//! `generated/bootloader.rs`: the interface of each service is bound to its client.

use quote::quote;

use super::names::Client;
use super::text;
use crate::Error;

pub(crate) fn file(clients: &[Client]) -> Result<Vec<u8>, Error> {
    let bindings = clients
        .iter()
        .map(|client| {
            let Client { interface, field, .. } = client;
            let path = client.path()?;
            Ok(quote! {
                init.client::<dyn super::#(#path::)*#interface, super::config::ClientsConfig>(|clients| &clients.#field);
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let items = vec![
        syn::parse_quote! {
            /// Binds the interface of each service to its client.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct ServiceBootloader;
        },
        syn::parse_quote! {
            impl ::nautil::Bootloader for ServiceBootloader {
                fn init(&self, init: &mut ::nautil::Init<'_>) {
                    init.config::<super::config::ClientsConfig>();
                    #(#bindings)*
                }
            }
        },
    ];
    Ok(text("The clients, in the container.", Vec::new(), items))
}
