//! Creating, replacing and patching.

use std::sync::Arc;

use serde_json::Value;

use super::next::{self, PatchType, Sent};
use super::settle::{Place, Settled, settle};
use super::{Request, body, review};
use crate::kubernetes::kinds::{Kind, Subresource, Verbs};
use crate::kubernetes::render;
use crate::kubernetes::request::Answer;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;
use crate::kubernetes::store::{Commit, CommitError, Expected, Key, Object, Write};
use crate::kubernetes::verbs::metadata;

/// How often a write that was overtaken, or a generated name that was taken, is tried again.
const ATTEMPTS: u32 = 8;

/// Where a write goes and what it changes there.
struct Target<'a> {
    request: &'a Request,
    live: Option<&'a Arc<Object>>,
    /// The live object as the kind shows it.
    value: Option<&'a Value>,
    sent: Sent,
    applied: bool,
}

impl ApiServer {
    pub(crate) async fn create(&self, request: &Request) -> Result<Answer, Status> {
        let (kind, namespace) = (&request.resource.kind, request.resource.namespace.as_deref());
        let mut sent = body::object(&self.kinds(), request, kind)?;
        request.options.check_write("CreateOptions", false)?;
        if kind.verbs == Verbs::Create {
            return review::create(self, request, sent.object);
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            // Only one whose name is generated is tried again.
            let named = !metadata::name(&sent.object).is_empty();
            let mut object = if named { std::mem::take(&mut sent.object) } else { sent.object.clone() };
            metadata::place(&mut object, namespace, None)?;
            let generated = metadata::generate_name(&mut object, || self.random_suffix());
            if let Some(namespace) = namespace {
                self.check_namespace(request, &object, namespace)?;
            }
            let again = Sent { object, complaints: sent.complaints.clone() };
            match self.store_next(Target { request, live: None, value: None, sent: again, applied: false }, 201).await?
            {
                Ok(answer) => return Ok(answer),
                Err((CommitError::Exists, _)) if generated && attempt < ATTEMPTS => {}
                Err((error, name)) => return Err(self.taken(kind, error, &Key::new(namespace, &name))),
            }
        }
    }

    pub(crate) async fn update(&self, request: &Request) -> Result<Answer, Status> {
        let (kind, name) = (&request.resource.kind, request.resource.named()?);
        let sent = body::object(&self.kinds(), request, kind)?;
        request.options.check_write("UpdateOptions", false)?;
        let mut object = sent.object;
        metadata::place(&mut object, request.resource.namespace.as_deref(), Some(name))?;
        let sent = Sent { object, complaints: sent.complaints };
        self.retry(request, |live, _| {
            let live = live.ok_or_else(|| Status::not_found(&kind.group, &kind.plural, name))?;
            metadata::check_uid(kind, &sent.object, live)?;
            let conditional = metadata::check_version(kind, &sent.object, live)?;
            Ok((Sent { object: sent.object.clone(), complaints: sent.complaints.clone() }, conditional, 200))
        })
        .await
    }

    pub(crate) async fn patch(&self, request: &Request) -> Result<Answer, Status> {
        let (kind, name) = (&request.resource.kind, request.resource.named()?);
        let patch_type = PatchType::of(request)?;
        let apply = patch_type == PatchType::Apply;
        request.options.check_write("PatchOptions", apply)?;
        let time = self.now_text();
        self.retry(request, |live, value| {
            let sent = match (value, apply) {
                (_, true) => next::applied(request, value, &time)?,
                (Some(value), false) => next::patched(request, patch_type, value)?,
                (None, false) => return Err(Status::not_found(&kind.group, &kind.plural, name)),
            };
            let mut sent = sent;
            let Some(live) = live else {
                if request.resource.subresource.is_some() {
                    return Err(Status::not_found(&kind.group, &kind.plural, name));
                }
                metadata::forget_version_of_created(&sent.object, kind, name)?;
                metadata::place(&mut sent.object, request.resource.namespace.as_deref(), Some(name))?;
                if let Some(namespace) = request.resource.namespace.as_deref() {
                    self.check_namespace(request, &sent.object, namespace)?;
                }
                return Ok((sent, false, 201));
            };
            metadata::place(&mut sent.object, request.resource.namespace.as_deref(), Some(name))?;
            let conditional = metadata::check_version(kind, &sent.object, live)? && {
                // A patch that leaves the version alone is made again on whatever is there.
                metadata::version(&sent.object) != metadata::version(value.unwrap_or(&Value::Null))
            };
            Ok((sent, conditional, 200))
        })
        .await
    }

