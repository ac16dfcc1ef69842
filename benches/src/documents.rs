//! What is asked: the shapes that the web console and the Python SDK need.

use std::fmt::Write as _;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::world::World;

/// A GraphQL document, and how to tell that its answer is the one that was meant.
#[derive(Clone, Debug)]
pub struct Document {
    name: &'static str,
    body: Bytes,
    proof: Proof,
}

#[derive(Clone, Copy, Debug)]
enum Proof {
    /// No errors, and something here below `data`.
    Answered(&'static str),
    /// Errors, and no data.
    Refused,
}

impl Document {
    fn new(name: &'static str, query: &str, proof: Proof) -> Self {
        Self { name, body: json!({ "query": query }).to_string().into(), proof }
    }

    fn answered(name: &'static str, query: &str, proof: &'static str) -> Self {
        Self::new(name, query, Proof::Answered(proof))
    }

    /// What it is called here.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn is_proved_by(&self, answer: &Value) -> bool {
        match self.proof {
            Proof::Answered(place) => {
                answer.get("errors").is_none() && answer["data"].pointer(place).is_some_and(|found| !found.is_null())
            }
            Proof::Refused => answer["errors"].get(0).is_some() && answer["data"].is_null(),
        }
    }
}

/// What a client shows of a group.
const GROUP: &str = "id name displayName admins quotaCpu quotaGpu quotaMemory projectQuotaCpu projectQuotaGpu \
                     projectQuotaMemory enabledSharedVolume sharedVolumeCapacity";

/// What a client shows of a user.
const USER: &str = "id username email firstName lastName enabled isAdmin";

/// Oneself, with the groups one works in.
#[must_use]
pub fn me() -> Document {
    let query = format!("{{ me {{ id username firstName lastName email isAdmin effectiveGroups {{ {GROUP} }} }} }}");
    Document::answered("me", &query, "/me/effectiveGroups/9/quotaMemory")
}

/// Ten users; pages count from 0.
#[must_use]
pub fn users_page(page: usize) -> Document {
    let query = format!(
        "{{ usersConnection(first: 10, after: \"{page}\") {{ \
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {USER} }} }} }} }}"
    );
    Document::answered("users_page", &query, "/usersConnection/edges/9/node/email")
}

/// Ten groups; pages count from 1.
#[must_use]
pub fn groups_page(page: usize) -> Document {
    let query = format!(
        "{{ groupsConnection(page: {page}, where: {{}}, orderBy: {{}}) {{ \
         pageInfo {{ currentPage totalPage }} edges {{ cursor node {{ {GROUP} }} }} }} }}"
    );
    Document::answered("groups_page", &query, "/groupsConnection/edges/9/node/quotaMemory")
}

/// Groups of groups of groups: fields within fields, 50 deep.
#[must_use]
pub fn deep() -> Document {
    let pairs = 24;
    let query = format!("{{ me {{ {}id{} }} }}", "groups { users { ".repeat(pairs), " } }".repeat(pairs));
    Document::new("deep", &query, Proof::Refused)
}

/// The same cheap field under a thousand names.
#[must_use]
pub fn many_aliases() -> Document {
    let mut query = String::from("{");
    for number in 0..1_000 {
        let _ = write!(query, " a{number}: me {{ id }}");
    }
    query.push('}');
    Document::new("many_aliases", &query, Proof::Refused)
}

/// One of each read of an administrator that the picture alone answers.
#[must_use]
pub fn warm_reads(world: &World) -> Vec<Document> {
    let (user, group) = (&world.member.id, world.groups.first());
    let group = group.map(ToString::to_string).unwrap_or_default();
    let answered = Document::answered;
    vec![
        answered("me", &format!("{{ me {{ {USER} groups {{ {GROUP} }} effectiveGroups {{ {GROUP} }} }} }}"), "/me/id"),
        answered(
            "user",
            &format!("{{ user(where: {{ id: \"{user}\" }}) {{ {USER} groups {{ {GROUP} }} }} }}"),
            "/user/id",
        ),
        users_page(0),
        answered("users", &format!("{{ users(page: 1) {{ {USER} effectiveGroups {{ {GROUP} }} }} }}"), "/users/9/id"),
        answered(
            "users_search",
            &format!("{{ usersConnection(where: {{ search: \"user-0000\" }}) {{ edges {{ node {{ {USER} }} }} }} }}"),
            "/usersConnection/edges/9/node/id",
        ),
        answered(
            "group",
            &format!("{{ group(where: {{ id: \"{group}\" }}) {{ {GROUP} users {{ {USER} }} }} }}"),
            "/group/users/0/id",
        ),
        groups_page(1),
        answered("groups", &format!("{{ groups {{ {GROUP} users {{ id username }} }} }}"), "/groups/9/users/0/id"),
        answered("system", "{ system { org { name } defaultUserVolumeCapacity } }", "/system"),
        answered("timezone", "{ timezone { name offset } }", "/timezone/name"),
    ]
}

/// The reads that may ask the identity provider once, whatever they show.
#[must_use]
pub fn batched_reads() -> Vec<Document> {
    vec![
        Document::answered("me_token_count", "{ me { apiTokenCount } }", "/me/apiTokenCount"),
        Document::answered("users_token_counts", "{ users(page: 1) { id apiTokenCount } }", "/users/9/apiTokenCount"),
    ]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::answered(me(), json!({ "data": { "me": { "effectiveGroups": vec![json!({ "quotaMemory": 16 }); 10] } } }), true)]
    #[case::too_few(me(), json!({ "data": { "me": { "effectiveGroups": [{ "quotaMemory": 16 }] } } }), false)]
    #[case::not_allowed(me(), json!({ "data": { "me": null }, "errors": [{}] }), false)]
    #[case::refused(deep(), json!({ "data": null, "errors": [{}] }), true)]
    #[case::not_refused(deep(), json!({ "data": { "me": {} } }), false)]
    fn an_answer_proves_what_was_meant(#[case] document: Document, #[case] answer: Value, #[case] proves: bool) {
        assert_eq!(document.is_proved_by(&answer), proves);
    }

    #[test]
    fn deep_is_fifty_deep() {
        let body = String::from_utf8(deep().body().to_vec()).unwrap();
        assert_eq!((body.matches("{ ").count(), body.matches(" }").count()), (50, 50));
    }
}
