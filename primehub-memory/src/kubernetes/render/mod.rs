//! From kept objects to the bytes of an answer.
//!
//! Objects are kept as the JSON that is sent, so plain answers are made of their bytes without reading them: only where a kind shows objects
//! that are kept in another form, or for tables, are they parsed.

pub(crate) mod events;
mod stream;
mod table;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kubernetes::kinds::{Conversion, Kind};
use crate::kubernetes::request::Accept;
use crate::kubernetes::status::{Cause, Status};
use crate::kubernetes::store::{Object, Page, splice};

/// How objects are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Full,
    /// `PartialObjectMetadata`, in this version of `meta.k8s.io`.
    Metadata {
        version: String,
    },
    /// Rows, with this beside the cells, in this version of `meta.k8s.io`.
    Table {
        include: Include,
        version: String,
    },
}

/// What stands in the rows of a table beside the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

const PARTIAL: &str = r#"{"kind":"PartialObjectMetadata","apiVersion":""#;

/// A kept object as the kind shows it.
pub(crate) fn shown(kind: &Kind, kept: Value) -> Value {
    match kind.conversion {
        Conversion::Same => kept,
        Conversion::Events => events::from_core(kept),
    }
}

/// An object of the kind as it is kept.
pub(crate) fn kept(kind: &Kind, shown: Value) -> Value {
    match kind.conversion {
        Conversion::Same => shown,
        Conversion::Events => events::to_core(shown),
    }
}

impl Form {
    /// The form that a request asks for.
    ///
    /// # Errors
    ///
    /// 400 if nothing of the kind can stand in a table.
    pub(crate) fn of(accept: &Accept, include: Option<&str>) -> Result<Self, Status> {
        let version = match accept {
            Accept::Table { version } => version,
            Accept::Metadata { version, .. } => return Ok(Self::Metadata { version: version.clone() }),
            Accept::Full | Accept::Aggregated => return Ok(Self::Full),
        };
        let include = match include {
            None | Some("Metadata") => Include::Metadata,
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            Some(other) => {
                let why = "must be 'Metadata', 'Object', 'None', or empty";
                let cause = Cause::invalid("includeObject", &json!(other), why);
                return Err(Status::bad_request(format!("Unable to convert to Table as requested: {cause}")));
            }
        };
        Ok(Self::Table { include, version: version.clone() })
    }

    /// One object.
    pub(crate) fn object(&self, kind: &Kind, object: &Object, now: Timestamp) -> Bytes {
        if *self == Self::Full && kind.conversion == Conversion::Same && begins_with_version(&object.raw, kind) {
            // It is kept as it is shown.
            return object.raw.clone();
        }
        let mut out = Vec::with_capacity(object.raw.len() + 64);
        self.write(&mut out, kind, &object.raw, now, true);
        out.into()
    }

    /// An object that is not kept: what a write would have made.
    pub(crate) fn value(&self, kind: &Kind, object: &Value, now: Timestamp) -> Bytes {
        let mut out = Vec::new();
        self.write(&mut out, kind, object.to_string().as_bytes(), now, true);
        out.into()
    }

