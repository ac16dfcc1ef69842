//! What a case works with.

use std::fmt::Debug;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use jiff::Timestamp;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::{
    Actor, Applied, AttributeEdit, Attributes, Binding, Change, Directory, Group, GroupEdit, IdentityStore, Invitation,
    InvitationId, Key, NewGroup, NewInvitation, NewPassword, NewUser, Outcome, Revision, Role, RoleKey, Subject, User,
    UserEdit,
};
use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;
use tokio::sync::Barrier;
use tokio::time::{Instant, timeout_at};

use crate::{Backend, Failure, OtherHand};

/// One case's view of a backend, with names of its own.
#[derive(Clone)]
pub struct Context {
    /// The store under test.
    pub store: Arc<dyn IdentityStore>,
    /// Somebody else.
    pub hand: Arc<dyn OtherHand>,
    /// Both, and people.
    pub backend: Arc<dyn Backend>,
    /// What makes the names of this case unlike all others.
    suffix: String,
}

impl Context {
    /// A view for one case. `suffix` belongs to this run of the case alone; lower-case letters and digits.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, store: Arc<dyn IdentityStore>, suffix: String) -> Self {
        Self { store, hand: backend.hand(), backend, suffix }
    }

    /// A name that no other case has; the same stem gives the same name.
    #[must_use]
    pub fn name(&self, stem: &str) -> String {
        format!("{stem}{}", self.suffix)
    }

    /// An e-mail address that no other case has.
    #[must_use]
    pub fn email(&self, stem: &str) -> String {
        format!("{stem}@{}.example", self.suffix)
    }

    /// The platform itself.
    #[must_use]
    pub fn by(&self) -> Actor {
        Actor::service()
    }

    /// The present picture.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.store.directory()
    }

    /// This moment, moved by seconds.
    #[must_use]
    pub fn in_seconds(&self, seconds: i64) -> Timestamp {
        let now = SystemClock.now().as_second();
        Timestamp::from_second(now + seconds).unwrap_or(Timestamp::MAX)
    }

    /// A user to create.
    ///
    /// # Errors
    /// When the stem makes no login name.
    pub fn new_user(&self, stem: &str) -> Result<NewUser, Failure> {
        Ok(NewUser::new(parsed(&self.name(stem))?))
    }

    /// A group to create.
    ///
    /// # Errors
    /// When the stem makes no group name.
    pub fn new_group(&self, stem: &str) -> Result<NewGroup, Failure> {
        Ok(NewGroup::new(parsed(&self.name(stem))?))
    }

    /// Creates a user with a name only.
    ///
    /// # Errors
    /// When that fails.
    pub async fn user(&self, stem: &str) -> Result<Arc<User>, Failure> {
        Ok(self.store.create_user(&self.by(), self.new_user(stem)?).await?.value)
    }

    /// Creates a user who has everything: e-mail address, both names, and an attribute that this software does not know.
    ///
    /// # Errors
    /// When that fails.
    pub async fn full_user(&self, stem: &str) -> Result<Arc<User>, Failure> {
        let mut new = self.new_user(stem)?;
        new.email = Some(self.email(stem));
        new.first_name = Some("Amy".into());
        new.last_name = Some("Lee".into());
        new.attributes = attributes(&[("from-elsewhere", &["c", "a", "b"]), ("volumeCapacity", &["20G"])]);
        Ok(self.store.create_user(&self.by(), new).await?.value)
    }

    /// Creates a group with a name only.
    ///
    /// # Errors
    /// When that fails.
    pub async fn group(&self, stem: &str) -> Result<Arc<Group>, Failure> {
        Ok(self.store.create_group(&self.by(), self.new_group(stem)?).await?.value)
    }

    /// Creates a group with attributes.
    ///
    /// # Errors
    /// When that fails.
    pub async fn group_with(&self, stem: &str, first: &[(&str, &[&str])]) -> Result<Arc<Group>, Failure> {
        let mut new = self.new_group(stem)?;
        new.attributes = attributes(first);
        Ok(self.store.create_group(&self.by(), new).await?.value)
    }

    /// Creates a realm role.
    ///
    /// # Errors
    /// When that fails.
    pub async fn role(&self, stem: &str) -> Result<RoleKey, Failure> {
        let key = RoleKey::realm(self.name(stem));
        self.store.ensure_role(&self.by(), Role::new(key.clone())).await?;
        Ok(key)
    }

    /// Edits a user on the platform's behalf.
    ///
    /// # Errors
    /// When that fails.
    pub async fn edit_user(&self, user: &User, edit: UserEdit) -> Result<Arc<User>, Failure> {
        Ok(self.store.edit_user(&self.by(), &user.id, edit).await?.value)
    }

    /// Sets one attribute of a group on the platform's behalf.
    ///
    /// # Errors
    /// When that fails.
    pub async fn set(&self, group: &Group, name: &str, value: &str) -> Result<Arc<Group>, Failure> {
        Ok(self.store.edit_group(&self.by(), &group.id, set(name, value)).await?.value)
    }

    /// Carries out bindings on the platform's behalf.
    ///
    /// # Errors
    /// When the call as a whole fails.
    pub async fn bind(&self, edits: &[Binding]) -> Result<Vec<Outcome>, Failure> {
        Ok(self.store.bind(&self.by(), edits).await?)
    }

    /// Carries out bindings all of which have to succeed.
    ///
    /// # Errors
    /// When one fails.
    pub async fn bound(&self, edits: &[Binding]) -> Result<(), Failure> {
        for outcome in self.bind(edits).await? {
            outcome?;
        }
        Ok(())
    }

    /// Carries out bindings on the administrator's behalf, all of which have to succeed. Only administrators make others: the platform itself
    /// need not be one.
    ///
    /// # Errors
    /// When one fails.
    pub async fn administered(&self, edits: &[Binding]) -> Result<Vec<Applied>, Failure> {
        let outcomes = self.store.bind(&self.backend.administrator(), edits).await?;
        outcomes.into_iter().map(|outcome| outcome.map_err(Failure::from)).collect()
    }

    /// Stores an invitation that expires in so many seconds.
    ///
    /// # Errors
    /// When that fails.
    pub async fn invite(&self, token: &str, into: &Group, seconds: i64) -> Result<Invitation, Failure> {
        let invitation = self.invitation(token, &into.id, seconds);
        self.store.put_invitation(&self.by(), NewInvitation::new(invitation.clone())).await?;
        Ok(invitation)
    }

    /// An invitation that is not stored yet.
    #[must_use]
    pub fn invitation(&self, token: &str, into: &GroupId, seconds: i64) -> Invitation {
        Invitation::new(InvitationId::of_token(&self.name(token)), into.clone(), self.in_seconds(seconds))
    }

    /// Gives the user a password and logs them in with it.
    ///
    /// # Errors
    /// When one of the two fails.
    pub async fn acting(&self, user: &User) -> Result<Actor, Failure> {
        let password = SecretString::from(self.name("Pass-word-"));
        self.store.set_password(&self.by(), &user.id, NewPassword::lasting(password.clone())).await?;
        let actor = self.backend.log_in(&user.username, &password).await?;
        actor.ok_or_else(|| Failure::broken(format_args!("{} cannot log in", user.username)))
    }

    /// The platform administrator's role.
    #[must_use]
    pub fn administrator_role(&self) -> RoleKey {
        self.directory().administrator_role().clone()
    }

    /// The user as the picture shows it.
    ///
    /// # Errors
    /// When it does not.
    #[track_caller]
    pub fn shown_user(&self, id: &UserId) -> Result<Arc<User>, Failure> {
        self.directory().user(id).cloned().ok_or_else(|| Failure::broken(format_args!("user {id} is not shown")))
    }

    /// The group as the picture shows it.
    ///
    /// # Errors
    /// When it does not.
    #[track_caller]
    pub fn shown_group(&self, id: &GroupId) -> Result<Arc<Group>, Failure> {
        self.directory().group(id).cloned().ok_or_else(|| Failure::broken(format_args!("group {id} is not shown")))
    }

    /// Everything that the picture shows of a user, to see whether a refused write has changed anything.
    #[must_use]
    pub fn picture_of_user(&self, id: &UserId) -> String {
        let directory = self.directory();
        let groups: Vec<&GroupId> = directory.groups_of(id).map(|group| &group.id).collect();
        format!("{:?} in {groups:?}, administrator: {}", directory.user(id), directory.is_administrator(id))
    }

    /// The same of a group.
    #[must_use]
    pub fn picture_of_group(&self, id: &GroupId) -> String {
        let directory = self.directory();
        let members: Vec<&str> = directory.members(id).map(|user| &*user.username).collect();
        let roles: Vec<&RoleKey> = directory.roles_of_group(id).collect();
        format!("{:?} with {members:?} and {roles:?}", directory.group(id))
    }

    /// Waits until the picture shows what somebody else has done, woken by the change feed alone, and answers that picture.
    ///
    /// # Errors
    /// When it does not in time.
    #[track_caller]
    pub fn until(
        &self,
        what: &'static str,
        shows: impl Fn(&Directory) -> bool,
    ) -> impl Future<Output = Result<Arc<Directory>, Failure>> {
        let late = Failure::broken(format_args!("too late, or not told by the change feed: {what}"));
        let mut changes = self.store.changes(None);
        let store = self.store.clone();
        let deadline = Instant::now() + self.backend.visible_within();
        async move {
            loop {
                let directory = store.directory();
                if shows(&directory) {
                    return Ok(directory);
                }
                if !matches!(timeout_at(deadline, changes.next()).await, Ok(Some(_))) {
                    return Err(late);
                }
            }
        }
    }

    /// Reads the feed until an entry names the key, and answers that entry's picture.
    ///
    /// # Errors
    /// When none does in time, or the feed loses track.
    #[track_caller]
    pub fn told(
        &self,
        mut changes: BoxStream<'static, Change>,
        key: Key,
    ) -> impl Future<Output = Result<Revision, Failure>> {
        let silent = Failure::broken(format_args!("the change feed does not name {key}"));
        let deadline = Instant::now() + self.backend.visible_within();
        async move {
            loop {
                match timeout_at(deadline, changes.next()).await {
                    Ok(Some(Change::Touched { revision, keys })) if keys.contains(&key) => return Ok(revision),
                    Ok(Some(Change::Touched { .. })) => {}
                    _ => return Err(silent),
                }
            }
        }
    }

    /// Runs `attempt` in as many tasks as there are inputs, all at once, and answers what each got, in order.
    ///
    /// # Errors
    /// When a task breaks.
    pub async fn at_once<I, T, F>(
        &self,
        inputs: Vec<I>,
        attempt: impl Fn(Arc<dyn IdentityStore>, I) -> F,
    ) -> Result<Vec<T>, Failure>
    where
        T: Send + Debug + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(inputs.len()));
        let start = |input| {
            let (barrier, attempt) = (barrier.clone(), attempt(self.store.clone(), input));
            tokio::spawn(async move {
                barrier.wait().await;
                attempt.await
            })
        };
        let tasks: Vec<_> = inputs.into_iter().map(start).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.map_err(Failure::broken)?);
        }
        Ok(answers)
    }
}

