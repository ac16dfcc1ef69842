//! What clients send about groups, and its meaning in core's words.

use std::collections::BTreeSet;

use async_graphql::{ID, InputObject, MaybeUndefined};
use primehub_core::identity::{AdminsEdit, Edit, EnvVar, GroupSettingsEdit, TextFilter};
use primehub_core::names::{GroupId, GroupName, InvalidName, UserId};
use primehub_core::quantity::{CapacityG, Decimal};
use serde_json::Value;

use super::super::edit::edit;
use super::super::ids::ids;
use super::super::user::{UserCreateInput, UserWhereUniqueInput};
use crate::error::{ApiError, Code};
use crate::operations::group::GroupCreation;
use crate::operations::group_list::GroupFilter;
use crate::operations::group_update::GroupUpdate;

/// Which group.
#[derive(InputObject)]
pub(crate) struct GroupWhereUniqueInput {
    /// Its id.
    pub(crate) id: ID,
}

impl GroupWhereUniqueInput {
    /// The id in core's words.
    pub(crate) fn group(&self) -> GroupId {
        self.id.as_str().into()
    }
}

/// Conditions on groups, all of which must hold.
#[derive(Default, InputObject)]
pub(crate) struct GroupWhereInput {
    /// Exactly this group; lists the one of everyone as well.
    id: Option<ID>,
    /// Part of the name; case matters.
    #[graphql(name = "name_contains")]
    name_contains: Option<String>,
    /// Part of the display name; case matters.
    #[graphql(name = "displayName_contains")]
    display_name_contains: Option<String>,
    /// Part of name or display name, whatever the case.
    search: Option<String>,
}

impl TryFrom<GroupWhereInput> for GroupFilter {
    type Error = ApiError;

    fn try_from(input: GroupWhereInput) -> Result<Self, ApiError> {
        let GroupWhereInput { id, name_contains, display_name_contains, search } = input;
        let exact = |field, text: Option<String>| text.map(|text| TextFilter::exact_part(field, &text)).transpose();
        Ok(Self {
            id: id.map(|id| id.as_str().into()),
            name_contains: exact("name_contains", name_contains)?,
            display_name_contains: exact("displayName_contains", display_name_contains)?,
            search: TextFilter::part("search", &search.unwrap_or_default())?,
        })
    }
}

/// How to sort groups: `asc` or `desc` for one field. Of several only the first counts.
#[derive(InputObject)]
pub(crate) struct GroupOrderByInput {
    /// By name.
    name: Option<String>,
    /// By display name.
    display_name: Option<String>,
    /// By size of the shared volume.
    shared_volume_capacity: Option<String>,
    /// By CPU quota of a member.
    quota_cpu: Option<String>,
    /// By GPU quota of a member.
    quota_gpu: Option<String>,
    /// By CPU quota of the group.
    project_quota_cpu: Option<String>,
    /// By GPU quota of the group.
    project_quota_gpu: Option<String>,
}

/// Members of a new group.
#[derive(Default, InputObject)]
pub(crate) struct UserCreateManyInput {
    /// Accepted and ignored: users are created by `createUser`.
    create: Option<Vec<UserCreateInput>>,
    /// Who joins.
    connect: Option<Vec<UserWhereUniqueInput>>,
}

/// Members of a stored group.
#[derive(Default, InputObject)]
pub(crate) struct UserUpdateManyInput {
    /// Accepted and ignored: users are created by `createUser`.
    create: Option<Vec<UserCreateInput>>,
    /// Who joins.
    connect: Option<Vec<UserWhereUniqueInput>>,
    /// Who leaves.
    disconnect: Option<Vec<UserWhereUniqueInput>>,
    /// Accepted and ignored: users are deleted by `deleteUser`.
    delete: Option<Vec<UserWhereUniqueInput>>,
}

macro_rules! placeholder {
    ($name:ident) => {
        /// Accepted and ignored: resources are given to groups on the resource's side.
        #[derive(InputObject)]
        pub(crate) struct $name {
            /// Accepted and ignored.
            set: Option<Vec<Option<String>>>,
        }
    };
}

placeholder!(DatasetPlaceHolder);
placeholder!(ImagePlaceHolder);
placeholder!(InstancePlaceHolder);

