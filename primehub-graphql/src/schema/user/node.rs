//! One person.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use primehub_core::access::{Denied, UserView};
use primehub_core::identity::{Directory, Group, RoleKey, User, UserSettings};
use primehub_core::names::{ResourceKind, ResourceRole};

use crate::error::ApiError;
use crate::request::{Budget, Nullable, Request};
use crate::schema::group::{GroupNode, whole_gigabytes};
use crate::schema::rows::{Rows, rows};

/// A user as the caller sees them, in one picture.
pub(crate) struct UserNode {
    directory: Arc<Directory>,
    user: Arc<User>,
    view: UserView,
    budget: Arc<Budget>,
}

impl UserNode {
    /// The user as the caller may see them.
    pub(crate) fn new(request: &Request, directory: &Arc<Directory>, user: Arc<User>) -> Self {
        let view = request.access(directory).view_of_user(&user.id);
        Self { directory: directory.clone(), user, view, budget: request.budget().clone() }
    }

    /// The value, for whoever sees at least that much of the user.
    fn seen_from<T>(&self, least: UserView, value: impl FnOnce() -> Option<T>) -> Nullable<T> {
        if self.view >= least { value().map(Ok) } else { self.denied() }
    }

    fn denied<T>(&self) -> Nullable<T> {
        self.budget.nullable(Err(Denied::Object.into()))
    }

    fn settings(&self) -> UserSettings {
        UserSettings::of(&self.user.attributes)
    }

    fn has_announcements(&self, request: &Request) -> bool {
        let prefix = request.config().role_prefix.as_ref();
        let announces = |role: &RoleKey| match role {
            RoleKey::Realm(name) => ResourceRole::parse(name)
                .is_some_and(|role| role.kind == ResourceKind::Announcement && role.belongs_to(prefix)),
            RoleKey::Client { .. } => false,
        };
        self.directory.groups_of(&self.user.id).any(|group| self.directory.roles_of_group(&group.id).any(announces))
    }

    /// The person's groups, as far as `wanted`. Nested ones are not PrimeHub's.
    async fn groups_where(
        &self,
        wanted: impl Fn(&Group) -> bool + Send,
        node: impl Fn(&Arc<Group>) -> GroupNode + Send,
    ) -> Nullable<Rows<GroupNode>> {
        if self.view < UserView::Whole {
            return self.denied();
        }
        let groups = self.directory.groups_of(&self.user.id).filter(|group| group.parent.is_none() && wanted(group));
        let groups: Vec<_> = groups.collect();
        self.budget.nullable(rows(&self.budget, groups.len(), groups.into_iter().map(node)).await)
    }
}

/// A person with an account.
#[Object(name = "User")]
impl UserNode {
    /// Id at the identity provider.
    async fn id(&self) -> ID {
        self.user.id.as_str().into()
    }

    /// Login name.
    async fn username(&self) -> &str {
        &self.user.username
    }

    /// E-mail address.
    async fn email(&self) -> Nullable<&str> {
        self.seen_from(UserView::CoMember, || self.user.email.as_deref())
    }

    /// Given name.
    async fn first_name(&self) -> Nullable<&str> {
        self.seen_from(UserView::CoMember, || self.user.first_name.as_deref())
    }

    /// Family name.
    async fn last_name(&self) -> Nullable<&str> {
        self.seen_from(UserView::CoMember, || self.user.last_name.as_deref())
    }

    /// Whether a one-time-password generator is registered.
    async fn totp(&self) -> Nullable<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.has_one_time_password))
    }

    /// Whether the account may log in.
    async fn enabled(&self) -> Nullable<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.enabled))
    }

    /// When the account was made, in milliseconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any calendar date are exact")]
    async fn created_timestamp(&self) -> Nullable<f64> {
        self.seen_from(UserView::Whole, || Some(self.user.created_at.as_millisecond() as f64))
    }

    /// Whether the person administers the platform.
    async fn is_admin(&self) -> Nullable<bool> {
        self.seen_from(UserView::Whole, || Some(self.directory.is_administrator(&self.user.id)))
    }

    /// Whether the account lives in a directory behind the identity provider.
    async fn federated(&self) -> Nullable<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.federated))
    }

    /// Size of the home volume in G, if the person has one of their own.
    async fn volume_capacity(&self) -> Nullable<i32> {
        self.seen_from(UserView::Whole, || self.settings().volume_capacity.and_then(whole_gigabytes))
    }

    /// Whether the person may invite others.
    async fn enable_invite_users(&self) -> Nullable<bool> {
        self.seen_from(UserView::Whole, || Some(self.settings().enable_invite_users))
    }

    /// What the notebook spawner remembers for the person.
    async fn predefined_envs(&self) -> Nullable<String> {
        self.seen_from(UserView::Whole, || self.settings().predefined_envs)
    }

    /// Groups of the person, that of everyone included.
    async fn groups(&self, context: &Context<'_>) -> Nullable<Rows<GroupNode>> {
        let request = Request::of(context);
        self.groups_where(|_| true, |group| GroupNode::new(request, &self.directory, group.clone())).await
    }

    /// Groups that the person works in.
    async fn effective_groups(&self, context: &Context<'_>) -> Nullable<Rows<GroupNode>> {
        let (request, everyone) = (Request::of(context), self.directory.everyone_id());
        let node =
            |group: &Arc<Group>| GroupNode::new(request, &self.directory, group.clone()).effective_for(&self.user.id);
        self.groups_where(|group| group.id != *everyone, node).await
    }

    /// Published announcements that the person has not read.
    async fn announcements(&self, context: &Context<'_>) -> Nullable<Vec<Option<UserAnnouncement>>> {
        if self.view < UserView::Whole {
            return self.denied();
        }
        let unread = if self.has_announcements(Request::of(context)) {
            Err(ApiError::needs_kubernetes("reading announcements"))
        } else {
            Ok(Vec::new())
        };
        self.budget.nullable(unread)
    }

    /// How many API tokens the person has.
    async fn api_token_count(&self, context: &Context<'_>) -> Nullable<i32> {
        if self.view < UserView::Whole {
            return self.denied();
        }
        let request = Request::of(context);
        let count = request.api_token_counts().of(request.store(), &self.budget, &self.user.id).await;
        self.budget.nullable(count.map(|count| i32::try_from(count).unwrap_or(i32::MAX)))
    }

    /// Always null: a form keeps its input here.
    async fn send_email(&self) -> Option<bool> {
        None
    }

    /// Always null: a form keeps its input here.
    async fn reset_actions(&self) -> Option<Vec<Option<String>>> {
        None
    }

    /// Always null: a form keeps its input here.
    async fn expires_in(&self) -> Option<i32> {
        None
    }
}

/// News for the members of some groups.
#[derive(SimpleObject)]
pub(crate) struct UserAnnouncement {
    /// Name of the announcement.
    id: ID,
    /// Its text as HTML.
    content: Option<String>,
    /// Until when it is shown.
    expiry_date: Option<String>,
}
