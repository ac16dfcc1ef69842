//! In which form the answer is wanted.

use super::route::{Resource, Verb};
use crate::kubernetes::kinds::Subresource;
use crate::kubernetes::status::{Details, Status};

/// The form of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Accept {
    /// The objects as they are.
    #[default]
    Full,
    /// Metadata alone, in this version of `meta.k8s.io`: of one object (`PartialObjectMetadata`), or of a list (`PartialObjectMetadataList`).
    Metadata { list: bool, version: String },
    /// A table of this version of `meta.k8s.io`.
    Table { version: String },
    /// Discovery documents of all groups in one, of version `v2` of `apidiscovery.k8s.io`.
    Aggregated,
}

const TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

impl Accept {
    /// The first range of an `Accept` header that this server can answer in. Without a header: as they are.
    ///
    /// # Errors
    ///
    /// 406 if there is none.
    pub(crate) fn parse(header: Option<&str>, discovery: bool) -> Result<Self, Status> {
        let Some(header) = header.filter(|text| !text.trim().is_empty()) else { return Ok(Self::Full) };
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let parameter = |name: &str| {
                range.split(';').skip(1).find_map(|part| {
                    let (key, value) = part.trim().split_once('=')?;
                    (key == name).then(|| value.trim_matches('"').to_owned())
                })
            };
            if !matches!(kind, "application/json" | "*/*" | "application/*") {
                continue;
            }
            let (form, group, version) = (parameter("as"), parameter("g"), parameter("v"));
            match (form.as_deref(), group.as_deref(), version) {
                (None, ..) => return Ok(Self::Full),
                (
                    Some(form @ ("PartialObjectMetadata" | "PartialObjectMetadataList")),
                    Some("meta.k8s.io"),
                    Some(version),
                ) if matches!(version.as_str(), "v1" | "v1beta1") && !discovery => {
                    return Ok(Self::Metadata { list: form == "PartialObjectMetadataList", version });
                }
                (Some("Table"), Some("meta.k8s.io"), Some(version))
                    if matches!(version.as_str(), "v1" | "v1beta1") && !discovery =>
                {
                    return Ok(Self::Table { version });
                }
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some(version))
                    if version == "v2" && discovery =>
                {
                    return Ok(Self::Aggregated);
                }
                _ => {}
            }
        }
        let message = format!("only the following media types are accepted: {TYPES}");
        Err(Status::new(406, "NotAcceptable", message))
    }
}

/// Looks whether the header names any type at all that the resource has, before anything else is looked at. Custom resources have no such gate.
///
/// # Errors
///
/// 406 with what there is.
pub(crate) fn check_representations(header: &str, resource: &Resource) -> Result<(), Status> {
    if resource.kind.custom {
        return Ok(());
    }
    let many = resource.name.is_none() && matches!(resource.verb, Verb::List | Verb::Watch);
    let streams = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
    let log = matches!(resource.subresource, Some(Subresource::Log)).then_some("text/plain");
    let all: Vec<&str> =
        log.into_iter().chain(TYPES.split(", ")).chain(many.then_some(streams).into_iter().flatten()).collect();
    representable(header, &all)
}

/// 406 unless the header names one of `all`, or any type.
pub(crate) fn representable(header: &str, all: &[&str]) -> Result<(), Status> {
    let named = |range: &str| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind == "*/*" || all.contains(&kind)
    };
    if header.trim().is_empty() || header.split(',').any(named) {
        return Ok(());
    }
    let message = format!("406: Not Acceptable\n\nAvailable representations: {}", all.join(", "));
    Err(Status::new(406, "NotAcceptable", message).with(Details::default()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, false, Accept::Full)]
    #[case(Some("*/*"), false, Accept::Full)]
    #[case(Some("application/vnd.kubernetes.protobuf,application/json"), false, Accept::Full)]
    #[case(Some("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"), false,
        Accept::Table { version: "v1".to_owned() })]
    #[case(Some("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"), false,
        Accept::Metadata { list: false, version: "v1".to_owned() })]
    #[case(Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1"), false,
        Accept::Metadata { list: true, version: "v1beta1".to_owned() })]
    #[case(Some("application/json;stream=watch"), false, Accept::Full)]
    #[case(
        Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"),
        true,
        Accept::Aggregated
    )]
    #[case(
        Some("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"),
        true,
        Accept::Full
    )]
    #[case(
        Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"),
        false,
        Accept::Full
    )]
    fn the_first_form_that_can_be_answered_wins(
        #[case] header: Option<&str>,
        #[case] discovery: bool,
        #[case] form: Accept,
    ) {
        assert_eq!(Accept::parse(header, discovery).unwrap(), form);
    }

    #[test]
    fn nothing_else_is_pretended() {
        assert_eq!(Accept::parse(Some("text/html"), false).unwrap_err().code, 406);
    }

    #[rstest]
    #[case("", true)]
    #[case("text/html, */*;q=0.1", true)]
    #[case("application/json;charset=utf-8", true)]
    #[case("application/*", false)]
    #[case("text/html", false)]
    fn one_of_the_types_has_to_be_named(#[case] header: &str, #[case] fine: bool) {
        assert_eq!(representable(header, &["application/json", "application/yaml"]).is_ok(), fine);
    }
}
