//! A service as Rust: the interface that is implemented and asked for, how a server calls it, and the client.

use proc_macro2::{Literal, TokenStream};
use prost_build::{Method, Service};
use prost_types::method_options::IdempotencyLevel;
use protox::prost_reflect::prost::Message;
use protox::prost_reflect::{DescriptorPool, ServiceDescriptor};
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
    /// The same as the runtime's `MethodKind`.
    kind_variant: Ident,
    /// The options of the contract, encoded.
    options: Vec<u8>,
}

/// Everything that the package's module holds for this service.
pub(crate) fn items(
    service: &Service,
    client: &Client,
    pool: &DescriptorPool,
    runtime: Runtime,
) -> Result<Vec<syn::Item>, Error> {
    let rpcs = service
        .methods
        .iter()
        .map(|method| rpc(method, client, options(pool, client, method), runtime))
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

/// What the contract says of a method beside its messages, with the options that the contract defines itself.
fn options(pool: &DescriptorPool, client: &Client, method: &Method) -> Vec<u8> {
    let service = pool.get_service_by_name(&client.service);
    let mut methods = service.iter().flat_map(ServiceDescriptor::methods);
    let method = methods.find(|candidate| candidate.name() == method.proto_name);
    method.map_or_else(Vec::new, |method| method.options().encode_to_vec())
}

fn rpc<'a>(
    method: &'a Method,
    client: &Client,
    options: Vec<u8>,
    runtime: Runtime,
) -> Result<Rpc<'a>, Error> {
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
    let (kind, kind_variant) = match (method.client_streaming, method.server_streaming) {
        (false, false) => ("unary", "Unary"),
        (false, true) => ("server_streaming", "ServerStreaming"),
        (true, false) => ("client_streaming", "ClientStreaming"),
        (true, true) => ("streaming", "Streaming"),
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
        kind_variant: parse(kind_variant, &client.service)?,
        options,
    })
}

impl Rpc<'_> {
    /// The method as a value: what its contract states.
    fn descriptor(&self, client: &Client, runtime: Runtime) -> TokenStream {
        let grpc = runtime.grpc();
        let (path, kind) = (self.path(&client.service), &self.kind_variant);
        let set = descriptor_set(client);
        let idempotency = match self.method.options.idempotency_level() {
            IdempotencyLevel::IdempotencyUnknown => None,
            IdempotencyLevel::NoSideEffects => Some(quote!(NoSideEffects)),
            IdempotencyLevel::Idempotent => Some(quote!(Idempotent)),
        };
        let idempotency =
            idempotency.map(|level| quote!(.with_idempotency(#grpc::Idempotency::#level)));
        let deprecated = self
            .method
            .options
            .deprecated()
            .then(|| quote!(.deprecated()));
        let options = (!self.options.is_empty()).then(|| {
            let encoded = Literal::byte_string(&self.options);
            quote!(.with_options(#encoded))
        });
        quote! {
            #grpc::Method::new(#path, #grpc::MethodKind::#kind)
                .with_descriptor_set(#set) #idempotency #deprecated #options
        }
    }

    fn path(&self, service: &str) -> String {
        format!("/{service}/{}", self.method.proto_name)
    }

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

/// The contracts, seen from where the service is.
fn descriptor_set(client: &Client) -> TokenStream {
    let up = std::iter::repeat_n(quote!(super::), client.module.len());
    quote!(#(#up)* DESCRIPTOR_SET)
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
        ..
    } = client;
    let set = descriptor_set(client);
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
    let methods = rpcs.iter().map(|rpc| rpc.descriptor(client, runtime));
    quote! {
        impl #grpc::Service for dyn #interface {
            const NAME: &'static str = #service;
            const METHODS: &'static [#grpc::Method] = &[#(#methods),*];
            const DESCRIPTOR_SET: &'static [u8] = #set;
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
    let methods = rpcs.iter().enumerate().map(|(index, rpc)| {
        let (signature, kind) = (rpc.signature(runtime), &rpc.kind);
        let index = Literal::usize_unsuffixed(index);
        quote! {
            #signature {
                let method = &<dyn #interface as #grpc::Service>::METHODS[#index];
                self.channel.#kind(method, request).await
            }
        }
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
