//! From the options of a request to what is listed and watched.

use super::list::parse_version;
use super::{FieldSelector, LabelSelector, ListQuery, Start, WatchQuery};
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::request::Options;
use crate::kubernetes::status::Status;

fn selectors(kind: &Kind, options: &Options, name: Option<&str>) -> Result<(LabelSelector, FieldSelector), Status> {
    let labels = LabelSelector::parse(options.label_selector.as_deref().unwrap_or_default())?;
    let fields = FieldSelector::parse(options.field_selector.as_deref().unwrap_or_default(), kind)?;
    Ok((labels, name.into_iter().fold(fields, FieldSelector::and_name)))
}

impl ListQuery {
    /// What a request asks for, of the object `name` alone if there is one.
    ///
    /// # Errors
    ///
    /// 400 for selectors that are none.
    pub(crate) fn new(
        kind: &Kind,
        namespace: Option<&str>,
        options: &Options,
        name: Option<&str>,
    ) -> Result<Self, Status> {
        let (labels, fields) = selectors(kind, options, name)?;
        Ok(Self {
            storage: kind.storage.clone(),
            namespace: namespace.map(Into::into),
            labels,
            fields,
            // A negative limit is none, as on a real server.
            limit: options.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0),
            continue_token: options.continue_token.clone(),
            resource_version: options.resource_version.clone(),
            exact: options.resource_version_match.as_deref().map(|rule| rule == "Exact"),
        })
    }
}

impl WatchQuery {
    /// The same for a watch.
    ///
    /// # Errors
    ///
    /// 400 for selectors that are none, 500 for a version that is none, as on a real server.
    pub(crate) fn new(
        kind: &Kind,
        namespace: Option<&str>,
        options: &Options,
        name: Option<&str>,
    ) -> Result<Self, Status> {
        let (labels, fields) = selectors(kind, options, name)?;
        Ok(Self {
            storage: kind.storage.clone(),
            namespace: namespace.map(Into::into),
            labels,
            fields,
            start: start(options.resource_version.as_deref(), options.send_initial_events)?,
            bookmarks: options.allow_watch_bookmarks,
        })
    }
}

/// Where a watch begins. Without a version, or at "any", it begins with what is there, unless the client says otherwise.
fn start(version: Option<&str>, initial: Option<bool>) -> Result<Start, Status> {
    let revision = match version {
        None => 0,
        Some(version) => parse_version(version).map_err(|why| Status::new(500, "", why))?,
    };
    Ok(match (revision, initial) {
        (revision, Some(true)) => Start::All(revision),
        (0, None) => Start::All(0),
        (0, Some(false)) => Start::Now,
        (revision, _) => Start::After(revision),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, None, Start::All(0))]
    #[case(Some("0"), None, Start::All(0))]
    #[case(Some("0"), Some(true), Start::All(0))]
    #[case(Some("7"), Some(true), Start::All(7))]
    #[case(None, Some(false), Start::Now)]
    #[case(Some("7"), None, Start::After(7))]
    #[case(Some("7"), Some(false), Start::After(7))]
    fn a_watch_begins_where_it_is_asked_to(
        #[case] version: Option<&str>,
        #[case] initial: Option<bool>,
        #[case] expected: Start,
    ) {
        assert_eq!(start(version, initial), Ok(expected));
    }

    #[test]
    fn a_version_that_is_none_is_an_error_of_the_server() {
        let refused = start(Some("abc"), None).unwrap_err();
        let message = "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax";
        assert_eq!((refused.code, refused.reason, &*refused.message), (500, "", message));
    }
}
