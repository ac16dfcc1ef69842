//! People and groups to try PrimeHub with.

use std::error::Error;

use async_trait::async_trait;
use primehub_core::identity::{
    Actor, AttributeEdit, Binding, Edit, IdentityError, IdentityStore, NewGroup, NewPassword, NewUser, Subject,
    UserEdit, attribute,
};
use primehub_core::names::UserId;
use secrecy::SecretString;

use crate::identity::MemoryIdentityStore;
use crate::oidc::OpenIdProvider;
use crate::random::random_text;

/// Somebody who can log in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DemoPerson {
    /// The account.
    pub id: UserId,
    /// Login name.
    pub username: &'static str,
    /// Made at random for this start.
    pub password: SecretString,
    /// An API token, as a person would fetch one.
    pub api_token: SecretString,
    /// What the person may do, for people to read.
    pub rights: &'static str,
    /// Names of the person's groups, that of everyone left out.
    pub groups: &'static [&'static str],
}

/// Where the people of the demo get their first API token.
#[async_trait]
pub trait FirstToken: Send + Sync {
    /// An API token for the account, which has just been made.
    ///
    /// # Errors
    /// When the account gets none.
    async fn first_token(
        &self,
        id: &UserId,
        username: &str,
        password: &SecretString,
    ) -> Result<SecretString, Box<dyn Error + Send + Sync>>;
}

/// Its own people need not log in for it.
#[async_trait]
impl FirstToken for OpenIdProvider {
    async fn first_token(
        &self,
        id: &UserId,
        _: &str,
        _: &SecretString,
    ) -> Result<SecretString, Box<dyn Error + Send + Sync>> {
        Ok(self.mint_api_token(id).await?)
    }
}

/// Why the people and groups could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{who} cannot be made for the demo")]
pub struct DemoError {
    who: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

/// Who is to be in a new realm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cast {
    /// A platform administrator and nobody else.
    Administrator,
    /// Two groups with different quotas, and people with different rights in them: a platform administrator, an administrator of one
    /// group, a member of each, and somebody in no group.
    PeopleAndGroups,
}

/// Makes the cast, if nobody is in the realm yet; answers who was made. A first time that was interrupted is begun anew, as nobody can have
/// used what it left.
///
/// # Errors
/// When a group, an account or one of their parts cannot be made.
pub async fn set_up(
    store: &MemoryIdentityStore,
    provider: &OpenIdProvider,
    cast: Cast,
) -> Result<Vec<DemoPerson>, DemoError> {
    let unfinished = !store.secrets_under(UNFINISHED).is_empty();
    if store.directory().people_count() > 0 && !unfinished {
        return Ok(Vec::new());
    }
    let whole = "the first set-up";
    store.ensure_secret(UNFINISHED, || SecretString::from("")).await.map_err(failed(whole))?;
    clear(store).await.map_err(failed(whole))?;
    let people = match cast {
        Cast::Administrator => vec![make_person(store, provider, &Part { groups: &[], ..ADMINISTRATOR }).await?],
        Cast::PeopleAndGroups => people_and_groups(store, provider).await?,
    };
    store.remove_secret(UNFINISHED).await.map_err(failed(whole))?;
    Ok(people)
}

/// There while a realm is set up for the first time.
const UNFINISHED: &str = "first-set-up";

/// Makes [`Cast::PeopleAndGroups`] in any store.
///
/// # Errors
/// When a group, an account or one of their parts cannot be made, for example because it exists.
pub async fn people_and_groups<S: IdentityStore + ?Sized>(
    store: &S,
    tokens: &dyn FirstToken,
) -> Result<Vec<DemoPerson>, DemoError> {
    for (name, settings) in GROUPS {
        make_group(store, name, settings).await?;
    }
    let cast = std::iter::once(&ADMINISTRATOR).chain(OTHERS);
    // Together, because hashing the passwords is what takes time.
    futures::future::try_join_all(cast.map(|part| make_person(store, tokens, part))).await
}

/// Login name of the platform administrator.
pub const ADMINISTRATOR_NAME: &str = ADMINISTRATOR.username;

