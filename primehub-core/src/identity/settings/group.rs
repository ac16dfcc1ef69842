//! What a group's attributes say.

use std::collections::BTreeSet;

use super::admins::tidy;
use super::attribute::{self, field};
use super::stored::{flag, integer, value};
use super::{EnvVar, MlflowSettings};
use crate::identity::{Attributes, IdentityError};
use crate::quantity::{CapacityG, Decimal};

/// Quotas, volumes, administrators and the like of one group.
///
/// The reading is lenient, because other tools write these attributes too: a malformed value is the same as none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupSettings {
    /// The name that people see.
    pub display_name: Option<String>,
    /// CPU cores that one member may use; unlimited when absent.
    pub quota_cpu: Option<Decimal>,
    /// GPUs that one member may use; unlimited when absent.
    pub quota_gpu: Option<i64>,
    /// Memory that one member may use; unlimited when absent.
    pub quota_memory: Option<CapacityG>,
    /// CPU cores that all members together may use; unlimited when absent.
    pub project_quota_cpu: Option<Decimal>,
    /// GPUs that all members together may use; unlimited when absent.
    pub project_quota_gpu: Option<i64>,
    /// Memory that all members together may use; unlimited when absent.
    pub project_quota_memory: Option<CapacityG>,
    /// Size of a member's home volume.
    pub user_volume_capacity: Option<CapacityG>,
    /// Whether the members share a volume.
    pub enabled_shared_volume: bool,
    /// Size of the shared volume. Kept while the volume is switched off.
    pub shared_volume_capacity: Option<CapacityG>,
    /// Whether the shared volume is linked into the home directory.
    pub home_symlink: Option<bool>,
    /// Whether the shared volume is mounted only when the notebook is started in this group.
    pub launch_group_only: Option<bool>,
    /// Whether models may be deployed.
    pub enabled_deployment: Option<bool>,
    /// How many models may be deployed; unlimited when absent.
    pub max_deploy: Option<i64>,
    /// After how many seconds a job ends that says nothing itself.
    pub job_default_active_deadline_seconds: Option<i64>,
    /// Login names of the administrators: not empty, each once. They need not be members.
    pub admins: Vec<String>,
    /// The group's `MLflow` server.
    pub mlflow: MlflowSettings,
}

impl GroupSettings {
    /// Reads a group's attributes. Never fails: what is malformed reads as absent.
    #[must_use]
    pub fn of(attributes: &Attributes) -> Self {
        let first = |name| attributes.first(name);
        Self {
            display_name: first(attribute::DISPLAY_NAME).map(str::to_owned),
            quota_cpu: first(attribute::QUOTA_CPU).and_then(value),
            quota_gpu: first(attribute::QUOTA_GPU).and_then(integer),
            quota_memory: first(attribute::QUOTA_MEMORY).and_then(value),
            project_quota_cpu: first(attribute::PROJECT_QUOTA_CPU).and_then(value),
            project_quota_gpu: first(attribute::PROJECT_QUOTA_GPU).and_then(integer),
            project_quota_memory: first(attribute::PROJECT_QUOTA_MEMORY).and_then(value),
            user_volume_capacity: first(attribute::USER_VOLUME_CAPACITY).and_then(value),
            enabled_shared_volume: first(attribute::ENABLED_SHARED_VOLUME).and_then(flag).unwrap_or(false),
            shared_volume_capacity: first(attribute::SHARED_VOLUME_CAPACITY).and_then(value),
            home_symlink: first(attribute::HOME_SYMLINK).and_then(flag),
            launch_group_only: first(attribute::LAUNCH_GROUP_ONLY).and_then(flag),
            enabled_deployment: first(attribute::ENABLED_DEPLOYMENT).and_then(flag),
            max_deploy: first(attribute::MAX_DEPLOY).and_then(integer),
            job_default_active_deadline_seconds: first(attribute::JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS)
                .and_then(integer),
            admins: tidy(attributes.all(attribute::ADMINS).iter().map(String::as_str)),
            mlflow: MlflowSettings {
                tracking_uri: first(attribute::MLFLOW_TRACKING_URI).map(str::to_owned),
                ui_url: first(attribute::MLFLOW_UI_URL).map(str::to_owned),
                tracking_envs: variables(attributes, attribute::MLFLOW_TRACKING_ENVS),
                artifact_envs: variables(attributes, attribute::MLFLOW_ARTIFACT_ENVS),
            },
        }
    }

    /// The administrators as clients read them: joined by commas, empty for nobody.
    #[must_use]
    pub fn admins_text(&self) -> String {
        self.admins.join(",")
    }