/// How long a call may take before a case gives up on everything.
pub(crate) const CASE_WITHIN: Duration = Duration::from_mins(2);

/// Reads a name.
///
/// # Errors
/// When it is none.
#[track_caller]
pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::broken(format_args!("{text:?}: {error}")))
}

/// Attributes from a table.
pub(crate) fn attributes(table: &[(&str, &[&str])]) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, values) in table {
        attributes.set(*name, texts(values));
    }
    attributes
}

/// Owned texts.
pub(crate) fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// An edit that sets one attribute of a group.
pub(crate) fn set(name: &str, value: &str) -> GroupEdit {
    let mut edit = GroupEdit::default();
    edit.attributes.set(name, value);
    edit
}

/// An edit that adds to and takes from a list of a group.
pub(crate) fn change(name: &str, add: &[&str], remove: &[&str]) -> GroupEdit {
    let mut edit = GroupEdit::default();
    edit.attributes.put(name, AttributeEdit::Change { add: texts(add), remove: texts(remove) });
    edit
}

/// An edit that sets one attribute of a user.
pub(crate) fn set_of_user(name: &str, value: &str) -> UserEdit {
    let mut edit = UserEdit::default();
    edit.attributes.set(name, value);
    edit
}

/// The user becomes a member.
pub(crate) fn join(user: &UserId, group: &GroupId) -> Binding {
    Binding::Join { user: user.clone(), group: group.clone() }
}

/// The user stops being one.
pub(crate) fn leave(user: &UserId, group: &GroupId) -> Binding {
    Binding::Leave { user: user.clone(), group: group.clone() }
}

/// The group gets the role.
pub(crate) fn grant(group: &GroupId, role: &RoleKey) -> Binding {
    Binding::Grant { to: Subject::Group(group.clone()), role: role.clone() }
}

/// The group loses the role.
pub(crate) fn revoke(group: &GroupId, role: &RoleKey) -> Binding {
    Binding::Revoke { from: Subject::Group(group.clone()), role: role.clone() }
}
