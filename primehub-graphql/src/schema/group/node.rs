//! One group, as far as the viewer may see it.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, ID, Object, SimpleObject};
use primehub_core::access::{Denied, GroupAdministrator, GroupView};
use primehub_core::identity::{Directory, EnvVar, Group, GroupSettings, User};
use primehub_core::names::{ResourceKind, UserId};
use primehub_core::quantity::{CapacityG, Decimal};

use super::super::resource::{self, DatasetNode, Holder, ImageNode, InstanceTypeNode, ResourceStatusNode};
use super::super::rows::{Rows, rows};
use super::super::user::UserNode;
use crate::request::{Budget, Nullable, Request};

/// A team with its settings and members, read from one picture.
pub(crate) struct GroupNode {
    directory: Arc<Directory>,
    group: Arc<Group>,
    /// Read when the first of them is asked for: long lists mostly show names.
    settings: OnceLock<Arc<GroupSettings>>,
    view: GroupView,
    /// Whether the viewer administers a group that otherwise shows only its settings.
    administered: bool,
    budget: Arc<Budget>,
    /// For whom what is shared with everyone, and with other groups of theirs, is merged into the resources.
    member: Option<UserId>,
}

impl GroupNode {
    /// The group as the caller may see it.
    pub(crate) fn new(request: &Request, directory: &Arc<Directory>, group: Arc<Group>) -> Self {
        let access = request.access(directory);
        let view = access.view_of_group(&group.id);
        let administered = view == GroupView::WithoutMembers && access.administrator_of(&group.id).is_ok();
        Self { administered, ..Self::with_view(request.budget(), directory, group, view) }
    }

    /// The group as whoever has just changed it may see it: also when the change took away that very right.
    pub(super) fn changed_by(
        request: &Request,
        administrator: &GroupAdministrator,
        directory: &Arc<Directory>,
        group: Arc<Group>,
    ) -> Self {
        let closed = !administrator.is_platform_administrator() && group.id == *directory.everyone_id();
        let view = if closed { GroupView::WithoutMembers } else { GroupView::Whole };
        Self { administered: true, ..Self::with_view(request.budget(), directory, group, view) }
    }

    pub(super) fn with_view(
        budget: &Arc<Budget>,
        directory: &Arc<Directory>,
        group: Arc<Group>,
        view: GroupView,
    ) -> Self {
        let (directory, budget) = (directory.clone(), budget.clone());
        Self { directory, group, settings: OnceLock::new(), view, administered: false, budget, member: None }
    }

    /// The same group as `member` works in it: with what is shared with everyone merged into its resources.
    pub(in crate::schema) fn effective_for(mut self, member: &UserId) -> Self {
        self.member = Some(member.clone());
        self
    }

    /// The resources of one kind.
    fn resources<T>(&self, context: &Context<'_>, kind: ResourceKind) -> Nullable<Vec<Option<T>>> {
        if self.view == GroupView::Nothing {
            return self.denied();
        }
        let prefix = Request::of(context).config().role_prefix.as_ref();
        let holder = Holder { group: &self.group.id, member: self.member.as_ref() };
        self.budget.nullable(resource::list(&self.directory, holder, kind, prefix))
    }

    fn settings(&self) -> &Arc<GroupSettings> {
        self.settings.get_or_init(|| Arc::new(GroupSettings::of(&self.group.attributes)))
    }

    /// A setting, for those who may see settings.
    fn setting<T>(&self, read: impl FnOnce(&GroupSettings) -> Option<T>) -> Nullable<T> {
        match self.view {
            GroupView::WithoutMembers | GroupView::Whole => read(self.settings()).map(Ok),
            _ => self.denied(),
        }
    }

