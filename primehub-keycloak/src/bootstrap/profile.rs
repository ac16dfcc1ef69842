//! Which attributes people may have, who may change them, and what a person has to fill in.

use primehub_core::identity::attribute;
use primehub_core::identity::values::{DECLARED_USER_ATTRIBUTES, MAX_PREDEFINED_ENVS};
use serde_json::{Map, Value, json};

use crate::admin::Full;

/// How undeclared attributes have to be treated: kept, for administrators alone.
const POLICY: &str = "ADMIN_EDIT";

/// The realm's own attributes that nobody has to fill in: whoever lacks one that is required cannot log in.
const OPTIONAL: [&str; 3] = ["email", "firstName", "lastName"];

/// Whoever may change it takes over what is meant for somebody else: lists of administrators hold names.
pub(crate) const USERNAME: &str = "username";

/// Longest value of an attribute that is declared without a reason to be longer.
const PLAIN_LENGTH: usize = 255;

/// One thing that a profile has to have otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ProfileChange {
    /// The attribute, or nothing if it is about all that are not declared.
    pub(crate) attribute: Option<String>,
    pub(crate) harm: Harm,
    /// What is to be, for people to read.
    pub(crate) what: String,
}

/// What is wrong with a profile that is not changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Harm {
    /// People can change what only administrators must.
    Opens,
    /// What is written does not stay.
    Loses,
    /// Something is refused that should work.
    Hinders,
}

/// Brings a profile to what an installation needs, and says what that takes. Attributes that it does not know stay as they are.
pub(crate) fn repair(profile: &Full) -> (Full, Vec<ProfileChange>) {
    let mut profile = profile.clone();
    let mut changes = Vec::new();
    let mut wrong = |attribute: Option<&str>, harm, what| {
        changes.push(ProfileChange { attribute: attribute.map(Into::into), harm, what });
    };

    let policy = profile.0.get("unmanagedAttributePolicy").and_then(Value::as_str).map(ToOwned::to_owned);
    if policy.as_deref() != Some(POLICY) {
        let harm = if policy.as_deref() == Some("ENABLED") { Harm::Opens } else { Harm::Loses };
        let instead = policy.as_deref().unwrap_or("dropping them");
        wrong(None, harm, format!("undeclared attributes {POLICY} instead of {instead}"));
        profile.set("unmanagedAttributePolicy", POLICY);
    }
    let attributes = profile.0.entry("attributes").or_insert_with(|| json!([]));
    let Some(attributes) = attributes.as_array_mut() else { return (profile, changes) };
    for declared in attributes.iter_mut().filter_map(Value::as_object_mut) {
        let name = declared.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let own = Some(&*name);
        if name == USERNAME {
            if set_length(declared, "min", 1, |is| is > 1) {
                wrong(own, Harm::Hinders, "usernames of one letter".to_owned());
            }
        } else if OPTIONAL.contains(&&*name) && declared.remove("required").is_some() {
            wrong(own, Harm::Hinders, format!("{name} not required"));
        }
        if name == USERNAME || DECLARED_USER_ATTRIBUTES.contains(&&*name) {
            if let Some(harm) = leave_to_administrators(declared) {
                wrong(own, harm, format!("{name} changed by administrators alone"));
            }
            let least = longest(&name);
            if set_length(declared, "max", least, |is| is < least) {
                wrong(own, Harm::Hinders, format!("{name} up to {least} characters"));
            }
        }
    }
    for name in DECLARED_USER_ATTRIBUTES {
        if !attributes.iter().any(|declared| declared["name"] == name) {
            attributes.push(json!({
                "name": name,
                "validations": {"length": {"max": longest(name)}},
                "permissions": {"view": ["admin"], "edit": ["admin"]},
                "multivalued": false,
            }));
            wrong(Some(name), Harm::Hinders, format!("{name} declared, for administrators alone"));
        }
    }
    (profile, changes)
}

/// Whether people can write an attribute of their own of this name.
pub(super) fn lets_people_write(profile: &Full, name: &str) -> bool {
    let declared = profile.0.get("attributes").and_then(Value::as_array);
    let declared = declared.and_then(|attributes| attributes.iter().find(|declared| declared["name"] == name));
    match declared {
        Some(declared) => declared["permissions"]["edit"].as_array().is_some_and(|who| who.contains(&json!("user"))),
        None => profile.0.get("unmanagedAttributePolicy").and_then(Value::as_str) == Some("ENABLED"),
    }
}

/// Lets nobody but administrators change an attribute. Answers what was wrong, if something was.
fn leave_to_administrators(declared: &mut Map<String, Value>) -> Option<Harm> {
    let permissions = declared.entry("permissions").or_insert_with(|| json!({"view": ["admin"], "edit": []}));
    let edit = permissions.get("edit").cloned().unwrap_or_default();
    if edit == json!(["admin"]) {
        return None;
    }
    permissions["edit"] = json!(["admin"]);
    let opens = edit.as_array().is_some_and(|roles| roles.contains(&json!("user")));
    Some(if opens { Harm::Opens } else { Harm::Loses })
}

/// Sets a limit of an attribute's length if there is one and it is `wrong`.
fn set_length(declared: &mut Map<String, Value>, limit: &str, to: usize, wrong: impl Fn(usize) -> bool) -> bool {
    let length = declared.get_mut("validations").and_then(|validations| validations.get_mut("length"));
    let Some(limit) = length.and_then(|length| length.get_mut(limit)) else { return false };
    // Numbers of a profile may be written as texts.
    let is = limit.as_u64().or_else(|| limit.as_str()?.parse().ok()).and_then(|is| usize::try_from(is).ok());
    let set = is.is_some_and(wrong);
    if set {
        *limit = json!(to);
    }
    set
}

fn longest(name: &str) -> usize {
    if name == attribute::PREDEFINED_ENVS { MAX_PREDEFINED_ENVS } else { PLAIN_LENGTH }
}
