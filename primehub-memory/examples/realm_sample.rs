//! Writes a data folder that has a realm with a bit of everything, to be kept in `tests/data` when the format of its records changes:
//!
//! ```text
//! cargo run -p primehub-memory --example realm_sample -- primehub-memory/tests/data/realm-N
//! ```
//!
//! It has no signing keys: nothing in a public place should look like one.

use primehub_core::identity::{
    Actor, Binding, Edit, IdentityStore as _, Invitation, InvitationId, NewGroup, NewInvitation, NewPassword, NewUser,
    RealmEdit, Role, RoleKey, Subject, attribute,
};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};
use primehub_memory::persistence::{Change, DataDirectory, Journal as _, OpenOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: realm_sample FOLDER")?;
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.password_cost = PasswordCost::lowest();
    let store = MemoryIdentityStore::open(settings, DataDirectory::open(&folder, &OpenOptions::new())?)?;
    let by = Actor::service();

    let mut amy = NewUser::new("amy".parse()?);
    (amy.email, amy.first_name, amy.last_name) =
        (Some("amy@example.com".into()), Some("Amy".into()), Some("Sample".into()));
    amy.attributes.set_one(attribute::VOLUME_CAPACITY, "7");
    let amy = store.create_user(&by, amy).await?.value.id.clone();
    store.set_password(&by, &amy, NewPassword::temporary("a sample".into())).await?;
    let mut team = NewGroup::new("Vision_Lab".parse()?);
    team.attributes.set(attribute::ADMINS, vec!["amy".into(), "zoe".into()]);
    let team = store.create_group(&by, team).await?.value.id.clone();
    let role = RoleKey::realm("img:pytorch-1");
    store.ensure_role(&by, Role::new(role.clone())).await?;
    let administrator = store.directory().administrator_role().clone();
    let bindings = [
        Binding::Join { user: amy.clone(), group: team.clone() },
        Binding::Grant { to: Subject::Group(team.clone()), role },
        Binding::Grant { to: Subject::User(amy.clone()), role: administrator },
    ];
    for outcome in store.bind(&by, &bindings).await? {
        outcome?;
    }
    store.ensure_service_account(&by, "admin-ui").await?;
    let smtp = [("host", "mail.example.com"), ("password", "a sample")]
        .map(|(key, value)| (key.into(), Edit::Set(value.into())));
    let edit = RealmEdit { display_name: Edit::Set("Sample".into()), smtp: smtp.into(), ..RealmEdit::default() };
    store.edit_realm(&by, edit).await?;
    let invitation = Invitation::new(InvitationId::of_token("a sample"), team, "2100-01-01T00:00:00Z".parse()?);
    store.put_invitation(&by, NewInvitation::new(invitation)).await?;
    store.ensure_secret("client/hub", || "a sample".into()).await?;
    drop(store);

    // As a login leaves it.
    let session = r#"{"kind":"offline","clients":{"admin-ui":"2026-01-01T00:00:00Z"},"started":"2026-01-01T00:00:00Z",
        "authenticated":"2026-01-01T00:00:00Z","used":"2026-01-02T00:00:00Z","browser":null,
        "origin":{"address":"192.0.2.1","agent":"A browser"}}"#;
    let mut journal = DataDirectory::open(&folder, &OpenOptions::new())?.into_journal();
    journal.commit(vec![Change::put(format!("session/{amy}/a-session-of-24-letters-"), session)])?;
    Ok(())
}
