//! In which form the answer is wanted.

use crate::kubernetes::status::Status;

/// The form of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Accept {
    /// The objects as they are.
    #[default]
    Full,
    /// Metadata alone (`PartialObjectMetadata`).
    Metadata,
    /// A table of this version of `meta.k8s.io`.
    Table { version: String },
    /// Discovery documents of all groups in one, of this version of `apidiscovery.k8s.io`.
    Aggregated { version: String },
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
                (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some("meta.k8s.io"), Some(version))
                    if matches!(version.as_str(), "v1" | "v1beta1") && !discovery =>
                {
                    return Ok(Self::Metadata);
                }
                (Some("Table"), Some("meta.k8s.io"), Some(version))
                    if matches!(version.as_str(), "v1" | "v1beta1") && !discovery =>
                {
                    return Ok(Self::Table { version });
                }
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some(version))
                    if matches!(version.as_str(), "v2" | "v2beta1") && discovery =>
                {
                    return Ok(Self::Aggregated { version });
                }
                _ => {}
            }
        }
        let message = format!("only the following media types are accepted: {TYPES}");
        Err(Status::new(406, "NotAcceptable", message).with(crate::kubernetes::status::Details::default()))
    }
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
    #[case(Some("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"), false, Accept::Metadata)]
    #[case(Some("application/json;stream=watch"), false, Accept::Full)]
    #[case(Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"), true,
        Accept::Aggregated { version: "v2".to_owned() })]
    #[case(Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"), false, Accept::Full)]
    fn the_first_form_that_can_be_answered_wins(#[case] header: Option<&str>, #[case] discovery: bool, #[case] form: Accept) {
        assert_eq!(Accept::parse(header, discovery).unwrap(), form);
    }

    #[test]
    fn nothing_else_is_pretended() {
        assert_eq!(Accept::parse(Some("text/html"), false).unwrap_err().code, 406);
    }
}
