//! One structured record for every mutation: who did what to whom, and how it ended. No values, hence no secrets.

use async_graphql::{Name, Value};
use primehub_core::access::Caller;

use crate::error::Code;

/// How a mutation ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
    /// Ids of what it was about.
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
        result: Result<(), Code>,
    ) -> Self {
        let mut targets = Vec::new();
        let mut fields = Vec::new();
        for (name, value) in arguments {
            match (name.as_str(), value) {
                ("where", Value::Object(condition)) => targets.extend(condition.get("id").and_then(text)),
                ("data", Value::Object(data)) => {
                    fields.extend(data.keys().map(ToString::to_string));
                    targets.extend(data.get("groupId").and_then(text));
                }
                ("id" | "userId", value) => targets.extend(text(value)),
                ("in", Value::List(ids)) => targets.extend(ids.iter().filter_map(text)),
                (name, _) => fields.push(name.to_owned()),
            }
        }
        let user = caller.person().map(|person| person.user());
        Self {
            request_id: request_id.to_owned(),
            actor_id: user.map(|user| user.id.to_string()),
            actor_name: user.map(|user| user.username.to_string()),
            actor_role: caller.role(),
            mutation: mutation.to_owned(),
            targets,
            fields,
            result: result.map_or_else(AuditResult::Failed, |()| AuditResult::Done),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
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
