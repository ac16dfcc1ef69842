//! What can go wrong with an instance of a server.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files::tail;

/// Why an instance does not do what it is told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Its files or its process could not be handled.
    #[error("an instance of a server could not be handled")]
    Io(#[from] io::Error),
    /// The program that asks whether it is ready could not be built.
    #[error("there is no HTTP client to ask the server with")]
    Client(#[source] reqwest::Error),
    /// Its keys and certificates could not be made.
    #[error("there are no keys and certificates for the server")]
    Keys(#[from] rcgen::Error),
    /// It did not become ready.
    #[error("{server} {why}; the end of {}:\n{tail}", log.display())]
    NotReady {
        /// Which server.
        server: &'static str,
        /// What happened instead.
        why: String,
        /// Where all of it can be read, as long as the instance exists.
        log: PathBuf,
        /// The end of it.
        tail: String,
    },
    /// It was told to end and did not.
    #[error("the server did not end within {} s of being told to", .0.as_secs())]
    DoesNotStop(Duration),
    /// Only a running server can be asked for this.
    #[error("the server does not run")]
    NotRunning,
}

impl ServerError {
    /// The failure that stands in a log.
    pub(crate) fn not_ready(server: &'static str, why: String, log: PathBuf) -> Self {
        let tail = tail(&read(&log));
        Self::NotReady { server, why, log, tail }
    }

    /// Whether somebody else had a port: between our choice and the server's use of it, somebody else may take it.
    pub(crate) fn port_was_taken(&self) -> bool {
        matches!(self, Self::NotReady { tail, .. } if tail.contains("already in use") || tail.contains("already bound"))
    }
}

/// A log that is not there says nothing.
fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::java("Port 8080 seems to be already in use", true)]
    #[case::go("listen tcp 127.0.0.1:2379: bind: address already in use", true)]
    #[case::other("no such option", false)]
    fn a_taken_port_is_recognized(#[case] said: &str, #[case] taken: bool) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, said).unwrap();
        let error = ServerError::not_ready("Keycloak", "ended".to_owned(), log.clone());
        assert_eq!(error.port_was_taken(), taken);
        assert_eq!(error.to_string(), format!("Keycloak ended; the end of {}:\n{said}", log.display()));
    }
}
