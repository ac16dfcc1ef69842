//! The limits of a parsed document: pure, and linear in the size of its text, however often its fragments are used.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::limits::Limits;

/// A limit that a document exceeds.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TooMuch {
    #[error("the query nests fields more than {0} deep")]
    Depth(usize),
    #[error("the query nests selections more than {0} deep")]
    Nesting(usize),
    #[error("the query selects more than {0} fields")]
    Fields(usize),
    #[error("the query has more than {0} aliases")]
    Aliases(usize),
    #[error("the operation has more than {0} fields at its root")]
    RootFields(usize),
    #[error("the query has more than {0} directives")]
    Directives(usize),
    #[error("the query nests lists of people and groups more than {0} deep")]
    Relations(usize),
    #[error("fragment {0} contains itself")]
    Cycle(String),
    #[error("introspection is switched off, but the query contains __schema or __type")]
    Introspection,
}

/// Fields that lead from one object to many people or groups.
const RELATIONS: [&str; 3] = ["effectiveGroups", "groups", "users"];

/// Refuses a document that would cost too much to check or to answer. All its operations count together, and so do fragments that are
/// used several times. Tells how many fields they select.
pub(super) fn check(document: &ExecutableDocument, limits: &Limits, introspection: bool) -> Result<usize, TooMuch> {
    let mut walk = Walk { document, limits, introspection, open: HashSet::new(), fragments: HashMap::new() };
    let mut total = Cost::default();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let cost = walk.selections(&operation.selection_set.node, 1)?;
        limit(cost.roots, limits.root_fields, TooMuch::RootFields)?;
        total.add(cost);
        let on_variables = operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        total.directives += operation.directives.len() + on_variables.sum::<usize>();
        total.within(limits)?;
    }
    // Fragments that nobody uses are checked against the schema all the same.
    for name in document.fragments.keys() {
        walk.fragment(name, 1)?;
    }
    Ok(total.fields)
}

/// What a selection costs, everything inside included.
#[derive(Clone, Copy, Default)]
struct Cost {
    depth: usize,
    nesting: usize,
    relations: usize,
    roots: usize,
    fields: usize,
    aliases: usize,
    directives: usize,
}

impl Cost {
    /// Puts `other` beside this.
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.relations = self.relations.max(other.relations);
        self.roots = self.roots.saturating_add(other.roots);
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }

    fn within(&self, limits: &Limits) -> Result<(), TooMuch> {
        limit(self.depth, limits.depth, TooMuch::Depth)?;
        limit(self.nesting, limits.nesting, TooMuch::Nesting)?;
        limit(self.aliases, limits.aliases, TooMuch::Aliases)?;
        limit(self.directives, limits.directives, TooMuch::Directives)?;
        limit(self.relations, limits.relations, TooMuch::Relations)?;
        limit(self.fields, limits.fields, TooMuch::Fields)
    }
}

fn limit(value: usize, limit: usize, error: fn(usize) -> TooMuch) -> Result<(), TooMuch> {
    if value > limit { Err(error(limit)) } else { Ok(()) }
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    introspection: bool,
    open: HashSet<&'a str>,
    fragments: HashMap<&'a str, Cost>,
}

