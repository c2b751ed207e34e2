//! `generated/config.rs`: where each client connects.

use quote::quote;

use super::names::Client;
use super::text;

pub(crate) fn file(clients: &[Client]) -> Vec<u8> {
    let fields = clients.iter().map(|client| {
        let field = &client.field;
        let docs = format!(" `{}`.", client.service);
        quote! { #[doc = #docs] pub #field: ::nautil::grpc::ClientConfig }
    });
    let variables = clients.iter().map(|client| {
        let (key, variable) = (format!("{}.host", client.key), &client.variable);
        quote! { (#key, #variable) }
    });
    let items = vec![
        syn::parse_quote! {
            /// Section `clients`: where each client connects.
            #[derive(Debug, Clone, PartialEq, Default, ::nautil::serde::Serialize, ::nautil::serde::Deserialize)]
            #[serde(crate = "::nautil::serde", default, deny_unknown_fields)]
            pub struct ClientsConfig {
                #(#fields,)*
            }
        },
        syn::parse_quote! {
            impl ::nautil::config::Section for ClientsConfig {
                const NAME: &'static str = "clients";
                const VARIABLES: &'static [(&'static str, &'static str)] = &[#(#variables),*];
            }
        },
    ];
    text("Where the clients connect.", Vec::new(), items)
}
