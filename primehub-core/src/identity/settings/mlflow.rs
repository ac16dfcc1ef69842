//! The `MLflow` server of a group.

use super::EnvVar;

/// Where a group's `MLflow` server is and how to get access. The variables may hold credentials: only members and administrators of the
/// group may see them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct MlflowSettings {
    /// Where clients send runs.
    pub tracking_uri: Option<String>,
    /// Where people look at them.
    pub ui_url: Option<String>,
    /// Environment variables for access to the tracking server.
    pub tracking_envs: Vec<EnvVar>,
    /// Environment variables for access to the artifact store.
    pub artifact_envs: Vec<EnvVar>,
}
