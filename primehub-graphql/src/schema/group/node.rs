//! One group, as far as the viewer may see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use primehub_core::access::{Denied, GroupAdministrator, GroupView};
use primehub_core::identity::{Directory, EnvVar, Group, GroupSettings, MlflowSettings, User};
use primehub_core::names::{ResourceKind, UserId};
use primehub_core::quantity::{CapacityG, Decimal};

use super::super::resource::{self, DatasetNode, Holder, ImageNode, InstanceTypeNode, ResourceStatusNode};
use super::super::user::UserNode;
use crate::error::ApiError;
use crate::request::Request;

/// A team with its settings and members, read from one picture.
pub(crate) struct GroupNode {
    directory: Arc<Directory>,
    group: Arc<Group>,
    settings: GroupSettings,
    view: GroupView,
    /// For whom what is shared with everyone, and with other groups of theirs, is merged into the resources.
    member: Option<UserId>,
}

impl GroupNode {
    /// The group as the caller may see it.
    pub(crate) fn new(request: &Request, directory: &Arc<Directory>, group: Arc<Group>) -> Self {
        let view = request.access(directory).view_of_group(&group.id);
        Self::with_view(directory, group, view)
    }

    /// The group as whoever has just changed it may see it: also when the change took away that very right.
    pub(super) fn changed_by(
        administrator: &GroupAdministrator,
        directory: &Arc<Directory>,
        group: Arc<Group>,
    ) -> Self {
        let closed = !administrator.is_platform_administrator() && group.id == *directory.everyone_id();
        let view = if closed { GroupView::WithoutMembers } else { GroupView::Whole };
        Self::with_view(directory, group, view)
    }

    pub(super) fn with_view(directory: &Arc<Directory>, group: Arc<Group>, view: GroupView) -> Self {
        let settings = GroupSettings::of(&group.attributes);
        Self { directory: directory.clone(), group, settings, view, member: None }
    }

    /// The same group as `member` works in it: with what is shared with everyone merged into its resources.
    pub(in crate::schema) fn effective_for(mut self, member: &UserId) -> Self {
        self.member = Some(member.clone());
        self
    }

    /// The resources of one kind.
    fn resources<T>(&self, ctx: &Context<'_>, kind: ResourceKind) -> Result<Vec<Option<T>>, ApiError> {
        if self.view == GroupView::Nothing {
            return Err(Denied::Object.into());
        }
        let prefix = Request::of(ctx).config().role_prefix.as_ref();
        let holder = Holder { group: &self.group.id, member: self.member.as_ref() };
        resource::list(&self.directory, holder, kind, prefix)
    }

    /// What stands for the group in `before` and `after`.
    pub(in crate::schema) fn cursor(&self) -> &str {
        self.group.id.as_str()
    }

    /// A setting, for those who may see settings.
    fn setting<T>(&self, read: impl FnOnce(&GroupSettings) -> Option<T>) -> Option<Result<T, ApiError>> {
        match self.view {
            GroupView::Nothing => Some(Err(Denied::Object.into())),
            GroupView::WithoutMembers | GroupView::Whole => read(&self.settings).map(Ok),
        }
    }
}

/// A team: people who share quotas, volumes, images and so on.
#[Object(name = "Group")]
impl GroupNode {
    /// Opaque id.
    async fn id(&self) -> ID {
        ID::from(self.group.id.as_str())
    }

    /// Unique name; never changes.
    async fn name(&self) -> &str {
        &self.group.name
    }

    /// The name that people see.
    async fn display_name(&self) -> Option<Result<String, ApiError>> {
        self.setting(|settings| settings.display_name.clone())
    }

    /// CPU cores that one member may use; no limit when null.
    async fn quota_cpu(&self) -> Option<Result<f64, ApiError>> {
        self.setting(|settings| settings.quota_cpu.map(Decimal::to_f64))
    }

