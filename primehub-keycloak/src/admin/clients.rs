//! Clients: programs that may ask for tokens.

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Admin, ClientRow, Full, RoleReference, UserRow};
use crate::transport::{By, CallError, Class, Kind};

const FIND: Kind = Kind::new("clients.find", Class::Read, "view-clients");

/// Clients. `uuid` is Keycloak's own id of a client, `client_id` the name that the client itself uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clients<'a>(pub(super) Admin<'a>);

impl Clients<'_> {
    pub(crate) async fn find(self, client_id: &str) -> Result<Option<ClientRow>, CallError> {
        let found: Vec<ClientRow> = self.0.read(self.0.get(FIND, &["clients"]).query("clientId", client_id)).await?;
        Ok(found.into_iter().find(|client| client.client_id == client_id))
    }

    /// All of a client, its secret included, to be changed and sent back.
    pub(crate) async fn full(self, client_id: &str) -> Result<Option<Full>, CallError> {
        let found: Vec<Full> = self.0.read(self.0.get(FIND, &["clients"]).query("clientId", client_id)).await?;
        Ok(found.into_iter().find(|client| client.0.get("clientId").is_some_and(|id| id == client_id)))
    }

    /// Creates a client, and gives its uuid.
    pub(crate) async fn create(self, by: By<'_>, client: &Full) -> Result<String, CallError> {
        const KIND: Kind = Kind::new("clients.create", Class::Write, "manage-clients");
        self.0.create(self.0.call(KIND, Method::POST, &["clients"]).by(by).json(client)).await
    }

    pub(crate) async fn put(self, by: By<'_>, uuid: &str, client: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("clients.update", Class::Write, "manage-clients");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["clients", uuid]).by(by).json(client)).await
    }

    /// The client's secret, if it has one.
    pub(crate) async fn secret(self, uuid: &str) -> Result<Option<SecretString>, CallError> {
        const KIND: Kind = Kind::new("clients.secret", Class::Read, "view-clients");
        #[derive(Deserialize)]
        struct Secret {
            #[serde(default)]
            value: Option<SecretString>,
        }
        let secret: Option<Secret> = self.0.find(self.0.get(KIND, &["clients", uuid, "client-secret"])).await?;
        Ok(secret.and_then(|secret| secret.value))
    }

    /// The client's own account.
    pub(crate) async fn service_account_user(self, uuid: &str) -> Result<UserRow, CallError> {
        const KIND: Kind = Kind::new("clients.service_account_user", Class::Read, "view-clients and view-users");
        self.0.read(self.0.get(KIND, &["clients", uuid, "service-account-user"])).await
    }

    /// Gives a client a mapper, which writes something into its tokens.
    pub(crate) async fn add_mapper(self, by: By<'_>, uuid: &str, mapper: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("clients.add_mapper", Class::Write, "manage-clients");
        let path = ["clients", uuid, "protocol-mappers", "models"];
        self.0.carry_out(self.0.call(KIND, Method::POST, &path).by(by).json(mapper)).await
    }

    /// The roles of the client `other` that tokens of the client `uuid` may contain.
    pub(crate) async fn scope_mappings(self, uuid: &str, other: &str) -> Result<Vec<RoleReference>, CallError> {
        const KIND: Kind = Kind::new("clients.scope_mappings", Class::Read, "view-clients");
        self.0.read(self.0.get(KIND, &["clients", uuid, "scope-mappings", "clients", other])).await
    }

    /// Lets tokens of the client `uuid` contain roles of the client `other`.
    pub(crate) async fn add_scope_mapping(
        self,
        by: By<'_>,
        uuid: &str,
        other: &str,
        roles: &[RoleReference],
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("clients.add_scope_mapping", Class::Idempotent, "manage-clients");
        let path = ["clients", uuid, "scope-mappings", "clients", other];
        self.0.carry_out(self.0.call(KIND, Method::POST, &path).by(by).json(&roles)).await
    }
}
