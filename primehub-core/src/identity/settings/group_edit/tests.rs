use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::identity::settings::SHARED_VOLUME_CAPACITY_MISSING;

fn quiet() -> GroupSettingsEdit {
    GroupSettingsEdit::default()
}

fn stored(pairs: &[(&str, &str)]) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, value) in pairs {
        attributes.set_one(*name, *value);
    }
    attributes
}

fn cores(text: &str) -> Edit<Decimal> {
    Edit::Set(text.parse().unwrap())
}

fn size(text: &str) -> Edit<CapacityG> {
    Edit::Set(text.parse().unwrap())
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar::new("trackingEnvs", name, Some(value.to_owned())).unwrap()
}

fn written(edit: &GroupSettingsEdit, before: &Attributes) -> BTreeMap<String, Vec<String>> {
    let mut attributes = before.clone();
    attributes.apply(&edit.attributes());
    attributes.into()
}

#[rstest]
#[case::whole_cores(GroupSettingsEdit { quota_cpu: cores("20.0"), ..quiet() }, "quota-cpu", &["20"])]
#[case::part_of_a_core(GroupSettingsEdit { project_quota_cpu: cores("10.50"), ..quiet() }, "project-quota-cpu", &["10.5"])]
#[case::zero_is_a_limit(GroupSettingsEdit { quota_gpu: Edit::Set(0), ..quiet() }, "quota-gpu", &["0"])]
#[case::gpus(GroupSettingsEdit { project_quota_gpu: Edit::Set(4), ..quiet() }, "project-quota-gpu", &["4"])]
#[case::memory(GroupSettingsEdit { quota_memory: size("10.5"), ..quiet() }, "quota-memory", &["10.5G"])]
#[case::group_memory(GroupSettingsEdit { project_quota_memory: size("1Ti"), ..quiet() }, "project-quota-memory", &["1024G"])]
#[case::home_volume(GroupSettingsEdit { user_volume_capacity: size("20"), ..quiet() }, "user-volume-capacity", &["20G"])]
#[case::shared_volume(GroupSettingsEdit { shared_volume_capacity: size("20"), ..quiet() }, "shared-volume-capacity", &["20G"])]
#[case::flag(GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() }, "enabled-shared-volume", &["false"])]
#[case::link(GroupSettingsEdit { home_symlink: Edit::Set(true), ..quiet() }, "home-symlink", &["true"])]
#[case::launch(GroupSettingsEdit { launch_group_only: Edit::Set(true), ..quiet() }, "launch-group-only", &["true"])]
#[case::deployment(GroupSettingsEdit { enabled_deployment: Edit::Set(true), ..quiet() }, "enabled-deployment", &["true"])]
#[case::deployments(GroupSettingsEdit { max_deploy: Edit::Set(7), ..quiet() }, "max-deploy", &["7"])]
#[case::deadline(GroupSettingsEdit { job_default_active_deadline_seconds: Edit::Set(60), ..quiet() }, "job-default-active-deadline-seconds", &["60"])]
#[case::display_name(GroupSettingsEdit { display_name: Edit::Set("Team A".into()), ..quiet() }, "displayName", &["Team A"])]
#[case::tracking_uri(GroupSettingsEdit { tracking_uri: Edit::Set("http://m".into()), ..quiet() }, "mlflow-tracking-uri", &["http://m"])]
#[case::ui_url(GroupSettingsEdit { ui_url: Edit::Set("http://u".into()), ..quiet() }, "mlflow-ui-url", &["http://u"])]
#[case::variables(GroupSettingsEdit { tracking_envs: Edit::Set(vec![variable("A", "1"), variable("B", "x=y")]), ..quiet() }, "mlflow-tracking-envs", &["A=1", "B=x=y"])]
#[case::other_variables(GroupSettingsEdit { artifact_envs: Edit::Set(vec![variable("A", "")]), ..quiet() }, "mlflow-artifact-envs", &["A="])]
#[case::no_variables(GroupSettingsEdit { tracking_envs: Edit::Set(Vec::new()), ..quiet() }, "mlflow-tracking-envs", &[])]
#[case::administrators(GroupSettingsEdit { admins: Some(AdminsEdit::parse("amy, bob").unwrap()), ..quiet() }, "admins", &["amy", "bob"])]
#[case::no_administrators(GroupSettingsEdit { admins: Some(AdminsEdit::parse("").unwrap()), ..quiet() }, "admins", &[""])]
fn a_field_has_one_stored_form(#[case] edit: GroupSettingsEdit, #[case] name: &str, #[case] values: &[&str]) {
    let before = stored(&[("from-elsewhere", "kept"), ("mlflow-tracking-envs", "OLD=1")]);
    let mut expected: BTreeMap<String, Vec<String>> = before.clone().into();
    expected.remove(name);
    if !values.is_empty() {
        expected.insert(name.to_owned(), values.iter().map(ToString::to_string).collect());
    }
    assert_eq!(written(&edit, &before), expected);
    assert_eq!(edit.attributes().iter().count(), 1);
}

