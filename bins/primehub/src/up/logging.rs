//! The log, on standard error.

use std::env::VarError;

use anyhow::Context as _;
use primehub_graphql_server::LogFormat;
use tracing_subscriber::EnvFilter;

/// Warnings, and who changed what; `PRIMEHUB_LOG` asks for more, such as `info` or `primehub_graphql=debug`.
pub(crate) fn to_standard_error() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a binary reads its configuration")]
    let filter = filter(std::env::var("PRIMEHUB_LOG"))?;
    primehub_graphql_server::log_to_standard_error(filter, LogFormat::Text);
    Ok(())
}

fn filter(asked: Result<String, VarError>) -> anyhow::Result<EnvFilter> {
    match asked {
        Ok(text) => EnvFilter::try_new(&text)
            .with_context(|| format!("PRIMEHUB_LOG={text:?} is no log filter; examples: info, primehub_graphql=debug")),
        Err(VarError::NotPresent) => Ok(EnvFilter::new("warn,audit=info")),
        Err(error @ VarError::NotUnicode(_)) => Err(error).context("PRIMEHUB_LOG cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_filter_that_is_none_is_an_error_that_names_the_variable() {
        assert_eq!(filter(Err(VarError::NotPresent)).unwrap().to_string(), "audit=info,warn");
        assert_eq!(filter(Ok("primehub_graphql=debug".into())).unwrap().to_string(), "primehub_graphql=debug");
        for wrong in [Ok("primehub=loud".into()), Err(VarError::NotUnicode("x".into()))] {
            let error = filter(wrong).unwrap_err().to_string();
            assert!(error.contains("PRIMEHUB_LOG"), "{error}");
        }
    }
}
