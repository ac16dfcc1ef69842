//! What becomes of a request for objects: pure steps around one commit.
//!
//! A write goes: read the live object → make the next one ([`next`]) → defaults and pruning → what the server sets → checks → ownership
//! ([`settle`](settle::settle)) → commit, if the live object is still the one that was read. A patch that was overtaken starts again; an update
//! with a version is refused.

mod body;
pub(crate) mod delete;
mod logs;
pub(crate) mod metadata;
mod next;
mod read;
mod review;
mod scale;
mod settle;
mod subresource;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::access::Caller;
use super::kinds::{Kind, Subresource};
use super::request::{Accept, Answer, Options, Resource, Verb};
use super::server::ApiServer;
use super::status::Status;

/// One request, past routing and access.
pub(crate) struct Request {
    pub(crate) resource: Resource,
    pub(crate) options: Options,
    pub(crate) accept: Accept,
    pub(crate) caller: Caller,
    /// Who the writer is in managed fields, if the query does not say.
    pub(crate) agent: String,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl ApiServer {
    /// Does what is asked for.
    ///
    /// # Errors
    ///
    /// The [`Status`] that the caller gets.
    pub(crate) async fn serve(&self, request: Request) -> Result<Answer, Status> {
        let resource = &request.resource;
        match &resource.subresource {
            Some(Subresource::Unsupported(name)) => {
                return Err(Status::not_implemented(format_args!("{}/{name}", resource.kind.qualified_resource())));
            }
            Some(Subresource::Scale { .. }) => return self.scale(&request).await,
            Some(Subresource::Log) => return self.logs(&request),
            Some(Subresource::Eviction | Subresource::Binding | Subresource::Token | Subresource::Finalize) => {
                return self.act(&request).await;
            }
            Some(Subresource::Status) | None => {}
        }
        match resource.verb {
            Verb::Get => self.get(&request),
            Verb::List => self.list(&request).await,
            Verb::Watch => self.watch(&request),
            Verb::Create => self.create(&request).await,
            Verb::Update => self.update(&request).await,
            Verb::Patch => self.patch(&request).await,
            Verb::Delete => self.delete(&request).await,
            Verb::DeleteCollection => self.delete_collection(&request).await,
        }
    }
}

impl Request {
    /// The server-side apply of an object that the program itself brings along.
    pub(crate) fn apply(kind: &Arc<Kind>, namespace: Option<&str>, name: &str, object: &Value) -> Self {
        let options = Options { field_manager: Some("primehub".to_owned()), force: Some(true), ..Options::default() };
        Self {
            resource: Resource {
                kind: Arc::clone(kind),
                verb: Verb::Patch,
                namespace: namespace.map(str::to_owned),
                name: Some(name.to_owned()),
                subresource: None,
            },
            options,
            accept: Accept::Full,
            caller: Caller::administrator(),
            agent: String::new(),
            content_type: "application/apply-patch+yaml".to_owned(),
            body: Bytes::from(object.to_string()),
        }
    }

    /// The same caller doing something else to the same object.
    pub(crate) fn with(&self, verb: Verb, options: Options) -> Self {
        Self {
            resource: Resource { verb, subresource: None, ..self.resource.clone() },
            options,
            accept: self.accept.clone(),
            caller: self.caller.clone(),
            agent: self.agent.clone(),
            content_type: String::new(),
            body: Bytes::new(),
        }
    }

    /// Who writes, for managed fields: what the query says, or the program's name.
    pub(crate) fn manager(&self) -> &str {
        self.options.field_manager.as_deref().unwrap_or_else(|| {
            let name = self.agent.split('/').next().unwrap_or_default();
            if name.is_empty() { "unknown" } else { name }
        })
    }

    /// The part of the content type before its parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default().trim()
    }
}
