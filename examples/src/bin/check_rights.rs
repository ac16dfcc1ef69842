//! May this person change that group? An operator of one's own asks PrimeHub's rules, with an identity store in memory.
//!
//! Run it: `cargo run -p primehub-examples --bin check_rights`

use anyhow::Context as _;
use primehub_core::access::{Access, Caller, Person};
use primehub_core::identity::{Actor, Binding, IdentityStore, NewGroup, NewUser, attribute};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let store = MemoryIdentityStore::new(RealmSettings::new("primehub", "admin-ui"));
    let by = Actor::service();
    let mut research = NewGroup::new("research".parse()?);
    research.attributes.set_one(attribute::ADMINS, "ada");
    let group = store.create_group(&by, research).await?.value;
    for name in ["ada", "grace"] {
        let user = store.create_user(&by, NewUser::new(name.parse()?)).await?.value;
        store.bind(&by, &[Binding::Join { user: user.id.clone(), group: group.id.clone() }]).await?;
    }

    // One picture for the whole decision: the answers fit together, and no call leaves this process.
    let directory = store.directory();
    let mut answers = Vec::new();
    for name in ["ada", "grace"] {
        let user = directory.user_named(name).context("just made")?;
        // In a server, the account and the flag come from a checked access token.
        let person =
            Person::in_directory(&directory, &user.id, false, "token".into()).context("the account is enabled")?;
        let caller = Caller::Person(person);
        let access = Access::new(&caller, &directory);
        let (reads, administers) = (access.reader_of(&group.id).is_ok(), access.administrator_of(&group.id).is_ok());
        println!("{name}: reads research: {reads}, administers research: {administers}");
        answers.push((reads, administers));
    }
    anyhow::ensure!(answers == [(true, true), (true, false)], "the group's own administrator, and a member");
    Ok(())
}
