//! Edits of a group's settings, and what follows from them.

use super::attribute::{self, field};
use super::group::QUOTA_PAIRS;
use super::{AdminsEdit, EnvVar, GroupSettings};
use crate::identity::{AttributeEdit, AttributeEdits, Attributes, Edit, IdentityError};
use crate::quantity::{CapacityG, Decimal};

/// Edits of [`GroupSettings`], field by field. What is not named stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupSettingsEdit {
    /// The name that people see.
    pub display_name: Edit<String>,
    /// CPU cores that one member may use.
    pub quota_cpu: Edit<Decimal>,
    /// GPUs that one member may use.
    pub quota_gpu: Edit<i64>,
    /// Memory that one member may use.
    pub quota_memory: Edit<CapacityG>,
    /// CPU cores that all members together may use.
    pub project_quota_cpu: Edit<Decimal>,
    /// GPUs that all members together may use.
    pub project_quota_gpu: Edit<i64>,
    /// Memory that all members together may use.
    pub project_quota_memory: Edit<CapacityG>,
    /// Size of a member's home volume.
    pub user_volume_capacity: Edit<CapacityG>,
    /// Whether the members share a volume.
    pub enabled_shared_volume: Edit<bool>,
    /// Size of the shared volume.
    pub shared_volume_capacity: Edit<CapacityG>,
    /// Whether the shared volume is linked into the home directory.
    pub home_symlink: Edit<bool>,
    /// Whether the shared volume is mounted only when the notebook is started in this group.
    pub launch_group_only: Edit<bool>,
    /// Whether models may be deployed.
    pub enabled_deployment: Edit<bool>,
    /// How many models may be deployed.
    pub max_deploy: Edit<i64>,
    /// After how many seconds a job ends that says nothing itself.
    pub job_default_active_deadline_seconds: Edit<i64>,
    /// The administrators.
    pub admins: Option<AdminsEdit>,
    /// Where `MLflow` clients send runs.
    pub tracking_uri: Edit<String>,
    /// Where people look at `MLflow`.
    pub ui_url: Edit<String>,
    /// Environment variables for access to the tracking server; an empty list removes the attribute.
    pub tracking_envs: Edit<Vec<EnvVar>>,
    /// Environment variables for access to the artifact store; an empty list removes the attribute.
    pub artifact_envs: Edit<Vec<EnvVar>>,
}

impl GroupSettingsEdit {
    /// The edits of the stored attributes.
    #[must_use]
    pub fn attributes(&self) -> AttributeEdits {
        let mut edits = AttributeEdits::default();
        put_one(&mut edits, attribute::DISPLAY_NAME, &self.display_name);
        put_one(&mut edits, attribute::QUOTA_CPU, &self.quota_cpu);
        put_one(&mut edits, attribute::QUOTA_GPU, &self.quota_gpu);
        put_one(&mut edits, attribute::QUOTA_MEMORY, &self.quota_memory);
        put_one(&mut edits, attribute::PROJECT_QUOTA_CPU, &self.project_quota_cpu);
        put_one(&mut edits, attribute::PROJECT_QUOTA_GPU, &self.project_quota_gpu);
        put_one(&mut edits, attribute::PROJECT_QUOTA_MEMORY, &self.project_quota_memory);
        put_one(&mut edits, attribute::USER_VOLUME_CAPACITY, &self.user_volume_capacity);
        put_one(&mut edits, attribute::ENABLED_SHARED_VOLUME, &self.enabled_shared_volume);
        put_one(&mut edits, attribute::SHARED_VOLUME_CAPACITY, &self.shared_volume_capacity);
        put_one(&mut edits, attribute::HOME_SYMLINK, &self.home_symlink);
        put_one(&mut edits, attribute::LAUNCH_GROUP_ONLY, &self.launch_group_only);
        put_one(&mut edits, attribute::ENABLED_DEPLOYMENT, &self.enabled_deployment);
        put_one(&mut edits, attribute::MAX_DEPLOY, &self.max_deploy);
        put_one(&mut edits, attribute::JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS, &self.job_default_active_deadline_seconds);
        put_one(&mut edits, attribute::MLFLOW_TRACKING_URI, &self.tracking_uri);
        put_one(&mut edits, attribute::MLFLOW_UI_URL, &self.ui_url);
        put_each(&mut edits, attribute::MLFLOW_TRACKING_ENVS, &self.tracking_envs);
        put_each(&mut edits, attribute::MLFLOW_ARTIFACT_ENVS, &self.artifact_envs);
        if let Some(admins) = &self.admins {
            admins.put(&mut edits);
        }
        edits
    }

    /// The edits that change what is read; those that would write what is stored already are left out, so that they cannot undo what
    /// somebody else writes at the same time. A malformed value that goes away counts as a change.
    #[must_use]
    pub fn effective_attributes(&self, stored: &Attributes) -> AttributeEdits {
        let before = GroupSettings::of(stored);
        let mut effective = AttributeEdits::default();
        for (name, edit) in self.attributes().iter() {
            let mut alone = AttributeEdits::default();
            alone.put(name, edit.clone());
            let mut after = stored.clone();
            after.apply(&alone);
            let vanishes = after.all(name).is_empty() && !stored.all(name).is_empty() && name != attribute::ADMINS;
            if vanishes || GroupSettings::of(&after) != before {
                effective.put(name, edit.clone());
            }
        }
        effective
    }

    /// The settings as they will be: the stored ones with these edits.
    #[must_use]
    pub fn apply_to(&self, stored: &Attributes) -> GroupSettings {
        let mut merged = stored.clone();
        merged.apply(&self.attributes());
        GroupSettings::of(&merged)
    }

