//! What clients send about users.

use std::collections::BTreeSet;

use async_graphql::{ID, InputObject, MaybeUndefined};
use primehub_core::identity::{Edit, UserSettingsEdit};
use primehub_core::names::GroupId;
use primehub_core::quantity::{CapacityG, Decimal};

use crate::error::ApiError;
use crate::operations::user::{AccountEdit, NewAccount, acceptable_username, required_actions};
use crate::schema::edit::edit;
use crate::schema::group::{GroupCreateInput, GroupWhereUniqueInput};
use crate::schema::ids::ids;

/// Names one user.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct UserWhereUniqueInput {
    /// Id at the identity provider.
    pub(crate) id: ID,
}

/// Conditions on users, all of which must hold.
#[derive(Debug, Default, InputObject)]
pub(crate) struct UserWhereInput {
    /// Exactly this user.
    pub(crate) id: Option<ID>,
    /// A part of the login name.
    #[graphql(name = "username_contains")]
    pub(crate) username_contains: Option<String>,
    /// A part of the e-mail address.
    #[graphql(name = "email_contains")]
    pub(crate) email_contains: Option<String>,
    /// Words of login name, names or e-mail address.
    pub(crate) search: Option<String>,
}

/// Ignored: users are always listed by login name.
#[derive(InputObject)]
pub(crate) struct UsersOrderBy {
    /// Ignored.
    pub(crate) field: Option<String>,
}

/// Required actions of a new user.
#[derive(InputObject)]
pub(crate) struct ResetActionInput {
    /// Names of the actions.
    pub(crate) set: Option<Vec<Option<String>>>,
}

/// A user to create.
#[derive(InputObject)]
pub(crate) struct UserCreateInput {
    /// Login name.
    pub(crate) username: String,
    /// E-mail address.
    pub(crate) email: Option<String>,
    /// Given name.
    pub(crate) first_name: Option<String>,
    /// Family name.
    pub(crate) last_name: Option<String>,
    /// Ignored.
    pub(crate) totp: Option<bool>,
    /// Whether the person administers the platform.
    pub(crate) is_admin: Option<bool>,
    /// Ignored: a new account is enabled.
    pub(crate) enabled: Option<bool>,
    /// Ignored.
    pub(crate) created_timestamp: Option<f64>,
    /// Size of the home volume in G.
    pub(crate) volume_capacity: Option<i32>,
    /// Ignored.
    pub(crate) federated: Option<bool>,
    /// Groups to join.
    pub(crate) groups: Option<GroupCreateManyInput>,
    /// Whether to ask the person by e-mail for the required actions.
    pub(crate) send_email: Option<bool>,
    /// What to ask for.
    pub(crate) reset_actions: Option<ResetActionInput>,
    /// For how many seconds the e-mail's link works.
    pub(crate) expires_in: Option<i32>,
}

/// What to change about a user. What is absent stays; `null` takes a text, the capacity or the right to invite away.
#[derive(Default, InputObject)]
pub(crate) struct UserUpdateInput {
    /// Login name.
    pub(crate) username: Option<String>,
    /// E-mail address.
    pub(crate) email: MaybeUndefined<String>,
    /// Given name.
    pub(crate) first_name: MaybeUndefined<String>,
    /// Family name.
    pub(crate) last_name: MaybeUndefined<String>,
    /// `false` takes one-time-password generators away.
    pub(crate) totp: Option<bool>,
    /// Whether the person administers the platform.
    pub(crate) is_admin: Option<bool>,
    /// Whether the account may log in.
    pub(crate) enabled: Option<bool>,
    /// Whether the person may invite others.
    pub(crate) enable_invite_users: MaybeUndefined<bool>,
    /// Ignored.
    pub(crate) created_timestamp: Option<f64>,
    /// Size of the home volume in G.
    pub(crate) volume_capacity: MaybeUndefined<i32>,
    /// Ignored.
    pub(crate) federated: Option<bool>,
    /// Groups to join and to leave.
    pub(crate) groups: Option<GroupUpdateManyInput>,
    /// What the notebook spawner remembers for the person.
    pub(crate) predefined_envs: MaybeUndefined<String>,
}

