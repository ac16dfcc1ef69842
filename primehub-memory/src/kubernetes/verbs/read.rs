//! Reading: one object, many, and what happens to them.

use std::sync::Arc;
use std::time::Duration;

use super::Request;
use crate::kubernetes::render::Form;
use crate::kubernetes::request::Answer;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Causes, Status};
use crate::kubernetes::store::{Key, ListQuery, WatchQuery};

impl ApiServer {
    /// The form that a request wants its objects in.
    pub(crate) fn form(request: &Request) -> Result<Form, Status> {
        Form::of(&request.accept, request.options.include_object.as_deref())
    }

    pub(crate) fn get(&self, request: &Request) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        if let Some(version) = &request.options.resource_version {
            self.store().check_revision(version)?;
        }
        let key = Key::new(resource.namespace.as_deref(), name);
        let Some(object) = self.store().get(&kind.storage, &key) else {
            return Err(Status::not_found(&kind.group, &kind.plural, name));
        };
        Ok(Answer::json(200, Self::form(request)?.object(kind, &object, self.now())))
    }

    pub(crate) async fn list(&self, request: &Request) -> Result<Answer, Status> {
        let kind = &request.resource.kind;
        check_list(request)?;
        let query = Self::list_query(request)?;
        let form = Self::form(request)?;
        let page = self.store().list(&query).await?;
        Ok(Answer::json(200, form.list(kind, &page, self.now())))
    }

    /// What a list, or a deletion of many, concerns.
    pub(crate) fn list_query(request: &Request) -> Result<ListQuery, Status> {
        let resource = &request.resource;
        ListQuery::new(&resource.kind, resource.namespace.as_deref(), &request.options, resource.name.as_deref())
    }

    pub(crate) fn watch(&self, request: &Request) -> Result<Answer, Status> {
        let (resource, options) = (&request.resource, &request.options);
        check_watch(request)?;
        let query =
            WatchQuery::new(&resource.kind, resource.namespace.as_deref(), options, resource.name.as_deref())?;
        // A real server ends a watch without a limit after half an hour to an hour.
        let limit = Duration::from_secs(options.timeout_seconds.filter(|seconds| *seconds > 0).unwrap_or(2700));
        let form = Self::form(request)?;
        Ok(Answer::stream(self.store().watch(query, form, Arc::clone(&resource.kind), limit, self.clock())))
    }
}

fn refuse(causes: Causes) -> Result<(), Status> {
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", causes)) }
}

/// Checks what goes together in the options of a list.
fn check_list(request: &Request) -> Result<(), Status> {
    let options = &request.options;
    let mut causes = Causes::new();
    let field = "resourceVersionMatch";
    if options.send_initial_events.is_some() {
        causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if let Some(rule) = options.resource_version_match.as_deref() {
        if options.resource_version.is_none() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            causes.push(Cause::forbidden(field, why));
        }
        if options.continue_token.is_some() {
            causes.push(Cause::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }
        let supported = ["Exact", "NotOlderThan", ""];
        if !supported.contains(&rule) {
            let supported = supported.map(str::to_owned);
            causes.push(Cause::not_supported(field, &serde_json::json!(rule), &supported));
        }
        if rule == "Exact" && options.resource_version.as_deref() == Some("0") {
            let why = "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"";
            causes.push(Cause::forbidden(field, why));
        }
    }
    refuse(causes)
}

/// The same for a watch.
fn check_watch(request: &Request) -> Result<(), Status> {
    let options = &request.options;
    let mut causes = Causes::new();
    let field = "resourceVersionMatch";
    match (options.send_initial_events, options.resource_version_match.as_deref()) {
        (None, Some(_)) => {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(Cause::forbidden(field, why));
        }
        (Some(_), None) => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(Cause::forbidden(field, why));
        }
        (Some(_), Some(rule)) if rule != "NotOlderThan" => {
            causes.push(Cause::not_supported(field, &serde_json::json!(rule), &["NotOlderThan".to_owned()]));
        }
        _ => {}
    }
    refuse(causes)
}
