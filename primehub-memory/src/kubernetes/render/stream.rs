//! The body of a watch: lines of JSON, many in one piece if they are there, never collected.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use serde_json::json;

use super::Form;
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::store::{Store, Update, WatchQuery};

impl Store {
    /// Watches a resource as objects of `kind`, for `limit` at the longest.
    pub(crate) fn watch(
        &self,
        query: WatchQuery,
        form: Form,
        kind: Arc<Kind>,
        limit: Duration,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> impl Stream<Item = Bytes> + Send + 'static {
        let lines = Lines { form, kind, named: true };
        let state = (self.follow(query, Some(limit)), lines);
        futures::stream::unfold(state, move |(mut watch, mut lines)| {
            let clock = Arc::clone(&clock);
            async move {
                let updates = watch.next().await?;
                let now = clock();
                let mut piece = Vec::with_capacity(updates.iter().map(room).sum());
                for update in &updates {
                    lines.write(&mut piece, update, now);
                }
                Some((Bytes::from(piece), (watch, lines)))
            }
        })
    }
}

/// About how many bytes a line takes.
fn room(update: &Update) -> usize {
    match update {
        Update::Added(object) | Update::Modified(object) | Update::Deleted(object) => object.raw.len() + 32,
        Update::Bookmark { .. } | Update::Error(_) => 256,
    }
}

/// What writes the lines of one watch.
struct Lines {
    form: Form,
    kind: Arc<Kind>,
    /// Whether a table is still to name its columns, which only the first does.
    named: bool,
}

impl Lines {
    fn write(&mut self, out: &mut Vec<u8>, update: &Update, now: Timestamp) {
        let (event, object) = match update {
            Update::Added(object) => ("ADDED", object),
            Update::Modified(object) => ("MODIFIED", object),
            Update::Deleted(object) => ("DELETED", object),
            Update::Bookmark { revision, closing } => return self.bookmark(out, *revision, *closing, now),
            Update::Error(status) => {
                out.extend_from_slice(format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", status.to_value()).as_bytes());
                return;
            }
        };
        self.line(out, event, &object.raw, now);
    }

    fn bookmark(&mut self, out: &mut Vec<u8>, revision: u64, closing: bool, now: Timestamp) {
        let mut metadata = json!({ "resourceVersion": revision.to_string() });
        if closing {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let object = json!({ "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata });
        self.line(out, "BOOKMARK", object.to_string().as_bytes(), now);
    }

    fn line(&mut self, out: &mut Vec<u8>, event: &str, raw: &[u8], now: Timestamp) {
        for part in [r#"{"type":""#, event, r#"","object":"#] {
            out.extend_from_slice(part.as_bytes());
        }
        self.form.write(out, &self.kind, raw, now, self.named);
        out.extend_from_slice(b"}\n");
        self.named = false;
    }
}