#[test]
fn null_removes_an_attribute_and_absence_keeps_it() {
    let before = stored(&[("quota-cpu", "4"), ("quota-gpu", "1"), ("displayName", "A")]);
    let edit = GroupSettingsEdit { quota_cpu: Edit::Clear, display_name: Edit::Clear, ..quiet() };
    assert_eq!(written(&edit, &before), stored(&[("quota-gpu", "1")]).into());
    assert!(quiet().attributes().is_empty());
}

#[rstest]
#[case::no_volume(quiet(), false, quiet())]
#[case::link_without_volume(GroupSettingsEdit { home_symlink: Edit::Set(true), ..quiet() }, false, quiet())]
#[case::volume_off(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() }, false,
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() },
)]
#[case::volume(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(false), ..quiet() }, false,
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(true), launch_group_only: Edit::Set(true), ..quiet() },
)]
#[case::volume_for_all_launches(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Set(false), ..quiet() }, false,
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Set(false), home_symlink: Edit::Set(true), ..quiet() },
)]
#[case::volume_with_null(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Clear, ..quiet() }, false,
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Set(true), home_symlink: Edit::Set(true), ..quiet() },
)]
#[case::platform_of_models(
    GroupSettingsEdit { enabled_deployment: Edit::Set(false), ..quiet() }, true,
    GroupSettingsEdit { enabled_deployment: Edit::Set(true), ..quiet() },
)]
fn a_new_group_gets(#[case] asked: GroupSettingsEdit, #[case] deploy_only: bool, #[case] done: GroupSettingsEdit) {
    assert_eq!(asked.for_creation(deploy_only), done);
}

#[rstest]
#[case::nothing(quiet(), "false", quiet())]
#[case::switched_on(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), ..quiet() }, "false",
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(true), launch_group_only: Edit::Set(true), ..quiet() },
)]
#[case::on_already(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), ..quiet() }, "true",
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(true), ..quiet() },
)]
#[case::for_all_launches(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Set(false), ..quiet() }, "false",
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(true), launch_group_only: Edit::Set(false), ..quiet() },
)]
#[case::said_null(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), launch_group_only: Edit::Clear, ..quiet() }, "false",
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), home_symlink: Edit::Set(true), launch_group_only: Edit::Clear, ..quiet() },
)]
#[case::switched_off_keeps_link_and_size(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() }, "true",
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() },
)]
fn a_stored_group_gets(#[case] asked: GroupSettingsEdit, #[case] before: &str, #[case] done: GroupSettingsEdit) {
    let before = GroupSettings::of(&stored(&[("enabled-shared-volume", before)]));
    assert_eq!(asked.for_update(&before), done);
}

#[rstest]
#[case::nothing(quiet(), &[])]
#[case::unrelated(GroupSettingsEdit { display_name: Edit::Set("A".into()), max_deploy: Edit::Set(1), ..quiet() }, &[])]
#[case::quota_of_a_member(GroupSettingsEdit { quota_cpu: cores("1"), ..quiet() }, &["project-quota-cpu"])]
#[case::quota_of_the_group(GroupSettingsEdit { project_quota_gpu: Edit::Set(1), ..quiet() }, &["quota-gpu"])]
#[case::both_quotas(GroupSettingsEdit { quota_memory: size("1"), project_quota_memory: size("2"), ..quiet() }, &[])]
#[case::unlimited_is_always_right(GroupSettingsEdit { quota_cpu: Edit::Clear, project_quota_cpu: Edit::Clear, ..quiet() }, &[])]
#[case::switched_on(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), ..quiet() }, &["shared-volume-capacity", "enabled-shared-volume"],
)]
#[case::switched_on_completely(
    GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), shared_volume_capacity: size("1"), launch_group_only: Edit::Set(false), ..quiet() }, &[],
)]
#[case::switched_off(GroupSettingsEdit { enabled_shared_volume: Edit::Set(false), ..quiet() }, &[])]
#[case::size_removed(GroupSettingsEdit { shared_volume_capacity: Edit::Clear, ..quiet() }, &["enabled-shared-volume"])]
#[case::size_given(GroupSettingsEdit { shared_volume_capacity: size("1"), ..quiet() }, &[])]
fn an_edit_relies_on(#[case] edit: GroupSettingsEdit, #[case] names: &[&str]) {
    assert_eq!(edit.relied_on(), names);
}

