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
    let report = tokio::runtime::Runtime::new()?.block_on(look(&settings, &Thoroughness::default()));
    crate::print(&text(&report, options.json)?)?;
    match report.errors() {
        0 => Ok(()),
        errors => anyhow::bail!("{errors} of {} things do not work", report.findings.len()),
    }
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
