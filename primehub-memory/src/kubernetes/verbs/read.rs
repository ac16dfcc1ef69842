//! Reading: one object, many, and what happens to them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Request;
use crate::kubernetes::render::Form;
use crate::kubernetes::request::{Accept, Answer, Options, Verb};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Causes, Status};
use crate::kubernetes::store::{Key, ListQuery, WatchQuery};

impl ApiServer {
    /// The form that a request wants its objects in.
    pub(crate) fn form(request: &Request) -> Result<Form, Status> {
        check_form(request)?;
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
        refuse(check_list(&request.options))?;
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
        refuse(check_watch(&request.options))?;
        let query = WatchQuery::new(&resource.kind, resource.namespace.as_deref(), options, resource.name.as_deref())?;
        // A real server ends a watch without a limit after half an hour to an hour.
        let limit = Duration::from_secs(options.timeout_seconds.filter(|seconds| *seconds > 0).unwrap_or(2700));
        let form = Self::form(request)?;
        Ok(Answer::stream(self.store().watch(query, form, Arc::clone(&resource.kind), limit, self.clock())))
    }
}

/// Metadata of one object is no answer where there are many, nor the other way round; a watch tells of objects one by one, whatever is asked for.
fn check_form(request: &Request) -> Result<(), Status> {
    let (resource, Accept::Metadata { list, .. }) = (&request.resource, &request.accept) else { return Ok(()) };
    let many = matches!(resource.verb, Verb::List | Verb::DeleteCollection);
    if resource.verb == Verb::Watch || *list == many {
        return Ok(());
    }
    let kind = &resource.kind;
    let (wanted, found) =
        if *list { ("PartialObjectMetadataList", "not a list") } else { ("PartialObjectMetadata", "a list") };
    // The real server names the type that it has them in.
    let shown = match (kind.custom, many) {
        (true, true) => "unstructured.UnstructuredList".to_owned(),
        (true, false) => "unstructured.Unstructured".to_owned(),
        (false, _) => {
            let package = kind.group.split('.').next().filter(|package| !package.is_empty()).unwrap_or("core");
            format!("{package}.{}", if many { &kind.list_kind } else { &kind.kind })
        }
    };
    let message = format!("you requested {wanted}, but the requested object is {found} (*{shown})");
    Err(Status::new(406, "NotAcceptable", message))
}

fn refuse(causes: Causes) -> Result<(), Status> {
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", "ListOptions", "", causes)) }
}

const MATCH: &str = "resourceVersionMatch";

/// What does not go together in the options of a list.
fn check_list(options: &Options) -> Causes {
    let mut causes = Causes::new();
    if let Some(rule) = options.resource_version_match.as_deref() {
        let version = options.resource_version.as_deref();
        if version.is_none() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            causes.push(Cause::forbidden(MATCH, why));
        }
        if options.continue_token.is_some() {
            causes.push(Cause::forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
        let supported = ["Exact", "NotOlderThan", ""];
        if !supported.contains(&rule) {
            causes.push(Cause::not_supported(MATCH, &json!(rule), &supported.map(str::to_owned)));
        }
        if (rule, version) == ("Exact", Some("0")) {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(Cause::forbidden(MATCH, why));
        }
    }
    if options.send_initial_events.is_some() {
        causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    causes
}

/// The same for a watch.
fn check_watch(options: &Options) -> Causes {
    let mut causes = Causes::new();
    let rule = options.resource_version_match.as_deref();
    let unversioned = matches!(options.resource_version.as_deref(), None | Some("0"));
    match (options.send_initial_events, rule) {
        (None, Some(_)) => {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(Cause::forbidden(MATCH, why));
        }
        (Some(_), rule) if rule != Some("NotOlderThan") => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(Cause::forbidden(MATCH, why));
        }
        _ => {}
    }
    if let Some(rule) = rule.filter(|rule| *rule != "NotOlderThan") {
        causes.push(Cause::not_supported(MATCH, &json!(rule), &["NotOlderThan".to_owned()]));
    }
    // A watch of what is there from the beginning, which cannot go on in the middle, counts as one with a rule.
    let whole = options.send_initial_events.is_none() && unversioned;
    if options.continue_token.is_some() && (rule.is_some() || whole) {
        causes.push(Cause::forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
    causes
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NEEDED: &str = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    const UNLESS: &str = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    const CONTINUE: &str = "resourceVersionMatch is forbidden when continue is provided";
    const ONLY: &str = "supported values: \"NotOlderThan\"";
    const VERSION: &str = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    const EXACT: &str = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";

    fn ends(causes: &Causes, expected: &[&str]) {
        assert_eq!(causes.len(), expected.len(), "{causes:?}");
        for (cause, end) in causes.iter().zip(expected) {
            assert!(cause.message.ends_with(end), "{cause:?}");
        }
    }

    #[rstest]
    #[case("", &[])]
    #[case("continue=a", &[CONTINUE])]
    #[case("continue=a&resourceVersion=0", &[CONTINUE])]
    #[case("continue=a&resourceVersion=1", &[])]
    #[case("resourceVersionMatch=NotOlderThan", &[UNLESS])]
    #[case("resourceVersionMatch=Exact", &[UNLESS, ONLY])]
    #[case("resourceVersionMatch=Exact&continue=a&resourceVersion=1", &[UNLESS, ONLY, CONTINUE])]
    #[case("sendInitialEvents=true", &[NEEDED])]
    #[case("sendInitialEvents=true&continue=a", &[NEEDED])]
    #[case("sendInitialEvents=false&resourceVersionMatch=Exact", &[NEEDED, ONLY])]
    #[case("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", &[])]
    #[case("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=a", &[CONTINUE])]
    fn what_goes_together_in_a_watch(#[case] query: &str, #[case] expected: &[&str]) {
        ends(&check_watch(&Options::from_query(query).unwrap()), expected);
    }

    #[rstest]
    #[case("continue=a", &[])]
    #[case("resourceVersionMatch=Exact&continue=a", &[VERSION, CONTINUE])]
    #[case("resourceVersionMatch=Exact&resourceVersion=0", &[EXACT])]
    #[case("resourceVersionMatch=NotOlderThan&resourceVersion=0", &[])]
    #[case("sendInitialEvents=true&resourceVersionMatch=NotOlderThan", &[VERSION, "sendInitialEvents is forbidden for list"])]
    fn what_goes_together_in_a_list(#[case] query: &str, #[case] expected: &[&str]) {
        ends(&check_list(&Options::from_query(query).unwrap()), expected);
    }
}
