//! Stores that break one promise each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use primehub_core::identity as id;
use primehub_core::identity::{AttributeEdit, Edit, IdentityError, IdentityStore};
use primehub_core::names::{GroupId, UserId};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// An edit of a group replaces all attributes.
    ReplacesAttributesOfGroups,
    /// An edit of a user's attributes wipes address and names, as a careless `PUT` does at Keycloak.
    WipesNames,
    /// One more fits than was allowed.
    LimitsOffByOne,
    /// Expectations are not looked at.
    IgnoresExpectations,
    /// The feed says nothing.
    SilentFeed,
    /// The feed names what was touched before, not now.
    FeedWithoutKeys,
    /// Answers of bindings stand in another order.
    AnswersInReverse,
    /// An invitation that was taken is still there.
    TakesInvitationsTwice,
    /// The picture is the one before the last write.
    LatePicture,
    /// A refused edit of a user is carried out in part.
    RefusesHalfWay,
    /// Whoever asks may.
    EverybodyMay,
    /// Names of roles lose their case.
    FoldsRoleNames,
    /// Unknown users have no API tokens, instead of being left out.
    CountsUnknownUsers,
    /// A taken address is told as a taken name.
    ConfusesConflicts,
    /// A group is read once, before the first edit, and always written as a whole: what edits without a lock come to at worst.
    LosesUpdates,
    /// A deleted group is deleted again and again.
    DeletesAnything,
}

/// Each fault, with cases that have to notice it.
pub(crate) const FAULTS: &[(Fault, &[&str])] = &[
    (
        Fault::ReplacesAttributesOfGroups,
        &["group_edits/an_edit_keeps_the_other_attributes", "group_edits/an_edit_after_an_edit_elsewhere_keeps_both"],
    ),
    (
        Fault::WipesNames,
        &[
            "user_edits/an_edit_of_an_attribute_keeps_address_and_names",
            "concurrency/edits_of_different_attributes_of_a_user_all_survive",
            "adoption/a_user_made_by_hand_is_edited_like_others",
        ],
    ),
    (
        Fault::LimitsOffByOne,
        &[
            "invitations/a_group_has_only_so_many",
            "concurrency/invitations_at_once_keep_the_limit",
            "limits/no_more_users_than_allowed",
            "limits/groups_made_at_once_keep_the_limit",
        ],
    ),
    (
        Fault::IgnoresExpectations,
        &["group_edits/an_unmet_expectation_writes_nothing", "concurrency/of_edits_with_the_same_expectation_one_wins"],
    ),
    (
        Fault::SilentFeed,
        &["feed/a_new_user_is_told", "feed/every_reader_is_told", "feed/a_number_of_another_life_reads_again"],
    ),
    (Fault::FeedWithoutKeys, &["feed/a_membership_is_told", "feed/a_role_is_told", "feed/the_realm_is_told"]),
    (Fault::AnswersInReverse, &["bindings/answers_stand_in_order_whatever_became_of_them"]),
    (
        Fault::TakesInvitationsTwice,
        &["invitations/an_invitation_is_taken_once", "concurrency/of_takers_of_an_invitation_one_gets_it"],
    ),
    (
        Fault::LatePicture,
        &[
            "users/a_new_user_is_shown_at_once",
            "groups/a_new_group_is_shown_at_once",
            "bindings/a_user_joins_and_leaves",
        ],
    ),
    (Fault::RefusesHalfWay, &["user_edits/a_refused_edit_changes_nothing"]),
    (
        Fault::EverybodyMay,
        &[
            "rights/a_plain_person_may_not_edit_groups",
            "rights/a_plain_person_may_not_edit_the_own_account",
            "rights/rights_end_the_moment_they_are_taken",
            "deletions/a_deleted_person_has_no_rights",
        ],
    ),
    (Fault::FoldsRoleNames, &["roles/names_differ_in_case"]),
    (
        Fault::CountsUnknownUsers,
        &["api_tokens/unknown_users_are_left_out", "api_tokens/a_deleted_user_takes_them_along"],
    ),
    (
        Fault::ConfusesConflicts,
        &["users/a_taken_address_is_refused_whatever_its_case", "users/the_address_is_named_when_both_are_taken"],
    ),
    (
        Fault::LosesUpdates,
        &[
            "concurrency/edits_of_different_attributes_of_a_group_all_survive",
            "concurrency/edits_of_one_list_of_a_group_all_survive",
        ],
    ),
    (Fault::DeletesAnything, &["groups/an_absent_group_is_named", "concurrency/of_deletions_of_a_group_one_gets_it"]),
];

