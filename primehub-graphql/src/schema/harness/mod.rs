//! Runs documents as a given caller against a store in memory, without HTTP and without tokens.
//!
//! The people: `amy` administers the platform, `bob` and `cat` are members of `lab`, which `bob` administers, and `dan` is in no group but
//! that of everyone. A second group, `ops`, is empty.

mod store;

use std::sync::{Arc, Mutex};

use async_graphql::{Request as Document, Variables};
use async_trait::async_trait;
use primehub_core::access::{Caller, Person};
use primehub_core::clock::ManualClock;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, TokenPolicy, VerificationKeys};
use primehub_core::identity::{
    Actor, AttributeEdit, AttributeEdits, Binding, Directory, Edit, GroupEdit, IdentityStore as _, NewGroup, NewUser,
    RealmEdit, Role, RoleKey, Subject, User, UserEdit, attribute,
};
use primehub_core::names::{GroupId, UserId};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};
use secrecy::SecretString;
use serde_json::{Value, json};

pub(crate) use self::store::{LAST_BINDING, ScriptedStore};
use super::Schema;
use crate::audit::{AuditRecord, AuditSink};
use crate::authentication::{AuthenticationMetrics, Authenticator, AuthenticatorSettings};
use crate::config::PlatformConfig;
use crate::request::{Budget, Request, Services};

/// A platform to send documents to.
pub(crate) struct Harness {
    /// What is behind the platform.
    pub(crate) memory: Arc<MemoryIdentityStore>,
    /// The same as the platform sees it: counts calls, and fails on demand.
    pub(crate) store: Arc<ScriptedStore>,
    pub(crate) clock: Arc<ManualClock>,
    audit: Arc<RememberedAudit>,
    services: Arc<Services>,
    schema: Schema,
}

impl Harness {
    /// The platform that this module describes.
    pub(crate) async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn configured(configure: impl FnOnce(&mut PlatformConfig)) -> Self {
        let clock = Arc::new(ManualClock::new("2030-01-01T00:00:00Z".parse().unwrap()));
        let mut realm = RealmSettings::new("primehub", "admin-ui");
        realm.clock = clock.clone();
        realm.password_cost = PasswordCost::lowest();
        let memory = Arc::new(MemoryIdentityStore::new(realm));
        let store = Arc::new(ScriptedStore::new(memory.clone()));
        let mut config = PlatformConfig::new("admin-ui");
        configure(&mut config);
        let authenticator = Authenticator::new(AuthenticatorSettings {
            store: store.clone(),
            issuer: Arc::new(NoIssuer),
            policy: TokenPolicy::new("https://id.example.com/realms/primehub", "admin-ui"),
            shared_secret: None,
            basic: false,
            stale_max: std::time::Duration::ZERO,
            clock: clock.clone(),
            metrics: AuthenticationMetrics::register(&mut prometheus_client::registry::Registry::default()),
        });
        let audit = Arc::new(RememberedAudit::default());
        let services = Services {
            store: store.clone(),
            authenticator: Arc::new(authenticator),
            clock: clock.clone(),
            audit: audit.clone(),
            config,
            administrators: tokio::sync::Mutex::default(),
        };
        let harness =
            Self { memory, store, clock, audit, services: Arc::new(services), schema: super::builder().finish() };
        harness.populate().await;
        harness
    }

    async fn populate(&self) {
        let amy = self.add_user("amy").await;
        let role = self.directory().administrator_role().clone();
        self.bind(Binding::Grant { to: Subject::User(amy), role }).await;
        let lab = self.add_group("lab").await;
        self.add_group("ops").await;
        for name in ["bob", "cat"] {
            let user = self.add_user(name).await;
            self.bind(Binding::Join { user, group: lab.clone() }).await;
        }
        self.set_group_attribute("lab", attribute::ADMINS, &["bob"]).await;
        self.add_user("dan").await;
    }

    /// Sends a document as `caller` and answers what an HTTP client would read.
    pub(crate) async fn run(&self, caller: Caller, document: &str, variables: Value) -> Answer {
        self.run_in(self.directory(), caller, document, variables).await
    }

    /// The same in a picture that need not be stored.
    pub(crate) async fn run_in(
        &self,
        directory: Arc<Directory>,
        caller: Caller,
        document: &str,
        variables: Value,
    ) -> Answer {
        let request = Request::new(self.services.clone(), caller, directory, "request-1".into(), Budget::default());
        let document = Document::new(document).variables(Variables::from_json(variables)).data(request);
        Answer(serde_json::to_value(self.schema.execute(document).await).unwrap())
    }

    /// Sends a document without variables as the named person.
    pub(crate) async fn run_as(&self, username: &str, document: &str) -> Answer {
        self.run(self.caller(username), document, json!({})).await
    }

    /// Sends a document without variables as a server that knows the shared secret.
    pub(crate) async fn run_as_server(&self, document: &str) -> Answer {
        self.run(Caller::SharedSecret, document, json!({})).await
    }

    /// The person as authentication would find them.
    pub(crate) fn caller(&self, username: &str) -> Caller {
        let directory = self.directory();
        let id = self.user(username).id.clone();
        Caller::Person(
            Person::in_directory(&directory, &id, directory.is_administrator(&id), SecretString::from("token"))
                .unwrap(),
        )
    }

