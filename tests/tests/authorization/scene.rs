//! What documents of the table are about.

use primehub_core::identity::{Actor, AttributeEdit, Binding, Edit, IdentityStore as _, UserEdit};
use primehub_core::names::{GroupId, UserId};
use primehub_tests::{Caller, Platform};

/// A group with `grace` as a member and `ada` as a member and its administrator, another group with nobody in it, and an account that is a
/// member of the first: all new, so that every case starts from the same and may destroy what it likes.
pub(crate) struct Scene {
    group: GroupId,
    other: GroupId,
    user: UserId,
}

impl Scene {
    pub(crate) async fn new(platform: &Platform) -> Self {
        let number = platform.fresh_number();
        let user = platform.add_user(&format!("somebody-{number}")).await;
        let text = |text: &str| Edit::Set(text.to_owned());
        let mut edit = UserEdit { email: Edit::Set(format!("somebody-{number}@example.com")), ..UserEdit::default() };
        (edit.first_name, edit.last_name) = (text("Some"), text("Body"));
        edit.attributes.put("volumeCapacity", AttributeEdit::Set(vec!["20G".into()]));
        edit.attributes.put("predefinedEnvs", AttributeEdit::Set(vec!["[]".into()]));
        platform.memory.edit_user(&Actor::service(), &user, edit).await.unwrap();
        let (ada, grace) = (&platform.user("ada").id, &platform.user("grace").id);
        let group = platform.add_group(&format!("scene-{number}"), &[&user, ada, grace], &["ada"]).await;
        for (name, value) in SETTINGS {
            platform.set_attribute(&group, name, vec![(*value).to_owned()]).await;
        }
        let other = platform.add_group(&format!("other-{number}"), &[], &[]).await;
        Self { group, other, user }
    }

    /// The document with ids in place of the words in capital letters.
    pub(crate) async fn fill(&self, platform: &Platform, document: &str) -> String {
        let mut text = document
            .replace("EVERYONE", platform.everyone().as_str())
            .replace("GROUP", self.group.as_str())
            .replace("OTHER", self.other.as_str())
            .replace("USER", self.user.as_str())
            .replace("GRACE", platform.user("grace").id.as_str())
            .replace("NUMBER", &platform.fresh_number().to_string());
        if text.contains("INVITATION") {
            text = text.replace("INVITATION", &self.invitation(platform).await);
        }
        text
    }

    async fn invitation(&self, platform: &Platform) -> String {
        let group = &self.group;
        let document =
            format!("mutation {{ createInvitation(data: {{ groupId: \"{group}\" }}) {{ invitationToken }} }}");
        let answer = platform.query(Caller::PlatformAdministrator, &document).await;
        answer.data()["createInvitation"]["invitationToken"].as_str().unwrap().to_owned()
    }

    /// Takes `ada` out of the group that she administers: the right does not depend on membership.
    pub(crate) async fn administrator_leaves(&self, platform: &Platform) {
        let user = platform.user("ada").id.clone();
        platform.bind(Binding::Leave { user, group: self.group.clone() }).await;
    }
}

/// A value for every setting of a group, so that what is hidden can be told from what is not there.
const SETTINGS: &[(&str, &str)] = &[
    ("displayName", "Scene"),
    ("quota-cpu", "1.5"),
    ("quota-gpu", "1"),
    ("quota-memory", "8G"),
    ("project-quota-cpu", "10"),
    ("project-quota-gpu", "2"),
    ("project-quota-memory", "16G"),
    ("user-volume-capacity", "5G"),
    ("shared-volume-capacity", "7G"),
    ("home-symlink", "true"),
    ("launch-group-only", "true"),
    ("enabled-deployment", "true"),
    ("max-deploy", "3"),
    ("job-default-active-deadline-seconds", "3600"),
    ("mlflow-tracking-uri", "http://mlflow:5000"),
    ("mlflow-ui-url", "https://mlflow.example.com"),
    ("mlflow-tracking-envs", "TOKEN=secret"),
    ("mlflow-artifact-envs", "KEY=secret"),
];