/// A group to create. What is null is not set.
#[derive(InputObject)]
pub(crate) struct GroupCreateInput {
    /// Unique name; two names that differ only in case, or in `_` and `-`, are the same.
    name: String,
    /// The name that people see.
    display_name: Option<String>,
    /// CPU cores that one member may use.
    quota_cpu: Option<f64>,
    /// GPUs that one member may use.
    quota_gpu: Option<i32>,
    /// Memory in G that one member may use.
    quota_memory: Option<f64>,
    /// CPU cores that all members together may use.
    project_quota_cpu: Option<f64>,
    /// GPUs that all members together may use.
    project_quota_gpu: Option<i32>,
    /// Memory in G that all members together may use.
    project_quota_memory: Option<f64>,
    /// Size in G of a member's home volume.
    user_volume_capacity: Option<i32>,
    /// Whether the members share a volume.
    enabled_shared_volume: Option<bool>,
    /// Size in G of the shared volume.
    shared_volume_capacity: Option<i32>,
    /// Accepted and ignored: follows from `enabledSharedVolume`.
    home_symlink: Option<bool>,
    /// Whether the shared volume is mounted only when the notebook is started in this group.
    launch_group_only: Option<bool>,
    /// Whether models may be deployed.
    enabled_deployment: Option<bool>,
    /// How many models may be deployed.
    max_deploy: Option<i32>,
    /// After how many seconds a job ends that says nothing itself.
    job_default_active_deadline_seconds: Option<i32>,
    /// Login names of the administrators, separated by commas.
    admins: Option<String>,
    /// The members.
    users: Option<UserCreateManyInput>,
    /// Accepted and ignored.
    writable: Option<bool>,
    /// Accepted and ignored.
    datasets: Option<DatasetPlaceHolder>,
    /// Accepted and ignored.
    images: Option<ImagePlaceHolder>,
    /// Accepted and ignored.
    instance_types: Option<InstancePlaceHolder>,
}

impl TryFrom<GroupCreateInput> for GroupCreation {
    type Error = ApiError;

    fn try_from(input: GroupCreateInput) -> Result<Self, ApiError> {
        let name: GroupName = input.name.parse().map_err(|error: InvalidName| {
            ApiError::invalid("name", format_args!("cannot be {:?}: {}", error.input(), error.reason()))
        })?;
        let settings = GroupSettingsEdit {
            display_name: given(input.display_name),
            quota_cpu: number("quotaCpu", given(input.quota_cpu))?,
            quota_gpu: given(input.quota_gpu).map(i64::from),
            quota_memory: memory("quotaMemory", given(input.quota_memory))?,
            project_quota_cpu: number("projectQuotaCpu", given(input.project_quota_cpu))?,
            project_quota_gpu: given(input.project_quota_gpu).map(i64::from),
            project_quota_memory: memory("projectQuotaMemory", given(input.project_quota_memory))?,
            user_volume_capacity: capacity("userVolumeCapacity", given(input.user_volume_capacity))?,
            enabled_shared_volume: given(input.enabled_shared_volume),
            shared_volume_capacity: capacity("sharedVolumeCapacity", given(input.shared_volume_capacity))?,
            launch_group_only: given(input.launch_group_only),
            enabled_deployment: given(input.enabled_deployment),
            max_deploy: given(input.max_deploy).map(i64::from),
            job_default_active_deadline_seconds: given(input.job_default_active_deadline_seconds).map(i64::from),
            admins: input.admins.as_deref().map(AdminsEdit::parse).transpose()?,
            ..GroupSettingsEdit::default()
        };
        let connect = users("users.connect", input.users.unwrap_or_default().connect)?;
        Ok(Self { name, settings, connect })
    }
}

