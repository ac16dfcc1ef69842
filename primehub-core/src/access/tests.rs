use std::sync::Arc;

use rstest::rstest;
use secrecy::SecretString;

use super::*;
use crate::identity::{ADMINS, Directory, Group, Role, RoleKey, Subject, User};
use crate::names::{GroupId, UserId};

/// `root` is a platform administrator; `ann` administers the group `red` without being a member; `bob` and `cat` are members of it; `dan` is
/// in `blue`; `eve` is in no group of her own.
fn directory() -> Directory {
    let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
    for group in ["everyone", "red", "blue"] {
        let mut group = Group::new(group.into(), group);
        if &*group.name == "red" {
            group.attributes.set_one(ADMINS, "ann");
        }
        directory.put_group(group);
    }
    for user in ["root", "ann", "bob", "cat", "dan", "eve"] {
        directory.put_user(User::new(user.into(), user));
        directory.join(&user.into(), &"everyone".into());
    }
    for (user, group) in [("bob", "red"), ("cat", "red"), ("dan", "blue")] {
        directory.join(&user.into(), &group.into());
    }
    directory.put_role(Role::new(RoleKey::administrator("primehub")));
    directory.grant(&Subject::User("root".into()), &RoleKey::administrator("primehub"));
    directory
}

fn caller(directory: &Directory, name: &str) -> Caller {
    match name {
        "nobody" => Caller::Anonymous,
        "server" => Caller::SharedSecret,
        name => Caller::Person(
            Person::in_directory(directory, &name.into(), true, SecretString::from("token")).expect("the user exists"),
        ),
    }
}

#[rstest]
#[case::platform_administrator("root", "red", true, true)]
#[case::group_administrator("ann", "red", true, true)]
#[case::group_administrator_elsewhere("ann", "blue", false, false)]
#[case::member("bob", "red", false, true)]
#[case::member_elsewhere("bob", "blue", false, false)]
#[case::of_everyone("bob", "everyone", false, true)]
#[case::server("server", "red", false, true)]
#[case::nobody("nobody", "red", false, false)]
#[case::absent_group("bob", "green", false, false)]
fn rights_in_a_group(#[case] name: &str, #[case] group: &str, #[case] administers: bool, #[case] reads: bool) {
    let directory = directory();
    let caller = caller(&directory, name);
    let access = Access::new(&caller, &directory);
    let group = GroupId::new(group);
    assert_eq!(access.administrator_of(&group).is_ok(), administers);
    assert_eq!(access.reader_of(&group).is_ok(), reads);
}

#[rstest]
#[case::oneself("bob", "bob", UserView::Whole)]
#[case::of_the_same_group("bob", "cat", UserView::CoMember)]
#[case::everyone_does_not_count("bob", "eve", UserView::Stranger)]
#[case::administering_is_not_belonging("ann", "bob", UserView::Stranger)]
#[case::platform_administrator("root", "eve", UserView::Whole)]
#[case::server("server", "eve", UserView::Whole)]
#[case::nobody("nobody", "eve", UserView::Stranger)]
#[case::absent("bob", "zoe", UserView::Stranger)]
fn what_is_seen_of_a_user(#[case] name: &str, #[case] user: &str, #[case] view: UserView) {
    let directory = directory();
    let caller = caller(&directory, name);
    assert_eq!(Access::new(&caller, &directory).view_of_user(&UserId::new(user)), view);
}

#[rstest]
#[case::member("bob", "red", GroupView::Whole)]
#[case::group_administrator("ann", "red", GroupView::Whole)]
#[case::outsider("dan", "red", GroupView::Nothing)]
#[case::everyone_hides_its_members("bob", "everyone", GroupView::WithoutMembers)]
#[case::platform_administrator("root", "everyone", GroupView::Whole)]
#[case::server("server", "everyone", GroupView::Whole)]
#[case::nobody("nobody", "everyone", GroupView::Nothing)]
fn what_is_seen_of_a_group(#[case] name: &str, #[case] group: &str, #[case] view: GroupView) {
    let directory = directory();
    let caller = caller(&directory, name);
    assert_eq!(Access::new(&caller, &directory).view_of_group(&GroupId::new(group)), view);
}

#[rstest]
#[case::member_who_may("bob", "red", true, true)]
#[case::member_who_may_not("bob", "red", false, false)]
#[case::not_a_member("dan", "red", true, false)]
#[case::never_into_everyone("root", "everyone", true, false)]
#[case::platform_administrator("root", "red", false, true)]
#[case::server("server", "red", true, false)]
fn who_may_invite(#[case] name: &str, #[case] group: &str, #[case] account_may: bool, #[case] expected: bool) {
    let directory = directory();
    let caller = caller(&directory, name);
    assert_eq!(Access::new(&caller, &directory).inviter_into(&group.into(), |_| account_may).is_ok(), expected);
}

#[test]
fn a_token_alone_makes_neither_a_caller_nor_an_administrator() {
    let mut directory = directory();
    let person = |directory: &Directory, id: &str, token_says_so| {
        Person::in_directory(directory, &id.into(), token_says_so, SecretString::from("token"))
    };
    assert!(person(&directory, "root", true).is_some_and(|person| person.is_administrator()));
    assert!(
        person(&directory, "root", false).is_some_and(|person| !person.is_administrator()),
        "the token must say so"
    );
    assert!(
        person(&directory, "bob", true).is_some_and(|person| !person.is_administrator()),
        "the picture must say so"
    );
    assert!(person(&directory, "zoe", true).is_none());

    let mut disabled = User::clone(directory.user(&"bob".into()).unwrap());
    disabled.enabled = false;
    directory.put_user(disabled);
    assert!(person(&directory, "bob", true).is_none());
}