    /// GPUs that one member may use; no limit when null.
    async fn quota_gpu(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.quota_gpu.and_then(int))
    }

    /// Memory in G that one member may use; no limit when null.
    async fn quota_memory(&self) -> Option<Result<f64, ApiError>> {
        self.setting(|settings| settings.quota_memory.map(|capacity| capacity.gigabytes().to_f64()))
    }

    /// CPU cores that all members together may use; no limit when null.
    async fn project_quota_cpu(&self) -> Option<Result<f64, ApiError>> {
        self.setting(|settings| settings.project_quota_cpu.map(Decimal::to_f64))
    }

    /// GPUs that all members together may use; no limit when null.
    async fn project_quota_gpu(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.project_quota_gpu.and_then(int))
    }

    /// Memory in G that all members together may use; no limit when null.
    async fn project_quota_memory(&self) -> Option<Result<f64, ApiError>> {
        self.setting(|settings| settings.project_quota_memory.map(|capacity| capacity.gigabytes().to_f64()))
    }

    /// Size in G of a member's home volume.
    async fn user_volume_capacity(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.user_volume_capacity.and_then(whole_gigabytes))
    }

    /// Whether the members share a volume.
    async fn enabled_shared_volume(&self) -> Option<Result<bool, ApiError>> {
        self.setting(|settings| Some(settings.enabled_shared_volume))
    }

    /// Size in G of the shared volume.
    async fn shared_volume_capacity(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.shared_volume_capacity.and_then(whole_gigabytes))
    }

    /// Whether the shared volume is linked into the home directory.
    async fn home_symlink(&self) -> Option<Result<bool, ApiError>> {
        self.setting(|settings| settings.home_symlink)
    }

    /// Whether the shared volume is mounted only when the notebook is started in this group.
    async fn launch_group_only(&self) -> Option<Result<bool, ApiError>> {
        self.setting(|settings| settings.launch_group_only)
    }

    /// Whether models may be deployed.
    async fn enabled_deployment(&self) -> Option<Result<bool, ApiError>> {
        self.setting(|settings| settings.enabled_deployment)
    }

    /// How many models may be deployed; no limit when null.
    async fn max_deploy(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.max_deploy.and_then(int))
    }

    /// After how many seconds a job ends that says nothing itself.
    async fn job_default_active_deadline_seconds(&self) -> Option<Result<i32, ApiError>> {
        self.setting(|settings| settings.job_default_active_deadline_seconds.and_then(int))
    }

    /// Login names of the administrators, separated by commas. Never null for those who may see it: the Python SDK splits it unasked.
    async fn admins(&self) -> Option<Result<String, ApiError>> {
        self.setting(|settings| Some(settings.admins_text()))
    }

    /// The group's `MLflow` server; never null for those who may see it.
    async fn mlflow(&self) -> Option<Result<MlflowNode, ApiError>> {
        self.setting(|settings| Some(MlflowNode::new(&settings.mlflow, self.view == GroupView::Whole)))
    }

    /// The members. The list of everyone looks empty to those who may not read the whole directory.
    async fn users(&self, ctx: &Context<'_>) -> Option<Result<Vec<Option<UserNode>>, ApiError>> {
        Some(match self.view {
            GroupView::Nothing => Err(Denied::Object.into()),
            GroupView::WithoutMembers => Ok(Vec::new()),
            GroupView::Whole => {
                let request = Request::of(ctx);
                let node = |user: &Arc<User>| Some(UserNode::new(request, &self.directory, user.clone()));
                Ok(self.directory.members(&self.group.id).map(node).collect())
            }
        })
    }

    /// Instance types that may be used.
    async fn instance_types(&self, ctx: &Context<'_>) -> Option<Result<Vec<Option<InstanceTypeNode>>, ApiError>> {
        Some(self.resources(ctx, ResourceKind::InstanceType))
    }

    /// Images that may be used.
    async fn images(&self, ctx: &Context<'_>) -> Option<Result<Vec<Option<ImageNode>>, ApiError>> {
        Some(self.resources(ctx, ResourceKind::Image))
    }

    /// Datasets that may be used.
    async fn datasets(&self, ctx: &Context<'_>) -> Option<Result<Vec<Option<DatasetNode>>, ApiError>> {
        Some(self.resources(ctx, ResourceKind::Dataset))
    }

    /// How many models are deployed; null while no Kubernetes can be asked.
    async fn deployments_usage(&self) -> Option<i32> {
        None
    }

    /// What the pods of the group use; null while no Kubernetes can be asked.
    async fn resource_status(&self) -> Option<ResourceStatusNode> {
        None
    }

    /// Whether the group may write to a dataset; null where no dataset is in question.
    async fn writable(&self) -> Option<bool> {
        None
    }
}

/// Where a group's `MLflow` server is and how to get access.
#[derive(SimpleObject)]
#[graphql(name = "MLflowSetting")]
pub(crate) struct MlflowNode {
    /// Where clients send runs.
    tracking_uri: Option<String>,
    /// Where people look at them.
    ui_url: Option<String>,
    /// Environment variables for access to the tracking server: for members and administrators of the group.
    tracking_envs: Option<Result<Vec<Option<EnvVarNode>>, ApiError>>,
    /// Environment variables for access to the artifact store: for members and administrators of the group.
    artifact_envs: Option<Result<Vec<Option<EnvVarNode>>, ApiError>>,
}

impl MlflowNode {
    /// `insider` may see what can hold credentials.
    fn new(settings: &MlflowSettings, insider: bool) -> Self {
        let variables = |stored: &[EnvVar]| {
            Some(if insider {
                Ok(stored.iter().map(|variable| Some(EnvVarNode::of(variable))).collect())
            } else {
                Err(Denied::Object.into())
            })
        };
        Self {
            tracking_uri: settings.tracking_uri.clone(),
            ui_url: settings.ui_url.clone(),
            tracking_envs: variables(&settings.tracking_envs),
            artifact_envs: variables(&settings.artifact_envs),
        }
    }
}

/// One environment variable.
#[derive(SimpleObject)]
#[graphql(name = "EnvVar")]
pub(crate) struct EnvVarNode {
    /// What it is called.
    name: Option<String>,
    /// Its value, possibly empty.
    value: Option<String>,
}

impl EnvVarNode {
    fn of(variable: &EnvVar) -> Self {
        Self { name: Some(variable.name().to_owned()), value: Some(variable.value().to_owned()) }
    }
}

/// A stored number on the wire; one that does not fit there is malformed, hence absent.
fn int(number: i64) -> Option<i32> {
    i32::try_from(number).ok()
}

/// The whole part of a capacity in G.
pub(in crate::schema) fn whole_gigabytes(capacity: CapacityG) -> Option<i32> {
    i32::try_from(capacity.gigabytes().floor()).ok()
}
