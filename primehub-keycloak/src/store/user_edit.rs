//! What an edit makes of a user's representation.

use primehub_core::identity::{
    AttributeEdit, AttributeEdits, Attributes, Capabilities, Edit, IdentityError, UserEdit, values,
};
use serde_json::Value;

use crate::admin::{Full, UserRow};

/// Carries the edit out on the whole representation: Keycloak clears e-mail and names when attributes come without them, so everything
/// goes back, and the attributes always do.
pub(super) fn edited(stored: &Full, edit: &UserEdit, limits: &Capabilities) -> Result<Full, IdentityError> {
    let row: UserRow = stored
        .row()
        .map_err(|error| IdentityError::Unavailable { cause: format!("the stored user cannot be read: {error}") })?;
    let mut wanted = stored.clone();
    if let Some(username) = &edit.username {
        wanted.set("username", username.as_str());
    }
    let email = field(&edit.email, values::check_email)?;
    if !matches!(&email, Edit::Keep) && !is(row.email.as_ref(), &email) {
        // Nobody has shown that the new address is theirs.
        wanted.set("emailVerified", false);
    }
    put(&mut wanted, "email", email);
    put(&mut wanted, "firstName", field(&edit.first_name, |name| values::check_person_name("firstName", name))?);
    put(&mut wanted, "lastName", field(&edit.last_name, |name| values::check_person_name("lastName", name))?);
    if let Some(enabled) = edit.enabled {
        wanted.set("enabled", enabled);
    }
    if !edit.attributes.is_empty() {
        values::check_user_attribute_edits(&row.attributes, &edit.attributes, limits)?;
        let after = values::without_blank(applied(&row.attributes, &edit.attributes));
        if after != row.attributes {
            wanted.set_attributes(&after);
        }
    }
    Ok(wanted)
}

/// What is sent for a representation: one whose attributes Keycloak left out because there are none gets an empty map, since only then
/// does an absent e-mail address or name mean that it goes.
pub(super) fn to_send(wanted: &Full) -> Full {
    let mut sent = wanted.clone();
    sent.0.entry("attributes").or_insert_with(|| Value::Object(serde_json::Map::default()));
    sent
}

/// Attributes after the edits. Values that are set in another order than they are stored are the same: the server need not keep it.
pub(super) fn applied(stored: &Attributes, edits: &AttributeEdits) -> Attributes {
    let mut after = stored.clone();
    after.apply(edits);
    for (name, edit) in edits.iter() {
        if matches!(edit, AttributeEdit::Set(_)) && sorted(after.all(name)) == sorted(stored.all(name)) {
            after.set(name, stored.all(name).to_vec());
        }
    }
    after
}

fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values
}

fn field(
    edit: &Edit<String>,
    check: impl FnOnce(&str) -> Result<Option<String>, IdentityError>,
) -> Result<Edit<String>, IdentityError> {
    Ok(match edit {
        Edit::Keep => Edit::Keep,
        Edit::Set(text) => check(text)?.map_or(Edit::Clear, Edit::Set),
        Edit::Clear => Edit::Clear,
    })
}

fn is(stored: Option<&String>, edit: &Edit<String>) -> bool {
    match edit {
        Edit::Keep => true,
        Edit::Set(text) => stored == Some(text),
        Edit::Clear => stored.is_none(),
    }
}

