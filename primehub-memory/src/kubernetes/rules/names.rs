//! Which names are good, in the words of the real server.

use crate::kubernetes::kinds::Kind;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// How the names of a kind have to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Subdomain,
    Label,
    /// Whatever can stand in a path (roles and bindings).
    Path,
}

fn form(kind: &Kind) -> Form {
    if kind.custom {
        return Form::Subdomain;
    }
    match &*kind.kind {
        "Namespace" | "Service" => Form::Label,
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => Form::Path,
        _ => Form::Subdomain,
    }
}

fn is_label(text: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(inner)
        && bytes.last().is_some_and(inner)
        && bytes.iter().all(|byte| inner(byte) || *byte == b'-')
}

/// Whether `text` is a subdomain by RFC 1123, without its length.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// What is wrong with a name.
pub(crate) fn check(kind: &Kind, name: &str) -> Vec<String> {
    check_form(form(kind), name)
}

/// The same for the beginning of a generated name, which may end in a dash.
pub(crate) fn check_prefix(kind: &Kind, prefix: &str) -> Vec<String> {
    let form = form(kind);
    let mut masked: Vec<char> = prefix.chars().collect();
    // A dash at the end and what is before it stand for a letter, which is all that the real server looks at.
    if form != Form::Path && masked.len() > 1 && masked.last() == Some(&'-') {
        masked.truncate(masked.len() - 2);
        masked.push('a');
    }
    check_form(form, &masked.into_iter().collect::<String>())
}

fn check_form(form: Form, name: &str) -> Vec<String> {
    let (limit, wrong) = match form {
        Form::Subdomain => (253, (!is_subdomain(name)).then_some(SUBDOMAIN)),
        Form::Label if is_label(name) => (63, None),
        Form::Label if is_subdomain(name) => (63, Some("must not contain dots")),
        Form::Label => (63, Some(LABEL)),
        Form::Path => return check_path(name),
    };
    let long = (name.len() > limit).then(|| format!("must be no more than {limit} characters"));
    long.into_iter().chain(wrong.map(str::to_owned)).collect()
}

fn check_path(name: &str) -> Vec<String> {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        _ => {
            let parts = ["/", "%"].into_iter().filter(|part| name.contains(*part));
            parts.map(|part| format!("may not contain '{part}'")).collect()
        }
    }
}

/// What is wrong with a key of labels and annotations, if anything.
pub(crate) fn check_qualified(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((_, rest)) if rest.contains('/') => {
            return Some(
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                    .to_owned(),
            );
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            return Some("prefix part must be non-empty".to_owned());
        }
        if prefix.len() > 253 {
            return Some("prefix part must be no more than 253 bytes".to_owned());
        }
        if !is_subdomain(prefix) {
            return Some(format!("prefix part {SUBDOMAIN}"));
        }
    }
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 bytes".to_owned());
    }
    (!is_word(name)).then(|| QUALIFIED.to_owned())
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// What is wrong with the value of a label, if anything.
pub(crate) fn check_label_value(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes".to_owned());
    }
    (!value.is_empty() && !is_word(value)).then(|| VALUE.to_owned())
}

/// What is wrong with the name of a container.
pub(crate) fn check_label(name: &str) -> Vec<String> {
    check_form(Form::Label, name)
}

/// What is wrong with a key of a config map or secret, if anything.
pub(crate) fn check_data_key(key: &str) -> Option<String> {
    const WHY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    match key {
        "." | ".." => Some(format!("must not be '{key}'")),
        _ if key.len() > 253 => Some("must be no more than 253 bytes".to_owned()),
        _ if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) => {
            Some(WHY.to_owned())
        }
        _ => None,
    }
}

/// The finalizers without a domain that Kubernetes itself uses.
pub(crate) fn is_standard_finalizer(name: &str) -> bool {
    matches!(name, "kubernetes" | "orphan" | "foregroundDeletion")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds;

    #[rstest]
    #[case(Form::Subdomain, "a.b-c", &[])]
    #[case(Form::Subdomain, "X", &[SUBDOMAIN])]
    #[case(Form::Subdomain, "a..b", &[SUBDOMAIN])]
    #[case(Form::Label, "1a", &[])]
    #[case(Form::Label, "a.b", &["must not contain dots"])]
    #[case(Form::Label, "A.b", &[LABEL])]
    #[case(Form::Label, &"a".repeat(64), &["must be no more than 63 characters"])]
    #[case(Form::Label, &"A".repeat(64), &["must be no more than 63 characters", LABEL])]
    #[case(Form::Path, "system:node", &[])]
    #[case(Form::Path, "a/b%", &["may not contain '/'", "may not contain '%'"])]
    fn names_have_forms(#[case] form: Form, #[case] name: &str, #[case] faults: &[&str]) {
        assert_eq!(check_form(form, name), faults);
    }

    #[rstest]
    #[case("secrets", "base-", &[])]
    #[case("secrets", "a_-", &[])]
    #[case("secrets", "Bad_", &[SUBDOMAIN])]
    #[case("namespaces", "a.b-", &["must not contain dots"])]
    #[case("namespaces", &"a".repeat(64), &["must be no more than 63 characters"])]
    fn bases_of_names_may_end_in_a_dash(#[case] resource: &str, #[case] base: &str, #[case] faults: &[&str]) {
        let kinds = kinds::Kinds::new(kinds::builtin());
        assert_eq!(check_prefix(kinds.find("", "v1", resource).unwrap(), base), faults);
    }

    #[rstest]
    #[case("app", true)]
    #[case("example.com/app", true)]
    #[case("/app", false)]
    #[case("example.com/", false)]
    #[case("Example.com/app", false)]
    #[case("a/b/c", false)]
    fn keys_have_an_optional_domain(#[case] key: &str, #[case] good: bool) {
        assert_eq!(check_qualified(key).is_none(), good);
    }
}
