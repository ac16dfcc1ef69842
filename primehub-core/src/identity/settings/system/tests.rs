use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn stored(pairs: &[(&str, &str)]) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, value) in pairs {
        attributes.set_one(*name, *value);
    }
    attributes
}

fn quiet() -> SystemSettingsEdit {
    SystemSettingsEdit::default()
}

const FULL: &[(&str, &str)] = &[
    ("org.name", "ACME"),
    ("org.logo.contentType", "image/png"),
    ("org.logo.name", "logo.png"),
    ("org.logo.size", "1234"),
    ("org.logo.url", "https://acme/logo.png"),
    ("defaultUserVolumeCapacity", "30G"),
    ("timezone", "Asia/Tokyo"),
    ("quota-cpu", "0"),
];

const HOME: Timezone = Timezone { name: "Africa/Abidjan", offset_hours: 0.0 };

#[test]
fn nothing_stored_reads_as_the_defaults() {
    let read = SystemSettings::of(&stored(&[("org.name", ""), ("org.logo.url", "")]));
    assert_eq!(read, SystemSettings::default());
    assert_eq!((read.org_name(), read.timezone(HOME)), ("InfuseAI", Some(HOME)));
}

#[test]
fn everything_stored_is_read() {
    let read = SystemSettings::of(&stored(FULL));
    let logo = Logo {
        content_type: Some("image/png".into()),
        name: Some("logo.png".into()),
        size: Some(1234),
        url: Some("https://acme/logo.png".into()),
    };
    assert_eq!((read.org_name(), read.logo.as_ref()), ("ACME", Some(&logo)));
    assert_eq!(read.default_user_volume_capacity, Some("30G".parse().unwrap()));
    assert_eq!(read.timezone(HOME).map(|zone| zone.offset_hours), Some(9.0));
}

#[rstest]
#[case::none(&[], Some("Africa/Abidjan"), "Africa/Abidjan")]
#[case::known(&[("timezone", "Asia/Taipei")], Some("Asia/Taipei"), "Asia/Taipei")]
#[case::old_place(&[("timezone.name", "Asia/Taipei")], Some("Asia/Taipei"), "Asia/Taipei")]
#[case::new_place_wins(&[("timezone", "UTC"), ("timezone.name", "Asia/Taipei")], Some("UTC"), "UTC")]
#[case::unknown(&[("timezone", "Mars/Olympus")], None, "Africa/Abidjan")]
fn the_time_zone_is_read(#[case] pairs: &[(&str, &str)], #[case] shown: Option<&str>, #[case] effective: &str) {
    let read = SystemSettings::of(&stored(pairs));
    assert_eq!(read.timezone(HOME).map(|zone| zone.name), shown);
    assert_eq!(read.effective_timezone(HOME).name, effective);
}

#[rstest]
#[case::nothing(quiet(), &[], &[])]
#[case::empty_and_zero_keep(
    SystemSettingsEdit {
        org_name: Some(String::new()), logo: LogoEdit { content_type: Some(String::new()), name: Some(String::new()), size: Some(0), url: None },
        default_user_volume_capacity: Some(CapacityG::default()), timezone: Some(String::new()),
    },
    &[], &[],
)]
#[case::unknown_time_zone_keeps(SystemSettingsEdit { timezone: Some("Mars/Olympus".into()), ..quiet() }, &[], &[])]
#[case::name(SystemSettingsEdit { org_name: Some("New".into()), ..quiet() }, &[("org.name", "New")], &[])]
#[case::capacity(
    SystemSettingsEdit { default_user_volume_capacity: Some("50".parse().unwrap()), ..quiet() },
    &[("defaultUserVolumeCapacity", "50G")], &[],
)]
#[case::time_zone(SystemSettingsEdit { timezone: Some("UTC".into()), ..quiet() }, &[("timezone", "UTC")], &[])]
#[case::address_alone(
    SystemSettingsEdit { logo: LogoEdit { url: Some("https://b/".into()), ..LogoEdit::default() }, ..quiet() },
    &[("org.logo.url", "https://b/")], &[],
)]
#[case::whole_logo(
    SystemSettingsEdit {
        logo: LogoEdit { content_type: Some("image/gif".into()), name: Some("b.gif".into()), size: Some(5), url: Some("https://b/".into()) }, ..quiet()
    },
    &[("org.logo.contentType", "image/gif"), ("org.logo.name", "b.gif"), ("org.logo.size", "5"), ("org.logo.url", "https://b/")], &[],
)]
#[case::empty_address_removes_the_logo(
    SystemSettingsEdit { logo: LogoEdit { name: Some("x".into()), url: Some(String::new()), ..LogoEdit::default() }, ..quiet() },
    &[], &["org.logo.contentType", "org.logo.name", "org.logo.size", "org.logo.url"],
)]
fn an_edit_keeps_what_it_does_not_name(
    #[case] edit: SystemSettingsEdit,
    #[case] changed: &[(&str, &str)],
    #[case] removed: &[&str],
) {
    let mut after = stored(FULL);
    after.apply(&edit.attributes().unwrap());
    let mut expected = stored(FULL);
    for (name, value) in changed {
        expected.set_one(*name, *value);
    }
    for name in removed {
        expected.set(*name, Vec::new());
    }
    assert_eq!(after, expected);
}

