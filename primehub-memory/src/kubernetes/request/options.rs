//! The options of a request, from its query and, for deletions, from its body too.

use std::num::{IntErrorKind, ParseIntError};

use serde_json::{Value, json};

use super::duration;
use crate::kubernetes::status::{Cause, Causes, Status};

/// What happens to fields that nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// What happens to the objects that an object owns when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// Everything that may stand in a query, as it stands there; each verb looks at what concerns it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) watch: bool,
    pub(crate) limit: Option<i64>,
    pub(crate) continue_token: Option<String>,
    pub(crate) label_selector: Option<String>,
    pub(crate) field_selector: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) resource_version_match: Option<String>,
    pub(crate) allow_watch_bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: Vec<String>,
    pub(crate) field_manager: Option<String>,
    pub(crate) field_validation: Option<String>,
    pub(crate) force: Option<bool>,
    pub(crate) propagation_policy: Option<String>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) precondition_uid: Option<String>,
    pub(crate) precondition_version: Option<String>,
    /// `pods/log`.
    pub(crate) container: Option<String>,
    pub(crate) tail_lines: Option<i64>,
    pub(crate) limit_bytes: Option<i64>,
    pub(crate) since_seconds: Option<i64>,
    pub(crate) since_time: Option<String>,
    /// `includeObject` of tables.
    pub(crate) include_object: Option<String>,
}

fn boolean(value: &str) -> bool {
    !matches!(value, "false" | "0" | "f" | "F" | "False" | "FALSE")
}

