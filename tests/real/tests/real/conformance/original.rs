//! A realm that the original PrimeHub left behind works as it is: made by hand, not by our bootstrap.

use std::sync::Arc;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::{
    Actor, Edit, GroupEdit, GroupSettings, IdentityError, IdentityStore, Invitation, InvitationId, Key, NewInvitation,
    RoleKey, UserEdit, UserSettings,
};
use primehub_core::names::{GroupId, UserId};
use real_peers::Shared;
use serde_json::{Value, json};

use super::hand::invitation;
use super::realm::{CLIENT, Realm, fresh_name};

const SECRET: &str = "secret-of-the-original-client";

/// What stands in the realm.
struct Original {
    realm: Realm,
    everyone: GroupId,
    team: GroupId,
    administrator: UserId,
    amy: UserId,
}

impl Original {
    /// As the original's set-up and a while of use leave it. `policy` is what its operators had to set for its attributes to be kept.
    async fn made(shared: &Shared, policy: &str) -> Self {
        let endpoint = shared.keycloak().await.unwrap();
        let realm = Realm::at(&endpoint, fresh_name("original"), SECRET.into());
        let admin = &realm.admin;
        let settings = json!({ "attributes": { "frontendUrl": endpoint.base_url }, "sslRequired": "none" });
        admin.create_realm(&realm.name, settings).await.unwrap();
        let mut profile = admin.get(&realm.path(&["users", "profile"])).await.unwrap();
        profile["unmanagedAttributePolicy"] = policy.into();
        admin.put(&realm.path(&["users", "profile"]), &profile).await.unwrap();

        let everyone = json!({ "name": "everyone", "attributes": {
            "canUseGpu": ["false"], "displayName": ["Global"], "quota-cpu": ["0"], "quota-gpu": ["0"],
            "project-quota-cpu": ["0"], "project-quota-gpu": ["0"] } });
        let everyone = admin.create(&realm.path(&["groups"]), &everyone).await.unwrap();
        admin.put(&realm.path(&["default-groups", &everyone]), &json!({})).await.unwrap();

        let client = json!({
            "clientId": CLIENT, "secret": SECRET, "serviceAccountsEnabled": true, "standardFlowEnabled": true,
            "fullScopeAllowed": false, "redirectUris": ["http://127.0.0.1:3000/console/*"],
        });
        let client = admin.create(&realm.path(&["clients"]), &client).await.unwrap();
        let service = admin.get(&realm.path(&["clients", &client, "service-account-user"])).await.unwrap();
        realm.administrates(service["id"].as_str().unwrap()).await;
        let management = realm.client("realm-management").await;
        let role = admin.get(&realm.path(&["clients", &management, "roles", "realm-admin"])).await.unwrap();
        let scope = realm.path(&["clients", &client, "scope-mappings", "clients", &management]);
        admin.post(&scope, &json!([role])).await.unwrap();

        let administrator = json!({
            "username": "phadmin", "enabled": true, "email": "phadmin@example.com", "emailVerified": true,
            "requiredActions": ["UPDATE_PASSWORD"],
        });
        let administrator = admin.create(&realm.path(&["users"]), &administrator).await.unwrap();
        realm.administrates(&administrator).await;
        let amy = json!({
            "username": "Amy", "enabled": true, "email": "amy@example.com", "firstName": "Amy", "lastName": "Lee",
            "attributes": { "volumeCapacity": ["20G"], "enableInviteUsers": ["true"], "thumbnail": ["file.png"],
                "project-quota-gpu": ["2"], "plugin:theirs": ["b", "a"] },
        });
        let amy = admin.create(&realm.path(&["users"]), &amy).await.unwrap();

        let team = json!({ "name": "phusers", "description": "ours since 2019", "attributes": {
            "displayName": ["primehub users"], "admins": ["phadmin", "amy"], "quota-cpu": ["10.5"], "quota-gpu": ["0"],
            "enabled-shared-volume": ["false"], "enabled-deployment": ["true"], "plugin:theirs": ["b", "a"] } });
        let team = admin.create(&realm.path(&["groups"]), &team).await.unwrap();
        for user in [&administrator, &amy] {
            admin.put(&realm.path(&["users", user, "groups", &team]), &json!({})).await.unwrap();
        }
        for (role, group) in [
            ("it:cpu-1", &everyone),
            ("hub:it:gpu-1", &team),
            ("img:base-notebook", &everyone),
            ("hub:ds:rw:data", &team),
        ] {
            admin.post(&realm.path(&["roles"]), &json!({ "name": role })).await.unwrap();
            let row = admin.get(&realm.path(&["roles", role])).await.unwrap();
            let mapping = json!([{ "id": row["id"], "name": role }]);
            admin.post(&realm.path(&["groups", group, "role-mappings", "realm"]), &mapping).await.unwrap();
        }
        Self {
            everyone: GroupId::new(everyone),
            team: GroupId::new(team),
            administrator: UserId::new(administrator),
            amy: UserId::new(amy),
            realm,
        }
    }