#[rstest]
#[case::address(
    SystemSettingsEdit { logo: LogoEdit { url: Some("javascript:x".into()), ..LogoEdit::default() }, ..quiet() }, "org.logo.url",
)]
#[case::size(SystemSettingsEdit { logo: LogoEdit { size: Some(-1), ..LogoEdit::default() }, ..quiet() }, "org.logo.size")]
#[case::capacity(
    SystemSettingsEdit { default_user_volume_capacity: Some("-1".parse().unwrap()), ..quiet() }, "defaultUserVolumeCapacity",
)]
fn a_bad_value_is_refused(#[case] edit: SystemSettingsEdit, #[case] name: &str) {
    assert!(matches!(edit.attributes(), Err(IdentityError::Invalid { field, .. }) if field == name));
}

fn html(url: &str, name: &str) -> Edit<String> {
    Edit::Set(format!(r#"<img src="{url}" alt="{name}" width="500" >"#))
}

fn named(name: &str) -> SystemSettingsEdit {
    SystemSettingsEdit { org_name: Some(name.into()), ..quiet() }
}

fn pictured(url: &str) -> SystemSettingsEdit {
    SystemSettingsEdit { logo: LogoEdit { url: Some(url.into()), ..LogoEdit::default() }, ..quiet() }
}

#[rstest]
#[case::neither(SystemSettingsEdit { timezone: Some("UTC".into()), ..quiet() }, FULL, Edit::Keep, Edit::Keep)]
#[case::name_keeps_the_logo(named("New"), FULL, Edit::Set("New".into()), html("https://acme/logo.png", "New"))]
#[case::empty_name(named(""), FULL, Edit::Keep, Edit::Keep)]
#[case::name_without_logo(named("New"), &[], Edit::Set("New".into()), Edit::Keep)]
#[case::name_beside_an_unacceptable_address(
    named("New"), &[("org.logo.url", "javascript:x")], Edit::Set("New".into()), Edit::Keep,
)]
#[case::logo_keeps_the_name(pictured("https://b/"), FULL, Edit::Keep, html("https://b/", "ACME"))]
#[case::logo_without_name(pictured("https://b/"), &[], Edit::Keep, html("https://b/", ""))]
#[case::logo_removed(pictured(""), FULL, Edit::Keep, Edit::Set(String::new()))]
#[case::both(
    SystemSettingsEdit { org_name: Some("A&B".into()), ..pictured("https://b/") }, FULL, Edit::Set("A&B".into()), html("https://b/", "A&#38;B"),
)]
fn the_login_page_shows(
    #[case] edit: SystemSettingsEdit,
    #[case] pairs: &[(&str, &str)],
    #[case] name: Edit<String>,
    #[case] html: Edit<String>,
) {
    let expected = RealmEdit { display_name: name, display_name_html: html, ..RealmEdit::default() };
    assert_eq!(edit.realm(&SystemSettings::of(&stored(pairs))), Ok(expected));
}

#[rstest]
#[case::address(pictured("javascript:x"))]
#[case::name(named(&"a".repeat(256)))]
fn the_login_page_refuses(#[case] edit: SystemSettingsEdit) {
    assert!(matches!(edit.realm(&SystemSettings::default()), Err(IdentityError::Invalid { .. })));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in ".+", size in 1_i64.., gigabytes in 1_i64..1_000_000, zone in 0..257_usize) {
        let zone = timezone::all().nth(zone).unwrap();
        let capacity = CapacityG::new(gigabytes.into()).unwrap();
        let edit = SystemSettingsEdit {
            org_name: Some(name.clone()),
            logo: LogoEdit { size: Some(size), name: Some(name.clone()), ..LogoEdit::default() },
            default_user_volume_capacity: Some(capacity),
            timezone: Some(zone.name.into()),
        };
        let mut attributes = Attributes::default();
        attributes.apply(&edit.attributes().unwrap());
        let read = SystemSettings::of(&attributes);
        prop_assert_eq!(read.timezone(HOME), Some(zone));
        prop_assert_eq!(read.org_name(), name.as_str());
        prop_assert_eq!(read.default_user_volume_capacity, Some(capacity));
        prop_assert_eq!(read.logo, Some(Logo { size: Some(size), name: Some(name), ..Logo::default() }));
    }

    #[test]
    fn any_texts_can_be_read(text: String) {
        let names = LOGO.into_iter().chain([attribute::ORG_NAME, attribute::DEFAULT_USER_VOLUME_CAPACITY, attribute::TIMEZONE]);
        let pairs: Vec<_> = names.map(|name| (name, text.as_str())).collect();
        let read = SystemSettings::of(&stored(&pairs));
        prop_assert_eq!(read.stored_org_name.as_deref().unwrap_or_default(), text.as_str());
    }
}
