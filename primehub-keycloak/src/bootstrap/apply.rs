//! Doing what a plan says. Every change is made from what is read just before, so that it does not matter what has happened since the plan,
//! and what somebody else has done meanwhile counts as done.

use std::time::Duration;

use primehub_core::names::{GroupId, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::clients::{REALM_ADMIN, REALM_MANAGEMENT, UNFINISHED, clients};
use super::login::LoginSource;
use super::observe::{TERMS, UNFINISHED_PERSON};
use super::plan::{EVERYONE, everyones_attributes, first_groups_attributes, merged};
use super::request::{BootstrapRequest, FirstAdministrator};
use super::step::Change;
use super::{profile, realm};
use crate::Keycloak;
use crate::admin::{Full, RoleReference, RoleRow, UserRow};
use crate::token::ServiceToken;
use crate::transport::{By, CallError, Kind, Refusal};

/// How long a realm that somebody else is making may take to appear.
const REALM_APPEARS: Duration = Duration::from_secs(30);

/// Between two looks for it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Carries out changes, one after the other.
pub(super) struct Applier<'a> {
    pub(super) keycloak: &'a Keycloak,
    pub(super) session: &'a ServiceToken<LoginSource>,
    pub(super) request: &'a BootstrapRequest,
    /// Of the administrator, if this run has set it.
    pub(super) password: Option<SecretString>,
}