    /// Adds the role with all invitations: those of these tokens, and what else stood in such roles.
    async fn invite(&self, tokens: &[String], until: Timestamp) {
        let mut attributes = json!({
            "invitation-broken": ["{\"groupId\":"], "theirs": ["stays"],
            "invitation-0": [invitation("expired-token", self.team.as_str(), Timestamp::UNIX_EPOCH)],
        });
        for token in tokens {
            attributes[format!("invitation-{token}")] = json!([invitation(token, self.team.as_str(), until)]);
        }
        let role = json!({ "name": "invitation", "attributes": attributes });
        self.realm.admin.post(&self.realm.path(&["roles"]), &role).await.unwrap();
    }

    async fn get(&self, parts: &[&str]) -> Value {
        self.realm.admin.get(&self.realm.path(parts)).await.unwrap()
    }

    async fn roles_of_invitations(&self) -> Vec<String> {
        let roles = self.realm.admin.get(&format!("{}/roles?search=invitation", self.realm.name)).await.unwrap();
        let names = roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned());
        names.filter(|name| name != "invitation").collect()
    }
}

fn in_an_hour() -> Timestamp {
    Timestamp::from_second(SystemClock.now().as_second() + 3_600).unwrap()
}

fn tokens(number: usize) -> Vec<String> {
    (0..number).map(|_| uuid::Uuid::new_v4().to_string()).collect()
}

/// Everything shows; what is written keeps what is not ours; and new invitations are one role each.
pub(super) async fn adopted(shared: Arc<Shared>) {
    for policy in ["ENABLED", "ADMIN_EDIT"] {
        let original = Original::made(&shared, policy).await;
        let tokens = tokens(2);
        original.invite(&tokens, in_an_hour()).await;
        let store = original.realm.store().await;
        shown(&original, &store, &tokens);
        kept(&original, &store).await;
        invited(&original, &store).await;
        original.realm.end().await;
    }
}

fn shown(original: &Original, store: &dyn IdentityStore, tokens: &[String]) {
    let directory = store.directory();
    assert_eq!(*directory.everyone_id(), original.everyone);
    assert!(directory.realm().default_groups.contains(&original.everyone));
    let amy = directory.user_named("amy").unwrap();
    assert_eq!((&amy.id, amy.email.as_deref()), (&original.amy, Some("amy@example.com")));
    assert_eq!((amy.first_name.as_deref(), amy.last_name.as_deref(), amy.enabled), (Some("Amy"), Some("Lee"), true));
    assert_eq!(amy.attributes.iter().count(), 5);
    assert_eq!(amy.attributes.all("plugin:theirs"), ["b", "a"]);
    let settings = UserSettings::of(&amy.attributes);
    assert!(settings.enable_invite_users, "{settings:?}");
    assert_eq!(directory.user(&original.administrator).unwrap().required_actions, ["UPDATE_PASSWORD"]);
    let people: Vec<_> = directory.people_from(0).map(|user| &*user.username).collect();
    assert_eq!(people, ["amy", "phadmin"]);
    let administrators: Vec<_> = directory.people_who_administer().map(|user| &user.id).collect();
    assert_eq!(administrators, [&original.administrator]);

    let team = directory.group_named("phusers").unwrap();
    assert_eq!((&team.id, team.description.as_deref()), (&original.team, Some("ours since 2019")));
    let settings = GroupSettings::of(&team.attributes);
    assert!(["phadmin", "amy"].iter().all(|name| settings.admins.iter().any(|admin| admin == name)), "{settings:?}");
    assert_eq!(team.attributes.iter().count(), 7);
    assert_eq!(directory.member_count(&team.id), 2);
    // The service account is in everyone, and no person.
    assert!(directory.is_member(&original.amy, &original.everyone));
    for (group, roles) in
        [(&original.everyone, ["img:base-notebook", "it:cpu-1"]), (&original.team, ["hub:ds:rw:data", "hub:it:gpu-1"])]
    {
        let mut shown: Vec<_> = directory.roles_of_group(group).cloned().collect();
        shown.sort_unstable();
        assert_eq!(shown, roles.map(RoleKey::realm));
    }
    let open = tokens.iter().map(|token| InvitationId::of_token(token));
    for id in open.chain([InvitationId::of_token("expired-token")]) {
        assert_eq!(directory.invitation(&id).unwrap().group, original.team);
    }
    assert_eq!(directory.invitations().count(), tokens.len() + 1);
}