impl Options {
    /// Reads a query. Empty texts count as absent, unknown names are ignored, as by the real server.
    ///
    /// # Errors
    ///
    /// 400 for a number that is none.
    pub(crate) fn from_query(query: &str) -> Result<Self, Status> {
        let mut options = Self::default();
        let mut timeout = None;
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let text = || (!value.is_empty()).then(|| value.clone().into_owned());
            let number = || -> Result<Option<i64>, Status> {
                value.parse().map(Some).map_err(|error: ParseIntError| {
                    let why = match error.kind() {
                        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
                        _ => "invalid syntax",
                    };
                    Status::bad_request(format!("strconv.ParseInt: parsing {:?}: {why}", value.as_ref()))
                })
            };
            match name.as_ref() {
                "watch" => options.watch = boolean(&value),
                "limit" => options.limit = number()?,
                "continue" => options.continue_token = text(),
                "labelSelector" => options.label_selector = text(),
                "fieldSelector" => options.field_selector = text(),
                "resourceVersion" => options.resource_version = text(),
                "resourceVersionMatch" => options.resource_version_match = text(),
                "allowWatchBookmarks" => options.allow_watch_bookmarks = boolean(&value),
                "sendInitialEvents" => options.send_initial_events = text().map(|value| boolean(&value)),
                "timeoutSeconds" => {
                    options.timeout_seconds = number()?.map(|seconds| u64::try_from(seconds).unwrap_or(0));
                }
                "dryRun" => options.dry_run.push(value.into_owned()),
                "fieldManager" => options.field_manager = text(),
                "fieldValidation" => options.field_validation = text(),
                "force" => options.force = text().map(|value| boolean(&value)),
                "propagationPolicy" => options.propagation_policy = text(),
                "orphanDependents" => options.orphan_dependents = text().map(|value| boolean(&value)),
                "gracePeriodSeconds" => options.grace_period_seconds = number()?,
                "container" => options.container = text(),
                "tailLines" => options.tail_lines = number()?,
                "limitBytes" => options.limit_bytes = number()?,
                "sinceSeconds" => options.since_seconds = number()?,
                "sinceTime" => options.since_time = text(),
                "timeout" => timeout = text(),
                "includeObject" => options.include_object = text(),
                _ => {}
            }
        }
        // A watch has a limit of its own.
        if let Some(timeout) = timeout.filter(|_| !options.watch) {
            duration::check(&timeout)
                .map_err(|why| Status::bad_request(format!("invalid timeout specified in the request URL - {why}")))?;
        }
        Ok(options)
    }

    /// Adds what the body of a deletion says, which stands above the query.
    pub(crate) fn read_delete_options(&mut self, body: &Value) {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if let Some(policy) = text("/propagationPolicy") {
            self.propagation_policy = Some(policy);
        }
        if let Some(orphan) = body.get("orphanDependents").and_then(Value::as_bool) {
            self.orphan_dependents = Some(orphan);
        }
        if let Some(seconds) = body.get("gracePeriodSeconds").and_then(Value::as_i64) {
            self.grace_period_seconds = Some(seconds);
        }
        if let Some(list) = body.get("dryRun").and_then(Value::as_array) {
            self.dry_run.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        self.precondition_uid = text("/preconditions/uid");
        self.precondition_version = text("/preconditions/resourceVersion");
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        !self.dry_run.is_empty()
    }

    pub(crate) fn validation(&self) -> FieldValidation {
        match self.field_validation.as_deref() {
            Some("Strict") => FieldValidation::Strict,
            Some("Ignore") => FieldValidation::Ignore,
            _ => FieldValidation::Warn,
        }
    }

    /// The propagation that was asked for, if any.
    pub(crate) fn propagation(&self) -> Option<Propagation> {
        match (self.propagation_policy.as_deref(), self.orphan_dependents) {
            (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
            (Some("Foreground"), _) => Some(Propagation::Foreground),
            (Some(_), _) | (None, Some(false)) => Some(Propagation::Background),
            (None, None) => None,
        }
    }

    /// Checks the options of a write. `kind` is `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`; `apply` says whether it is
    /// a server-side apply.
    pub(crate) fn check_write(&self, kind: &str, apply: bool) -> Result<(), Status> {
        let mut causes = Causes::new();
        if self.dry_run.iter().any(|value| value != "All") || self.dry_run.len() > 1 {
            causes.push(Cause::not_supported("dryRun", &json!(self.dry_run), &["All".to_owned()]));
        }
        if kind == "DeleteOptions" {
            let policies = ["Foreground", "Background", "Orphan"];
            if self.propagation_policy.is_some() && self.orphan_dependents.is_some() {
                let why = "orphanDependents and deletionPropagation cannot be both set";
                causes.push(Cause::invalid("propagationPolicy", &json!(self.propagation_policy), why));
            }
            if let Some(policy) = self.propagation_policy.as_deref().filter(|policy| !policies.contains(policy)) {
                let mut supported = policies.map(str::to_owned).to_vec();
                supported.push("nil".to_owned());
                causes.push(Cause::not_supported("propagationPolicy", &json!(policy), &supported));
            }
        } else {
            match &self.field_manager {
                None if apply => causes.push(Cause::required("fieldManager", "is required for apply patch")),
                Some(name) if name.chars().count() > 128 => {
                    causes.push(Cause::too_long("fieldManager", 128));
                }
                Some(name) => {
                    let odd = name.chars().enumerate().find(|(_, character)| character.is_control());
                    causes.extend(odd.map(|(position, character)| {
                        let why = format!("invalid character U+{:04X} (at position {position})", u32::from(character));
                        Cause::invalid("fieldManager", &json!(name), why)
                    }));
                }
                None => {}
            }
            if self.force.is_some() && !apply && kind == "PatchOptions" {
                causes.push(Cause::forbidden("force", "may not be specified for non-apply patch"));
            }
            let policies = ["Ignore", "Warn", "Strict"];
            if let Some(value) = self.field_validation.as_deref().filter(|value| !policies.contains(value)) {
                let supported = ["", "Ignore", "Strict", "Warn"].map(str::to_owned);
                causes.push(Cause::not_supported("fieldValidation", &json!(value), &supported));
            }
        }
        if causes.is_empty() { Ok(()) } else { Err(Status::invalid("meta.k8s.io", kind, "", causes)) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("?&limit=500&", Some(500), false)]
    #[case("watch=true&continue=", None, true)]
    #[case("watch=0", None, false)]
    #[case("watch", None, true)]
    fn queries_are_read_leniently(#[case] query: &str, #[case] limit: Option<i64>, #[case] watch: bool) {
        let options = Options::from_query(query.trim_start_matches('?')).unwrap();
        assert_eq!((options.limit, options.watch), (limit, watch));
    }

    #[rstest]
    #[case("limit=", r#"strconv.ParseInt: parsing "": invalid syntax"#)]
    #[case("timeoutSeconds=1.5", r#"strconv.ParseInt: parsing "1.5": invalid syntax"#)]
    #[case("limit=99999999999999999999", r#"strconv.ParseInt: parsing "99999999999999999999": value out of range"#)]
    fn numbers_are_numbers(#[case] query: &str, #[case] message: &str) {
        assert_eq!(Options::from_query(query).unwrap_err().message, message);
    }

    #[rstest]
    #[case(
        "dryRun=Foo",
        r#"CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Foo"]: supported values: "All""#
    )]
    #[case("fieldValidation=No", r#"CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "No": supported values: "", "Ignore", "Strict", "Warn""#)]
    fn wrong_options_are_refused(#[case] query: &str, #[case] message: &str) {
        let options = Options::from_query(query).unwrap();
        assert_eq!(options.check_write("CreateOptions", false).unwrap_err().message, message);
    }
}
