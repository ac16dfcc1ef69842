//! The next picture in the making: facts in, differences out.

mod groups;
mod roles;
#[cfg(test)]
mod tests;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use primehub_core::identity::{Invitation, InvitationId, Key, Subject};
use primehub_core::names::GroupId;

use super::picture::{EVERYONE, EventSettings, Facts, Picture};
use super::rows;
use super::target::Target;
use crate::admin::RealmRow;

/// A picture, and the facts by which it becomes the next one. A fact that the picture shows already changes nothing.
///
/// Each fact belongs to one key: memberships and role grants of a user to the user, roles mapped on a group to the group. The draft notes
/// which keys it was told about, so that nothing older replaces that, and what has to be read before the picture is complete: an object
/// that is named but not known.
pub(crate) struct Draft<'a> {
    picture: Picture,
    /// Whether facts about a key are newer than what the picture says of it.
    admits: Box<dyn Fn(&Key) -> bool + Send + 'a>,
    told: BTreeSet<Key>,
    changed: BTreeSet<Key>,
    again: BTreeSet<Target>,
}

/// What became of a draft.
pub(super) struct Drafted {
    pub(super) picture: Picture,
    /// Keys that facts were given about.
    pub(super) told: BTreeSet<Key>,
    /// Keys that look different, or are gone.
    pub(super) changed: BTreeSet<Key>,
    /// What has to be read to complete the picture.
    pub(super) again: BTreeSet<Target>,
}

impl<'a> Draft<'a> {
    /// A draft that takes every fact.
    pub(super) fn new(picture: Picture) -> Self {
        Self::admitting(picture, |_| true)
    }

    /// A draft that takes facts about the keys that `admits` accepts; what it does not accept is to be read again.
    pub(super) fn admitting(picture: Picture, admits: impl Fn(&Key) -> bool + Send + 'a) -> Self {
        Self {
            picture,
            admits: Box::new(admits),
            told: BTreeSet::new(),
            changed: BTreeSet::new(),
            again: BTreeSet::new(),
        }
    }

    /// The picture so far.
    pub(super) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Lets these be read again.
    pub(super) fn read_all_again(&mut self, targets: impl IntoIterator<Item = Target>) {
        self.again.extend(targets);
    }

    /// Ends the draft.
    pub(super) fn finish(mut self) -> Drafted {
        self.find_everyone();
        let Self { picture, told, changed, again, .. } = self;
        Drafted { picture, told, changed, again }
    }

    /// Replaces what only calls need. Facts that never change need no key.
    pub(super) fn put_facts(&mut self, facts: Facts) {
        if self.picture.facts.as_deref() != Some(&facts) {
            self.picture.facts = Some(Arc::new(facts));
        }
    }

    /// Replaces the realm's settings; default groups stay.
    pub(crate) fn put_realm_row(&mut self, row: RealmRow) {
        if !self.hears(&Key::Realm) {
            return;
        }
        let default_groups = self.picture.directory.realm().default_groups.clone();
        let realm = rows::realm(&row, default_groups);
        if *self.picture.directory.realm() != realm {
            self.picture.directory.put_realm(realm);
            self.changed.insert(Key::Realm);
        }
        self.picture.events = EventSettings::of(&row);
        if let Some(facts) = &mut self.picture.facts
            && facts.edit_username_allowed != row.edit_username_allowed
        {
            Arc::make_mut(facts).edit_username_allowed = row.edit_username_allowed;
        }
    }

    /// Replaces the groups that new accounts join. Those that are not known are left out, and read.
    pub(crate) fn set_default_groups(&mut self, groups: BTreeSet<GroupId>) {
        if !self.hears(&Key::Realm) {
            return;
        }
        let directory = &mut self.picture.directory;
        let (known, unknown): (BTreeSet<_>, BTreeSet<_>) =
            groups.into_iter().partition(|id| directory.group(id).is_some());
        if !unknown.is_empty() {
            self.again.insert(Target::Realm);
        }
        if directory.realm().default_groups != known {
            let mut realm = directory.realm().clone();
            realm.default_groups = known;
            directory.put_realm(realm);
            self.changed.insert(Key::Realm);
        }
    }

    /// Replaces the open invitations by these.
    pub(crate) fn set_invitations(&mut self, invitations: BTreeMap<InvitationId, Invitation>) {
        let gone: Vec<_> = self.picture.directory.invitations().map(|old| old.id).collect();
        for id in gone.iter().filter(|id| !invitations.contains_key(id)) {
            self.remove_invitation(id);
        }
        for invitation in invitations.into_values() {
            self.put_invitation(invitation);
        }
    }

    /// Adds an invitation, or replaces it.
    pub(crate) fn put_invitation(&mut self, invitation: Invitation) {
        let key = Key::Invitation(invitation.id);
        if self.hears(&key) && self.picture.directory.invitation(&invitation.id).map(|old| &**old) != Some(&invitation)
        {
            self.picture.directory.put_invitation(invitation);
            self.changed.insert(key);
        }
    }

    /// Takes an invitation out.
    pub(crate) fn remove_invitation(&mut self, id: &InvitationId) {
        let key = Key::Invitation(*id);
        if self.hears(&key) && self.picture.directory.remove_invitation(id).is_some() {
            self.changed.insert(key);
        }
    }

    /// Whether facts about this key are taken. If so, they are noted.
    fn hears(&mut self, key: &Key) -> bool {
        let hears = self.told.contains(key) || (self.admits)(key);
        if hears {
            self.told.insert(key.clone());
        } else {
            self.again.insert(Target::of(key));
        }
        hears
    }

    /// The group of the settings if it exists, otherwise the top-level one with the name.
    fn find_everyone(&mut self) {
        let directory = &self.picture.directory;
        let named = self.picture.everyone.as_ref().and_then(|id| directory.group(id));
        let found = named.or_else(|| directory.group_named(EVERYONE)).map(|group| group.id.clone());
        let everyone = found.or_else(|| self.picture.everyone.clone()).unwrap_or_else(|| GroupId::new(""));
        let former = directory.everyone_id().clone();
        if everyone != former {
            // Both are another kind of group now.
            let both = [former, everyone.clone()].into_iter().filter(|id| directory.group(id).is_some());
            self.changed.extend(both.map(Key::Group));
            self.picture.directory.put_everyone(everyone);
        }
    }
}

/// The key that a role grant belongs to.
fn owner(subject: &Subject) -> Key {
    match subject {
        Subject::User(id) => Key::User(id.clone()),
        Subject::Group(id) => Key::Group(id.clone()),
    }
}