/// A store with a fault in front of one without.
pub(crate) struct Broken {
    inner: Arc<dyn IdentityStore>,
    fault: Fault,
    /// The picture that was the newest before the last write.
    shown: Mutex<Arc<id::Directory>>,
    /// Groups as they were before their first edit.
    read: Mutex<BTreeMap<GroupId, Arc<id::Group>>>,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn IdentityStore>, fault: Fault) -> Self {
        Self { shown: Mutex::new(inner.directory()), read: Mutex::default(), inner, fault }
    }

    /// Notes the picture before a write, and whose rights count.
    fn before(&self, by: &id::Actor) -> id::Actor {
        *self.shown.lock().unwrap() = self.inner.directory();
        if self.fault == Fault::EverybodyMay { id::Actor::service() } else { by.clone() }
    }

    fn limit(&self, at_most: Option<u64>) -> Option<u64> {
        at_most.map(|limit| limit + u64::from(self.fault == Fault::LimitsOffByOne))
    }

    fn role(&self, key: &id::RoleKey) -> id::RoleKey {
        match key {
            id::RoleKey::Realm(name) if self.fault == Fault::FoldsRoleNames => id::RoleKey::realm(name.to_lowercase()),
            _ => key.clone(),
        }
    }
}

#[async_trait]
impl IdentityStore for Broken {
    fn directory(&self) -> Arc<id::Directory> {
        if self.fault == Fault::LatePicture { self.shown.lock().unwrap().clone() } else { self.inner.directory() }
    }

    fn freshness(&self) -> id::Freshness {
        self.inner.freshness()
    }

    fn capabilities(&self) -> id::Capabilities {
        self.inner.capabilities()
    }

