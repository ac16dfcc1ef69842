//! Reports of operations that consist of several writes.

use primehub_core::identity::{Binding, Directory, IdentityError, Outcome, Subject};
use primehub_core::names::{GroupId, UserId};

use crate::error::{ApiError, Code};

/// What an operation has done so far, so that its failure can say what is left of it.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<String>,
}

impl Steps {
    /// Takes down how one write ended.
    ///
    /// # Errors
    /// The write's own error if nothing was written before it; otherwise [`Code::PartialFailure`] with what was done and what was not.
    pub(crate) fn record<T>(&mut self, step: &str, outcome: Result<T, IdentityError>) -> Result<T, ApiError> {
        match outcome {
            Ok(value) => {
                self.done.push(step.to_owned());
                Ok(value)
            }
            Err(error) => Err(self.failure(&[(step.to_owned(), error)])),
        }
    }

    /// Takes down how bindings ended; all of them were tried.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(crate) fn record_bindings(
        &mut self,
        directory: &Directory,
        bindings: &[Binding],
        outcomes: Result<Vec<Outcome>, IdentityError>,
    ) -> Result<(), ApiError> {
        let outcomes = outcomes.map_err(|error| self.failure(&[(BINDING.to_owned(), error)]))?;
        let (done, failed) = sort(directory, bindings, outcomes);
        self.done.extend(done);
        if failed.is_empty() { Ok(()) } else { Err(self.failure(&failed)) }
    }

    fn failure(&self, failed: &[Failed]) -> ApiError {
        match failed {
            [(_, alone)] if self.done.is_empty() => alone.clone().into(),
            [(_, first), ..] if self.done.is_empty() => ApiError::new(code(first), reasons(failed)),
            _ => ApiError::new(
                Code::PartialFailure,
                format!("done: {}; failed: {}", self.done.join(", "), reasons(failed)),
            ),
        }
    }
}

/// Whether every binding was carried out, for operations that undo the others if not.
///
/// # Errors
/// The code of the first failure, and every reason.
pub(crate) fn all_bound(
    directory: &Directory,
    bindings: &[Binding],
    outcomes: Result<Vec<Outcome>, IdentityError>,
) -> Result<(), ApiError> {
    let (_, failed) = sort(directory, bindings, outcomes?);
    let Some((_, first)) = failed.first() else { return Ok(()) };
    Err(ApiError::new(code(first), reasons(&failed)))
}

/// A step, and why it was not done.
type Failed = (String, IdentityError);

fn sort(directory: &Directory, bindings: &[Binding], outcomes: Vec<Outcome>) -> (Vec<String>, Vec<Failed>) {
    let mut done = Vec::new();
    let mut failed = Vec::new();
    for (binding, outcome) in bindings.iter().zip(outcomes) {
        let step = describe(directory, binding);
        match outcome {
            Ok(_) => done.push(step),
            Err(error) => failed.push((step, error)),
        }
    }
    (done, failed)
}

fn code(error: &IdentityError) -> Code {
    ApiError::from(error.clone()).code
}

fn reasons(failed: &[Failed]) -> String {
    let reason = |error: &IdentityError| match error {
        // Elsewhere the text adds that nothing was changed.
        IdentityError::Unavailable { .. } => "the identity provider is not available".to_owned(),
        other => ApiError::from(other.clone()).message,
    };
    let reasons: Vec<_> = failed.iter().map(|(step, error)| format!("{step}: {}", reason(error))).collect();
    reasons.join("; ")
}

const BINDING: &str = "changing memberships and rights";

/// A binding in words, people and groups by their names.
fn describe(directory: &Directory, binding: &Binding) -> String {
    let name = |id: &GroupId| directory.group(id).map_or_else(|| id.to_string(), |group| group.name.to_string());
    let person = |id: &UserId| directory.user(id).map_or_else(|| id.to_string(), |user| user.username.to_string());
    let subject = |subject: &Subject| match subject {
        Subject::User(id) => person(id),
        Subject::Group(id) => name(id),
    };
    match binding {
        Binding::Join { user, group } => format!("{} joining group {}", person(user), name(group)),
        Binding::Leave { user, group } => format!("{} leaving group {}", person(user), name(group)),
        Binding::Grant { to, role } => format!("granting {role} to {}", subject(to)),
        Binding::Revoke { from, role } => format!("revoking {role} from {}", subject(from)),
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::{Applied, Conflict, Group, Key, RoleKey, User};

    use super::*;

    fn absent() -> IdentityError {
        IdentityError::Absent(Key::Group("g2".into()))
    }

    fn directory() -> Directory {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        directory.put_user(User::new("1".into(), "amy"));
        directory.put_group(Group::new("g1".into(), "lab"));
        directory
    }

    fn joins() -> [Binding; 2] {
        ["g1", "g2"].map(|group| Binding::Join { user: "1".into(), group: group.into() })
    }

    #[test]
    fn a_failure_before_anything_was_written_is_told_as_it_is() {
        let error =
            Steps::default().record("the account", Err::<(), _>(IdentityError::Conflict(Conflict::Email))).unwrap_err();
        assert_eq!(error, ApiError::new(Code::UserConflictEmail, "User exists with same email"));
    }

    #[test]
    fn a_later_failure_says_what_was_done() {
        let mut steps = Steps::default();
        steps.record("the account", Ok(())).unwrap();
        let error = steps.record("the password", Err::<(), _>(absent())).unwrap_err();
        assert_eq!(
            error,
            ApiError::new(
                Code::PartialFailure,
                "done: the account; failed: the password: there is no group with id g2"
            )
        );
    }

    #[test]
    fn every_binding_that_failed_is_named() {
        let outcomes = Ok(vec![Ok(Applied::Changed), Err(absent())]);
        let error = Steps::default().record_bindings(&directory(), &joins(), outcomes).unwrap_err();
        let message = "done: amy joining group lab; failed: amy joining group g2: there is no group with id g2";
        assert_eq!(error, ApiError::new(Code::PartialFailure, message));
        let error = Steps::default()
            .record_bindings(&directory(), &joins(), Ok(vec![Err(absent()), Err(absent())]))
            .unwrap_err();
        assert_eq!(error.code, Code::ResourceNotFound);
        assert!(
            error.message.starts_with("amy joining group lab: ") && error.message.contains("; amy joining group g2: "),
            "{}",
            error.message
        );
    }

    #[test]
    fn a_provider_that_is_away_is_told_as_such() {
        let outcomes = Err(IdentityError::Unavailable { cause: "refused".into() });
        let message = "the identity provider is not available; nothing was changed";
        let error = Steps::default().record_bindings(&directory(), &joins(), outcomes.clone()).unwrap_err();
        assert_eq!(error, ApiError::new(Code::ApiUnavailable, message));
        let mut steps = Steps::default();
        steps.record("the account", Ok(())).unwrap();
        let message =
            "done: the account; failed: changing memberships and rights: the identity provider is not available";
        let error = steps.record_bindings(&directory(), &joins(), outcomes).unwrap_err();
        assert_eq!(error, ApiError::new(Code::PartialFailure, message));
    }

    #[test]
    fn rights_are_described_with_their_holder() {
        let role = RoleKey::administrator("primehub");
        let grant = Binding::Grant { to: Subject::User("1".into()), role: role.clone() };
        let revoke = Binding::Revoke { from: Subject::Group("g1".into()), role };
        assert_eq!(describe(&directory(), &grant), "granting realm-management:realm-admin to amy");
        assert_eq!(describe(&directory(), &revoke), "revoking realm-management:realm-admin from lab");
    }
}
