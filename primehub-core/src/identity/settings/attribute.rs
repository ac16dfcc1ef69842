//! Names of the attributes that PrimeHub keeps on users and groups. They are shared with everything else that reads the realm.

/// Group: login names of its administrators, one per value.
pub const ADMINS: &str = "admins";
/// Group: the name that people see.
pub const DISPLAY_NAME: &str = "displayName";
/// Group: CPU that one member may use.
pub const QUOTA_CPU: &str = "quota-cpu";
/// Group: GPUs that one member may use.
pub const QUOTA_GPU: &str = "quota-gpu";
/// Group: memory that one member may use.
pub const QUOTA_MEMORY: &str = "quota-memory";
/// Group: CPU that all members together may use.
pub const PROJECT_QUOTA_CPU: &str = "project-quota-cpu";
/// Group: GPUs that all members together may use.
pub const PROJECT_QUOTA_GPU: &str = "project-quota-gpu";
/// Group: memory that all members together may use.
pub const PROJECT_QUOTA_MEMORY: &str = "project-quota-memory";
/// Group: size of a member's home volume.
pub const USER_VOLUME_CAPACITY: &str = "user-volume-capacity";
/// Group: whether the members share a volume.
pub const ENABLED_SHARED_VOLUME: &str = "enabled-shared-volume";
/// Group: size of the shared volume.
pub const SHARED_VOLUME_CAPACITY: &str = "shared-volume-capacity";
/// Group: whether the shared volume is linked into the home directory.
pub const HOME_SYMLINK: &str = "home-symlink";
/// Group: whether the shared volume is mounted only when the notebook is started in this group.
pub const LAUNCH_GROUP_ONLY: &str = "launch-group-only";
/// Group: whether models may be deployed.
pub const ENABLED_DEPLOYMENT: &str = "enabled-deployment";
/// Group: how many models may be deployed.
pub const MAX_DEPLOY: &str = "max-deploy";
/// Group: after how many seconds a job ends that says nothing itself.
pub const JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS: &str = "job-default-active-deadline-seconds";
/// Group: where `MLflow` clients send runs.
pub const MLFLOW_TRACKING_URI: &str = "mlflow-tracking-uri";
/// Group: where people look at `MLflow`.
pub const MLFLOW_UI_URL: &str = "mlflow-ui-url";
/// Group: environment variables for access to the tracking server, one `NAME=VALUE` per value.
pub const MLFLOW_TRACKING_ENVS: &str = "mlflow-tracking-envs";
/// Group: environment variables for access to the artifact store, one `NAME=VALUE` per value.
pub const MLFLOW_ARTIFACT_ENVS: &str = "mlflow-artifact-envs";

/// User: size of the home volume.
pub const VOLUME_CAPACITY: &str = "volumeCapacity";
/// User: whether the person may invite others.
pub const ENABLE_INVITE_USERS: &str = "enableInviteUsers";
/// User: what the spawner remembers for the person, a JSON text that only the spawner reads.
pub const PREDEFINED_ENVS: &str = "predefinedEnvs";
/// User: when the person last read the announcements, in seconds since 1970.
pub const ANNOUNCEMENTS_READ_AT: &str = "annLastReadTime";

/// Group `everyone`: name of the organization.
pub const ORG_NAME: &str = "org.name";
/// Group `everyone`: media type of the organization's logo.
pub const ORG_LOGO_CONTENT_TYPE: &str = "org.logo.contentType";
/// Group `everyone`: file name of the logo.
pub const ORG_LOGO_NAME: &str = "org.logo.name";
/// Group `everyone`: size of the logo in bytes.
pub const ORG_LOGO_SIZE: &str = "org.logo.size";
/// Group `everyone`: address of the logo.
pub const ORG_LOGO_URL: &str = "org.logo.url";
/// Group `everyone`: size of a home volume when neither user nor group says otherwise.
pub const DEFAULT_USER_VOLUME_CAPACITY: &str = "defaultUserVolumeCapacity";
/// Group `everyone`: name of the platform's time zone.
pub const TIMEZONE: &str = "timezone";
/// Group `everyone`: where older installations keep [`TIMEZONE`]. Read, never written.
pub const LEGACY_TIMEZONE: &str = "timezone.name";

/// The GraphQL field that shows and edits the attribute. Attributes that no field shows, and those named like their field, answer
/// their own name.
#[must_use]
pub fn field(attribute: &str) -> &str {
    FIELDS.iter().find(|(name, _)| *name == attribute).map_or(attribute, |(_, field)| field)
}

/// Attributes whose GraphQL field has another name.
pub(super) const FIELDS: &[(&str, &str)] = &[
    (QUOTA_CPU, "quotaCpu"),
    (QUOTA_GPU, "quotaGpu"),
    (QUOTA_MEMORY, "quotaMemory"),
    (PROJECT_QUOTA_CPU, "projectQuotaCpu"),
    (PROJECT_QUOTA_GPU, "projectQuotaGpu"),
    (PROJECT_QUOTA_MEMORY, "projectQuotaMemory"),
    (USER_VOLUME_CAPACITY, "userVolumeCapacity"),
    (ENABLED_SHARED_VOLUME, "enabledSharedVolume"),
    (SHARED_VOLUME_CAPACITY, "sharedVolumeCapacity"),
    (HOME_SYMLINK, "homeSymlink"),
    (LAUNCH_GROUP_ONLY, "launchGroupOnly"),
    (ENABLED_DEPLOYMENT, "enabledDeployment"),
    (MAX_DEPLOY, "maxDeploy"),
    (JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS, "jobDefaultActiveDeadlineSeconds"),
    (MLFLOW_TRACKING_URI, "trackingUri"),
    (MLFLOW_UI_URL, "uiUrl"),
    (MLFLOW_TRACKING_ENVS, "trackingEnvs"),
    (MLFLOW_ARTIFACT_ENVS, "artifactEnvs"),
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(QUOTA_CPU, "quotaCpu")]
    #[case(MLFLOW_TRACKING_ENVS, "trackingEnvs")]
    #[case(MLFLOW_UI_URL, "uiUrl")]
    #[case::same_name(VOLUME_CAPACITY, "volumeCapacity")]
    #[case::path_of_the_field(ORG_LOGO_URL, "org.logo.url")]
    #[case::unknown("from-elsewhere", "from-elsewhere")]
    fn an_attribute_has_a_field(#[case] attribute: &str, #[case] shown: &str) {
        assert_eq!(field(attribute), shown);
    }

    /// The rule of the names, so that the table cannot be wrong in one letter: words after the first with a capital.
    #[test]
    fn fields_are_the_attributes_in_another_spelling() {
        for (attribute, shown) in FIELDS {
            let mut words = attribute.trim_start_matches("mlflow-").split('-');
            let first = words.next().unwrap_or_default().to_owned();
            let spelled = words.fold(first, |text, word| text + &word[..1].to_uppercase() + &word[1..]);
            assert_eq!(*shown, spelled);
        }
    }
}
