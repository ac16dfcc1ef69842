//! The authorization code flow: the request that a browser brings, the code that it takes back, and what the code is exchanged for.

mod code;
mod parameters;
mod pkce;
mod redirect_uri;
mod request;
mod response;

pub use redirect_uri::InvalidRedirectUri;

pub(super) use code::{CodeRefusal, Codes, IssuedCode, Presented};
pub(super) use parameters::Parameters;
pub(super) use redirect_uri::{check_pattern, is_registered};
pub(super) use request::{AuthorizationRequest, PageError, Prompt, Refusal, read};
pub(super) use response::{AuthorizationError, ResponseMode, with_fields};