impl Applier<'_> {
    /// Carries out a change; once more with another token if that does not count any more (the issuer may have changed a moment ago), and
    /// once more if it collides with somebody who does the same. Making the first administrator is not repeated, because half of one would
    /// be taken for somebody else's.
    pub(super) async fn apply(&mut self, change: &Change) -> Result<(), CallError> {
        let token = self.session.get().await?;
        match self.carry_out(change, &token).await {
            Err(error) if *change == Change::CreateAdministrator => Err(error),
            Err(error) if error.status() == Some(401) => {
                let token = self.session.get_instead_of(&token).await?;
                self.carry_out(change, &token).await
            }
            Err(error) if is_collision(&error) => self.carry_out(change, &token).await,
            done => done,
        }
    }

    async fn carry_out(&mut self, change: &Change, token: &SecretString) -> Result<(), CallError> {
        let by = By::Token(token);
        let admin = self.keycloak.admin(by);
        let request = self.request;
        match change {
            Change::CreateRealm => self.create_realm(by).await,
            Change::Realm { fields, attributes } => {
                let mut put = Full(fields.clone());
                if !attributes.is_empty() {
                    let is = admin.realm().full().await?;
                    put.set("attributes", merged(is.0.get("attributes"), attributes));
                }
                admin.realm().put(by, &put).await
            }
            Change::Profile => {
                let (repaired, changes) = profile::repair(&admin.realm().profile().await?);
                if changes.is_empty() { Ok(()) } else { admin.realm().put_profile(by, &repaired).await }
            }
            Change::CreateEveryone => {
                let mut group = object(json!({"name": EVERYONE}));
                group.set_attributes(&everyones_attributes());
                unless_there(admin.groups().create(by, &group).await).map(drop)
            }
            Change::DefaultGroup => admin.realm().add_default_group(by, &self.group(by, EVERYONE).await?).await,
            Change::Terms => {
                let mut action = found(admin.realm().required_action(TERMS).await?, TERMS)?;
                action.set("enabled", true);
                action.set("defaultAction", true);
                admin.realm().put_required_action(by, TERMS, &action).await
            }
            Change::CreateClient(client_id) => {
                let spec = clients(request).into_iter().find(|spec| spec.id == client_id);
                let spec = found(spec, client_id)?;
                unless_there(admin.clients().create(by, &object(spec.representation())).await).map(drop)
            }
            Change::Client { client_id, fields, redirect_uris } => {
                let (uuid, mut client) = self.client(by, client_id).await?;
                client.0.extend(fields.clone());
                add_addresses(&mut client, redirect_uris);
                admin.clients().put(by, &uuid, &client).await
            }
            Change::Secret(client_id) => {
                let spec = clients(request).into_iter().find(|spec| spec.id == client_id);
                let secret = found(spec.and_then(|spec| spec.secret), client_id)?;
                let (uuid, mut client) = self.client(by, client_id).await?;
                client.set("secret", secret.expose_secret());
                admin.clients().put(by, &uuid, &client).await
            }
            Change::Mapper { client_id, mapper } => {
                let (uuid, _) = self.client(by, client_id).await?;
                unless_there(admin.clients().add_mapper(by, &uuid, &object(mapper.clone())).await).map(drop)
            }
            Change::Scope(client_id) => {
                let (uuid, _) = self.client(by, client_id).await?;
                let (management, role) = self.right(by, REALM_ADMIN).await?;
                let roles = [role];
                admin.clients().add_scope_mapping(by, &uuid, &management, &roles).await
            }
            Change::Rights { client_id, rights } => self.allow(by, client_id, rights).await,
            Change::CreateRoles(names) => {
                for name in names {
                    unless_there(admin.roles().create(by, &object(json!({"name": name}))).await)?;
                }
                Ok(())
            }
            Change::GiveEveryone(names) => {
                let everyone = self.group(by, EVERYONE).await?;
                for name in names {
                    let role = reference(found(admin.roles().get(name).await?, name)?);
                    twice(async || admin.groups().add_realm_role(by, &everyone, &role).await).await?;
                }
                Ok(())
            }
            Change::CreateGroup => {
                let Some(group) = &request.group else { return Ok(()) };
                let mut new = object(json!({"name": group.name.as_str()}));
                new.set_attributes(&first_groups_attributes(request));
                unless_there(admin.groups().create(by, &new).await).map(drop)
            }
            Change::CreateAdministrator => self.create_administrator(by).await,
            Change::FinishAdministrator => self.finish_administrator(by).await,
            Change::Unmark(people) => self.unmark(by, people).await,
        }
    }

    /// Makes the realm. Of several who do so at the same time Keycloak lets one succeed, and tells the others about its database before that
    /// one is done; and an overloaded one may make a realm for longer than anybody waits. What counts is whether there is one in the end.
    async fn create_realm(&self, by: By<'_>) -> Result<(), CallError> {
        let admin = self.keycloak.admin(by);
        let Err(error) = admin.realm().create(by, &realm::new_realm(self.request)).await else { return Ok(()) };
        let may_be_there = match &error {
            CallError::Unknown { .. } => true,
            CallError::Refused(refusal) => matches!(refusal.status, 409 | 500) || refusal.says("database"),
            CallError::Unavailable { .. } | CallError::Unreadable { .. } => false,
        };
        let deadline = Instant::now() + REALM_APPEARS;
        while may_be_there && Instant::now() < deadline {
            match admin.realm().full().await {
                // Until the last of it is written, even an administrator of Keycloak may not look.
                Err(CallError::Refused(refusal)) if refusal.is_realm_absent() || refusal.status == 403 => {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
                looked => return looked.map(drop),
            }
        }
        Err(error)
    }

    /// Gives the client's service account rights. The last thing that a new client lacks, so that its mark is taken off.
    async fn allow(&self, by: By<'_>, client_id: &str, rights: &[&str]) -> Result<(), CallError> {
        let admin = self.keycloak.admin(by);
        let (uuid, client) = self.client(by, client_id).await?;
        let account = admin.clients().service_account_user(&uuid).await?;
        for right in rights {
            let (management, role) = self.right(by, right).await?;
            twice(async || admin.users().grant_client_role(by, &account.id, &management, &role).await).await?;
        }
        let is_marked = client.0.get("attributes").is_some_and(|attributes| attributes.get(UNFINISHED).is_some());
        if is_marked {
            // An attribute of a client that is left out stays; an empty one goes.
            let attributes = Map::from_iter([(UNFINISHED.to_owned(), json!(""))]);
            let (_, mut client) = self.client(by, client_id).await?;
            client.set("attributes", attributes);
            admin.clients().put(by, &uuid, &client).await?;
        }
        Ok(())
    }

    /// Makes the first administrator, at first with a mark that says that something is missing.
    async fn create_administrator(&mut self, by: By<'_>) -> Result<(), CallError> {
        let Some(administrator) = &self.request.administrator else { return Ok(()) };
        let password = password(administrator);
        let mut user = object(json!({
            "username": administrator.username.as_str(),
            "enabled": true,
            "emailVerified": administrator.email.is_some(),
            "attributes": {UNFINISHED_PERSON: ["unfinished"]},
            "credentials": [{
                "type": "password", "value": password.expose_secret(), "temporary": administrator.temporary,
            }],
        }));
        if let Some(email) = &administrator.email {
            user.set("email", email.as_str());
        }
        match unless_there(self.keycloak.admin(by).users().create(by, &user).await)? {
            Some(id) => self.finish(by, &id, password).await,
            // Another run was faster, and knows the password.
            None => Ok(()),
        }
    }

    /// Gives the administrator whom another run began to make what is missing, and a new password: the one of that run is not known.
    async fn finish_administrator(&mut self, by: By<'_>) -> Result<(), CallError> {
        let Some(administrator) = &self.request.administrator else { return Ok(()) };
        let users = self.keycloak.admin(by).users();
        match users.find_exact(administrator.username.as_str()).await?.filter(is_unfinished) {
            Some(user) => {
                let password = password(administrator);
                users.set_password(by, &user.id, &password, administrator.temporary).await?;
                self.finish(by, &user.id, password).await
            }
            // Another run was faster.
            None => Ok(()),
        }
    }

    async fn finish(&mut self, by: By<'_>, id: &UserId, password: SecretString) -> Result<(), CallError> {
        let admin = self.keycloak.admin(by);
        if let Some(group) = &self.request.group {
            let group = self.group(by, group.name.as_str()).await?;
            twice(async || admin.users().join(by, id, &group).await).await?;
        }
        let (management, role) = self.right(by, REALM_ADMIN).await?;
        twice(async || admin.users().grant_client_role(by, id, &management, &role).await).await?;
        let mut user = found(admin.users().full(id).await?, "the administrator")?;
        if let Some(attributes) = user.0.get_mut("attributes").and_then(Value::as_object_mut) {
            attributes.remove(UNFINISHED_PERSON);
        }
        // From here on somebody can log in with the password. Whether the mark goes or stays, a password that was made at random must reach
        // whoever asked for it: with the mark, another run would make another one, without it, nobody would ever know this one.
        let is_random = self.request.administrator.as_ref().is_some_and(|asked| asked.password.is_none());
        let unmarked = twice(async || admin.users().put(by, id, &user).await).await;
        self.password = Some(password);
        match unmarked {
            Err(error) if is_random => {
                tracing::warn!(%error, "the first administrator may still bear the mark of an unfinished one");
                Ok(())
            }
            unmarked => unmarked,
        }
    }

    /// Takes marks off that do not count, so that they do not count in another run either.
    async fn unmark(&self, by: By<'_>, people: &[UserId]) -> Result<(), CallError> {
        let users = self.keycloak.admin(by).users();
        for id in people {
            let Some(mut user) = users.full(id).await? else { continue };
            let attributes = user.0.get_mut("attributes").and_then(Value::as_object_mut);
            if attributes.and_then(|attributes| attributes.remove(UNFINISHED_PERSON)).is_some() {
                users.put(by, id, &user).await?;
            }
        }
        Ok(())
    }

    /// The top-level group of this name.
    async fn group(&self, by: By<'_>, name: &str) -> Result<GroupId, CallError> {
        let groups = self.keycloak.admin(by).groups().all().await?;
        let group = groups.into_iter().find(|group| group.name == name && group.parent_id.is_none());
        Ok(found(group, name)?.id)
    }

    /// The client of this name, with Keycloak's own id of it.
    async fn client(&self, by: By<'_>, client_id: &str) -> Result<(String, Full), CallError> {
        let client = found(self.keycloak.admin(by).clients().full(client_id).await?, client_id)?;
        let uuid = client.0.get("id").and_then(Value::as_str).map(ToOwned::to_owned);
        Ok((found(uuid, client_id)?, client))
    }

    /// A right in the realm, with the id of the client that it belongs to.
    async fn right(&self, by: By<'_>, name: &str) -> Result<(String, RoleReference), CallError> {
        let admin = self.keycloak.admin(by);
        let management = found(admin.clients().find(REALM_MANAGEMENT).await?, REALM_MANAGEMENT)?.id;
        let role = found(admin.roles().client_role(&management, name).await?, name)?;
        Ok((management, reference(role)))
    }
}