    /// Whether there is to be a shared volume of which nobody knows the size.
    #[must_use]
    pub fn lacks_shared_volume_capacity(&self) -> bool {
        self.enabled_shared_volume && self.shared_volume_capacity.is_none()
    }

    /// Checks every rule, as is due for a new group. For an edit, [`super::GroupSettingsEdit::validate`] checks only what the edit can
    /// be responsible for.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with the name of the GraphQL field: a negative number, a quota of a member above the quota of the whole
    /// group, or a shared volume without size. The last one prints as [`SHARED_VOLUME_CAPACITY_MISSING`].
    pub fn validate(&self) -> Result<(), IdentityError> {
        self.validate_where(|_| true)
    }

    /// Checks the rules that involve an attribute for which `touched` holds.
    pub(super) fn validate_where(&self, touched: impl Fn(&str) -> bool) -> Result<(), IdentityError> {
        let cores = |quota: Option<Decimal>| quota.is_some_and(Decimal::is_negative);
        let size = |capacity: Option<CapacityG>| capacity.is_some_and(|capacity| capacity.gigabytes().is_negative());
        let count = |number: Option<i64>| number.is_some_and(i64::is_negative);
        let negative = [
            (attribute::QUOTA_CPU, cores(self.quota_cpu)),
            (attribute::QUOTA_GPU, count(self.quota_gpu)),
            (attribute::QUOTA_MEMORY, size(self.quota_memory)),
            (attribute::PROJECT_QUOTA_CPU, cores(self.project_quota_cpu)),
            (attribute::PROJECT_QUOTA_GPU, count(self.project_quota_gpu)),
            (attribute::PROJECT_QUOTA_MEMORY, size(self.project_quota_memory)),
            (attribute::USER_VOLUME_CAPACITY, size(self.user_volume_capacity)),
            (attribute::SHARED_VOLUME_CAPACITY, size(self.shared_volume_capacity)),
            (attribute::MAX_DEPLOY, count(self.max_deploy)),
            (attribute::JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS, count(self.job_default_active_deadline_seconds)),
        ];
        for (name, is_negative) in negative {
            if is_negative && touched(name) {
                return Err(invalid(name, "must not be negative"));
            }
        }
        let exceeding = [
            exceeds(self.quota_cpu, self.project_quota_cpu),
            exceeds(self.quota_gpu, self.project_quota_gpu),
            exceeds(self.quota_memory, self.project_quota_memory),
        ];
        for ((user, group), exceeds) in QUOTA_PAIRS.iter().zip(exceeding) {
            if exceeds && (touched(user) || touched(group)) {
                return Err(invalid(user, &format!("must not be larger than {}", field(group))));
            }
        }
        // People follow the link; another scheme could run a script in their browser.
        let ui_url = self.mlflow.ui_url.as_deref().unwrap_or_default();
        if touched(attribute::MLFLOW_UI_URL) && !ui_url.is_empty() && !is_web_address(ui_url) {
            return Err(invalid(attribute::MLFLOW_UI_URL, "must start with http:// or https://"));
        }
        let environments = [
            (attribute::MLFLOW_TRACKING_ENVS, &self.mlflow.tracking_envs),
            (attribute::MLFLOW_ARTIFACT_ENVS, &self.mlflow.artifact_envs),
        ];
        for (name, variables) in environments {
            let mut seen = BTreeSet::new();
            let twice = variables.iter().map(EnvVar::name).find(|variable| !seen.insert(*variable));
            if let Some(twice) = twice.filter(|_| touched(name)) {
                return Err(invalid(name, &format!("has the variable {twice:?} more than once")));
            }
        }
        let shared_volume = touched(attribute::ENABLED_SHARED_VOLUME) || touched(attribute::SHARED_VOLUME_CAPACITY);
        if shared_volume && self.lacks_shared_volume_capacity() {
            return Err(invalid(attribute::SHARED_VOLUME_CAPACITY, "should not be null"));
        }
        Ok(())
    }
}

/// How the error prints that asks for the size of a shared volume. Clients know this text.
pub const SHARED_VOLUME_CAPACITY_MISSING: &str = "sharedVolumeCapacity should not be null";

/// The quota of one member, and the quota of the whole group that it must not exceed.
pub(super) const QUOTA_PAIRS: [(&str, &str); 3] = [
    (attribute::QUOTA_CPU, attribute::PROJECT_QUOTA_CPU),
    (attribute::QUOTA_GPU, attribute::PROJECT_QUOTA_GPU),
    (attribute::QUOTA_MEMORY, attribute::PROJECT_QUOTA_MEMORY),
];

