//! What no case can be about: where the store in memory and one on a Keycloak realm are meant to differ.

/// Each difference, and why it stays. Cases that do not arise in memory have their reasons in that backend's own table.
pub const DIFFERENCES: &[(&str, &str)] = &[
    (
        "in memory the platform itself may make administrators; in a realm it may if its service account holds the role",
        "the bootstrap gives it no more than it needs, while realms of the original gave it the role",
    ),
    (
        "in memory who may not write is refused whatever the write is; in a realm one that would change nothing is not sent, so nobody refuses it",
        "Keycloak tells rights by refusing, and every write less is a lost update less",
    ),
    (
        "in memory changes of others show at once; those made in a realm show within two seconds",
        "Keycloak has events to ask for, and none that it sends",
    ),
    (
        "in memory limits and expectations hold for everybody; in a realm they hold for the writers of one process",
        "Keycloak has neither versions nor conditions for writes",
    ),
];
