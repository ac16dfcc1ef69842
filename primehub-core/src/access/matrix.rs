//! Which kind of caller may use which root field: a table, and nothing but a table.

/// Kind of a root field.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Operation {
    /// Reads.
    Query,
    /// Writes.
    Mutation,
}

/// Which callers may use a root field. Conditions on the arguments ("own group", "own pod") come on top.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Platform administrators.
    pub administrator: bool,
    /// People with a token.
    pub user: bool,
    /// Servers with the shared secret.
    pub shared_secret: bool,
}

const ADMINISTRATOR: Rule = Rule { administrator: true, user: false, shared_secret: false };
const PEOPLE: Rule = Rule { administrator: true, user: true, shared_secret: false };
const SERVERS: Rule = Rule { administrator: false, user: false, shared_secret: true };
const ADMINISTRATOR_AND_SERVERS: Rule = Rule { administrator: true, user: false, shared_secret: true };
const EVERYBODY: Rule = Rule { administrator: true, user: true, shared_secret: true };

/// The rule of a root field. A field without an entry is open to platform administrators alone.
#[must_use]
pub fn rule(operation: Operation, field: &str) -> Rule {
    let table = match operation {
        Operation::Query => QUERIES,
        Operation::Mutation => MUTATIONS,
    };
    table.iter().find(|(name, _)| *name == field).map_or(ADMINISTRATOR, |(_, rule)| *rule)
}

const QUERIES: &[(&str, Rule)] = &[
    ("datasetV2", PEOPLE),
    ("datasetV2Connection", PEOPLE),
    ("datasetV2Files", PEOPLE),
    ("datasets", ADMINISTRATOR_AND_SERVERS),
    ("downloadableFiles", PEOPLE),
    ("files", PEOPLE),
    ("group", EVERYBODY),
    ("groupImagesConnection", EVERYBODY),
    ("groups", ADMINISTRATOR_AND_SERVERS),
    ("image", EVERYBODY),
    ("images", EVERYBODY),
    ("imagesConnection", EVERYBODY),
    ("instanceType", ADMINISTRATOR_AND_SERVERS),
    ("invitation", ADMINISTRATOR_AND_SERVERS),
    ("jobQueueStatus", PEOPLE),
    ("license", EVERYBODY),
    ("me", PEOPLE),
    ("mlflow", PEOPLE),
    ("mlflowArtifact", PEOPLE),
    ("mlflowRuns", PEOPLE),
    ("model", PEOPLE),
    ("modelVersion", PEOPLE),
    ("modelVersions", PEOPLE),
    ("models", PEOPLE),
    ("phAppTemplate", PEOPLE),
    ("phAppTemplates", EVERYBODY),
    ("phApplication", EVERYBODY),
    ("phApplications", EVERYBODY),
    ("phApplicationsConnection", EVERYBODY),
    ("phDeployment", PEOPLE),
    ("phDeployments", PEOPLE),
    ("phDeploymentsConnection", PEOPLE),
    ("phJob", PEOPLE),
    ("phJobs", PEOPLE),
    ("phJobsConnection", PEOPLE),
    ("phSchedule", PEOPLE),
    ("phSchedules", PEOPLE),
    ("phSchedulesConnection", PEOPLE),
    ("secret", EVERYBODY),
    ("secrets", EVERYBODY),
    ("sharedFile", PEOPLE),
    ("system", ADMINISTRATOR_AND_SERVERS),
    ("timezone", EVERYBODY),
    ("user", EVERYBODY),
    ("users", ADMINISTRATOR_AND_SERVERS),
];

const MUTATIONS: &[(&str, Rule)] = &[
    ("addPhDeploymentClient", PEOPLE),
    ("cancelImageBuild", PEOPLE),
    ("cancelPhJob", PEOPLE),
    ("copyFilesToDatasetV2", PEOPLE),
    ("createDatasetV2", PEOPLE),
    ("createImage", PEOPLE),
    ("createInvitation", PEOPLE),
    ("createPhApplication", PEOPLE),
    ("createPhDeployment", PEOPLE),
    ("createPhJob", PEOPLE),
    ("createPhSchedule", PEOPLE),
    ("createUserFromInvitation", ADMINISTRATOR_AND_SERVERS),
    ("deleteDatasetV2", PEOPLE),
    ("deleteFiles", PEOPLE),
    ("deleteImage", PEOPLE),
    ("deletePhApplication", PEOPLE),
    ("deletePhDeployment", PEOPLE),
    ("deletePhSchedule", PEOPLE),
    ("deployPhDeployment", PEOPLE),
    ("notifyNotebookEvent", SERVERS),
    ("notifyPhJobEvent", SERVERS),
    ("rebuildImage", PEOPLE),
    ("registerModel", PEOPLE),
    ("removePhDeploymentClient", PEOPLE),
    ("rerunPhJob", PEOPLE),
    ("revokeApiToken", PEOPLE),
    ("runPhSchedule", PEOPLE),
    ("shareFile", PEOPLE),
    ("startPhApplication", PEOPLE),
    ("stopPhApplication", PEOPLE),
    ("stopPhDeployment", PEOPLE),
    ("unshareFile", PEOPLE),
    ("updateDatasetV2", PEOPLE),
    ("updateGroup", PEOPLE),
    ("updateImage", PEOPLE),
    ("updatePhApplication", PEOPLE),
    ("updatePhDeployment", PEOPLE),
    ("updatePhSchedule", PEOPLE),
    ("updateUser", ADMINISTRATOR_AND_SERVERS),
    ("zipFiles", PEOPLE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_nobody_listed_is_for_administrators_alone() {
        assert_eq!(rule(Operation::Mutation, "inventedTomorrow"), ADMINISTRATOR);
    }

    #[test]
    fn no_field_is_listed_twice() {
        for table in [QUERIES, MUTATIONS] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, hence without repetitions");
        }
    }
}