    fn changes(&self, since: Option<id::Revision>) -> BoxStream<'static, id::Change> {
        match self.fault {
            Fault::SilentFeed => stream::pending().boxed(),
            Fault::FeedWithoutKeys => self
                .inner
                .changes(since)
                .map(|change| id::Change::Touched { revision: change.revision(), keys: Vec::new() })
                .boxed(),
            _ => self.inner.changes(since),
        }
    }

    async fn refresh(&self, keys: &[id::Key]) -> Result<id::Revision, IdentityError> {
        self.inner.refresh(keys).await
    }

    async fn create_user(
        &self,
        by: &id::Actor,
        mut new: id::NewUser,
    ) -> Result<id::Written<Arc<id::User>>, IdentityError> {
        new.at_most = self.limit(new.at_most);
        match self.inner.create_user(&self.before(by), new).await {
            Err(IdentityError::Conflict(_)) if self.fault == Fault::ConfusesConflicts => {
                Err(IdentityError::Conflict(id::Conflict::Username))
            }
            answer => answer,
        }
    }

    async fn edit_user(
        &self,
        by: &id::Actor,
        user: &UserId,
        mut edit: id::UserEdit,
    ) -> Result<id::Written<Arc<id::User>>, IdentityError> {
        let by = self.before(by);
        if self.fault == Fault::WipesNames && !edit.attributes.is_empty() {
            for field in [&mut edit.email, &mut edit.first_name, &mut edit.last_name] {
                if field.is_keep() {
                    *field = Edit::Clear;
                }
            }
        }
        if self.fault == Fault::RefusesHalfWay {
            let part = id::UserEdit { enabled: edit.enabled, ..id::UserEdit::default() };
            self.inner.edit_user(&by, user, part).await?;
        }
        self.inner.edit_user(&by, user, edit).await
    }

    async fn delete_user(&self, by: &id::Actor, user: &UserId) -> Result<id::Written<Arc<id::User>>, IdentityError> {
        self.inner.delete_user(&self.before(by), user).await
    }

    async fn set_password(
        &self,
        by: &id::Actor,
        user: &UserId,
        password: id::NewPassword,
    ) -> Result<(), IdentityError> {
        self.inner.set_password(&self.before(by), user, password).await
    }

    async fn remove_one_time_passwords(
        &self,
        by: &id::Actor,
        user: &UserId,
    ) -> Result<id::Written<Arc<id::User>>, IdentityError> {
        self.inner.remove_one_time_passwords(&self.before(by), user).await
    }

    async fn send_required_actions(
        &self,
        by: &id::Actor,
        user: &UserId,
        email: id::RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        self.inner.send_required_actions(&self.before(by), user, email).await
    }

    async fn create_group(
        &self,
        by: &id::Actor,
        mut new: id::NewGroup,
    ) -> Result<id::Written<Arc<id::Group>>, IdentityError> {
        new.at_most = self.limit(new.at_most);
        self.inner.create_group(&self.before(by), new).await
    }

    async fn edit_group(
        &self,
        by: &id::Actor,
        group: &GroupId,
        mut edit: id::GroupEdit,
    ) -> Result<id::Written<Arc<id::Group>>, IdentityError> {
        let by = self.before(by);
        let stored = self.inner.directory().group(group).cloned();
        match (self.fault, stored) {
            (Fault::ReplacesAttributesOfGroups, Some(stored)) => {
                let named: Vec<String> = edit.attributes.iter().map(|(name, _)| name.to_owned()).collect();
                for (name, _) in stored.attributes.iter().filter(|(name, _)| !named.iter().any(|named| named == name)) {
                    edit.attributes.clear(name);
                }
            }
            (Fault::LosesUpdates, Some(stored)) => {
                let read = self.read.lock().unwrap().entry(group.clone()).or_insert_with(|| stored.clone()).clone();
                let mut after = read.attributes.clone();
                after.apply(&edit.attributes);
                for (name, _) in stored.attributes.iter() {
                    edit.attributes.clear(name);
                }
                for (name, values) in after.iter() {
                    edit.attributes.put(name, AttributeEdit::Set(values.to_vec()));
                }
            }
            (Fault::IgnoresExpectations, _) => edit.expecting.clear(),
            _ => {}
        }
        self.inner.edit_group(&by, group, edit).await
    }

    async fn delete_group(
        &self,
        by: &id::Actor,
        group: &GroupId,
    ) -> Result<id::Written<Arc<id::Group>>, IdentityError> {
        match self.inner.delete_group(&self.before(by), group).await {
            Err(IdentityError::Absent(_)) if self.fault == Fault::DeletesAnything => {
                let value = Arc::new(id::Group::new(group.clone(), "gone"));
                Ok(id::Written { value, revision: self.inner.directory().revision() })
            }
            answer => answer,
        }
    }

    async fn bind(&self, by: &id::Actor, edits: &[id::Binding]) -> Result<Vec<id::Outcome>, IdentityError> {
        let mut outcomes = self.inner.bind(&self.before(by), edits).await?;
        if self.fault == Fault::AnswersInReverse {
            outcomes.reverse();
        }
        Ok(outcomes)
    }

    async fn ensure_role(&self, by: &id::Actor, mut role: id::Role) -> Result<id::Written<id::Applied>, IdentityError> {
        role.key = self.role(&role.key);
        self.inner.ensure_role(&self.before(by), role).await
    }

    async fn delete_role(&self, by: &id::Actor, role: &id::RoleKey) -> Result<id::Written<id::Applied>, IdentityError> {
        self.inner.delete_role(&self.before(by), &self.role(role)).await
    }

    async fn edit_realm(
        &self,
        by: &id::Actor,
        edit: id::RealmEdit,
    ) -> Result<id::Written<Arc<id::Realm>>, IdentityError> {
        self.inner.edit_realm(&self.before(by), edit).await
    }

    async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        let mut counts = self.inner.api_token_counts(users).await?;
        if self.fault == Fault::CountsUnknownUsers {
            for user in users {
                counts.entry(user.clone()).or_default();
            }
        }
        Ok(counts)
    }

    async fn revoke_api_tokens(&self, by: &id::Actor, user: &UserId) -> Result<id::Applied, IdentityError> {
        self.inner.revoke_api_tokens(&self.before(by), user).await
    }

    async fn put_invitation(
        &self,
        by: &id::Actor,
        mut new: id::NewInvitation,
    ) -> Result<id::Written<()>, IdentityError> {
        new.at_most = self.limit(new.at_most);
        self.inner.put_invitation(&self.before(by), new).await
    }

    async fn take_invitation(
        &self,
        by: &id::Actor,
        invitation: &id::InvitationId,
    ) -> Result<id::Written<id::Invitation>, IdentityError> {
        let by = self.before(by);
        let taken = self.inner.take_invitation(&by, invitation).await?;
        if self.fault == Fault::TakesInvitationsTwice {
            self.inner.put_invitation(&by, id::NewInvitation::new(taken.value.clone())).await?;
        }
        Ok(taken)
    }
}