/// Writes change what they name, whatever else stands there.
async fn kept(original: &Original, store: &dyn IdentityStore) {
    let user = ["users", original.amy.as_str()];
    let mut expected = original.get(&user).await;
    let mut edit = UserEdit { last_name: Edit::Set("Ng".into()), ..UserEdit::default() };
    edit.attributes.set("volumeCapacity", "30G");
    store.edit_user(&Actor::service(), &original.amy, edit).await.unwrap();
    (expected["lastName"], expected["attributes"]["volumeCapacity"]) = ("Ng".into(), json!(["30G"]));
    assert_eq!(original.get(&user).await, expected);

    let group = ["groups", original.team.as_str()];
    let mut expected = original.get(&group).await;
    let mut edit = GroupEdit::default();
    edit.attributes.set("quota-cpu", "12");
    store.edit_group(&Actor::service(), &original.team, edit).await.unwrap();
    expected["attributes"]["quota-cpu"] = json!(["12"]);
    assert_eq!(original.get(&group).await, expected);
}

/// A new invitation is a role of its own. Meanwhile the expired one of the shared role goes, and nothing else does.
async fn invited(original: &Original, store: &dyn IdentityStore) {
    let before = original.get(&["roles", "invitation"]).await["attributes"].clone();
    let id = InvitationId::of_token("a-new-token");
    let new = Invitation::new(id, original.team.clone(), in_an_hour());
    store.put_invitation(&Actor::service(), NewInvitation::new(new.clone())).await.unwrap();
    assert_eq!(original.roles_of_invitations().await, [format!("invitation:{id}")]);
    let mut expected = before;
    expected.as_object_mut().unwrap().remove("invitation-0").unwrap();
    assert_eq!(original.get(&["roles", "invitation"]).await["attributes"], expected);
    assert_eq!(store.take_invitation(&Actor::service(), &id).await.unwrap().value, new);
    assert!(original.roles_of_invitations().await.is_empty());
}

/// Eight takers in two processes, for each of several invitations at the same moment: one gets it, and it stays taken.
pub(super) async fn taken_once(shared: Arc<Shared>) {
    let original = Original::made(&shared, "ADMIN_EDIT").await;
    let tokens = tokens(4);
    let until = in_an_hour();
    original.invite(&tokens, until).await;
    let stores = [original.realm.store().await, original.realm.store().await];
    let (platform, new) = (Actor::service(), InvitationId::of_token("a-new-token"));
    let invitation = Invitation::new(new, original.team.clone(), until);
    stores[0].put_invitation(&platform, NewInvitation::new(invitation)).await.unwrap();
    let mut ids: Vec<InvitationId> = tokens.iter().map(|token| InvitationId::of_token(token)).collect();
    ids.push(new);
    let takers = (0..8).flat_map(|taker| {
        let store = &stores[taker % 2];
        ids.iter().map(|id| async { (*id, store.take_invitation(&platform, id).await) })
    });
    let answers = join_all(takers).await;
    for id in &ids {
        let of_this = || answers.iter().filter(|(of, _)| of == id).map(|(_, answer)| answer);
        let winners: Vec<_> = of_this().flatten().collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert_eq!((&winners[0].value.group, winners[0].value.expires_at), (&original.team, until));
        let absent = IdentityError::Absent(Key::Invitation(*id));
        assert!(of_this().filter_map(|answer| answer.as_ref().err()).all(|error| *error == absent), "{answers:?}");
    }
    // Who starts now, or reads everything again, finds none of them.
    let later = original.realm.store().await;
    for id in &ids {
        assert!(later.directory().invitation(id).is_none());
        assert!(later.take_invitation(&platform, id).await.is_err());
    }
    // One that was taken and not used is put back, and taken once more.
    let taken = Invitation::new(ids[0], original.team.clone(), until);
    later.put_invitation(&platform, NewInvitation::new(taken.clone())).await.unwrap();
    later.refresh(&[Key::Invitation(ids[0])]).await.unwrap();
    assert_eq!(later.take_invitation(&platform, &ids[0]).await.unwrap().value, taken);
    assert!(later.take_invitation(&platform, &ids[0]).await.is_err());

    // Marks go once the invitations have expired.
    let past = Timestamp::from_second(SystemClock.now().as_second() - 60).unwrap();
    let mut role = original.get(&["roles", "invitation"]).await;
    for token in &tokens {
        let value = super::hand::invitation(token, original.team.as_str(), past);
        role["attributes"][format!("invitation-{token}")] = json!([value]);
    }
    let by_id = original.realm.path(&["roles-by-id", role["id"].as_str().unwrap()]);
    original.realm.admin.put(&by_id, &role).await.unwrap();
    let next =
        Invitation::new(InvitationId::of_token("next"), original.team.clone(), until + SignedDuration::from_hours(1));
    stores[1].put_invitation(&platform, NewInvitation::new(next.clone())).await.unwrap();
    assert_eq!(original.roles_of_invitations().await, [format!("invitation:{}", next.id)]);
    original.realm.end().await;
}
