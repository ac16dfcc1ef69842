//! Lists: what is there, now or at a revision, in pages.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::state::{Collection, State};
use super::token::Token;
use super::{FieldSelector, Key, LabelSelector, Object, Store};
use crate::kubernetes::kinds::Storage;
use crate::kubernetes::status::{Cause, Details, Status};

/// What is to be listed.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The resource.
    pub storage: Storage,
    /// One namespace alone.
    pub namespace: Option<Arc<str>>,
    /// Selected by labels.
    pub labels: LabelSelector,
    /// Selected by fields.
    pub fields: FieldSelector,
    /// How many at the most; 0 for all.
    pub limit: usize,
    /// The token of the page before.
    pub continue_token: Option<String>,
    /// `resourceVersion`, as it was sent.
    pub resource_version: Option<String>,
    /// Whether the state at exactly this version is wanted (`resourceVersionMatch=Exact`), or a newer one will do; `None` if nothing was said.
    pub exact: Option<bool>,
}

impl ListQuery {
    /// Everything of a resource, as it is now.
    #[must_use]
    pub fn all(storage: Storage) -> Self {
        Self {
            storage,
            namespace: None,
            labels: LabelSelector::default(),
            fields: FieldSelector::default(),
            limit: 0,
            continue_token: None,
            resource_version: None,
            exact: None,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// By namespace and name.
    pub objects: Vec<Arc<Object>>,
    /// That of the state that the list shows.
    pub revision: u64,
    /// The token of the next page, if there is more.
    pub continue_token: Option<String>,
    /// How many objects are left; `None` at the end, and with selectors.
    pub remaining: Option<u64>,
}

/// Which state a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    Now { at_least: u64 },
    At(u64),
}

impl Store {
    /// Lists objects. Waits for a revision that is still to come, for a while.
    ///
    /// # Errors
    ///
    /// 400 for a version or a token that is none, 410 if the state is no longer known, 504 if it has not come.
    pub async fn list(&self, query: &ListQuery) -> Result<Page, Status> {
        let (view, token) = view(query)?;
        let (View::Now { at_least: revision } | View::At(revision)) = view;
        self.reach(revision).await?;
        let limit = if query.resource_version.as_deref() == Some("0") && token.is_none() {
            // "Whatever there is" is answered as a whole, as a real server does from its cache.
            0
        } else {
            query.limit
        };
        let state = self.shared.state();
        let Some(collection) = state.collections.get(&query.storage) else {
            return Ok(Page { revision: state.revision, ..Page::default() });
        };
        page(&state, collection, query, limit, &view, token)
    }

    /// Refuses a version that is none, for reads of single objects.
    ///
    /// # Errors
    ///
    /// 500 if it is no number, as on a real server, 504 if it is still to come.
    pub fn check_revision(&self, version: &str) -> Result<(), Status> {
        let (wanted, current) = (parse_version(version).map_err(|why| Status::new(500, "", why))?, self.revision());
        if wanted > current { Err(too_large(wanted, current)) } else { Ok(()) }
    }

    /// Waits until readers see `revision`.
    async fn reach(&self, revision: u64) -> Result<(), Status> {
        self.shared.reach(revision).await
    }
}

impl super::Shared {
    pub(super) async fn reach(&self, revision: u64) -> Result<(), Status> {
        let patience = self.state().history.patience;
        let mut newest = self.revision.subscribe();
        if *newest.borrow() >= revision {
            return Ok(());
        }
        let reached = tokio::time::timeout(patience, newest.wait_for(|newest| *newest >= revision)).await;
        if matches!(reached, Ok(Ok(_))) { Ok(()) } else { Err(too_large(revision, self.state().revision)) }
    }
}

fn too_large(wanted: u64, current: u64) -> Status {
    let cause = Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    Status::new(504, "Timeout", format!("Timeout: Too large resource version: {wanted}, current: {current}"))
        .with(Details { causes: vec![cause], retry_after_seconds: 1, ..Details::default() })
}

/// Reads a `resourceVersion`; says what a real server says of others.
pub(super) fn parse_version(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let why = if is_number { "value out of range" } else { "invalid syntax" };
        format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: {why}")
    })
}

fn bad_version(why: String) -> Status {
    Status::bad_request(format!("invalid resource version: {why}"))
}