    /// Checks the settings as they will be against every rule that involves an edited field. A violation that was stored before and has
    /// nothing to do with the edit does not stand in its way. Answers the settings as they will be.
    ///
    /// The check rests on the present values of [`Self::relied_on`].
    ///
    /// # Errors
    /// As [`GroupSettings::validate`].
    pub fn validate(&self, stored: &Attributes) -> Result<GroupSettings, IdentityError> {
        let edits = self.attributes();
        let merged = self.apply_to(stored);
        merged.validate_where(|name| edits.iter().any(|(edited, _)| edited == name))?;
        Ok(merged)
    }

    /// The stored attributes that decide whether this edit is right: those that a rule compares an edited field with, and what
    /// [`Self::for_update`] looks at. To be asked of the edit as the caller gave it, before [`Self::for_update`].
    #[must_use]
    pub fn relied_on(&self) -> Vec<&'static str> {
        let edits = self.attributes();
        let edit_of = |name: &str| edits.iter().find(|(edited, _)| *edited == name).map(|(_, edit)| edit);
        let is_kept = |name: &str| edit_of(name).is_none();
        let sets = |name: &str| matches!(edit_of(name), Some(AttributeEdit::Set(_)));
        let mut names = Vec::new();
        for (user, group) in QUOTA_PAIRS {
            if sets(user) && is_kept(group) {
                names.push(group);
            }
            if sets(group) && is_kept(user) {
                names.push(user);
            }
        }
        let enables = self.enabled_shared_volume == Edit::Set(true);
        if enables && is_kept(attribute::SHARED_VOLUME_CAPACITY) {
            names.push(attribute::SHARED_VOLUME_CAPACITY);
        }
        let removes_capacity = self.shared_volume_capacity == Edit::Clear && self.enabled_shared_volume.is_keep();
        if removes_capacity || (enables && self.launch_group_only.is_keep()) {
            names.push(attribute::ENABLED_SHARED_VOLUME);
        }
        names
    }

    /// The GraphQL names of the fields that would get another value and that only a platform administrator may change. To be asked of the
    /// edit as the caller gave it: what [`Self::for_update`] adds is not the caller's doing.
    #[must_use]
    pub fn changes_beyond_group_admin(&self, stored: &Attributes) -> Vec<&'static str> {
        let effective = self.effective_attributes(stored);
        let changed = |name: &str| effective.iter().any(|(edited, _)| edited == name);
        let mut fields: Vec<_> =
            PLATFORM_ADMIN_ONLY.iter().filter(|name| changed(name)).map(|name| field(name)).collect();
        fields.sort_unstable();
        fields
    }

    /// What follows from these settings for a new group: a shared volume is linked into the home directory, and mounted only in this
    /// group unless said otherwise; without shared volume there is no link, whatever the caller says. Where the platform serves models
    /// only, every group may deploy them.
    #[must_use]
    pub fn for_creation(mut self, deploy_only: bool) -> Self {
        let shared = self.enabled_shared_volume == Edit::Set(true);
        if shared && !matches!(self.launch_group_only, Edit::Set(_)) {
            self.launch_group_only = Edit::Set(true);
        }
        self.home_symlink = if shared { Edit::Set(true) } else { Edit::Keep };
        if deploy_only {
            self.enabled_deployment = Edit::Set(true);
        }
        self
    }

    /// What follows from these edits for a stored group: switching the shared volume on links it into the home directory, and mounts it
    /// only in this group if it was off before and the caller says nothing about it. Switching it off leaves link and size alone.
    #[must_use]
    pub fn for_update(mut self, stored: &GroupSettings) -> Self {
        if self.enabled_shared_volume == Edit::Set(true) {
            self.home_symlink = Edit::Set(true);
            if !stored.enabled_shared_volume && self.launch_group_only.is_keep() {
                self.launch_group_only = Edit::Set(true);
            }
        }
        self
    }
}

/// What a group administrator may look at but not change. The others are the job deadline, the `MLflow` settings and the list of
/// administrators.
const PLATFORM_ADMIN_ONLY: [&str; 14] = [
    attribute::DISPLAY_NAME,
    attribute::QUOTA_CPU,
    attribute::QUOTA_GPU,
    attribute::QUOTA_MEMORY,
    attribute::PROJECT_QUOTA_CPU,
    attribute::PROJECT_QUOTA_GPU,
    attribute::PROJECT_QUOTA_MEMORY,
    attribute::USER_VOLUME_CAPACITY,
    attribute::ENABLED_SHARED_VOLUME,
    attribute::SHARED_VOLUME_CAPACITY,
    attribute::HOME_SYMLINK,
    attribute::LAUNCH_GROUP_ONLY,
    attribute::ENABLED_DEPLOYMENT,
    attribute::MAX_DEPLOY,
];

fn put_one(edits: &mut AttributeEdits, name: &str, edit: &Edit<impl ToString>) {
    match edit {
        Edit::Keep => {}
        Edit::Set(value) => {
            edits.set(name, value.to_string());
        }
        Edit::Clear => {
            edits.clear(name);
        }
    }
}

fn put_each(edits: &mut AttributeEdits, name: &str, edit: &Edit<Vec<EnvVar>>) {
    match edit {
        Edit::Keep => {}
        Edit::Set(variables) if !variables.is_empty() => {
            edits.put(name, AttributeEdit::Set(variables.iter().map(ToString::to_string).collect()));
        }
        Edit::Set(_) | Edit::Clear => {
            edits.clear(name);
        }
    }
}

#[cfg(test)]
mod tests;
