//! One structured record for every mutation: who did what to whom, and how it ended. No values, hence no secrets.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use primehub_core::access::{Caller, Person};

use crate::error::Code;

/// How a mutation ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuditResult {
    /// It was carried out.
    Done,
    /// It was not, or not wholly.
    Failed(Code),
}

/// The record of one mutation.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuditRecord {
    /// Id of the HTTP request, as returned to the client.
    pub request_id: String,
    /// Account id of who asked; absent for the shared secret.
    pub actor_id: Option<String>,
    /// Login name of who asked.
    pub actor_name: Option<String>,
    /// `ADMIN`, `USER` or `CLIENT`.
    pub actor_role: &'static str,
    /// Name of the mutation.
    pub mutation: String,
    /// Ids of what it was about: objects that were changed or created, and who joined or left what. Cut where somebody sends long ones.
    pub targets: Vec<String>,
    /// Names of the fields that the input gave.
    pub fields: Vec<String>,
    /// How it ended.
    pub result: AuditResult,
}

impl AuditRecord {
    pub(crate) fn of(
        request_id: &str,
        caller: &Caller,
        mutation: &str,
        arguments: &[(Name, Value)],
        result: AuditResult,
    ) -> Self {
        let mut targets = Targets::default();
        let mut fields = Vec::new();
        for (name, value) in arguments {
            match (name.as_str(), value) {
                ("where", Value::Object(condition)) => targets.add(condition.get("id")),
                ("data", Value::Object(data)) => {
                    fields.extend(data.keys().map(ToString::to_string));
                    targets.add(data.get("groupId"));
                    targets.add_members(data);
                }
                ("id" | "userId", value) => targets.add(Some(value)),
                ("in", Value::List(ids)) => ids.iter().for_each(|id| targets.add(Some(id))),
                (name, _) => fields.push(name.to_owned()),
            }
        }
        let user = caller.person().map(Person::user);
        Self {
            request_id: request_id.to_owned(),
            actor_id: user.map(|user| user.id.to_string()),
            actor_name: user.map(|user| user.username.to_string()),
            actor_role: caller.role(),
            mutation: mutation.to_owned(),
            targets: targets.into_ids(),
            fields,
            result,
        }
    }
}

/// Ids in one record; the longest lists of an input fit, with those on both sides.
const MOST_TARGETS: usize = 2_001;

/// Characters of one id. Ids of the identity provider are shorter; what a client makes up may be anything.
const LONGEST_ID: usize = 64;

/// Ids that an input names, as far as they fit into a record.
#[derive(Default)]
struct Targets {
    ids: Vec<String>,
    left_out: usize,
}

impl Targets {
    fn add(&mut self, id: Option<&Value>) {
        let id = match id {
            Some(Value::String(text)) => shortened(text),
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        if self.ids.len() < MOST_TARGETS { self.ids.push(id) } else { self.left_out += 1 }
    }

    /// Who joins and leaves which groups.
    fn add_members(&mut self, data: &IndexMap<Name, Value>) {
        for list in ["users", "groups"] {
            let Some(Value::Object(changes)) = data.get(list) else { continue };
            for side in ["connect", "disconnect"] {
                let objects = match changes.get(side) {
                    Some(Value::List(objects)) => objects.as_slice(),
                    // An input may leave the brackets of a list of one out.
                    Some(object) => std::slice::from_ref(object),
                    None => &[],
                };
                for object in objects {
                    if let Value::Object(object) = object {
                        self.add(object.get("id"));
                    }
                }
            }
        }
    }

    fn into_ids(self) -> Vec<String> {
        let mut ids = self.ids;
        if self.left_out > 0 {
            ids.push(format!("and {} more", self.left_out));
        }
        ids
    }
}

fn shortened(id: &str) -> String {
    match id.char_indices().nth(LONGEST_ID) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

/// Where audit records go.
pub trait AuditSink: Send + Sync + 'static {
    /// Takes one record. Called once per mutation, after it has ended; must not block.
    fn record(&self, record: &AuditRecord);
}

/// Writes audit records to the log, target `audit`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingAudit;

impl AuditSink for TracingAudit {
    fn record(&self, record: &AuditRecord) {
        let result = match record.result {
            AuditResult::Done => "done",
            AuditResult::Failed(code) => code.as_str(),
        };
        // In braces: without them the macro cannot tell a dotted first name from a field without a value.
        tracing::info!(
            target: "audit",
            {
                request.id = record.request_id,
                actor.id = record.actor_id,
                actor.name = record.actor_name,
                actor.role = record.actor_role,
                mutation = record.mutation,
                targets = ?record.targets,
                fields = ?record.fields,
                result,
            },
            "mutation",
        );
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;
    use rstest::rstest;

    use super::*;

    fn targets(arguments: Value) -> Vec<String> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let arguments: Vec<_> = arguments.into_iter().collect();
        AuditRecord::of("1", &Caller::SharedSecret, "m", &arguments, AuditResult::Done).targets
    }

    #[rstest]
    #[case::of_an_object(value!({"where": {"id": "g"}, "data": {"name": "n"}}), &["g"])]
    #[case::a_number(value!({"where": {"id": 7}}), &["7"])]
    #[case::members(value!({"where": {"id": "g"}, "data": {"users": {"connect": [{"id": "a"}], "disconnect": [{"id": "b"}, {"id": "c"}]}}}), &["g", "a", "b", "c"])]
    #[case::groups_of_a_user(value!({"data": {"groups": {"connect": {"id": "g"}, "disconnect": null}}}), &["g"])]
    #[case::several(value!({"in": ["a", null, "b"]}), &["a", "b"])]
    #[case::an_invitation(value!({"data": {"groupId": "g"}}), &["g"])]
    #[case::values_are_no_ids(value!({"data": {"users": {"create": [{"id": "a"}]}, "trackingEnvs": [{"id": "b"}]}}), &[])]
    fn ids_are_found_wherever_an_input_names_them(#[case] arguments: Value, #[case] expected: &[&str]) {
        assert_eq!(targets(arguments), expected);
    }

    #[test]
    fn a_record_has_an_end() {
        let long = "組".repeat(100);
        let ids = vec![Value::String(long); 5_000];
        let found = targets(Value::Object([(Name::new("in"), Value::List(ids))].into_iter().collect()));
        assert_eq!(found.len(), MOST_TARGETS + 1);
        assert_eq!(found[0], format!("{}…", "組".repeat(LONGEST_ID)));
        assert_eq!(found.last().unwrap(), "and 2999 more");
    }
}