#[rstest]
#[case::above_the_stored_limit(GroupSettingsEdit { quota_cpu: cores("5"), ..quiet() }, Some("quotaCpu must not be larger than projectQuotaCpu"))]
#[case::limit_below_the_stored_quota(GroupSettingsEdit { project_quota_cpu: cores("1"), ..quiet() }, Some("quotaCpu must not be larger than projectQuotaCpu"))]
#[case::both_at_once(GroupSettingsEdit { quota_cpu: cores("5"), project_quota_cpu: cores("5"), ..quiet() }, None)]
#[case::switched_on(GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), ..quiet() }, Some(SHARED_VOLUME_CAPACITY_MISSING))]
#[case::switched_on_with_size(GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), shared_volume_capacity: size("1"), ..quiet() }, None)]
#[case::old_mistakes_do_not_stand_in_the_way(GroupSettingsEdit { display_name: Edit::Set("A".into()), ..quiet() }, None)]
#[case::old_mistakes_can_be_repaired(GroupSettingsEdit { max_deploy: Edit::Clear, ..quiet() }, None)]
fn an_edit_is_checked_as_merged(#[case] edit: GroupSettingsEdit, #[case] problem: Option<&str>) {
    let before = stored(&[("quota-cpu", "2"), ("project-quota-cpu", "4"), ("max-deploy", "-1")]);
    let checked = edit.validate(&before);
    assert_eq!(checked.as_ref().err().map(ToString::to_string).as_deref(), problem);
    if let Ok(merged) = checked {
        assert_eq!(merged, edit.apply_to(&before));
    }
}

#[rstest]
#[case::what_group_administrators_may_change(
    GroupSettingsEdit {
        job_default_active_deadline_seconds: Edit::Set(5), tracking_uri: Edit::Set("u".into()), ui_url: Edit::Clear,
        tracking_envs: Edit::Set(vec![variable("A", "1")]), artifact_envs: Edit::Clear, admins: Some(AdminsEdit::parse("amy").unwrap()), ..quiet()
    }, &[],
)]
#[case::same_values_in_another_form(
    GroupSettingsEdit { quota_cpu: cores("2.0"), project_quota_memory: size("20"), enabled_shared_volume: Edit::Set(false), ..quiet() }, &[],
)]
#[case::null_where_nothing_is(GroupSettingsEdit { quota_gpu: Edit::Clear, home_symlink: Edit::Clear, ..quiet() }, &[])]
#[case::another_value(GroupSettingsEdit { quota_cpu: cores("3"), ..quiet() }, &["quotaCpu"])]
#[case::null_where_something_is(GroupSettingsEdit { quota_cpu: Edit::Clear, ..quiet() }, &["quotaCpu"])]
#[case::null_where_something_malformed_is(GroupSettingsEdit { quota_memory: Edit::Clear, ..quiet() }, &["quotaMemory"])]
#[case::everything_else(
    GroupSettingsEdit {
        display_name: Edit::Set("B".into()), quota_gpu: Edit::Set(9), project_quota_cpu: cores("9"), project_quota_gpu: Edit::Set(9),
        user_volume_capacity: size("9"), enabled_shared_volume: Edit::Set(true), shared_volume_capacity: size("9"), home_symlink: Edit::Set(true),
        launch_group_only: Edit::Set(true), enabled_deployment: Edit::Set(true), max_deploy: Edit::Set(9), ..quiet()
    },
    &["displayName", "enabledDeployment", "enabledSharedVolume", "homeSymlink", "launchGroupOnly", "maxDeploy", "projectQuotaCpu",
      "projectQuotaGpu", "quotaGpu", "sharedVolumeCapacity", "userVolumeCapacity"],
)]
fn a_group_administrator_goes_too_far(#[case] edit: GroupSettingsEdit, #[case] fields: &[&str]) {
    let before =
        stored(&[("quota-cpu", "2"), ("project-quota-memory", "20Gi"), ("quota-memory", "lots"), ("displayName", "A")]);
    assert_eq!(edit.changes_beyond_group_admin(&before), fields);
}