fn view(query: &ListQuery) -> Result<(View, Option<Token>), Status> {
    let version = query.resource_version.as_deref().unwrap_or_default();
    if let Some(token) = &query.continue_token {
        let token = Token::decode(token)?;
        if !matches!(version, "" | "0") {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
        let view = u64::try_from(token.rv).map_or(View::Now { at_least: 0 }, View::At);
        return Ok((view, Some(token)));
    }
    let revision = if version.is_empty() { 0 } else { parse_version(version).map_err(bad_version)? };
    let exact = query.exact.unwrap_or(query.limit > 0);
    Ok((if exact && revision > 0 { View::At(revision) } else { View::Now { at_least: revision } }, None))
}

fn page(
    state: &State,
    collection: &Collection,
    query: &ListQuery,
    limit: usize,
    view: &View,
    token: Option<Token>,
) -> Result<Page, Status> {
    let namespace = query.namespace.as_deref();
    let (revision, past) = match *view {
        View::Now { .. } => (state.revision, BTreeMap::new()),
        View::At(revision) => match changed_since(collection, revision) {
            Some(past) => (revision, past),
            None => return Err(too_old(token)),
        },
    };
    let from = token.as_ref().map(|token| match token.start(namespace) {
        (key, true) => Bound::Excluded(key),
        (key, false) => Bound::Included(key),
    });
    let mut rest =
        merged(within(&collection.objects, namespace, from.clone()), within(&past, namespace, from)).peekable();
    let everything = query.labels.is_empty() && query.fields.is_empty();
    let mut page = Page { revision, ..Page::default() };
    if let (Some(name), true) = (query.fields.name(), namespace.is_some() && past.is_empty() && token.is_none()) {
        // The usual question for one object needs no search.
        let found = collection.objects.get(&Key::new(namespace, name));
        page.objects.extend(found.filter(|object| selects(query, collection, object)).cloned());
        return Ok(page);
    }
    let mut seen = 0;
    while let Some(object) = rest.next() {
        seen += 1;
        if everything || selects(query, collection, object) {
            page.objects.push(Arc::clone(object));
        }
        if limit > 0 && page.objects.len() >= limit {
            if rest.peek().is_some() {
                let left = token.as_ref().and_then(|token| token.left).map(|left| left.saturating_sub(seen));
                let left = everything.then(|| left.unwrap_or_else(|| rest.count() as u64));
                page.remaining = left.filter(|left| *left > 0);
                page.continue_token =
                    Some(Token::behind(&object.meta.key, namespace.is_some(), revision, left).encode());
            }
            break;
        }
    }
    Ok(page)
}

fn selects(query: &ListQuery, collection: &Collection, object: &Object) -> bool {
    query.labels.matches(&object.meta) && query.fields.matches(&object.meta, &collection.selectable)
}

fn too_old(token: Option<Token>) -> Status {
    let Some(token) = token else {
        return Status::expired("The resourceVersion for the provided list is too old.");
    };
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue \
         parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and \
         now may show up in the list.",
    );
    status.continue_token = Some(token.inconsistent().encode());
    status
}

/// The objects that were changed after `revision`, as they were then; `None` if that is no longer known.
fn changed_since(collection: &Collection, revision: u64) -> Option<BTreeMap<Key, Option<Arc<Object>>>> {
    let ring = collection.feed.ring();
    let mut past = BTreeMap::new();
    for event in ring.from(ring.after(revision)?)? {
        past.entry(event.object.meta.key.clone()).or_insert_with(|| event.previous.clone());
    }
    Some(past)
}

/// Entries in order: of one namespace if one is given, from a key on if one is given.
pub(super) fn within<'a, T>(
    entries: &'a BTreeMap<Key, T>,
    namespace: Option<&'a str>,
    from: Option<Bound<Key>>,
) -> impl Iterator<Item = (&'a Key, &'a T)> {
    let first = Bound::Included(Key::new(namespace, ""));
    let from = match from {
        // A key of another namespace must not lead out of this one.
        Some(Bound::Included(key) | Bound::Excluded(key))
            if namespace.is_some() && key.namespace.as_deref() != namespace =>
        {
            first
        }
        Some(from) => from,
        None => first,
    };
    entries
        .range((from, Bound::Unbounded))
        .take_while(move |(key, _)| namespace.is_none_or(|namespace| key.namespace.as_deref() == Some(namespace)))
}

/// The objects of a moment that has passed: those of now, but for the changed ones.
fn merged<'a>(
    now: impl Iterator<Item = (&'a Key, &'a Arc<Object>)>,
    past: impl Iterator<Item = (&'a Key, &'a Option<Arc<Object>>)>,
) -> impl Iterator<Item = &'a Arc<Object>> {
    let (mut now, mut past) = (now.peekable(), past.peekable());
    std::iter::from_fn(move || {
        loop {
            let order = match (now.peek(), past.peek()) {
                (Some((now, _)), Some((past, _))) => now.cmp(past),
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (_, None) => std::cmp::Ordering::Less,
            };
            if order.is_lt() {
                return now.next().map(|(_, object)| object);
            }
            if order.is_eq() {
                now.next();
            }
            if let Some((_, Some(object))) = past.next() {
                return Some(object);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, None, 0, View::Now { at_least: 0 })]
    #[case(Some("0"), None, 5, View::Now { at_least: 0 })]
    #[case(Some("7"), None, 0, View::Now { at_least: 7 })]
    #[case(Some("7"), None, 5, View::At(7))]
    #[case(Some("7"), Some(false), 5, View::Now { at_least: 7 })]
    #[case(Some("7"), Some(true), 0, View::At(7))]
    fn versions_choose_the_view(
        #[case] version: Option<&str>,
        #[case] exact: Option<bool>,
        #[case] limit: usize,
        #[case] expected: View,
    ) {
        let all = ListQuery::all(Storage { group: "".into(), resource: "pods".into() });
        let query = ListQuery { resource_version: version.map(str::to_owned), exact, limit, ..all };
        assert_eq!(view(&query).unwrap(), (expected, None));
    }

    #[rstest]
    #[case("abc", "invalid syntax")]
    #[case("-1", "invalid syntax")]
    #[case("99999999999999999999", "value out of range")]
    fn other_versions_are_refused(#[case] version: &str, #[case] why: &str) {
        let expected =
            format!("resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": {why}");
        assert_eq!(parse_version(version), Err(expected));
    }
}
