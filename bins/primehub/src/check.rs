//! `primehub check`: what of an installation works, line by line.

use primehub_keycloak::{CheckOptions as Thoroughness, Report, check as look};

use crate::command_line::CheckOptions;
use crate::keycloak::{self, KeycloakFile};
use crate::up;

/// Prints the report. Fails if anything in it is an error.
pub(crate) fn run(options: &CheckOptions) -> anyhow::Result<()> {
    up::log_to_standard_error()?;
    let file = options.keycloak.file.as_deref().map(KeycloakFile::read).transpose()?;
    let settings = keycloak::settings(&options.keycloak, file.as_ref())?;
    let thoroughness = thoroughness(keycloak::variable);
    let report = tokio::runtime::Runtime::new()?.block_on(look(&settings, &thoroughness));
    crate::print(&text(&report, options.json)?)?;
    match report.errors() {
        0 => Ok(()),
        errors => anyhow::bail!("{errors} of {} things do not work", report.findings.len()),
    }
}

/// What is looked at: with the environment of a server that takes passwords, also whether its client may.
fn thoroughness(variable: impl Fn(&str) -> Option<String>) -> Thoroughness {
    let mut thoroughness = Thoroughness::default();
    thoroughness.passwords = variable("KC_GRANT_TYPE").as_deref() == Some("password");
    thoroughness
}

fn text(report: &Report, json: bool) -> anyhow::Result<String> {
    if json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(report)?));
    }
    Ok(format!(
        "{report}\n{} things, {} errors, {} warnings\n",
        report.findings.len(),
        report.errors(),
        report.warnings()
    ))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::password(Some("password"), true)]
    #[case::as_deployed(Some("authorization_code"), false)]
    #[case::unset(None, false)]
    fn passwords_are_looked_at_where_a_server_takes_them(#[case] grant_type: Option<&str>, #[case] expected: bool) {
        let variable = |name: &str| grant_type.filter(|_| name == "KC_GRANT_TYPE").map(str::to_owned);
        assert_eq!(thoroughness(variable).passwords, expected);
    }
}
