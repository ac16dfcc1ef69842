//! People, groups and logins at a Keycloak.

use anyhow::{Context as _, bail};
use primehub_graphql_server::KeycloakIdentity;
use primehub_keycloak::KeycloakSettings;

use super::description::Person;
use super::exposure::Exposure;
use super::greeting::Kept;
use super::platform::{self, Platform, random_secret};
use crate::command_line::UpOptions;
use crate::keycloak::{self, KeycloakFile};

/// Where the realm is, and whose passwords there are known.
pub(super) struct OnKeycloak {
    settings: KeycloakSettings,
    people: Vec<Person>,
}

impl OnKeycloak {
    /// `None` if no Keycloak was asked for.
    pub(super) fn decide(options: &UpOptions) -> anyhow::Result<Option<Self>> {
        if !options.keycloak.is_asked() {
            if let Some(option) = options.keycloak.first_given() {
                bail!("{option} says more about a Keycloak, but none is named: add --keycloak-url or --keycloak-file");
            }
            return Ok(None);
        }
        if let Some(conflict) = conflict(options) {
            bail!("{conflict}");
        }
        let file = options.keycloak.file.as_deref().map(KeycloakFile::read).transpose()?;
        let settings = keycloak::settings(&options.keycloak, file.as_ref())?;
        let people = file.filter(|file| file.issuer == settings.issuer()).map(|file| file.people).unwrap_or_default();
        Ok(Some(Self { settings, people }))
    }

    /// The platform, for people who reach it at `base`. Keycloak need not be up yet.
    pub(super) fn assemble(&self, exposure: &Exposure, base: &str) -> anyhow::Result<Platform> {
        let identity = KeycloakIdentity::follow(self.settings.clone()).context("the connection to Keycloak")?;
        let issuer = self.settings.issuer();
        let site = platform::site(base, &issuer)?.log_in_with(identity.tokens.clone(), random_secret())?;
        let server = identity.server(platform::config(&self.settings.client_id));
        let shared_secret = random_secret();
        Ok(Platform {
            server: platform::build(server, site, exposure, &shared_secret),
            issuer,
            provider: None,
            people: self.people.clone(),
            store_id: None,
            client_id: self.settings.client_id.clone(),
            client_secret: self.settings.client_secret.clone(),
            shared_secret,
        })
    }

    /// Where everything is.
    pub(super) fn kept(&self) -> Kept {
        Kept::In(format!("the realm {} of the Keycloak at {}", self.settings.realm, self.settings.base))
    }
}

/// Why options about this process's own people do not go together with a Keycloak.
fn conflict(options: &UpOptions) -> Option<&'static str> {
    if options.data_dir.is_some() {
        Some(
            "--data-dir keeps people and groups in a folder, but with a Keycloak they are there: leave out one of the two",
        )
    } else if options.clients.is_some() {
        Some(
            "--clients lets other applications log people in here, but with a Keycloak they log in there: register the applications at Keycloak",
        )
    } else if options.terms.is_some() {
        Some(
            "--terms is shown at the first login here, but with a Keycloak people log in there: use `primehub bootstrap --terms`",
        )
    } else if options.no_demo {
        Some("--no-demo is for the people that this process makes, but with a Keycloak it makes none: leave it out")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::command_line::{Command, CommandLine};

    fn decide(arguments: &[&str]) -> anyhow::Result<Option<OnKeycloak>> {
        let line = CommandLine::try_parse_from([&["primehub", "up"], arguments].concat()).unwrap();
        let Command::Up(options) = line.command else { panic!("{arguments:?}") };
        OnKeycloak::decide(&options)
    }

    #[rstest]
    #[case::folder(&["--data-dir", "/data"], "--data-dir keeps people")]
    #[case::clients(&["--clients", "clients.json"], "--clients lets other applications")]
    #[case::terms(&["--terms", "terms"], "--terms is shown")]
    #[case::no_demo(&["--no-demo"], "--no-demo is for")]
    fn options_of_its_own_people_do_not_go_with_a_keycloak(#[case] arguments: &[&str], #[case] told: &str) {
        for keycloak in [["--keycloak-url", "http://kc:8080"], ["--keycloak-file", "/nowhere"]] {
            let error = decide(&[&keycloak, arguments].concat()).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[rstest]
    #[case::realm(&["--keycloak-realm", "hub"], "--keycloak-realm")]
    #[case::client(&["--keycloak-client-id", "ui"], "--keycloak-client-id")]
    #[case::secret(&["--keycloak-client-secret-file", "f"], "--keycloak-client-secret-file")]
    #[case::public(&["--keycloak-public-url", "http://id"], "--keycloak-public-url")]
    #[case::authorities(&["--keycloak-ca-file", "f"], "--keycloak-ca-file")]
    fn a_keycloak_has_to_be_named(#[case] arguments: &[&str], #[case] told: &str) {
        let error = decide(arguments).err().unwrap().to_string();
        assert!(error.contains(told) && error.contains("--keycloak-url"), "{error}");
    }

    #[test]
    fn without_a_keycloak_people_are_in_this_process() {
        assert!(decide(&["--data-dir", "/data", "--no-demo"]).unwrap().is_none());
    }

    #[test]
    fn what_bootstrap_wrote_is_enough_and_options_stand_above_it() {
        let place = tempfile::tempdir().unwrap();
        let (file, secret) = (place.path().join("keycloak.json"), place.path().join("secret"));
        let person = serde_json::json!({
            "id": "1", "username": "ada", "password": "p", "api_token": "t", "rights": "", "groups": [],
        });
        let text = serde_json::json!({
            "keycloak_url": "http://kc:8080/", "public_url": "https://id.example/", "realm": "hub",
            "issuer": "https://id.example/realms/hub", "client_id": "ui", "client_secret": "of the file",
            "everyone_group_id": "e", "clients": {}, "people": [person],
        });
        std::fs::write(&file, text.to_string()).unwrap();
        std::fs::write(&secret, "given\n").unwrap();
        let (file, secret) = (file.to_str().unwrap(), secret.to_str().unwrap());

        let found = decide(&["--keycloak-file", file]).unwrap().unwrap();
        assert_eq!(found.settings.issuer(), "https://id.example/realms/hub");
        assert_eq!((found.settings.base.as_str(), found.settings.client_id.as_str()), ("http://kc:8080/", "ui"));
        assert_eq!(found.settings.client_secret.expose_secret(), "of the file");
        assert_eq!(found.people.len(), 1);
        assert_eq!(found.settings.everyone, Some("e".into()));

        let others = ["--keycloak-realm", "lab", "--keycloak-client-id", "x", "--keycloak-client-secret-file", secret];
        let other = decide(&[&["--keycloak-file", file], &others[..]].concat()).unwrap().unwrap();
        assert_eq!(other.settings.issuer(), "https://id.example/realms/lab");
        assert_eq!(other.settings.client_secret.expose_secret(), "given");
        assert!(other.people.is_empty(), "their tokens are of another issuer");
        assert_eq!(other.settings.everyone, None, "the group is of another realm");
        let Kept::In(place) = other.kept() else { panic!("it is kept") };
        assert_eq!(place, "the realm lab of the Keycloak at http://kc:8080/");
    }
}
