//! People and groups, as many as wanted.

use futures::future::try_join_all;
use primehub_core::identity::{Actor, Binding, IdentityStore as _, NewGroup, NewUser, Subject, attribute};
use primehub_core::names::{GroupId, UserId};
use primehub_memory::identity::MemoryIdentityStore;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// People, the administrator among them.
    pub users: usize,
    /// Groups, that of everyone left out.
    pub groups: usize,
}

/// In how many groups everybody is, if there are so many.
pub const GROUPS_EACH: usize = 5;

/// In how many groups the member is whose requests are measured, if there are so many.
pub const GROUPS_OF_MEMBER: usize = 10;

/// The realm, as the program names it.
pub(crate) const REALM: &str = "primehub";

/// PrimeHub's client at the provider, likewise.
pub(crate) const CLIENT: &str = "admin-ui";

/// How many accounts or groups are made at the same time: with a data folder they share commits.
const WRITES_AT_ONCE: usize = 5_000;

/// How many bindings are made in one call.
const BINDINGS_AT_ONCE: usize = 10_000;

/// Fills a store with people and groups: everybody has names, an e-mail address and [`GROUPS_EACH`] groups, and every group has quotas and an
/// administrator. The first of the people administers the platform.
///
/// # Errors
/// A store that refuses.
pub(crate) async fn populate(store: &MemoryIdentityStore, size: Size) -> anyhow::Result<(Vec<UserId>, Vec<GroupId>)> {
    let by = Actor::service();
    let create_group = async |number| anyhow::Ok(store.create_group(&by, new_group(number)?).await?.value.id.clone());
    let create_user = async |number| anyhow::Ok(store.create_user(&by, new_user(number)?).await?.value.id.clone());
    let (mut groups, mut users) = (Vec::with_capacity(size.groups), Vec::with_capacity(size.users));
    for begin in (0..size.groups).step_by(WRITES_AT_ONCE) {
        let some = begin..size.groups.min(begin + WRITES_AT_ONCE);
        groups.extend(try_join_all(some.map(create_group)).await?);
    }
    for begin in (0..size.users).step_by(WRITES_AT_ONCE) {
        let some = begin..size.users.min(begin + WRITES_AT_ONCE);
        users.extend(try_join_all(some.map(create_user)).await?);
    }
    let mut bindings = Vec::new();
    for (number, user) in users.iter().enumerate() {
        let many = if number == MEMBER { GROUPS_OF_MEMBER } else { GROUPS_EACH };
        for nth in 0..many.min(groups.len()) {
            bindings.push(Binding::Join { user: user.clone(), group: groups[(number + nth) % groups.len()].clone() });
        }
    }
    if let Some(administrator) = users.first() {
        let role = store.directory().administrator_role().clone();
        bindings.push(Binding::Grant { to: Subject::User(administrator.clone()), role });
    }
    for some in bindings.chunks(BINDINGS_AT_ONCE) {
        store.bind(&by, some).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    Ok((users, groups))
}

/// Which of the people is measured.
const MEMBER: usize = 1;

fn username(number: usize) -> String {
    format!("user-{number:06}")
}

fn new_user(number: usize) -> anyhow::Result<NewUser> {
    let mut new = NewUser::new(username(number).parse()?);
    new.email = Some(format!("{}@example.com", username(number)));
    (new.first_name, new.last_name) = (Some(format!("Given{number}")), Some(format!("Family{number}")));
    Ok(new)
}

fn new_group(number: usize) -> anyhow::Result<NewGroup> {
    let mut new = NewGroup::new(format!("group-{number:04}").parse()?);
    let admin = username(number + 2);
    let display_name = format!("Group {number}");
    let settings = [
        (attribute::DISPLAY_NAME, display_name.as_str()),
        (attribute::ADMINS, admin.as_str()),
        (attribute::QUOTA_CPU, "4"),
        (attribute::QUOTA_GPU, "1"),
        (attribute::QUOTA_MEMORY, "16G"),
        (attribute::PROJECT_QUOTA_CPU, "64"),
        (attribute::PROJECT_QUOTA_GPU, "8"),
        (attribute::PROJECT_QUOTA_MEMORY, "256G"),
    ];
    for (name, value) in settings {
        new.attributes.set_one(name, value);
    }
    Ok(new)
}
