//! Who may do what: keys, certificates and tokens of one instance, and the file that tells clients.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use serde_json::json;
use uuid::Uuid;

use crate::error::ServerError;
use crate::files::write_private;

/// The context of the kubeconfig for the administrator, which is its current one.
pub(super) const ADMINISTRATOR: &str = "admin";
/// The context for a user without any rights.
pub(super) const OTHER: &str = "jane";

/// Tokens of the users, and the certificate that clients believe.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) administrator: String,
    pub(super) other: String,
    /// In PEM.
    pub(super) authority: String,
}

impl Access {
    /// Chooses tokens and keys at random and writes them below `home`.
    pub(super) fn create(home: &Path) -> Result<Self, ServerError> {
        let token = || Uuid::new_v4().simple().to_string();
        let (administrator, other) = (token(), token());
        write_private(&tokens(home), &tokens_csv(&administrator, &other))?;

        let accounts = KeyPair::generate()?;
        write_private(&account_key(home), &accounts.serialize_pem())?;
        fs::write(account_public_key(home), accounts.public_key_pem())?;

        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority of tests");
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        fs::write(authority_certificate(home), &authority)?;

        let mut params = CertificateParams::new(["localhost".to_owned(), "kubernetes.default.svc".to_owned()])?;
        params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        let key = KeyPair::generate()?;
        fs::write(server_certificate(home), params.signed_by(&key, &issuer)?.pem())?;
        write_private(&server_key(home), &key.serialize_pem())?;
        Ok(Self { administrator, other, authority })
    }

    /// Writes the file that tells clients where the server is and who they are.
    pub(super) fn write_kubeconfig(&self, home: &Path, url: &str) -> io::Result<()> {
        write_private(&kubeconfig(home), &self.kubeconfig(url))
    }

    /// JSON, which is YAML.
    fn kubeconfig(&self, url: &str) -> String {
        let user = |name: &str, token: &str| json!({ "name": name, "user": { "token": token } });
        let context = |name: &str| json!({ "name": name, "context": { "cluster": "real", "user": name } });
        let authority = BASE64_STANDARD.encode(&self.authority);
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "real", "cluster": { "server": url, "certificate-authority-data": authority } }],
            "users": [user(ADMINISTRATOR, &self.administrator), user(OTHER, &self.other)],
            "contexts": [context(ADMINISTRATOR), context(OTHER)],
            "current-context": ADMINISTRATOR,
        });
        format!("{config:#}\n")
    }
}

/// Token, name, identifier and groups of each user.
fn tokens_csv(administrator: &str, other: &str) -> String {
    format!("{administrator},{ADMINISTRATOR},{ADMINISTRATOR},\"system:masters\"\n{other},{OTHER},{OTHER}\n")
}

pub(super) fn tokens(home: &Path) -> PathBuf {
    home.join("tokens.csv")
}

/// Signs tokens of service accounts.
pub(super) fn account_key(home: &Path) -> PathBuf {
    home.join("accounts.key")
}

pub(super) fn account_public_key(home: &Path) -> PathBuf {
    home.join("accounts.pub")
}

pub(super) fn authority_certificate(home: &Path) -> PathBuf {
    home.join("authority.crt")
}

pub(super) fn server_certificate(home: &Path) -> PathBuf {
    home.join("server.crt")
}

pub(super) fn server_key(home: &Path) -> PathBuf {
    home.join("server.key")
}

pub(crate) fn kubeconfig(home: &Path) -> PathBuf {
    home.join("kubeconfig")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::Value;

    use super::*;

    #[test]
    fn secrets_are_for_the_owner_only_and_differ_from_instance_to_instance() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let access = Access::create(one.path()).unwrap();
        access.write_kubeconfig(one.path(), "https://127.0.0.1:1").unwrap();
        for secret in [tokens, account_key, server_key, kubeconfig] {
            let mode = fs::metadata(secret(one.path())).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", secret(one.path()).display());
        }
        let again = Access::create(other.path()).unwrap();
        assert_ne!(access.administrator, again.administrator);
        assert_ne!(access.administrator, access.other);
        assert_ne!(access.authority, again.authority);
    }

    #[test]
    fn the_file_for_clients_names_both_users() {
        let access =
            Access { administrator: "secret".to_owned(), other: "less".to_owned(), authority: "PEM".to_owned() };
        let config: Value = serde_json::from_str(&access.kubeconfig("https://127.0.0.1:6443")).unwrap();
        assert_eq!(config["current-context"], "admin");
        let cluster = json!({ "server": "https://127.0.0.1:6443", "certificate-authority-data": "UEVN" });
        assert_eq!(config["clusters"][0]["cluster"], cluster);
        assert_eq!(config["users"][1], json!({ "name": "jane", "user": { "token": "less" } }));
        assert_eq!(config["contexts"][1]["context"], json!({ "cluster": "real", "user": "jane" }));
        assert_eq!(
            tokens_csv("secret", "less"),
            "secret,admin,admin,\"system:masters\"\nless,jane,jane\n",
            "only one of them has a group"
        );
    }
}
