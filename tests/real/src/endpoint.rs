//! Where a server is, and who administers it.

use secrecy::SecretString;

/// The administrator of realm `master`.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// The user name.
    pub name: String,
    /// The password.
    pub password: SecretString,
}

/// A server that can be talked to, whoever started it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The base URL without a trailing slash, such as `http://127.0.0.1:8080`; realms are below its `/realms`.
    pub base_url: String,
    /// Who may do everything there.
    pub administrator: Administrator,
}