    /// What is stored now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.memory.directory()
    }

    /// A user as stored now.
    pub(crate) fn user(&self, username: &str) -> Arc<User> {
        self.directory().user_named(username).unwrap_or_else(|| panic!("no user {username}")).clone()
    }

    /// Id of a user.
    pub(crate) fn user_id(&self, username: &str) -> UserId {
        self.user(username).id.clone()
    }

    /// Id of a group.
    pub(crate) fn group_id(&self, name: &str) -> GroupId {
        self.directory().group_named(name).unwrap_or_else(|| panic!("no group {name}")).id.clone()
    }

    /// Names of a user's groups.
    pub(crate) fn groups_of(&self, username: &str) -> Vec<String> {
        self.directory().groups_of(&self.user_id(username)).map(|group| group.name.to_string()).collect()
    }

    /// Every value of a group's attribute.
    pub(crate) fn group_attribute(&self, group: &str, name: &str) -> Vec<String> {
        self.directory().group_named(group).unwrap().attributes.all(name).to_vec()
    }

    /// Adds a user without anything optional.
    pub(crate) async fn add_user(&self, username: &str) -> UserId {
        self.memory
            .create_user(&Actor::service(), NewUser::new(username.parse().unwrap()))
            .await
            .unwrap()
            .value
            .id
            .clone()
    }

    /// Adds a group without attributes.
    pub(crate) async fn add_group(&self, name: &str) -> GroupId {
        self.memory
            .create_group(&Actor::service(), NewGroup::new(name.parse().unwrap()))
            .await
            .unwrap()
            .value
            .id
            .clone()
    }

    /// Adds a realm role and grants it to a group.
    pub(crate) async fn add_group_role(&self, group: &str, role: &str) {
        let key = RoleKey::realm(role);
        self.memory.ensure_role(&Actor::service(), Role::new(key.clone())).await.unwrap();
        self.bind(Binding::Grant { to: Subject::Group(self.group_id(group)), role: key }).await;
    }

    /// Carries out a binding.
    pub(crate) async fn bind(&self, binding: Binding) {
        for outcome in self.memory.bind(&Actor::service(), &[binding]).await.unwrap() {
            outcome.unwrap();
        }
    }

    /// Writes an attribute of a group, past every check of the platform.
    pub(crate) async fn set_group_attribute(&self, group: &str, name: &str, values: &[&str]) {
        let values = values.iter().map(ToString::to_string).collect();
        let mut attributes = AttributeEdits::default();
        attributes.put(name, AttributeEdit::Set(values));
        let edit = GroupEdit { attributes, ..GroupEdit::default() };
        self.memory.edit_group(&Actor::service(), &self.group_id(group), edit).await.unwrap();
    }

    /// Changes an account, past every check of the platform.
    pub(crate) async fn edit_user(&self, username: &str, edit: UserEdit) {
        self.memory.edit_user(&Actor::service(), &self.user_id(username), edit).await.unwrap();
    }

    /// Makes the realm able to send e-mails.
    pub(crate) async fn add_mail_server(&self) {
        let set = |text: &str| Edit::Set(text.to_owned());
        let smtp = [("host".to_owned(), set("mail.example.com")), ("from".to_owned(), set("primehub@example.com"))];
        let edit = RealmEdit { smtp: smtp.into(), ..RealmEdit::default() };
        self.memory.edit_realm(&Actor::service(), edit).await.unwrap();
    }

    /// Lets work in the background go on until `done`.
    pub(crate) async fn settle(&self, done: impl Fn() -> bool) {
        for _ in 0..1000 {
            if done() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the work in the background does not end");
    }

    /// The audit records so far.
    pub(crate) fn audit(&self) -> Vec<AuditRecord> {
        self.audit.0.lock().unwrap().clone()
    }
}

/// An answer as JSON.
#[derive(Debug)]
pub(crate) struct Answer(Value);

impl Answer {
    /// The data of an answer without errors.
    pub(crate) fn data(self) -> Value {
        assert!(self.0.get("errors").is_none(), "unexpected errors: {:#}", self.0);
        self.0["data"].clone()
    }

    /// The data, whatever the errors.
    pub(crate) fn partial_data(&self) -> &Value {
        &self.0["data"]
    }

    /// Codes and texts of the errors, as `CODE: text`.
    pub(crate) fn errors(&self) -> Vec<String> {
        let text =
            |error: &Value, pointer| error.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let errors = self.0["errors"].as_array().into_iter().flatten();
        errors.map(|error| format!("{}: {}", text(error, "/extensions/code"), text(error, "/message"))).collect()
    }

    /// The only error of an answer.
    pub(crate) fn error(&self) -> String {
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "one error expected: {:#}", self.0);
        errors.into_iter().next().unwrap()
    }
}

#[derive(Default)]
struct RememberedAudit(Mutex<Vec<AuditRecord>>);

impl AuditSink for RememberedAudit {
    fn record(&self, record: &AuditRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

/// Callers are given, so nobody asks for tokens.
struct NoIssuer;

#[async_trait]
impl TokenIssuer for NoIssuer {
    async fn verification_keys<'a>(
        &'a self,
        _wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        Err(unasked())
    }

    async fn exchange_api_token(&self, _api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        Err(unasked())
    }

    async fn log_in(&self, _username: &str, _password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        Err(unasked())
    }
}

fn unasked() -> TokenIssuerError {
    TokenIssuerError::Unavailable { cause: "there is none".into() }
}