fn put(full: &mut Full, name: &str, edit: Edit<String>) {
    match edit {
        Edit::Keep => {}
        Edit::Set(text) => full.set(name, text),
        Edit::Clear => drop(full.0.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::names::UserName;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn stored() -> Full {
        serde_json::from_value(json!({
            "id": "u1", "username": "amy", "email": "amy@example.com", "emailVerified": true, "firstName": "Amy", "lastName": "Lee",
            "enabled": true, "totp": false, "attributes": {"volumeCapacity": ["20G"], "from-elsewhere": ["b", "a", "b"]},
            "requiredActions": ["UPDATE_PASSWORD"], "access": {"manage": true}
        }))
        .unwrap()
    }

    fn change(edit: impl FnOnce(&mut UserEdit)) -> serde_json::Value {
        let mut asked = UserEdit::default();
        edit(&mut asked);
        let wanted = edited(&stored(), &asked, &Capabilities::keycloak()).unwrap();
        let (before, after) = (stored(), wanted);
        let mut changed = serde_json::Map::default();
        for name in before.0.keys().chain(after.0.keys()) {
            if before.0.get(name) != after.0.get(name) {
                changed.insert(name.clone(), after.0.get(name).cloned().unwrap_or(Value::Null));
            }
        }
        Value::Object(changed)
    }

    #[rstest]
    #[case::nothing(&|_: &mut UserEdit| {}, json!({}))]
    #[case::same_email(&|edit: &mut UserEdit| edit.email = Edit::Set("Amy@Example.com".into()), json!({}))]
    #[case::other_email(
        &|edit: &mut UserEdit| edit.email = Edit::Set("A@b.example".into()),
        json!({"email": "a@b.example", "emailVerified": false}))]
    #[case::no_email(&|edit: &mut UserEdit| edit.email = Edit::Clear, json!({"email": null, "emailVerified": false}))]
    #[case::blank_name(&|edit: &mut UserEdit| edit.first_name = Edit::Set(String::new()), json!({"firstName": null}))]
    #[case::name(&|edit: &mut UserEdit| edit.last_name = Edit::Set("Ng".into()), json!({"lastName": "Ng"}))]
    #[case::disabled(&|edit: &mut UserEdit| edit.enabled = Some(false), json!({"enabled": false}))]
    #[case::renamed(
        &|edit: &mut UserEdit| edit.username = Some("amelie".parse::<UserName>().unwrap()),
        json!({"username": "amelie"}))]
    #[case::attribute(
        &|edit: &mut UserEdit| {
            edit.attributes.set("volumeCapacity", "30G");
        },
        json!({"attributes": {"volumeCapacity": ["30G"], "from-elsewhere": ["b", "a", "b"]}}))]
    #[case::attribute_away(
        &|edit: &mut UserEdit| {
            edit.attributes.clear("volumeCapacity");
        },
        json!({"attributes": {"from-elsewhere": ["b", "a", "b"]}}))]
    #[case::attribute_blank_is_none(
        &|edit: &mut UserEdit| {
            edit.attributes.set("volumeCapacity", "");
        },
        json!({"attributes": {"from-elsewhere": ["b", "a", "b"]}}))]
    #[case::same_values_in_another_order(
        &|edit: &mut UserEdit| {
            edit.attributes.put("from-elsewhere", AttributeEdit::Set(vec!["a".into(), "b".into(), "b".into()]));
        },
        json!({}))]
    fn only_what_the_edit_names_changes(#[case] edit: &dyn Fn(&mut UserEdit), #[case] expected: serde_json::Value) {
        assert_eq!(change(edit), expected);
    }

    #[test]
    fn an_edit_that_is_carried_out_has_nothing_left_to_change() {
        let mut edit = UserEdit { email: Edit::Set("X@y.example".into()), ..UserEdit::default() };
        edit.attributes.set("predefinedEnvs", "[]");
        let limits = Capabilities::keycloak();
        let once = edited(&stored(), &edit, &limits).unwrap();
        assert_ne!(once, stored());
        assert_eq!(edited(&once, &edit, &limits).unwrap(), once);
    }

    #[test]
    fn a_user_without_attributes_is_sent_with_an_empty_map() {
        let mut bare = stored();
        bare.0.remove("attributes");
        assert_eq!(to_send(&bare).0["attributes"], json!({}));
        assert_eq!(to_send(&stored()), stored());
    }

    #[test]
    fn values_that_do_not_fit_are_refused_before_anything_is_sent() {
        let mut edit = UserEdit::default();
        edit.attributes.set("from-elsewhere", "x".repeat(2049));
        assert!(matches!(edited(&stored(), &edit, &Capabilities::keycloak()), Err(IdentityError::Invalid { .. })));
    }
}