impl<'a> Walk<'a> {
    /// The cost of a set of selections that stands `level` deep in the text; the recursion is bounded by that.
    fn selections(&mut self, set: &'a SelectionSet, level: usize) -> Result<Cost, TooMuch> {
        limit(level, self.limits.nesting, TooMuch::Nesting)?;
        let mut cost = Cost::default();
        for selection in &set.items {
            let mut one = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let name = field.name.node.as_str();
                    if !self.introspection && matches!(name, "__schema" | "__type") {
                        return Err(TooMuch::Introspection);
                    }
                    let mut inner = if field.selection_set.node.items.is_empty() {
                        Cost::default()
                    } else {
                        self.selections(&field.selection_set.node, level + 1)?
                    };
                    inner.depth += 1;
                    inner.roots = 1;
                    inner.fields = inner.fields.saturating_add(1);
                    inner.aliases = inner.aliases.saturating_add(usize::from(field.alias.is_some()));
                    inner.relations += usize::from(RELATIONS.contains(&name));
                    inner
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, level + 1)?,
            };
            one.directives = one.directives.saturating_add(selection.node.directives().len());
            cost.add(one);
        }
        cost.nesting += 1;
        // Early, so that a long document is not walked to its end.
        cost.within(self.limits)?;
        Ok(cost)
    }

    /// The cost of a fragment, found once however often it is used. An unknown one costs nothing: the schema check names it.
    fn fragment(&mut self, name: &'a str, level: usize) -> Result<Cost, TooMuch> {
        if let Some(cost) = self.fragments.get(name) {
            return Ok(*cost);
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Cost::default()) };
        if !self.open.insert(name) {
            return Err(TooMuch::Cycle(name.to_owned()));
        }
        let mut cost = self.selections(&fragment.node.selection_set.node, level)?;
        cost.directives = cost.directives.saturating_add(fragment.node.directives.len());
        self.open.remove(name);
        self.fragments.insert(name, cost);
        Ok(cost)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use async_graphql::parser::parse_query;
    use rstest::rstest;

    use super::*;

    fn small() -> Limits {
        Limits {
            depth: 4,
            nesting: 6,
            fields: 8,
            aliases: 2,
            root_fields: 3,
            directives: 2,
            relations: 2,
            ..Limits::default()
        }
    }

    fn outcome(query: &str, limits: &Limits) -> Option<TooMuch> {
        check(&parse_query(query).unwrap(), limits, false).err()
    }

    #[rstest]
    #[case::plain("{ me { id } }", None)]
    #[case::deep("{ a { b { c { d { e } } } } }", Some(TooMuch::Depth(4)))]
    #[case::fragments_add_no_depth("{ ...f } fragment f on Query { a { ... { b { c { d } } } } }", None)]
    #[case::inline_nesting("{ ... { ... { ... { ... { ... { ... { a } } } } } } }", Some(TooMuch::Nesting(6)))]
    #[case::wide("{ a { b c d e f g h i } }", Some(TooMuch::Fields(8)))]
    #[case::fragments_count_each_time(
        "{ a { ...f } b { ...f } } fragment f on T { c d e f }",
        Some(TooMuch::Fields(8))
    )]
    #[case::roots("{ a b c d }", Some(TooMuch::RootFields(3)))]
    #[case::roots_in_fragments("{ ...f ...f } fragment f on Query { a b }", Some(TooMuch::RootFields(3)))]
    #[case::aliases("{ a: x b: x c: x }", Some(TooMuch::Aliases(2)))]
    #[case::aliases_in_fragments("{ a { ...f } b { ...f } } fragment f on T { c: d e: d }", Some(TooMuch::Aliases(2)))]
    #[case::directives("{ a @skip(if: true) @skip(if: true) @skip(if: true) }", Some(TooMuch::Directives(2)))]
    #[case::directives_of_the_operation("query @a @b @c { a }", Some(TooMuch::Directives(2)))]
    #[case::relations("{ users { groups { users { id } } } }", Some(TooMuch::Relations(2)))]
    #[case::relations_of_the_sdk("{ me { effectiveGroups { users { id } } } }", None)]
    #[case::cycle("{ ...a } fragment a on T { b { ...c } } fragment c on T { ...a }", Some(TooMuch::Cycle("a".into())))]
    #[case::cycle_to_itself("{ ...a } fragment a on T { ...a ...a }", Some(TooMuch::Cycle("a".into())))]
    #[case::unused_fragments_count("{ a } fragment f on T { a { b { c { d { e } } } } }", Some(TooMuch::Depth(4)))]
    #[case::unknown_fragment("{ ...f }", None)]
    #[case::several_operations("query a { a b c } query b { a b c } query c { a b c }", Some(TooMuch::Fields(8)))]
    #[case::schema("{ __schema { types { name } } }", Some(TooMuch::Introspection))]
    #[case::type_in_a_fragment(
        "{ ...f } fragment f on Query { __type(name: \"a\") { name } }",
        Some(TooMuch::Introspection)
    )]
    #[case::typename("{ __typename }", None)]
    fn documents_are_measured(#[case] query: &str, #[case] expected: Option<TooMuch>) {
        assert_eq!(outcome(query, &small()), expected);
    }

    #[rstest]
    #[case::sdk_me("{ me { id username firstName lastName email isAdmin } }")]
    #[case::sdk_members("{ me { effectiveGroups { id admins users { id username firstName lastName email } } } }")]
    #[case::sdk_everyone(
        "query ($where: GroupWhereUniqueInput!, $everyone: GroupWhereUniqueInput!) {
           group(where: $where) { ...f } everyoneGroup: group(where: $everyone) { ...f } }
         fragment f on Group { id name displayName admins quotaCpu quotaGpu users { id username } images { id name } }"
    )]
    #[case::console_current_user(
        "query CurrentUser { me { id username isAdmin predefinedEnvs __typename
           everyoneGroup: effectiveGroups { id name __typename }
           effectiveGroups { ...info deploymentsUsage resourceStatus { cpuUsage __typename }
             images { ...image } datasets { id name displayName __typename }
             instanceTypes { id name tolerations { operator key value effect __typename } nodeSelector __typename } } } }
         fragment info on Group { id name displayName admins quotaCpu quotaGpu quotaMemory projectQuotaCpu
           mlflow { trackingUri trackingEnvs { name value __typename } __typename } __typename }
         fragment image on Image { id name displayName description isReady spec groupName __typename }"
    )]
    #[case::console_users(
        "query ($first: Int) { users: usersConnection(first: $first) { edges { cursor node { id username groups { id name } } }
           pageInfo { hasNextPage hasPreviousPage startCursor endCursor totalPage currentPage } } }"
    )]
    #[case::spawner(
        "{ system { defaultUserVolumeCapacity timezone { name offset } }
           user(where: { id: \"a\" }) { id username isAdmin groups { id name mlflow { trackingEnvs { name value } }
             instanceTypes { id spec } images { id spec } datasets { id spec } } } }"
    )]
    fn operations_of_the_published_clients_pass(#[case] query: &str) {
        assert_eq!(super::super::lexical::check(query, &Limits::default()), Ok(()));
        assert_eq!(outcome(query, &Limits::default()), None);
    }

    #[test]
    fn fields_are_counted_as_often_as_they_are_selected() {
        let document = parse_query("{ a { ...f } b { ...f } } fragment f on T { c d }").unwrap();
        assert_eq!(check(&document, &Limits::default(), false), Ok(6));
    }

    #[test]
    fn a_fragment_bomb_is_counted_without_being_carried_out() {
        let mut query = "{ ...f0 }".to_owned();
        for level in 0..25 {
            let next = level + 1;
            write!(query, " fragment f{level} on Query {{ ...f{next} ...f{next} ...f{next} ...f{next} }}").unwrap();
        }
        query.push_str(" fragment f25 on Query { a }");
        assert_eq!(outcome(&query, &Limits::default()), Some(TooMuch::Fields(1_000)));
    }

    #[test]
    fn a_long_chain_of_fragments_does_not_exhaust_the_stack() {
        let mut query = "{ ...f0 }".to_owned();
        for level in 0..1_000 {
            write!(query, " fragment f{level} on Query {{ ...f{} }}", level + 1).unwrap();
        }
        assert_eq!(outcome(&query, &Limits::default()), Some(TooMuch::Nesting(30)));
    }

    #[test]
    fn the_usual_introspection_query_passes_when_it_is_allowed() {
        let of_type = "ofType { kind name ".repeat(9) + &"}".repeat(9);
        let query = format!(
            "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...FullType }} directives {{ name args {{ ...InputValue }} }} }} }}
             fragment FullType on __Type {{ kind name fields(includeDeprecated: true) {{ name args {{ ...InputValue }} type {{ ...TypeRef }} }}
                inputFields {{ ...InputValue }} interfaces {{ ...TypeRef }} enumValues {{ name }} possibleTypes {{ ...TypeRef }} }}
             fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
             fragment TypeRef on __Type {{ kind name {of_type} }}"
        );
        let document = parse_query(query).unwrap();
        assert!(check(&document, &Limits::default(), true).is_ok());
        assert_eq!(check(&document, &Limits::default(), false), Err(TooMuch::Introspection));
    }
}