pub(super) fn is_unfinished(user: &UserRow) -> bool {
    user.attributes.first(UNFINISHED_PERSON).is_some()
}

/// Adds redirect addresses to those that a client has.
fn add_addresses(client: &mut Full, addresses: &[String]) {
    let known = client.0.entry("redirectUris").or_insert_with(|| json!([]));
    let Some(known) = known.as_array_mut() else { return };
    for address in addresses.iter().map(|address| json!(address)) {
        if !known.contains(&address) {
            known.push(address);
        }
    }
}

/// What was created, or nothing if it is there already: made by another run at the same time.
fn unless_there<T>(created: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match created {
        Err(error) if error.status() == Some(409) => Ok(None),
        created => created.map(Some),
    }
}

/// Does something that brings about a state, and once more if that is refused: of two who do it at the same time, Keycloak refuses one.
async fn twice(done: impl AsyncFn() -> Result<(), CallError>) -> Result<(), CallError> {
    match done().await {
        Err(error) if is_collision(&error) => done().await,
        done => done,
    }
}

/// Whether this is how Keycloak answers one of two who do the same at the same time. It also answers so to what is wrong.
fn is_collision(error: &CallError) -> bool {
    matches!(error.status(), Some(400 | 409 | 500))
}

/// What must be there by now. Somebody may have removed it meanwhile.
fn found<T>(thing: Option<T>, name: &str) -> Result<T, CallError> {
    const KIND: Kind = Kind::new("bootstrap", crate::transport::Class::Read, "");
    thing.ok_or_else(|| {
        let error = Some(format!("{name} does not exist any more"));
        CallError::Refused(Box::new(Refusal { kind: KIND, status: 404, error, message: None, violations: Vec::new() }))
    })
}

fn reference(role: RoleRow) -> RoleReference {
    RoleReference { id: role.id, name: role.name }
}

fn object(value: Value) -> Full {
    match value {
        Value::Object(fields) => Full(fields),
        _ => Full::default(),
    }
}

/// The administrator's password, or one that nobody can guess.
fn password(administrator: &FirstAdministrator) -> SecretString {
    administrator.password.clone().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string().into())
}