/// Groups of a new user.
#[derive(Default, InputObject)]
pub(crate) struct GroupCreateManyInput {
    /// Ignored.
    pub(crate) create: Option<Vec<GroupCreateInput>>,
    /// Groups to join.
    pub(crate) connect: Option<Vec<GroupWhereUniqueInput>>,
}

/// Changes of a user's groups.
#[derive(Default, InputObject)]
pub(crate) struct GroupUpdateManyInput {
    /// Ignored.
    pub(crate) create: Option<Vec<GroupCreateInput>>,
    /// Groups to join.
    pub(crate) connect: Option<Vec<GroupWhereUniqueInput>>,
    /// Groups to leave.
    pub(crate) disconnect: Option<Vec<GroupWhereUniqueInput>>,
    /// Ignored.
    pub(crate) delete: Option<Vec<GroupWhereUniqueInput>>,
}

/// A notebook that has started or stopped.
#[derive(InputObject)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(crate) struct NotebookNotifyEventInput {
    /// When it started.
    pub(crate) notebook_started_at: Option<String>,
    /// How that went.
    pub(crate) notebook_status: Option<String>,
    /// Whether it has a GPU.
    pub(crate) notebook_gpu: Option<bool>,
    /// How long it ran, in seconds.
    pub(crate) notebook_duration: Option<f64>,
}

impl TryFrom<UserCreateInput> for NewAccount {
    type Error = ApiError;

    fn try_from(input: UserCreateInput) -> Result<Self, ApiError> {
        let actions = input.reset_actions.and_then(|actions| actions.set);
        Ok(Self {
            username: acceptable_username(&input.username)?,
            email: input.email,
            first_name: input.first_name,
            last_name: input.last_name,
            settings: UserSettingsEdit {
                volume_capacity: input
                    .volume_capacity
                    .map_or(Ok(Edit::Keep), |number| capacity(number).map(Edit::Set))?,
                ..UserSettingsEdit::default()
            },
            administrator: input.is_admin == Some(true),
            groups: groups("groups.connect", input.groups.and_then(|groups| groups.connect))?,
            ask: (input.send_email == Some(true)).then(|| required_actions(actions, input.expires_in)).transpose()?,
        })
    }
}

impl TryFrom<UserUpdateInput> for AccountEdit {
    type Error = ApiError;

    fn try_from(input: UserUpdateInput) -> Result<Self, ApiError> {
        let GroupUpdateManyInput { connect, disconnect, .. } = input.groups.unwrap_or_default();
        Ok(Self {
            username: input.username,
            email: text(input.email),
            first_name: text(input.first_name),
            last_name: text(input.last_name),
            enabled: input.enabled,
            settings: UserSettingsEdit {
                volume_capacity: match input.volume_capacity {
                    MaybeUndefined::Undefined => Edit::Keep,
                    MaybeUndefined::Null => Edit::Clear,
                    MaybeUndefined::Value(number) => Edit::Set(capacity(number)?),
                },
                enable_invite_users: edit(input.enable_invite_users),
                predefined_envs: edit(input.predefined_envs),
            },
            administrator: input.is_admin,
            remove_one_time_passwords: input.totp == Some(false),
            connect: groups("groups.connect", connect)?,
            disconnect: groups("groups.disconnect", disconnect)?,
        })
    }
}

fn capacity(gigabytes: i32) -> Result<CapacityG, ApiError> {
    CapacityG::new(Decimal::from_integer(gigabytes.into())).map_err(|error| ApiError::invalid("volumeCapacity", error))
}

/// An emptied form field means the same as `null`.
fn text(value: MaybeUndefined<String>) -> Edit<String> {
    match edit(value) {
        Edit::Set(text) if text.is_empty() => Edit::Clear,
        edit => edit,
    }
}

fn groups(field: &str, groups: Option<Vec<GroupWhereUniqueInput>>) -> Result<BTreeSet<GroupId>, ApiError> {
    ids(field, groups, |group| group.group())
}
