//! A service as Rust: the interface that is implemented and asked for, how a server calls it, and the client.

use proc_macro2::TokenStream;
use prost_build::{Method, Service};
use quote::quote;
use syn::{Ident, Type};

use super::names::Client;
use super::{docs, parse};
use crate::{Error, Runtime};

/// One method, ready to be written.
struct Rpc<'a> {
    method: &'a Method,
    /// The attributes of the interface's method: documentation, deprecation.
    attributes: Vec<syn::Attribute>,
    ident: Ident,
    request: TokenStream,
    response: TokenStream,
    /// The name of the kind of call, on the server's side and the client's.
    kind: Ident,
}

/// Everything that the package's module holds for this service.
pub(crate) fn items(
    service: &Service,
    client: &Client,
    runtime: Runtime,
) -> Result<Vec<syn::Item>, Error> {
    let rpcs = service
        .methods
        .iter()
        .map(|method| rpc(method, client, runtime))
        .collect::<Result<Vec<_>, _>>()?;
    let interface = interface(service, client, &rpcs, runtime)?;
    let contract = contract(client, &rpcs, runtime);
    let implementation = implementation(client, &rpcs, runtime);
    let file: syn::File =
        syn::parse2(quote! { #interface #contract #implementation }).map_err(|source| {
            Error::Syntax {
                module: client.service.clone(),
                source,
            }
        })?;
    Ok(file.items)
}

fn rpc<'a>(method: &'a Method, client: &Client, runtime: Runtime) -> Result<Rpc<'a>, Error> {
    let grpc = runtime.grpc();
    let input: Type = parse(&method.input_type, &client.service)?;
    let output: Type = parse(&method.output_type, &client.service)?;
    let message = |message: &Type, streaming: bool| {
        if streaming {
            quote!(#grpc::BoxStream<#message>)
        } else {
            quote!(#message)
        }
    };
    let kind = match (method.client_streaming, method.server_streaming) {
        (false, false) => "unary",
        (false, true) => "server_streaming",
        (true, false) => "client_streaming",
        (true, true) => "streaming",
    };
    let mut attributes = docs::attributes(&method.comments, "")?;
    if method.options.deprecated() {
        attributes.push(syn::parse_quote!(#[deprecated]));
    }
    Ok(Rpc {
        method,
        attributes,
        ident: parse(&method.name, &client.service)?,
        request: message(&input, method.client_streaming),
        response: message(&output, method.server_streaming),
        kind: parse(kind, &client.service)?,
    })
}

impl Rpc<'_> {
    fn signature(&self, runtime: Runtime) -> TokenStream {
        let grpc = runtime.grpc();
        let Self {
            ident,
            request,
            response,
            ..
        } = self;
        quote! {
            async fn #ident(
                &self,
                request: #grpc::Request<#request>,
            ) -> ::core::result::Result<#grpc::Response<#response>, #grpc::Status>
        }
    }
}

/// The trait.
fn interface(
    service: &Service,
    client: &Client,
    rpcs: &[Rpc<'_>],
    runtime: Runtime,
) -> Result<TokenStream, Error> {
    let (root, bounds) = (runtime.root(), runtime.interface());
    let mut attributes = docs::attributes(
        &service.comments,
        &format!("The service `{}`.", client.service),
    )?;
    if service.options.deprecated() {
        attributes.push(syn::parse_quote!(#[deprecated]));
    }
    let interface = &client.interface;
    let methods = rpcs.iter().map(|rpc| {
        let (attributes, signature) = (&rpc.attributes, rpc.signature(runtime));
        quote! { #(#attributes)* #signature; }
    });
    Ok(quote! {
        #(#attributes)*
        #[#root::async_trait]
        pub trait #interface: #bounds {
            #(#methods)*
        }
    })
}

/// What the framework has to know to serve the trait and to call it.
fn contract(client: &Client, rpcs: &[Rpc<'_>], runtime: Runtime) -> TokenStream {
    let grpc = runtime.grpc();
    let Client {
        service,
        interface,
        client: struct_,
        variable,
        module,
        ..
    } = client;
    let up = std::iter::repeat_n(quote!(super::), module.len());
    let handle = if rpcs.is_empty() {
        quote! {
            fn handle(
                _: &::std::sync::Arc<Self>,
                _: &str,
                call: #grpc::server::Call,
            ) -> #grpc::server::Reply {
                call.unimplemented()
            }
        }
    } else {
        let arms = rpcs.iter().map(|rpc| {
            let (name, kind, method) = (&rpc.method.proto_name, &rpc.kind, &rpc.ident);
            // Not `service.method(..)`: a method called `clone` or `into` would be that of the `Arc`.
            quote! {
                #name => call.#kind(move |request| async move { #interface::#method(&*service, request).await }),
            }
        });
        quote! {
            fn handle(
                service: &::std::sync::Arc<Self>,
                method: &str,
                call: #grpc::server::Call,
            ) -> #grpc::server::Reply {
                let service = ::std::sync::Arc::clone(service);
                match method {
                    #(#arms)*
                    _ => call.unimplemented(),
                }
            }
        }
    };
    quote! {
        impl #grpc::Service for dyn #interface {
            const NAME: &'static str = #service;
            const DESCRIPTOR_SET: &'static [u8] = #(#up)* DESCRIPTOR_SET;
            const HOST_VARIABLE: &'static str = #variable;

            #handle

            fn client(channel: #grpc::Channel) -> ::std::sync::Arc<Self> {
                ::std::sync::Arc::new(#struct_::new(channel))
            }
        }
    }
}

/// The client.
fn implementation(client: &Client, rpcs: &[Rpc<'_>], runtime: Runtime) -> TokenStream {
    let (root, grpc) = (runtime.root(), runtime.grpc());
    let Client {
        service,
        interface,
        client: struct_,
        ..
    } = client;
    let docs = format!(
        " The client of `{service}`: each call goes to the server at the other end of its channel."
    );
    let methods = rpcs.iter().map(|rpc| {
        let (signature, kind) = (rpc.signature(runtime), &rpc.kind);
        let path = format!("/{service}/{}", rpc.method.proto_name);
        quote! { #signature { self.channel.#kind(#path, request).await } }
    });
    quote! {
        #[doc = #docs]
        #[derive(Debug, Clone)]
        pub struct #struct_ {
            channel: #grpc::Channel,
        }

        impl #struct_ {
            /// Calls through `channel`.
            pub fn new(channel: #grpc::Channel) -> Self {
                Self { channel }
            }
        }

        #[#root::async_trait]
        impl #interface for #struct_ {
            #(#methods)*
        }
    }
}
