//! Which groups a list shows, and in which order.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::sync::Arc;

use primehub_core::identity::{Directory, Group, GroupSettings, IdentityError, Key, TextFilter};
use primehub_core::names::GroupId;
use primehub_core::quantity::{CapacityG, Decimal};

use crate::error::{ApiError, Code};

/// The group of that id, if it is one of PrimeHub's: nested groups of the identity provider are not.
pub(crate) fn find<'a>(directory: &'a Directory, id: &GroupId) -> Option<&'a Arc<Group>> {
    directory.group(id).filter(|group| group.parent.is_none())
}

/// The same, where there must be one.
///
/// # Errors
/// [`Code::ResourceNotFound`].
pub(crate) fn existing_group<'a>(directory: &'a Directory, id: &GroupId) -> Result<&'a Arc<Group>, ApiError> {
    find(directory, id).ok_or_else(|| IdentityError::Absent(Key::Group(id.clone())).into())
}

/// Conditions on groups, all of which must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupFilter {
    /// Exactly this group; the only way to list the one of everyone.
    pub(crate) id: Option<GroupId>,
    /// Part of the name; upper and lower case differ.
    pub(crate) name_contains: Option<TextFilter>,
    /// Part of the display name; upper and lower case differ.
    pub(crate) display_name_contains: Option<TextFilter>,
    /// Part of either name, whatever the case. Empty restricts nothing.
    pub(crate) search: TextFilter,
}

impl GroupFilter {
    fn matches(&self, row: &Row) -> bool {
        // A field without text contains nothing, not even the empty text: clients know this from every list.
        let contains = |field: &str, part: &TextFilter| !field.is_empty() && part.matches([Some(field)]);
        self.name_contains.as_ref().is_none_or(|part| contains(&row.group.name, part))
            && self.display_name_contains.as_ref().is_none_or(|part| contains(row.display_name(), part))
            && (self.search.is_empty() || self.search.matches([Some(&*row.group.name), Some(row.display_name())]))
    }
}

/// How a list of groups is sorted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct GroupOrder {
    field: OrderField,
    descending: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum OrderField {
    Name,
    DisplayName,
    SharedVolumeCapacity,
    QuotaCpu,
    QuotaGpu,
    ProjectQuotaCpu,
    ProjectQuotaGpu,
}

impl GroupOrder {
    /// Reads an `orderBy` object, given as its fields in the order in which the client wrote them: only the first one counts. `null` is the
    /// same as absent, and without any field nothing is sorted.
    ///
    /// # Errors
    /// A direction other than `asc` and `desc`.
    pub(crate) fn parse<'a>(
        fields: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Option<Self>, ApiError> {
        let Some((field, direction)) = fields.into_iter().find_map(|(field, direction)| Some((field, direction?)))
        else {
            return Ok(None);
        };
        let field = match field {
            "name" => OrderField::Name,
            "displayName" => OrderField::DisplayName,
            "sharedVolumeCapacity" => OrderField::SharedVolumeCapacity,
            "quotaCpu" => OrderField::QuotaCpu,
            "quotaGpu" => OrderField::QuotaGpu,
            "projectQuotaCpu" => OrderField::ProjectQuotaCpu,
            "projectQuotaGpu" => OrderField::ProjectQuotaGpu,
            _ => return Err(ApiError::new(Code::BadUserInput, format!("groups cannot be sorted by {field}"))),
        };
        let descending = match direction {
            "asc" => false,
            "desc" => true,
            _ => {
                let message = format!("order value ({direction}) not valid. Should be 'asc' or 'desc'");
                return Err(ApiError::new(Code::BadUserInput, message));
            }
        };
        Ok(Some(Self { field, descending }))
    }
}

/// The groups that pass the filter. Unsorted lists come by name; sorting is stable. The group of everyone is listed only by its id.
pub(crate) fn list(directory: &Directory, filter: &GroupFilter, order: Option<GroupOrder>) -> Vec<Arc<Group>> {
    let candidates: Vec<&Arc<Group>> = match &filter.id {
        Some(id) => find(directory, id).into_iter().collect(),
        None => directory.groups().filter(|group| group.id != *directory.everyone_id()).collect(),
    };
    let mut rows: Vec<Row> = candidates.into_iter().map(Row::of).collect();
    rows.retain(|row| filter.matches(row));
    match order {
        Some(GroupOrder { field, descending: false }) => rows.sort_by_cached_key(|row| row.key(field)),
        Some(GroupOrder { field, descending: true }) => rows.sort_by_cached_key(|row| Reverse(row.key(field))),
        None => {}
    }
    rows.into_iter().map(|row| row.group).collect()
}

