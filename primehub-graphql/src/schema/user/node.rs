//! One person.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use primehub_core::access::{Denied, UserView};
use primehub_core::identity::{Directory, RoleKey, User, UserSettings};
use primehub_core::names::{ResourceKind, ResourceRole};

use crate::error::ApiError;
use crate::request::Request;
use crate::schema::group::GroupNode;

/// A user as the caller sees them, in one picture.
pub(crate) struct UserNode {
    directory: Arc<Directory>,
    user: Arc<User>,
    view: UserView,
}

/// A field that some callers may not see.
type Seen<T> = Option<Result<T, ApiError>>;

impl UserNode {
    /// The user as the caller may see them.
    pub(crate) fn new(request: &Request, directory: &Arc<Directory>, user: Arc<User>) -> Self {
        let view = request.access(directory).view_of_user(&user.id);
        Self { directory: directory.clone(), user, view }
    }

    /// The value, for whoever sees at least that much of the user.
    fn seen_from<T>(&self, least: UserView, value: impl FnOnce() -> Option<T>) -> Seen<T> {
        if self.view >= least { value().map(Ok) } else { Some(Err(Denied::Object.into())) }
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

    /// The person's groups. Nested ones are not PrimeHub's.
    fn group_nodes(&self, request: &Request) -> impl Iterator<Item = GroupNode> {
        let groups = self.directory.groups_of(&self.user.id).filter(|group| group.parent.is_none());
        groups.map(|group| GroupNode::new(request, &self.directory, group.clone()))
    }

    fn effective_group_nodes(&self, request: &Request) -> impl Iterator<Item = GroupNode> {
        let everyone = self.directory.everyone_id().as_str();
        let groups = self.group_nodes(request).filter(move |group| group.cursor() != everyone);
        groups.map(|group| group.effective_for(&self.user.id))
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
    async fn email(&self) -> Seen<&str> {
        self.seen_from(UserView::CoMember, || self.user.email.as_deref())
    }

    /// Given name.
    async fn first_name(&self) -> Seen<&str> {
        self.seen_from(UserView::CoMember, || self.user.first_name.as_deref())
    }

    /// Family name.
    async fn last_name(&self) -> Seen<&str> {
        self.seen_from(UserView::CoMember, || self.user.last_name.as_deref())
    }

    /// Whether a one-time-password generator is registered.
    async fn totp(&self) -> Seen<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.has_one_time_password))
    }

    /// Whether the account may log in.
    async fn enabled(&self) -> Seen<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.enabled))
    }

    /// When the account was made, in milliseconds since 1970.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any calendar date are exact")]
    async fn created_timestamp(&self) -> Seen<f64> {
        self.seen_from(UserView::Whole, || Some(self.user.created_at.as_millisecond() as f64))
    }

    /// Whether the person administers the platform.
    async fn is_admin(&self) -> Seen<bool> {
        self.seen_from(UserView::Whole, || Some(self.directory.is_administrator(&self.user.id)))
    }

    /// Whether the account lives in a directory behind the identity provider.
    async fn federated(&self) -> Seen<bool> {
        self.seen_from(UserView::Whole, || Some(self.user.federated))
    }

    /// Size of the home volume in G, if the person has one of their own.
    async fn volume_capacity(&self) -> Seen<i32> {
        let whole =
            || self.settings().volume_capacity.and_then(|capacity| i32::try_from(capacity.gigabytes().floor()).ok());
        self.seen_from(UserView::Whole, whole)
    }

    /// Whether the person may invite others.
    async fn enable_invite_users(&self) -> Seen<bool> {
        self.seen_from(UserView::Whole, || Some(self.settings().enable_invite_users))
    }

    /// What the notebook spawner remembers for the person.
    async fn predefined_envs(&self) -> Seen<String> {
        self.seen_from(UserView::Whole, || self.settings().predefined_envs)
    }

    /// Groups of the person, that of everyone included.
    async fn groups(&self, context: &Context<'_>) -> Seen<Vec<Option<GroupNode>>> {
        self.seen_from(UserView::Whole, || Some(self.group_nodes(Request::of(context)).map(Some).collect()))
    }

    /// Groups that the person works in.
    async fn effective_groups(&self, context: &Context<'_>) -> Seen<Vec<Option<GroupNode>>> {
        self.seen_from(UserView::Whole, || Some(self.effective_group_nodes(Request::of(context)).map(Some).collect()))
    }

    /// Published announcements that the person has not read.
    async fn announcements(&self, context: &Context<'_>) -> Seen<Vec<Option<UserAnnouncement>>> {
        if self.view >= UserView::Whole && self.has_announcements(Request::of(context)) {
            return Some(Err(ApiError::needs_kubernetes("reading announcements")));
        }
        self.seen_from(UserView::Whole, || Some(Vec::new()))
    }

    /// How many API tokens the person has.
    async fn api_token_count(&self, context: &Context<'_>) -> Seen<i32> {
        if self.view < UserView::Whole {
            return Some(Err(Denied::Object.into()));
        }
        let request = Request::of(context);
        let count = request.api_token_counts().of(request.store(), &self.user.id).await;
        Some(count.map(|count| i32::try_from(count).unwrap_or(i32::MAX)))
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