fn is_web_address(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn exceeds<T: PartialOrd>(user: Option<T>, group: Option<T>) -> bool {
    user.zip(group).is_some_and(|(user, group)| user > group)
}

fn invalid(name: &str, reason: &str) -> IdentityError {
    IdentityError::Invalid { field: field(name).to_owned(), reason: reason.to_owned() }
}

fn variables(attributes: &Attributes, name: &str) -> Vec<EnvVar> {
    attributes.all(name).iter().filter_map(|text| EnvVar::of_stored(text)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn attributes(pairs: &[(&str, &[&str])]) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, values) in pairs {
            attributes.set(*name, values.iter().map(ToString::to_string).collect());
        }
        attributes
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn size(text: &str) -> CapacityG {
        text.parse().unwrap()
    }

    #[test]
    fn a_group_without_attributes_is_unlimited_and_has_nothing() {
        let read = GroupSettings::of(&Attributes::default());
        assert_eq!(read, GroupSettings::default());
        assert_eq!(read.admins_text(), "");
        assert_eq!((read.enabled_shared_volume, read.home_symlink), (false, None));
    }

    #[test]
    fn every_attribute_has_its_field() {
        let read = GroupSettings::of(&attributes(&[
            ("displayName", &["Vision Lab"]),
            ("quota-cpu", &["10.5"]),
            ("quota-gpu", &["0"]),
            ("quota-memory", &["20G"]),
            ("project-quota-cpu", &["20"]),
            ("project-quota-gpu", &["4"]),
            ("project-quota-memory", &["40.5G"]),
            ("user-volume-capacity", &["30G"]),
            ("enabled-shared-volume", &["true"]),
            ("shared-volume-capacity", &["100G"]),
            ("home-symlink", &["true"]),
            ("launch-group-only", &["false"]),
            ("enabled-deployment", &["true"]),
            ("max-deploy", &["3"]),
            ("job-default-active-deadline-seconds", &["86400"]),
            ("admins", &["amy", "bob"]),
            ("mlflow-tracking-uri", &["http://mlflow:5000"]),
            ("mlflow-ui-url", &["https://hub/mlflow"]),
            ("mlflow-tracking-envs", &["USER=amy", "TOKEN=a=b="]),
            ("mlflow-artifact-envs", &["KEY="]),
            ("from-elsewhere", &["x", "y"]),
        ]));
        let variable = |name: &str, value: &str| EnvVar::new("", name, Some(value.into())).unwrap();
        let expected = GroupSettings {
            display_name: Some("Vision Lab".into()),
            quota_cpu: Some(decimal("10.5")),
            quota_gpu: Some(0),
            quota_memory: Some(size("20G")),
            project_quota_cpu: Some(decimal("20")),
            project_quota_gpu: Some(4),
            project_quota_memory: Some(size("40.5G")),
            user_volume_capacity: Some(size("30G")),
            enabled_shared_volume: true,
            shared_volume_capacity: Some(size("100G")),
            home_symlink: Some(true),
            launch_group_only: Some(false),
            enabled_deployment: Some(true),
            max_deploy: Some(3),
            job_default_active_deadline_seconds: Some(86400),
            admins: vec!["amy".into(), "bob".into()],
            mlflow: MlflowSettings {
                tracking_uri: Some("http://mlflow:5000".into()),
                ui_url: Some("https://hub/mlflow".into()),
                tracking_envs: vec![variable("USER", "amy"), variable("TOKEN", "a=b=")],
                artifact_envs: vec![variable("KEY", "")],
            },
        };
        assert_eq!(read, expected);
        assert_eq!(read.admins_text(), "amy,bob");
    }

    #[rstest]
    #[case::text("abc", None)]
    #[case::empty("", None)]
    #[case::needless_decimals("20.0", Some("20"))]
    #[case::blanks(" 20 ", Some("20"))]
    #[case::zero_is_a_limit("0", Some("0"))]
    #[case::infinite("Infinity", None)]
    fn a_quota_of_cores_is_read(#[case] text: &str, #[case] read: Option<&str>) {
        let read = read.map(decimal);
        assert_eq!(GroupSettings::of(&attributes(&[("quota-cpu", &[text])])).quota_cpu, read);
    }

    #[rstest]
    #[case::one_form("20G", Some("20G"))]
    #[case::binary("20Gi", Some("20G"))]
    #[case::no_unit_loses_no_digit("20", Some("20G"))]
    #[case::larger_unit("1Ti", Some("1024G"))]
    #[case::malformed("G", None)]
    #[case::other_unit("20GB", None)]
    fn a_size_is_read(#[case] text: &str, #[case] read: Option<&str>) {
        let read = read.map(size);
        let settings =
            GroupSettings::of(&attributes(&[("user-volume-capacity", &[text]), ("quota-memory", &[text, "1G"])]));
        assert_eq!((settings.user_volume_capacity, settings.quota_memory), (read, read));
    }

    #[rstest]
    #[case::emptied(&[""], "")]
    #[case::one_empty_among_others(&["", "amy"], "amy")]
    #[case::repeated(&["amy", "bob", "amy"], "amy,bob")]
    fn administrators_are_read(#[case] values: &[&str], #[case] text: &str) {
        assert_eq!(GroupSettings::of(&attributes(&[("admins", values)])).admins_text(), text);
    }

    #[rstest]
    #[case::nothing(&[], None)]
    #[case::equal_quotas(&[("quota-cpu", "4"), ("project-quota-cpu", "4")], None)]
    #[case::group_unlimited(&[("quota-cpu", "4"), ("quota-gpu", "4"), ("quota-memory", "4G")], None)]
    #[case::member_unlimited(&[("project-quota-cpu", "4"), ("project-quota-memory", "0G")], None)]
    #[case::zero(&[("quota-gpu", "0"), ("project-quota-gpu", "0"), ("max-deploy", "0")], None)]
    #[case::cpu(&[("quota-cpu", "4.5"), ("project-quota-cpu", "4")], Some("quotaCpu must not be larger than projectQuotaCpu"))]
    #[case::gpu(&[("quota-gpu", "2"), ("project-quota-gpu", "1")], Some("quotaGpu must not be larger than projectQuotaGpu"))]
    #[case::memory(&[("quota-memory", "1Ti"), ("project-quota-memory", "1023G")], Some("quotaMemory must not be larger than projectQuotaMemory"))]
    #[case::negative_cpu(&[("quota-cpu", "-0.5")], Some("quotaCpu must not be negative"))]
    #[case::negative_gpu(&[("project-quota-gpu", "-1")], Some("projectQuotaGpu must not be negative"))]
    #[case::negative_memory(&[("project-quota-memory", "-1G")], Some("projectQuotaMemory must not be negative"))]
    #[case::negative_home(&[("user-volume-capacity", "-1G")], Some("userVolumeCapacity must not be negative"))]
    #[case::negative_shared(&[("shared-volume-capacity", "-1G")], Some("sharedVolumeCapacity must not be negative"))]
    #[case::negative_deployments(&[("max-deploy", "-1")], Some("maxDeploy must not be negative"))]
    #[case::negative_deadline(&[("job-default-active-deadline-seconds", "-1")], Some("jobDefaultActiveDeadlineSeconds must not be negative"))]
    #[case::link(&[("mlflow-ui-url", "HTTPS://mlflow.example.com")], None)]
    #[case::script(&[("mlflow-ui-url", "javascript:alert(1)")], Some("uiUrl must start with http:// or https://"))]
    #[case::volume_without_size(&[("enabled-shared-volume", "true")], Some(SHARED_VOLUME_CAPACITY_MISSING))]
    #[case::volume_off(&[("enabled-shared-volume", "false")], None)]
    #[case::volume_with_size(&[("enabled-shared-volume", "true"), ("shared-volume-capacity", "1G")], None)]
    fn settings_are_checked(#[case] stored: &[(&str, &str)], #[case] problem: Option<&str>) {
        let mut attributes = Attributes::default();
        for (name, value) in stored {
            attributes.set_one(*name, *value);
        }
        let settings = GroupSettings::of(&attributes);
        assert_eq!(settings.validate().err().map(|error| error.to_string()).as_deref(), problem);
        assert_eq!(settings.lacks_shared_volume_capacity(), problem == Some(SHARED_VOLUME_CAPACITY_MISSING));
    }

    #[test]
    fn a_variable_that_is_set_twice_is_named() {
        let settings = GroupSettings::of(&attributes(&[("mlflow-artifact-envs", &["A=1", "B=2", "A=3"])]));
        let problem = settings.validate().unwrap_err().to_string();
        assert_eq!(problem, "artifactEnvs has the variable \"A\" more than once");
    }

    proptest! {
        #[test]
        fn any_texts_can_be_read(texts in proptest::collection::vec(any::<String>(), 1..3)) {
            let mut attributes = Attributes::default();
            attributes.set("admins", texts.clone());
            for (name, _) in attribute::FIELDS {
                attributes.set(*name, texts.clone());
            }
            let read = GroupSettings::of(&attributes);
            // Whatever was read can also be judged.
            let _ = read.validate();
            prop_assert!(!read.admins.contains(&String::new()));
        }
    }
}