struct Row {
    group: Arc<Group>,
    /// Read only where filter or order need them.
    settings: OnceCell<GroupSettings>,
}

/// What rows are compared by. An absent value is larger than any other: no quota means unlimited, and unnamed things go to the end.
type SortKey = (bool, Option<Comparable>);

#[derive(Eq, Ord, PartialEq, PartialOrd)]
enum Comparable {
    Number(Decimal),
    /// UTF-16 code units, as JavaScript compares texts: the console sorts some pages itself, and both must agree.
    Text(Vec<u16>),
}

impl Row {
    fn of(group: &Arc<Group>) -> Self {
        Self { group: group.clone(), settings: OnceCell::new() }
    }

    fn settings(&self) -> &GroupSettings {
        self.settings.get_or_init(|| GroupSettings::of(&self.group.attributes))
    }

    fn display_name(&self) -> &str {
        self.settings().display_name.as_deref().unwrap_or_default()
    }

    fn key(&self, field: OrderField) -> SortKey {
        let text = |text: &str| Comparable::Text(text.encode_utf16().collect());
        let settings = || self.settings();
        let key = match field {
            OrderField::Name => Some(text(&self.group.name)),
            OrderField::DisplayName => settings().display_name.as_deref().map(text),
            OrderField::SharedVolumeCapacity => {
                settings().shared_volume_capacity.map(CapacityG::gigabytes).map(Comparable::Number)
            }
            OrderField::QuotaCpu => settings().quota_cpu.map(Comparable::Number),
            OrderField::QuotaGpu => settings().quota_gpu.map(Decimal::from_integer).map(Comparable::Number),
            OrderField::ProjectQuotaCpu => settings().project_quota_cpu.map(Comparable::Number),
            OrderField::ProjectQuotaGpu => {
                settings().project_quota_gpu.map(Decimal::from_integer).map(Comparable::Number)
            }
        };
        (key.is_none(), key)
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::{RoleKey, attribute};
    use rstest::rstest;

    use super::*;

    /// Name, and then perhaps display name, CPU quota, shared volume.
    const GROUPS: [(&str, [Option<&str>; 3]); 4] = [
        ("Zeta", [Some("alpha team"), Some("2"), None]),
        ("beta", [Some("Beta"), None, Some("20G")]),
        ("delta", [None, Some("10.5"), Some("100G")]),
        ("gamma", [Some(""), Some("10.5"), Some("3G")]),
    ];

    fn directory() -> Directory {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        directory.put_group(Group::new("everyone".into(), "everyone"));
        for (name, [display_name, cpu, volume]) in GROUPS {
            let mut group = Group::new(name.to_lowercase().into(), name);
            let values = [
                (attribute::DISPLAY_NAME, display_name),
                (attribute::QUOTA_CPU, cpu),
                (attribute::PROJECT_QUOTA_GPU, cpu.map(|cpu| cpu.split('.').next().unwrap_or_default())),
                (attribute::SHARED_VOLUME_CAPACITY, volume),
            ];
            for (name, value) in values {
                group.attributes.set(name, value.into_iter().map(str::to_owned).collect());
            }
            directory.put_group(group);
        }
        let mut nested = Group::new("nested".into(), "inner beta");
        nested.parent = Some("beta".into());
        directory.put_group(nested);
        directory
    }

    fn exact(text: &str) -> TextFilter {
        TextFilter::exact_part("name_contains", text).unwrap()
    }

    fn search(text: &str) -> TextFilter {
        TextFilter::part("search", text).unwrap()
    }

    fn names(filter: &GroupFilter, order: Option<GroupOrder>) -> String {
        list(&directory(), filter, order).iter().map(|group| &*group.name).collect::<Vec<_>>().join(" ")
    }

    #[rstest]
    #[case::no_condition(GroupFilter::default(), "Zeta beta delta gamma")]
    #[case::by_id(GroupFilter { id: Some("beta".into()), ..GroupFilter::default() }, "beta")]
    #[case::everyone_by_id(GroupFilter { id: Some("everyone".into()), ..GroupFilter::default() }, "everyone")]
    #[case::unknown_id(GroupFilter { id: Some("nobody".into()), ..GroupFilter::default() }, "")]
    #[case::nested_groups_are_not_ours(GroupFilter { id: Some("nested".into()), ..GroupFilter::default() }, "")]
    #[case::part_of_a_name(GroupFilter { name_contains: Some(exact("ta")), ..GroupFilter::default() }, "Zeta beta delta")]
    #[case::part_of_a_name_with_case(GroupFilter { name_contains: Some(exact("z")), ..GroupFilter::default() }, "")]
    #[case::part_of_a_display_name(GroupFilter { display_name_contains: Some(exact("eta")), ..GroupFilter::default() }, "beta")]
    #[case::no_text_contains_nothing(GroupFilter { display_name_contains: Some(exact("")), ..GroupFilter::default() }, "Zeta beta")]
    #[case::search_ignores_case(GroupFilter { search: search("ALPHA"), ..GroupFilter::default() }, "Zeta")]
    #[case::search_looks_at_both_names(GroupFilter { search: search("z"), ..GroupFilter::default() }, "Zeta")]
    #[case::empty_search(GroupFilter { search: search(""), ..GroupFilter::default() }, "Zeta beta delta gamma")]
    #[case::all_conditions(GroupFilter { name_contains: Some(exact("ta")), search: search("team"), ..GroupFilter::default() }, "Zeta")]
    #[case::id_and_others(GroupFilter { id: Some("beta".into()), search: search("team"), ..GroupFilter::default() }, "")]
    fn filters(#[case] filter: GroupFilter, #[case] expected: &str) {
        assert_eq!(names(&filter, None), expected);
    }

    #[test]
    fn a_nested_group_is_absent_for_clients() {
        assert!(existing_group(&directory(), &"beta".into()).is_ok());
        let error = existing_group(&directory(), &"nested".into()).unwrap_err();
        assert_eq!(error, ApiError::new(Code::ResourceNotFound, "there is no group with id nested"));
    }

    #[rstest]
    #[case::upper_case_first("name", "asc", "Zeta beta delta gamma")]
    #[case::descending("name", "desc", "gamma delta beta Zeta")]
    #[case::empty_before_all_and_absent_last("displayName", "asc", "gamma beta Zeta delta")]
    #[case::absent_first_when_descending("displayName", "desc", "delta Zeta beta gamma")]
    #[case::unlimited_is_largest("quotaCpu", "asc", "Zeta delta gamma beta")]
    #[case::equal_ones_stay_in_order("quotaCpu", "desc", "beta delta gamma Zeta")]
    #[case::numbers_not_texts("projectQuotaGpu", "asc", "Zeta delta gamma beta")]
    #[case::capacities("sharedVolumeCapacity", "asc", "gamma beta delta Zeta")]
    #[case::nothing_stored("quotaGpu", "desc", "Zeta beta delta gamma")]
    fn orders(#[case] field: &str, #[case] direction: &str, #[case] expected: &str) {
        let order = GroupOrder::parse([(field, Some(direction))]).unwrap();
        assert_eq!(names(&GroupFilter::default(), order), expected);
    }

    #[test]
    fn texts_compare_as_in_a_browser() {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        // U+FF21 is above the surrogates with which U+1D400 is written.
        for name in ["\u{ff21}", "\u{1d400}"] {
            directory.put_group(Group::new(name.into(), name));
        }
        let order = GroupOrder::parse([("name", Some("asc"))]).unwrap();
        let sorted: Vec<_> =
            list(&directory, &GroupFilter::default(), order).iter().map(|group| group.name.to_string()).collect();
        assert_eq!(sorted, ["\u{1d400}", "\u{ff21}"]);
    }

    #[rstest]
    #[case::nothing(&[], None)]
    #[case::null(&[("name", None)], None)]
    #[case::only_the_first(&[("quotaCpu", Some("desc")), ("name", Some("asc"))], Some(("quotaCpu", "desc")))]
    #[case::the_first_that_is_not_null(&[("quotaCpu", None), ("name", Some("asc"))], Some(("name", "asc")))]
    #[case::what_follows_is_not_looked_at(&[("name", Some("asc")), ("quotaGpu", Some("up"))], Some(("name", "asc")))]
    fn only_the_first_field_counts(#[case] fields: &[(&str, Option<&str>)], #[case] same_as: Option<(&str, &str)>) {
        let expected = same_as.and_then(|(field, direction)| GroupOrder::parse([(field, Some(direction))]).unwrap());
        assert_eq!(GroupOrder::parse(fields.iter().copied()), Ok(expected));
    }

    #[rstest]
    #[case::capitals("ASC")]
    #[case::empty("")]
    #[case::word("ascending")]
    fn other_directions_are_refused(#[case] direction: &str) {
        let error = GroupOrder::parse([("name", Some(direction))]).unwrap_err();
        let message = format!("order value ({direction}) not valid. Should be 'asc' or 'desc'");
        assert_eq!(error, ApiError::new(Code::BadUserInput, message));
    }
}