    fn denied<T>(&self) -> Nullable<T> {
        self.budget.nullable(Err(Denied::Object.into()))
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
    async fn display_name(&self) -> Nullable<String> {
        self.setting(|settings| settings.display_name.clone())
    }

    /// CPU cores that one member may use; no limit when null.
    async fn quota_cpu(&self) -> Nullable<f64> {
        self.setting(|settings| settings.quota_cpu.map(Decimal::to_f64))
    }

    /// GPUs that one member may use; no limit when null.
    async fn quota_gpu(&self) -> Nullable<i32> {
        self.setting(|settings| settings.quota_gpu.and_then(int))
    }

    /// Memory in G that one member may use; no limit when null.
    async fn quota_memory(&self) -> Nullable<f64> {
        self.setting(|settings| settings.quota_memory.map(|capacity| capacity.gigabytes().to_f64()))
    }

    /// CPU cores that all members together may use; no limit when null.
    async fn project_quota_cpu(&self) -> Nullable<f64> {
        self.setting(|settings| settings.project_quota_cpu.map(Decimal::to_f64))
    }

    /// GPUs that all members together may use; no limit when null.
    async fn project_quota_gpu(&self) -> Nullable<i32> {
        self.setting(|settings| settings.project_quota_gpu.and_then(int))
    }

    /// Memory in G that all members together may use; no limit when null.
    async fn project_quota_memory(&self) -> Nullable<f64> {
        self.setting(|settings| settings.project_quota_memory.map(|capacity| capacity.gigabytes().to_f64()))
    }

    /// Size in G of a member's home volume.
    async fn user_volume_capacity(&self) -> Nullable<i32> {
        self.setting(|settings| settings.user_volume_capacity.and_then(whole_gigabytes))
    }

    /// Whether the members share a volume.
    async fn enabled_shared_volume(&self) -> Nullable<bool> {
        self.setting(|settings| Some(settings.enabled_shared_volume))
    }

    /// Size in G of the shared volume.
    async fn shared_volume_capacity(&self) -> Nullable<i32> {
        self.setting(|settings| settings.shared_volume_capacity.and_then(whole_gigabytes))
    }

    /// Whether the shared volume is linked into the home directory.
    async fn home_symlink(&self) -> Nullable<bool> {
        self.setting(|settings| settings.home_symlink)
    }

    /// Whether the shared volume is mounted only when the notebook is started in this group.
    async fn launch_group_only(&self) -> Nullable<bool> {
        self.setting(|settings| settings.launch_group_only)
    }

    /// Whether models may be deployed.
    async fn enabled_deployment(&self) -> Nullable<bool> {
        self.setting(|settings| settings.enabled_deployment)
    }

    /// How many models may be deployed; no limit when null.
    async fn max_deploy(&self) -> Nullable<i32> {
        self.setting(|settings| settings.max_deploy.and_then(int))
    }

    /// After how many seconds a job ends that says nothing itself.
    async fn job_default_active_deadline_seconds(&self) -> Nullable<i32> {
        self.setting(|settings| settings.job_default_active_deadline_seconds.and_then(int))
    }

    /// Login names of the administrators, separated by commas. Never null for those who may see it: the Python SDK splits it unasked.
    async fn admins(&self) -> Nullable<String> {
        self.setting(|settings| Some(settings.admins_text()))
    }

    /// The group's `MLflow` server; never null for those who may see it.
    async fn mlflow(&self) -> Nullable<MlflowNode> {
        let node = |settings: &Arc<GroupSettings>| MlflowNode {
            settings: settings.clone(),
            insider: self.view == GroupView::Whole || self.administered,
            budget: self.budget.clone(),
        };
        self.setting(|_| Some(node(self.settings())))
    }

    /// The members, without accounts of clients. The list of everyone looks empty to those who may not read the whole directory.
    async fn users(&self, context: &Context<'_>) -> Nullable<Rows<UserNode>> {
        match self.view {
            GroupView::WithoutMembers => self.budget.nullable(rows(&self.budget, 0, std::iter::empty()).await),
            GroupView::Whole => {
                let request = Request::of(context);
                let node = |user: &Arc<User>| UserNode::new(request, &self.directory, user.clone());
                let people = self.directory.members(&self.group.id).filter(|user| user.service_account_of.is_none());
                let members = people.map(node);
                // Counts the accounts of clients as well, which are few: the limit of rows need not be exact.
                self.budget.nullable(rows(&self.budget, self.directory.member_count(&self.group.id), members).await)
            }
            _ => self.denied(),
        }
    }

    /// Instance types that may be used.
    async fn instance_types(&self, context: &Context<'_>) -> Nullable<Vec<Option<InstanceTypeNode>>> {
        self.resources(context, ResourceKind::InstanceType)
    }

    /// Images that may be used.
    async fn images(&self, context: &Context<'_>) -> Nullable<Vec<Option<ImageNode>>> {
        self.resources(context, ResourceKind::Image)
    }

    /// Datasets that may be used.
    async fn datasets(&self, context: &Context<'_>) -> Nullable<Vec<Option<DatasetNode>>> {
        self.resources(context, ResourceKind::Dataset)
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
pub(crate) struct MlflowNode {
    settings: Arc<GroupSettings>,
    /// Whether the viewer may see what can hold credentials.
    insider: bool,
    budget: Arc<Budget>,
}

impl MlflowNode {
    async fn variables(&self, stored: &[EnvVar]) -> Nullable<Rows<EnvVarNode>> {
        // Everybody asks this of all their groups, that of everyone among them: an error would spoil the whole answer for clients that
        // take none with errors.
        let shown = if self.insider { stored } else { &[] };
        self.budget.nullable(rows(&self.budget, shown.len(), shown.iter().map(EnvVarNode::of)).await)
    }
}

/// Where a group's `MLflow` server is and how to get access.
#[Object(name = "MLflowSetting")]
impl MlflowNode {
    /// Where clients send runs.
    async fn tracking_uri(&self) -> Option<&str> {
        self.settings.mlflow.tracking_uri.as_deref()
    }

    /// Where people look at them.
    async fn ui_url(&self) -> Option<&str> {
        self.settings.mlflow.ui_url.as_deref()
    }

    /// Environment variables for access to the tracking server. Those of everyone look empty but for its administrators.
    async fn tracking_envs(&self) -> Nullable<Rows<EnvVarNode>> {
        self.variables(&self.settings.mlflow.tracking_envs).await
    }

    /// Environment variables for access to the artifact store. Those of everyone look empty but for its administrators.
    async fn artifact_envs(&self) -> Nullable<Rows<EnvVarNode>> {
        self.variables(&self.settings.mlflow.artifact_envs).await
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