/// Changes of a group. What is absent stays; what is null is unset.
#[derive(Default, InputObject)]
pub(crate) struct GroupUpdateInput {
    /// Accepted and ignored: groups are never renamed.
    name: MaybeUndefined<String>,
    /// The name that people see.
    display_name: MaybeUndefined<String>,
    /// CPU cores that one member may use.
    quota_cpu: MaybeUndefined<f64>,
    /// GPUs that one member may use.
    quota_gpu: MaybeUndefined<i32>,
    /// Memory in G that one member may use.
    quota_memory: MaybeUndefined<f64>,
    /// CPU cores that all members together may use.
    project_quota_cpu: MaybeUndefined<f64>,
    /// GPUs that all members together may use.
    project_quota_gpu: MaybeUndefined<i32>,
    /// Memory in G that all members together may use.
    project_quota_memory: MaybeUndefined<f64>,
    /// Size in G of a member's home volume.
    user_volume_capacity: MaybeUndefined<i32>,
    /// Whether the members share a volume.
    enabled_shared_volume: MaybeUndefined<bool>,
    /// Size in G of the shared volume.
    shared_volume_capacity: MaybeUndefined<i32>,
    /// Whether the shared volume is linked into the home directory.
    home_symlink: MaybeUndefined<bool>,
    /// Whether the shared volume is mounted only when the notebook is started in this group.
    launch_group_only: MaybeUndefined<bool>,
    /// Whether models may be deployed.
    enabled_deployment: MaybeUndefined<bool>,
    /// How many models may be deployed.
    max_deploy: MaybeUndefined<i32>,
    /// After how many seconds a job ends that says nothing itself.
    job_default_active_deadline_seconds: MaybeUndefined<i32>,
    /// Login names of the administrators, separated by commas.
    admins: MaybeUndefined<String>,
    /// Who joins and leaves.
    users: Option<UserUpdateManyInput>,
    /// Where `MLflow` clients send runs.
    tracking_uri: MaybeUndefined<String>,
    /// Where people look at `MLflow`.
    ui_url: MaybeUndefined<String>,
    /// Environment variables for access to the tracking server: a list of `{name, value}`.
    tracking_envs: MaybeUndefined<Value>,
    /// Environment variables for access to the artifact store: a list of `{name, value}`.
    artifact_envs: MaybeUndefined<Value>,
    /// Accepted and ignored.
    writable: MaybeUndefined<bool>,
    /// Accepted and ignored.
    datasets: Option<DatasetPlaceHolder>,
    /// Accepted and ignored.
    images: Option<ImagePlaceHolder>,
    /// Accepted and ignored.
    instance_types: Option<InstancePlaceHolder>,
}

impl TryFrom<GroupUpdateInput> for GroupUpdate {
    type Error = ApiError;

    fn try_from(input: GroupUpdateInput) -> Result<Self, ApiError> {
        let settings = GroupSettingsEdit {
            display_name: edit(input.display_name),
            quota_cpu: number("quotaCpu", edit(input.quota_cpu))?,
            quota_gpu: edit(input.quota_gpu).map(i64::from),
            quota_memory: memory("quotaMemory", edit(input.quota_memory))?,
            project_quota_cpu: number("projectQuotaCpu", edit(input.project_quota_cpu))?,
            project_quota_gpu: edit(input.project_quota_gpu).map(i64::from),
            project_quota_memory: memory("projectQuotaMemory", edit(input.project_quota_memory))?,
            user_volume_capacity: capacity("userVolumeCapacity", edit(input.user_volume_capacity))?,
            enabled_shared_volume: edit(input.enabled_shared_volume),
            shared_volume_capacity: capacity("sharedVolumeCapacity", edit(input.shared_volume_capacity))?,
            home_symlink: edit(input.home_symlink),
            launch_group_only: edit(input.launch_group_only),
            enabled_deployment: edit(input.enabled_deployment),
            max_deploy: edit(input.max_deploy).map(i64::from),
            job_default_active_deadline_seconds: edit(input.job_default_active_deadline_seconds).map(i64::from),
            admins: match input.admins {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(AdminsEdit::Replace(Vec::new())),
                MaybeUndefined::Value(text) => Some(AdminsEdit::parse(&text)?),
            },
            tracking_uri: edit(input.tracking_uri),
            ui_url: edit(input.ui_url),
            tracking_envs: variables("trackingEnvs", edit(input.tracking_envs))?,
            artifact_envs: variables("artifactEnvs", edit(input.artifact_envs))?,
        };
        let UserUpdateManyInput { connect, disconnect, .. } = input.users.unwrap_or_default();
        let (connect, disconnect) = (users("users.connect", connect)?, users("users.disconnect", disconnect)?);
        Ok(Self { settings, connect, disconnect })
    }
}

fn given<T>(value: Option<T>) -> Edit<T> {
    value.map_or(Edit::Keep, Edit::Set)
}

fn users(field: &str, users: Option<Vec<UserWhereUniqueInput>>) -> Result<BTreeSet<UserId>, ApiError> {
    ids(field, users, |user| user.id.0.into())
}

/// Converts the value of an edit that has one.
fn convert<T, U>(edit: Edit<T>, convert: impl FnOnce(T) -> Result<U, ApiError>) -> Result<Edit<U>, ApiError> {
    Ok(match edit {
        Edit::Keep => Edit::Keep,
        Edit::Clear => Edit::Clear,
        Edit::Set(value) => Edit::Set(convert(value)?),
    })
}