    /// Makes the next object from the live one and commits it, again if somebody was faster, unless the write is `conditional`.
    async fn retry(
        &self,
        request: &Request,
        next: impl Fn(Option<&Arc<Object>>, Option<&Value>) -> Result<(Sent, bool, u16), Status>,
    ) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        let key = Key::new(resource.namespace.as_deref(), name);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let live = self.store().get(&kind.storage, &key);
            let value = live.as_ref().map(|live| render::shown(kind, live.value()));
            let (sent, conditional, code) = next(live.as_ref(), value.as_ref())?;
            let applied = request.media_type() == "application/apply-patch+yaml";
            let target = Target { request, live: live.as_ref(), value: value.as_ref(), sent, applied };
            match self.store_next(target, code).await? {
                Ok(answer) => return Ok(answer),
                Err((CommitError::Exists | CommitError::Stale | CommitError::Absent, _))
                    if !conditional && attempt < ATTEMPTS => {}
                Err((error, name)) => return Err(refused(kind, error, &name)),
            }
        }
    }

    /// Settles what was sent and commits it. The inner error is one of the commit, with the object's name.
    async fn store_next(&self, target: Target<'_>, code: u16) -> Result<Result<Answer, (CommitError, String)>, Status> {
        let Target { request, live, value, sent, applied } = target;
        let kind = &request.resource.kind;
        let place = Place {
            kind,
            status: request.resource.subresource == Some(Subresource::Status),
            live: value,
            applied,
            manager: request.manager(),
            subresource: request.resource.subresource.as_ref().map_or("", Subresource::name),
            now: self.now(),
        };
        // A new object has no version yet; that is looked at where it would be kept.
        let new =
            if live.is_none() && !request.options.is_dry_run() { metadata::check_new(&sent.object) } else { Ok(()) };
        let Settled { object, complaints, outcome } = settle(self, &place, sent.object)?;
        let complaints = [sent.complaints, complaints].concat();
        let warnings = next::judge(request, complaints, &object)?;
        let object = render::kept(kind, object);
        let form = Self::form(request)?;
        new?;
        let name = metadata::name(&object).to_owned();
        if request.options.is_dry_run() {
            if live.is_none() && self.store().contains(&kind.storage, &metadata::key(&object)) {
                return Ok(Err((CommitError::Exists, name)));
            }
            return Ok(Ok(Answer::json(code, form.value(kind, &object, self.now())).warn(warnings)));
        }
        let write = match (outcome, live) {
            (super::settle::Outcome::Unchanged, Some(live)) => {
                return Ok(Ok(Answer::json(code, form.object(kind, live, self.now())).warn(warnings)));
            }
            (super::settle::Outcome::Finished, _) => Write::Remove(object),
            _ => Write::Put(object),
        };
        let expected = live.map_or(Expected::Absent, |live| Expected::Revision(live.meta.revision));
        let key = match &write {
            Write::Put(object) | Write::Remove(object) => metadata::key(object),
        };
        match self.commit(kind, Commit { storage: kind.storage.clone(), key, expected, write }).await {
            Ok(object) => Ok(Ok(Answer::json(code, form.object(kind, &object, self.now())).warn(warnings))),
            Err(error) => Ok(Err((error, name))),
        }
    }

    /// What the caller gets if a new object was refused.
    fn taken(&self, kind: &Kind, error: CommitError, key: &Key) -> Status {
        let going = matches!(error, CommitError::Exists)
            && self.store().get(&kind.storage, key).is_some_and(|object| object.meta.deleting);
        let mut status = refused(kind, error, &key.name);
        if going {
            status.message = format!("object is being deleted: {}", status.message);
        }
        status
    }

    /// 404 if the namespace is not there, 403 if it is going.
    fn check_namespace(&self, request: &Request, object: &Value, namespace: &str) -> Result<(), Status> {
        let kind = &request.resource.kind;
        match self.namespace(namespace) {
            None => Err(Status::not_found("", "namespaces", namespace)),
            Some(live) if live.meta.deleting => {
                let why =
                    format!("unable to create new content in namespace {namespace} because it is being terminated");
                let mut status = Status::forbidden(&kind.group, &kind.plural, metadata::name(object), why);
                if let Some(details) = &mut status.details {
                    details.causes.push(crate::kubernetes::status::Cause {
                        reason: "NamespaceTerminating".to_owned(),
                        message: format!("namespace {namespace} is being terminated"),
                        field: "metadata.namespace".to_owned(),
                    });
                }
                Err(status)
            }
            Some(_) => Ok(()),
        }
    }
}

/// What the caller gets if a commit was refused.
pub(crate) fn refused(kind: &Kind, error: CommitError, name: &str) -> Status {
    match error {
        CommitError::Exists => Status::already_exists(&kind.group, &kind.plural, name),
        CommitError::Stale => Status::modified(&kind.group, &kind.plural, name),
        CommitError::Absent => Status::not_found(&kind.group, &kind.plural, name),
        CommitError::NotKept(why) => Status::internal(why),
    }
}
