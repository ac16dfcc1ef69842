//! Access tokens: what they say, and the one check of whether to believe it.

mod check;
mod claims;
mod issuer;
mod keys;
mod login;

pub use check::{TokenPolicy, TokenRejection, check_access_token};
pub use claims::{AccessClaims, Audience, TokenShape};
#[cfg(feature = "mock")]
pub use issuer::MockTokenIssuer;
pub use issuer::{TokenIssuer, TokenIssuerError};
pub use keys::{InvalidKeySet, VerificationKeys};
#[cfg(feature = "mock")]
pub use login::MockLoginProvider;
pub use login::{CodeExchangeError, CodeGrant, IssuedTokens, LoginProvider};

#[cfg(test)]
mod tests;
