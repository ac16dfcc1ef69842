//! What is to be done, as a list that people can read.

use std::collections::BTreeMap;
use std::fmt;

use primehub_core::names::UserId;
use serde_json::{Map, Value};

/// Everything that a run finds or does, in the order in which it is done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
}

/// One thing that a realm needs.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) verdict: Verdict,
    pub(super) line: String,
    pub(super) change: Option<Change>,
}

/// What becomes of a [`Step`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is missing and is made.
    Created,
    /// It is there but would not work, and is put right.
    Repaired,
    /// It lets people do what they must not, and is closed.
    Tightened,
    /// It is as it has to be, or is left as somebody wanted it.
    Unchanged,
    /// It would have to be changed, and is not, because people would notice: with the flag it is, if there is one.
    Refused(Option<Flag>),
}

/// The [`Flags`](super::Flags), as a plan names them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Flag {
    /// [`Flags::change_frontend_url`](super::Flags::change_frontend_url).
    ChangeFrontendUrl,
    /// [`Flags::widen_rights`](super::Flags::widen_rights).
    WidenRights,
    /// [`Flags::reopen`](super::Flags::reopen).
    Reopen,
    /// [`Flags::revoke_refresh_tokens`](super::Flags::revoke_refresh_tokens).
    RevokeRefreshTokens,
}

/// How a step is carried out. Holds no secret; those come from the request. Everything that is changed in places is read again just
/// before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    CreateRealm,
    /// Fields of the realm, and single attributes beside those that it has.
    Realm {
        fields: Map<String, Value>,
        attributes: BTreeMap<&'static str, String>,
    },
    Profile,
    CreateEveryone,
    DefaultGroup,
    Terms,
    CreateClient(String),
    /// Fields of a client, and redirect addresses that it lacks.
    Client {
        client_id: String,
        fields: Map<String, Value>,
        redirect_uris: Vec<String>,
    },
    Secret(String),
    Mapper {
        client_id: String,
        mapper: Value,
    },
    Scope(String),
    Rights {
        client_id: String,
        rights: Vec<&'static str>,
    },
    CreateRoles(Vec<String>),
    GiveEveryone(Vec<String>),
    CreateGroup,
    CreateAdministrator,
    FinishAdministrator,
    /// Takes the mark of an unfinished administrator off people.
    Unmark(Vec<UserId>),
}

impl Change {
    /// Whether it may set a password that only the outcome of the run tells.
    pub(super) fn makes_a_password(&self) -> bool {
        matches!(self, Self::CreateAdministrator | Self::FinishAdministrator)
    }
}

impl Plan {
    /// All steps, those without a change included.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps that change something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.change.is_some())
    }

    /// The steps that would be needed and are refused.
    pub fn refused(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.verdict, Verdict::Refused(_)))
    }

    /// Whether nothing would be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    pub(super) fn does(&mut self, verdict: Verdict, line: impl Into<String>, change: Change) {
        self.steps.push(Step { verdict, line: line.into(), change: Some(change) });
    }

    pub(super) fn notes(&mut self, verdict: Verdict, line: impl Into<String>) {
        self.steps.push(Step { verdict, line: line.into(), change: None });
    }

    /// What needs a flag: done if it is given, refused otherwise.
    pub(super) fn asks(&mut self, flag: Flag, given: bool, line: impl fmt::Display, change: Change) {
        if given {
            self.does(Verdict::Repaired, line.to_string(), change);
        } else {
            self.notes(Verdict::Refused(Some(flag)), format!("{line}; done with the flag {flag}"));
        }
    }
}

impl Step {
    /// What becomes of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What it is, for people to read. Never holds a secret.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// One line for each step. The first letter tells the verdict: `+` created, `~` repaired, `!` tightened, `=` unchanged, `x` refused.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Created => '+',
            Verdict::Repaired => '~',
            Verdict::Tightened => '!',
            Verdict::Unchanged => '=',
            Verdict::Refused(_) => 'x',
        };
        write!(f, "{mark} {}", self.line)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangeFrontendUrl => "change-frontend-url",
            Self::WidenRights => "widen-rights",
            Self::Reopen => "reopen",
            Self::RevokeRefreshTokens => "revoke-refresh-tokens",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Repaired => "repaired",
            Self::Tightened => "tightened",
            Self::Unchanged => "unchanged",
            Self::Refused(_) => "refused",
        })
    }
}
