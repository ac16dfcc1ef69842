//! Names of resources that are Kubernetes objects: instance types, images, datasets and announcements.

use super::validated::validated_name;

/// Longest name of a Kubernetes object, in characters.
pub const MAX_OBJECT_NAME: usize = 253;

validated_name! {
    /// Name of an instance type: a name that Kubernetes accepts for an object (lower-case letters, digits, `-` and `.`; each part
    /// between dots starts and ends with a letter or digit; at most [`MAX_OBJECT_NAME`] characters).
    InstanceTypeName, "an instance type name", check_object_name
}

validated_name! {
    /// Name of an image, under the rules of [`InstanceTypeName`].
    ImageName, "an image name", check_object_name
}

validated_name! {
    /// Name of a dataset, under the rules of [`InstanceTypeName`].
    DatasetName, "a dataset name", check_object_name
}

validated_name! {
    /// Name of an announcement, under the rules of [`InstanceTypeName`].
    AnnouncementName, "an announcement name", check_object_name
}

/// A DNS subdomain as Kubernetes understands RFC 1123. Parts longer than a DNS label are let pass, as Kubernetes does.
fn check_object_name(name: &str) -> Result<(), &'static str> {
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let is_end = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    if name.is_empty() {
        Err("it is empty")
    } else if name.len() > MAX_OBJECT_NAME {
        Err("it is longer than 253 characters")
    } else if !name.bytes().all(|byte| byte == b'.' || is_inner(&byte)) {
        Err("only the letters a-z, digits, '-' and '.' are allowed")
    } else if name.split('.').map(str::as_bytes).all(|part| is_end(part.first()) && is_end(part.last())) {
        Ok(())
    } else {
        Err("it, and each part between dots, must start and end with a letter or digit")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("cpu-1")]
    #[case::one_character("a")]
    #[case::digits("1")]
    #[case::parts("nvidia.a100-80gb.x")]
    #[case::longest(&"a".repeat(253))]
    fn resource_names_may_be_created(#[case] name: &str) {
        assert_eq!(name.parse::<InstanceTypeName>().unwrap().as_str(), name);
        assert_eq!(name.parse::<DatasetName>().unwrap().as_str(), name);
    }

    #[rstest]
    #[case::empty("", "empty")]
    #[case::upper_case("Cpu", "only the letters")]
    #[case::underscore("a_b", "only the letters")]
    #[case::colon("rw:a", "only the letters")]
    #[case::leading_dash("-a", "must start and end")]
    #[case::trailing_dash("a-", "must start and end")]
    #[case::dash_beside_a_dot("a-.b", "must start and end")]
    #[case::two_dots("a..b", "must start and end")]
    #[case::trailing_dot("a.", "must start and end")]
    #[case::too_long(&"a".repeat(254), "longer than 253")]
    fn other_resource_names_are_refused(#[case] name: &str, #[case] reason: &str) {
        let error = name.parse::<ImageName>().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(error.kind(), "an image name");
        assert_eq!(name.parse::<AnnouncementName>().unwrap_err().kind(), "an announcement name");
    }
}