/// Makes [`Cast::PeopleAndGroups`] around a platform administrator who is there already: for stores whose own account may not make
/// administrators.
///
/// # Errors
/// When a group, an account or one of their parts cannot be made, for example because it exists.
pub async fn people_and_groups_around<S: IdentityStore + ?Sized>(
    store: &S,
    tokens: &dyn FirstToken,
    administrator: &UserId,
    password: SecretString,
) -> Result<Vec<DemoPerson>, DemoError> {
    for (name, settings) in GROUPS {
        make_group(store, name, settings).await?;
    }
    let part = &ADMINISTRATOR;
    let mut edit = UserEdit {
        email: Edit::Set(email_of(part)),
        first_name: Edit::Set(part.names.0.into()),
        last_name: Edit::Set(part.names.1.into()),
        ..UserEdit::default()
    };
    edit.attributes.put(attribute::ENABLE_INVITE_USERS, AttributeEdit::Set(vec!["true".into()]));
    store.edit_user(&Actor::service(), administrator, edit).await.map_err(failed(part.username))?;
    let there = Part { administrator: false, ..ADMINISTRATOR };
    let mut people = vec![equip(store, tokens, &there, administrator.clone(), password).await?];
    people.extend(futures::future::try_join_all(OTHERS.iter().map(|part| make_person(store, tokens, part))).await?);
    Ok(people)
}

/// Takes out what an earlier attempt may have made.
async fn clear(store: &MemoryIdentityStore) -> Result<(), IdentityError> {
    let (by, directory) = (Actor::service(), store.directory());
    for user in directory.people_from(0) {
        store.delete_user(&by, &user.id).await?;
    }
    for group in directory.groups().filter(|group| group.id != *directory.everyone_id()) {
        store.delete_group(&by, &group.id).await?;
    }
    Ok(())
}

const GROUPS: &[(&str, &[(&str, &str)])] = &[
    (
        "research",
        &[
            (attribute::DISPLAY_NAME, "Research"),
            (attribute::ADMINS, "ada"),
            (attribute::QUOTA_CPU, "4"),
            (attribute::QUOTA_GPU, "1"),
            (attribute::QUOTA_MEMORY, "16G"),
            (attribute::PROJECT_QUOTA_CPU, "16"),
            (attribute::PROJECT_QUOTA_GPU, "4"),
            (attribute::PROJECT_QUOTA_MEMORY, "64G"),
        ],
    ),
    (
        "teaching",
        &[
            (attribute::DISPLAY_NAME, "Teaching"),
            (attribute::QUOTA_CPU, "1"),
            (attribute::QUOTA_GPU, "0"),
            (attribute::QUOTA_MEMORY, "4G"),
            (attribute::PROJECT_QUOTA_CPU, "8"),
            (attribute::PROJECT_QUOTA_GPU, "0"),
        ],
    ),
];

/// Somebody in the play.
struct Part {
    username: &'static str,
    names: (&'static str, &'static str),
    rights: &'static str,
    groups: &'static [&'static str],
    administrator: bool,
    may_invite: bool,
}

const ADMINISTRATOR: Part = Part {
    username: "phadmin",
    names: ("Phoebe", "Administrator"),
    rights: "platform administrator",
    groups: &["research"],
    administrator: true,
    may_invite: true,
};

const OTHERS: &[Part] = &[
    Part {
        username: "ada",
        names: ("Ada", "Lovelace"),
        rights: "administrator of the group research, may invite",
        groups: &["research"],
        administrator: false,
        may_invite: true,
    },
    Part {
        username: "grace",
        names: ("Grace", "Hopper"),
        rights: "member of research",
        groups: &["research"],
        administrator: false,
        may_invite: false,
    },
    Part {
        username: "alan",
        names: ("Alan", "Turing"),
        rights: "member of teaching",
        groups: &["teaching"],
        administrator: false,
        may_invite: false,
    },
    Part {
        username: "emmy",
        names: ("Emmy", "Noether"),
        rights: "in no group",
        groups: &[],
        administrator: false,
        may_invite: false,
    },
];

async fn make_group<S: IdentityStore + ?Sized>(
    store: &S,
    name: &'static str,
    settings: &[(&str, &str)],
) -> Result<(), DemoError> {
    let mut new = NewGroup::new(name.parse().map_err(failed(name))?);
    for (attribute, value) in settings {
        new.attributes.set_one(*attribute, *value);
    }
    store.create_group(&Actor::service(), new).await.map_err(failed(name))?;
    Ok(())
}

async fn make_person<S: IdentityStore + ?Sized>(
    store: &S,
    tokens: &dyn FirstToken,
    part: &Part,
) -> Result<DemoPerson, DemoError> {
    let by = Actor::service();
    let mut new = NewUser::new(part.username.parse().map_err(failed(part.username))?);
    new.email = Some(email_of(part));
    (new.first_name, new.last_name) = (Some(part.names.0.into()), Some(part.names.1.into()));
    if part.may_invite {
        new.attributes.set_one(attribute::ENABLE_INVITE_USERS, "true");
    }
    let id = store.create_user(&by, new).await.map_err(failed(part.username))?.value.id.clone();

    let password = SecretString::from(random_text::<12>());
    let new_password = NewPassword::lasting(password.clone());
    store.set_password(&by, &id, new_password).await.map_err(failed(part.username))?;
    equip(store, tokens, part, id, password).await
}

