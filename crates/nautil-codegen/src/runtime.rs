//! The crate that generated code stands on, and the paths by which it names it.

use proc_macro2::TokenStream;
use quote::quote;

/// The one crate that generated code names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Runtime {
    /// `nautil`: an application with a kernel. Beside the services there is a bootloader that binds each interface to its
    /// client, and the section `clients` that says where the clients connect.
    #[default]
    Nautil,
    /// `nautil-grpc`: any tokio program. There are messages, interfaces and clients; who makes them and where they connect is
    /// the program's own.
    NautilGrpc,
}

impl Runtime {
    /// The path of the crate, where `async_trait` and `prost` are.
    pub(crate) fn root(self) -> TokenStream {
        match self {
            Self::Nautil => quote!(::nautil),
            Self::NautilGrpc => quote!(::nautil_grpc),
        }
    }

    /// The path of what is gRPC's own: `Request`, `Service`, `Channel`.
    pub(crate) fn grpc(self) -> TokenStream {
        match self {
            Self::Nautil => quote!(::nautil::grpc),
            Self::NautilGrpc => quote!(::nautil_grpc),
        }
    }

    /// The path of `prost`, as prost-build takes it.
    pub(crate) fn prost(self) -> &'static str {
        match self {
            Self::Nautil => "::nautil::prost",
            Self::NautilGrpc => "::nautil_grpc::prost",
        }
    }

    /// The path of the well-known types, as prost-build takes it.
    pub(crate) fn prost_types(self) -> &'static str {
        match self {
            Self::Nautil => "::nautil::prost_types",
            Self::NautilGrpc => "::nautil_grpc::prost_types",
        }
    }

    /// What an interface has to be, so that one service can be shared by all calls.
    pub(crate) fn interface(self) -> TokenStream {
        match self {
            Self::Nautil => quote!(::nautil::container::Interface),
            Self::NautilGrpc => quote!(::core::marker::Send + ::core::marker::Sync + 'static),
        }
    }

    /// The first line of `mod.rs`, by which a generated directory is known: it names the command that the reader has.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Nautil => {
                "Written by `app grpc:generate` from the contracts in `config/grpc.toml`. Do not edit."
            }
            Self::NautilGrpc => {
                "Written by `nautil grpc:generate` from the contracts in `config/grpc.toml`. Do not edit."
            }
        }
    }
}