fn number(field: &str, edit: Edit<f64>) -> Result<Edit<Decimal>, ApiError> {
    convert(edit, |value| decimal(field, value))
}

fn memory(field: &str, edit: Edit<f64>) -> Result<Edit<CapacityG>, ApiError> {
    convert(edit, |value| CapacityG::new(decimal(field, value)?).map_err(|_| out_of_range(field)))
}

fn capacity(field: &str, edit: Edit<i32>) -> Result<Edit<CapacityG>, ApiError> {
    convert(edit, |value| CapacityG::new(Decimal::from_integer(value.into())).map_err(|_| out_of_range(field)))
}

fn decimal(field: &str, value: f64) -> Result<Decimal, ApiError> {
    Decimal::from_f64(value).map_err(|_| out_of_range(field))
}

fn out_of_range(field: &str) -> ApiError {
    ApiError::invalid(field, "is too large")
}

/// Reads a list of `{name, value}`. The field is of type `JSON`, so the engine has checked nothing; numbers and flags are taken for their
/// text, and no value for the empty one.
fn variables(field: &str, edit: Edit<Value>) -> Result<Edit<Vec<EnvVar>>, ApiError> {
    let malformed =
        || ApiError::new(Code::RequestBodyInvalid, format!("{field} must be a list of objects with name and value"));
    let text = |value: &Value| match value {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Array(_) | Value::Object(_) => Err(malformed()),
    };
    convert(edit, |value| {
        let Value::Array(items) = value else { return Err(malformed()) };
        let variable = |item: &Value| {
            let Some(name) = item.get("name").and_then(Value::as_str) else { return Err(malformed()) };
            let value = item.get("value").map(text).transpose()?.flatten();
            Ok(EnvVar::new(field, name, value)?)
        };
        items.iter().map(variable).collect()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn stored(value: Value) -> Result<Vec<String>, String> {
        match variables("trackingEnvs", Edit::Set(value)) {
            Ok(Edit::Set(variables)) => Ok(variables.iter().map(ToString::to_string).collect()),
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(error.message),
        }
    }

    #[rstest]
    #[case::plain(json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]), &["A=1", "B=2"])]
    #[case::equals_sign(json!([{"name": "A", "value": "x=y=z"}]), &["A=x=y=z"])]
    #[case::null_is_empty(json!([{"name": "A", "value": null}]), &["A="])]
    #[case::absent_is_empty(json!([{"name": "A"}]), &["A="])]
    #[case::number(json!([{"name": "A", "value": 5}]), &["A=5"])]
    #[case::flag(json!([{"name": "A", "value": true}]), &["A=true"])]
    #[case::none(json!([]), &[])]
    fn variables_are_read(#[case] value: Value, #[case] expected: &[&str]) {
        assert_eq!(stored(value).unwrap(), expected);
    }

    #[rstest]
    #[case::object(json!({"A": "1"}), "must be a list")]
    #[case::text(json!("A=1"), "must be a list")]
    #[case::texts(json!(["A=1"]), "must be a list")]
    #[case::no_name(json!([{"value": "1"}]), "must be a list")]
    #[case::nested(json!([{"name": "A", "value": {}}]), "must be a list")]
    #[case::empty_name(json!([{"name": "", "value": "1"}]), "without a name")]
    #[case::name_with_equals_sign(json!([{"name": "A=B", "value": "1"}]), "contains '='")]
    fn other_values_are_refused(#[case] value: Value, #[case] reason: &str) {
        let message = stored(value).unwrap_err();
        assert!(message.starts_with("trackingEnvs ") && message.contains(reason), "{message}");
    }

    #[rstest]
    #[case::too_large(1e30)]
    #[case::infinite(f64::INFINITY)]
    #[case::no_number(f64::NAN)]
    fn numbers_beyond_the_range_are_refused(#[case] value: f64) {
        assert_eq!(number("quotaCpu", Edit::Set(value)), Err(ApiError::invalid("quotaCpu", "is too large")));
        assert_eq!(memory("quotaMemory", Edit::Set(value)), Err(ApiError::invalid("quotaMemory", "is too large")));
    }

    #[test]
    fn an_input_without_fields_changes_nothing() {
        let update = GroupUpdate::try_from(GroupUpdateInput::default()).unwrap();
        assert_eq!(
            (update.settings, update.connect, update.disconnect),
            (GroupSettingsEdit::default(), BTreeSet::new(), BTreeSet::new())
        );
    }
}