#[test]
fn what_is_stored_already_is_not_written_again() {
    let before = stored(&[("quota-cpu", "2"), ("displayName", "A")]);
    let edit = GroupSettingsEdit { quota_cpu: cores("2"), display_name: Edit::Set("B".into()), ..quiet() };
    let names: Vec<_> = edit.effective_attributes(&before).iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["displayName"]);
}

fn capacity() -> impl Strategy<Value = CapacityG> {
    (0_u32..1_000_000, 0_u32..1000)
        .prop_map(|(whole, thousandths)| format!("{whole}.{thousandths:03}G").parse().unwrap())
}

fn number() -> impl Strategy<Value = Decimal> {
    (0_u32..1_000_000, 0_u32..1000)
        .prop_map(|(whole, thousandths)| format!("{whole}.{thousandths:03}").parse().unwrap())
}

fn variables() -> impl Strategy<Value = Vec<EnvVar>> {
    proptest::collection::vec(("[A-Z_]{1,8}", any::<String>()).prop_map(|(name, value)| variable(&name, &value)), 0..4)
}

fn any_edit<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Edit<T>> {
    (0..3, value).prop_map(|(kind, value)| match kind {
        0 => Edit::Keep,
        1 => Edit::Clear,
        _ => Edit::Set(value),
    })
}

prop_compose! {
    fn any_edits()(
        display_name in any_edit(any::<String>()), quota_cpu in any_edit(number()), quota_gpu in any_edit(any::<i64>()),
        quota_memory in any_edit(capacity()), user_volume_capacity in any_edit(capacity()), enabled_shared_volume in any_edit(any::<bool>()),
        launch_group_only in any_edit(any::<bool>()), max_deploy in any_edit(any::<i64>()), tracking_envs in any_edit(variables()),
        project_quota_cpu in any_edit(number()), shared_volume_capacity in any_edit(capacity()),
    ) -> GroupSettingsEdit {
        GroupSettingsEdit {
            display_name, quota_cpu, quota_gpu, quota_memory, project_quota_cpu, user_volume_capacity, enabled_shared_volume,
            shared_volume_capacity, launch_group_only, max_deploy, tracking_envs, ..quiet()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(edit in any_edits(), first in any_edits()) {
        let mut before = Attributes::default();
        before.apply(&first.attributes());
        let old = GroupSettings::of(&before);
        let read = edit.apply_to(&before);
        let mut expected = old;
        edit.display_name.clone().apply(&mut expected.display_name);
        edit.quota_cpu.clone().apply(&mut expected.quota_cpu);
        edit.quota_gpu.clone().apply(&mut expected.quota_gpu);
        edit.quota_memory.clone().apply(&mut expected.quota_memory);
        edit.user_volume_capacity.clone().apply(&mut expected.user_volume_capacity);
        edit.launch_group_only.clone().apply(&mut expected.launch_group_only);
        edit.max_deploy.clone().apply(&mut expected.max_deploy);
        edit.project_quota_cpu.clone().apply(&mut expected.project_quota_cpu);
        edit.shared_volume_capacity.clone().apply(&mut expected.shared_volume_capacity);
        let mut shared = Some(expected.enabled_shared_volume);
        edit.enabled_shared_volume.clone().apply(&mut shared);
        expected.enabled_shared_volume = shared.unwrap_or(false);
        let mut variables = Some(expected.mlflow.tracking_envs);
        edit.tracking_envs.clone().apply(&mut variables);
        expected.mlflow.tracking_envs = variables.unwrap_or_default();
        prop_assert_eq!(read, expected);
    }

    /// The expectations protect the decision: as long as what it relies on stays, no other stored value turns it around.
    #[test]
    fn the_decision_depends_only_on_what_it_relies_on(edit in any_edits(), one in any_edits(), other in any_edits()) {
        let mut before = Attributes::default();
        before.apply(&one.attributes());
        let mut meanwhile = Attributes::default();
        meanwhile.apply(&other.attributes());
        for name in edit.relied_on() {
            meanwhile.set(name, before.all(name).to_vec());
        }
        prop_assert_eq!(edit.validate(&before).err(), edit.validate(&meanwhile).err());
        let derived = |stored: &Attributes| edit.clone().for_update(&GroupSettings::of(stored));
        prop_assert_eq!(derived(&before), derived(&meanwhile));
    }

    #[test]
    fn effective_edits_lead_to_the_same_settings(edit in any_edits(), first in any_edits()) {
        let mut before = Attributes::default();
        before.apply(&first.attributes());
        let mut after = before.clone();
        after.apply(&edit.effective_attributes(&before));
        prop_assert_eq!(GroupSettings::of(&after), edit.apply_to(&before));
    }
}