/// Groups, rights and a token for an account that can log in.
async fn equip<S: IdentityStore + ?Sized>(
    store: &S,
    tokens: &dyn FirstToken,
    part: &Part,
    id: UserId,
    password: SecretString,
) -> Result<DemoPerson, DemoError> {
    let by = Actor::service();
    let directory = store.directory();
    let groups = part.groups.iter().filter_map(|name| directory.group_named(name));
    let mut bindings: Vec<_> =
        groups.map(|group| Binding::Join { user: id.clone(), group: group.id.clone() }).collect();
    if part.administrator {
        let role = directory.administrator_role().clone();
        bindings.push(Binding::Grant { to: Subject::User(id.clone()), role });
    }
    for outcome in store.bind(&by, &bindings).await.map_err(failed(part.username))? {
        outcome.map_err(failed(part.username))?;
    }
    let api_token = tokens.first_token(&id, part.username, &password).await.map_err(failed(part.username))?;
    let Part { username, rights, groups, .. } = *part;
    Ok(DemoPerson { id, username, password, api_token, rights, groups })
}

fn email_of(part: &Part) -> String {
    format!("{}@example.com", part.username)
}

fn failed<E: Into<Box<dyn Error + Send + Sync>>>(who: &'static str) -> impl Fn(E) -> DemoError {
    move |source| DemoError { who, source: source.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::identity::{PasswordCheck, RealmSettings};
    use crate::oidc::ProviderSettings;

    #[tokio::test]
    async fn everybody_can_log_in_and_has_the_rights_that_are_told() {
        let realm = RealmSettings::new("primehub", "admin-ui");
        let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret".into());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let provider = OpenIdProvider::start(store.clone(), settings).await.unwrap();
        let people = people_and_groups(&*store, &provider).await.unwrap();
        assert_eq!(people.len(), 5);
        let directory = store.directory();
        for person in &people {
            let check = store.verify_password(person.username, &person.password).await.unwrap();
            assert!(matches!(check, PasswordCheck::Correct(_)), "{}", person.username);
            assert_eq!(directory.is_administrator(&person.id), person.username == "phadmin");
            let groups: Vec<_> = directory.groups_of(&person.id).map(|group| group.name.to_string()).collect();
            assert_eq!(groups, [&["everyone"], person.groups].concat());
        }
        let counts = store.api_token_counts(&[people[0].id.clone()]).await.unwrap();
        assert_eq!(counts.get(&people[0].id), Some(&1));
        assert!(people_and_groups(&*store, &provider).await.is_err(), "not twice");
        assert!(set_up(&store, &provider, Cast::PeopleAndGroups).await.unwrap().is_empty(), "somebody is there");
    }

    #[tokio::test]
    async fn people_come_around_an_administrator_who_is_there() {
        let realm = RealmSettings::new("primehub", "admin-ui");
        let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret".into());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let provider = OpenIdProvider::start(store.clone(), settings).await.unwrap();
        let alone = set_up(&store, &provider, Cast::Administrator).await.unwrap().remove(0);
        let people = people_and_groups_around(&*store, &provider, &alone.id, "known".into()).await.unwrap();
        let told = |person: &DemoPerson| (person.username, person.rights, person.groups);
        let usual = [&ADMINISTRATOR].into_iter().chain(OTHERS).map(|part| (part.username, part.rights, part.groups));
        assert!(people.iter().map(told).eq(usual));
        let directory = store.directory();
        assert!(directory.is_administrator(&alone.id));
        for person in &people {
            let groups: Vec<_> = directory.groups_of(&person.id).map(|group| group.name.to_string()).collect();
            assert_eq!(groups, [&["everyone"], person.groups].concat());
        }
    }

    #[tokio::test]
    async fn an_interrupted_first_time_is_begun_anew() {
        let realm = RealmSettings::new("primehub", "admin-ui");
        let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret".into());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let provider = OpenIdProvider::start(store.clone(), settings).await.unwrap();
        store.ensure_secret(UNFINISHED, || "".into()).await.unwrap();
        make_group(&*store, "research", &[]).await.unwrap();
        make_person(&*store, &provider, &OTHERS[0]).await.unwrap();
        assert_eq!(set_up(&store, &provider, Cast::PeopleAndGroups).await.unwrap().len(), 5);
        assert!(set_up(&store, &provider, Cast::PeopleAndGroups).await.unwrap().is_empty());
    }
}