    /// Many.
    pub(crate) fn list(&self, kind: &Kind, page: &Page, now: Timestamp) -> Bytes {
        let (list_kind, version) = match self {
            Self::Full => (&*kind.list_kind, kind.api_version()),
            Self::Metadata { version } => ("PartialObjectMetadataList", format!("meta.k8s.io/{version}")),
            Self::Table { version, .. } => ("Table", format!("meta.k8s.io/{version}")),
        };
        let size: usize = page.objects.iter().map(|object| object.raw.len() + 16).sum();
        let mut out = Vec::with_capacity(size + 256);
        let head = json!({ "resourceVersion": page.revision.to_string() });
        out.extend_from_slice(
            format!(r#"{{"kind":"{list_kind}","apiVersion":"{version}","metadata":{}"#, metadata(head, page))
                .as_bytes(),
        );
        if let Self::Table { include, version } = self {
            table::write_head(&mut out, kind, true);
            for (index, object) in page.objects.iter().enumerate() {
                separate(&mut out, index);
                table::write_row(&mut out, kind, &object.raw, *include, version, now);
            }
        } else {
            out.extend_from_slice(br#","items":["#);
            for (index, object) in page.objects.iter().enumerate() {
                separate(&mut out, index);
                // A real server names the kind of every item of custom resources alone.
                self.write_item(&mut out, kind, &object.raw, kind.custom);
            }
        }
        out.extend_from_slice(b"]}");
        out.into()
    }

    /// One object; a table of it has columns if they are to be named.
    fn write(&self, out: &mut Vec<u8>, kind: &Kind, raw: &[u8], now: Timestamp, named: bool) {
        let Self::Table { include, version } = self else { return self.write_item(out, kind, raw, true) };
        let revision = splice::find(raw, &["metadata", "resourceVersion"]).map_or(&b"\"\""[..], |range| &raw[range]);
        out.extend_from_slice(
            format!(r#"{{"kind":"Table","apiVersion":"meta.k8s.io/{version}","metadata":{{"resourceVersion":"#)
                .as_bytes(),
        );
        out.extend_from_slice(revision);
        out.extend_from_slice(b"}");
        table::write_head(out, kind, named);
        table::write_row(out, kind, raw, *include, version, now);
        out.extend_from_slice(b"]}");
    }

    fn write_item(&self, out: &mut Vec<u8>, kind: &Kind, raw: &[u8], typed: bool) {
        match self {
            Self::Metadata { version } => write_metadata(out, raw, version),
            _ => write_full(out, kind, raw, typed),
        }
    }
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

/// The metadata of a list.
fn metadata(mut metadata: Value, page: &Page) -> Value {
    if let Some(token) = &page.continue_token {
        metadata["continue"] = json!(token);
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = json!(remaining);
    }
    metadata
}

fn write_metadata(out: &mut Vec<u8>, raw: &[u8], version: &str) {
    out.extend_from_slice(format!(r#"{PARTIAL}meta.k8s.io/{version}","metadata":"#).as_bytes());
    out.extend_from_slice(splice::find(raw, &["metadata"]).map_or(&b"{}"[..], |range| &raw[range]));
    out.push(b'}');
}

/// The parts of a kind's `apiVersion`.
fn version_of(kind: &Kind) -> impl Iterator<Item = &str> {
    let group = (!kind.group.is_empty()).then_some([&*kind.group, "/"]);
    group.into_iter().flatten().chain([&*kind.version])
}

/// Whether the first member of an object is the `apiVersion` of this kind.
fn begins_with_version(raw: &[u8], kind: &Kind) -> bool {
    let rest = raw.strip_prefix(br#"{"apiVersion":""#);
    let rest = version_of(kind).fold(rest, |rest, part| rest?.strip_prefix(part.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\""))
}

/// An object as the kind shows it, with or without `apiVersion` and `kind`.
fn write_full(out: &mut Vec<u8>, kind: &Kind, raw: &[u8], typed: bool) {
    let converted;
    let raw = match kind.conversion {
        Conversion::Same => raw,
        Conversion::Events => {
            let object = events::from_core(serde_json::from_slice(raw).unwrap_or_default());
            converted = object.to_string();
            converted.as_bytes()
        }
    };
    let (mut written, mut found) = (0, 0);
    for (key, value) in splice::members(raw) {
        let is_version = &raw[key.clone()] == b"apiVersion";
        if !is_version && &raw[key.clone()] != b"kind" {
            continue;
        }
        if typed && is_version {
            out.extend_from_slice(&raw[written..value.start]);
            out.push(b'"');
            version_of(kind).for_each(|part| out.extend_from_slice(part.as_bytes()));
            out.push(b'"');
            written = value.end;
        } else if !typed {
            out.extend_from_slice(&raw[written..key.start - 1]);
            // With the comma behind it.
            written = value.end + usize::from(raw.get(value.end) == Some(&b','));
        }
        found += 1;
        if found == 2 {
            break;
        }
    }
    out.extend_from_slice(&raw[written..]);
}

#[cfg(test)]
mod tests;
