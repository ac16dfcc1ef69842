//! Other applications that may log people in, from a file.

use std::path::Path;

use anyhow::{Context as _, bail};
use primehub_memory::oidc::Client;
use serde_json::Value;

use super::embedded::CLIENT_ID;

/// Reads a JSON array of clients, each as the admin console of Keycloak exports it, or a single one.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<Client>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    parse(&text).with_context(|| format!("in {}", file.display()))
}

fn parse(text: &str) -> anyhow::Result<Vec<Client>> {
    let representations = match serde_json::from_str(text) {
        Ok(Value::Array(several)) => several,
        Ok(one @ Value::Object(_)) => vec![one],
        Ok(_) => bail!("the file is to hold a client as Keycloak exports it, or a JSON array of them"),
        Err(error) => return Err(error).context("the file is not JSON"),
    };
    let clients = representations.iter().map(Client::from_keycloak).collect::<Result<Vec<_>, _>>()?;
    for (position, client) in clients.iter().enumerate() {
        if client.id == CLIENT_ID {
            bail!("the client {CLIENT_ID} is PrimeHub itself and cannot be another one");
        }
        if clients[..position].iter().any(|other| other.id == client.id) {
            bail!("the client {} stands twice", client.id);
        }
        if client.standard_flow && client.redirect_uris.is_empty() {
            tracing::warn!(client.id = %client.id, "a client has no redirectUris, so nobody can log in to it");
        }
    }
    Ok(clients)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn clients_are_read_from_what_keycloak_exports() {
        let text = r#"[{"clientId": "hub", "secret": "s", "redirectUris": ["https://hub.example/*"]},
                       {"clientId": "cli", "publicClient": true, "redirectUris": ["http://127.0.0.1/callback"]}]"#;
        let ids: Vec<_> = parse(text).unwrap().into_iter().map(|client| client.id).collect();
        assert_eq!(ids, ["hub", "cli"]);
    }

    #[rstest]
    #[case::no_client("1", "a JSON array of them")]
    #[case::no_json("{", "the file is not JSON")]
    #[case::twice(r#"[{"clientId": "a", "secret": "s"}, {"clientId": "a", "secret": "s"}]"#, "a stands twice")]
    #[case::our_own(r#"[{"clientId": "admin-ui", "secret": "s"}]"#, "PrimeHub itself")]
    #[case::nameless("[{}]", "clientId")]
    fn mistakes_are_named(#[case] text: &str, #[case] expected: &str) {
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}
