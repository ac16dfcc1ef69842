//! What a check says.

use std::fmt;

use serde::Serialize;

/// Everything that was looked at, in the order in which it was.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// One line for each thing.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at. Never holds a secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub subject: String,
    /// How it is.
    pub state: FindingState,
    /// What was found.
    pub what: String,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// As it has to be.
    Ok,
    /// It works, but less well than it should, or will not work for ever.
    Warning,
    /// It does not work, or lets people do what they must not.
    Error,
}

impl Report {
    /// How many things are in error. None means that the installation can run.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(FindingState::Error)
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.count(FindingState::Warning)
    }

    fn count(&self, state: FindingState) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }

    pub(super) fn add(
        &mut self,
        subject: impl Into<String>,
        state: FindingState,
        what: impl Into<String>,
    ) -> &mut Finding {
        let at = self.findings.len();
        self.findings.push(Finding { subject: subject.into(), state, what: what.into(), advice: None });
        &mut self.findings[at]
    }

    pub(super) fn ok(&mut self, subject: &str, what: impl Into<String>) -> &mut Finding {
        self.add(subject, FindingState::Ok, what)
    }

    pub(super) fn warning(&mut self, subject: &str, what: impl Into<String>) -> &mut Finding {
        self.add(subject, FindingState::Warning, what)
    }

    pub(super) fn error(&mut self, subject: &str, what: impl Into<String>) -> &mut Finding {
        self.add(subject, FindingState::Error, what)
    }
}

impl Finding {
    pub(super) fn advise(&mut self, advice: impl Into<String>) {
        self.advice = Some(advice.into());
    }
}

/// One line for each finding, and its advice, if any, on the next.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {}: {}", self.state.to_string(), self.subject, self.what)?;
        match &self.advice {
            Some(advice) => write!(f, "\n         {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for FindingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