/// The caller was found in an older picture than the one that is asked.
#[test]
fn rights_are_those_of_the_picture_that_is_asked() {
    let mut directory = directory();
    let [root, ann, bob] = ["root", "ann", "bob"].map(|name| caller(&directory, name));
    let red = GroupId::new("red");
    let administers = |caller: &Caller, directory: &Directory| Access::new(caller, directory).administrator_of(&red);
    assert!(administers(&root, &directory).is_ok_and(|proof| proof.is_platform_administrator()));
    assert!(administers(&ann, &directory).is_ok());

    directory.revoke(&Subject::User("root".into()), &RoleKey::administrator("primehub"));
    assert!(Access::new(&root, &directory).platform_administrator().is_err());
    assert!(administers(&root, &directory).is_err());
    assert!(Access::new(&root, &directory).root_field(Operation::Query, "users").is_err());
    assert_eq!(Access::new(&root, &directory).view_of_user(&"bob".into()), UserView::Stranger);
    assert!(root.is_administrator() && !root.again_in(&directory).unwrap().is_administrator());

    let mut disabled = User::clone(directory.user(&"ann".into()).unwrap());
    disabled.enabled = false;
    directory.put_user(disabled);
    assert!(administers(&ann, &directory).is_err());
    assert!(Access::new(&ann, &directory).root_field(Operation::Query, "me").is_err());
    assert!(ann.again_in(&directory).is_none());

    directory.remove_user(&"bob".into());
    assert!(Access::new(&bob, &directory).reader_of(&red).is_err());
    assert_eq!(Access::new(&bob, &directory).view_of_user(&"bob".into()), UserView::Stranger);
    assert!(Caller::SharedSecret.again_in(&directory).is_some() && Caller::Anonymous.again_in(&directory).is_some());

    // And the other way round: a right that was given since counts, if the token says so too.
    directory.grant(&Subject::User("dan".into()), &RoleKey::administrator("primehub"));
    let without = Person::in_directory(&directory, &"dan".into(), false, SecretString::from("token")).unwrap();
    assert!(Access::new(&Caller::Person(without), &directory).platform_administrator().is_err());
}

#[test]
fn administrators_through_groups_and_composite_roles_count() {
    let mut directory = directory();
    let operators =
        Role { composites: [RoleKey::administrator("primehub")].into(), ..Role::new(RoleKey::realm("operators")) };
    directory.put_role(operators);
    directory.grant(&Subject::Group("blue".into()), &RoleKey::realm("operators"));
    assert!(directory.is_administrator(&"dan".into()));
    assert!(!directory.is_administrator(&"bob".into()));
    let names: Vec<_> = directory.administrators().map(|user: &Arc<User>| user.username.to_string()).collect();
    assert_eq!(names, ["dan", "root"]);
}

/// `inside` is nested in `red`. A role that contains the administrator role makes one as well.
#[rstest]
#[case::no_role(None, "red", false)]
#[case::itself(Some("red"), "red", true)]
#[case::around_it(Some("red"), "inside", true)]
#[case::inside_it(Some("inside"), "red", false)]
#[case::another(Some("blue"), "red", false)]
fn only_platform_administrators_let_people_into_a_group_that_makes_them(
    #[case] holder: Option<&str>,
    #[case] group: &str,
    #[case] grants: bool,
    #[values(RoleKey::administrator("primehub"), RoleKey::realm("operators"))] role: RoleKey,
) {
    let mut directory = directory();
    let mut inside = Group::new("inside".into(), "inside");
    inside.parent = Some("red".into());
    inside.attributes.set_one(ADMINS, "ann");
    directory.put_group(inside);
    directory.join(&"bob".into(), &"inside".into());
    // Tokens of the time before: none of them says administrator, except root's.
    let [root, ann, bob] = ["root", "ann", "bob"].map(|name| {
        let token = SecretString::from("token");
        Caller::Person(Person::in_directory(&directory, &name.into(), name == "root", token).unwrap())
    });
    let contained = [RoleKey::administrator("primehub")].into();
    directory.put_role(Role { composites: contained, ..Role::new(RoleKey::realm("operators")) });
    if let Some(holder) = holder {
        assert!(directory.grant(&Subject::Group(holder.into()), &role));
    }
    let group = GroupId::new(group);
    assert_eq!(directory.grants_administration(&group), grants);
    let adds = |caller| {
        let access = Access::new(caller, &directory);
        access.may_add_members(&access.administrator_of(&group).unwrap()).is_ok()
    };
    assert!(adds(&root));
    assert_eq!(adds(&ann), !grants);
    let invites = |caller| Access::new(caller, &directory).inviter_into(&group, |_| true).is_ok();
    assert!(invites(&root));
    assert_eq!(invites(&bob), !grants);
}

#[rstest]
#[case::platform_administrator("root", true)]
#[case::person("bob", false)]
#[case::server("server", false)]
fn writes_of_administrators_carry_their_own_token(#[case] name: &str, #[case] own: bool) {
    let directory = directory();
    let caller = caller(&directory, name);
    assert_eq!(matches!(caller.actor(), crate::identity::Actor::Person { .. }), own);
}
