//! What the pages load: one stylesheet and one picture, at an address that changes with their contents.

use std::fmt::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::response::{IntoResponse, Response};
use http::header;

/// Route of [`resource`]: the realm, the version and the name.
pub(crate) const RESOURCE_ROUTE: &str = "/realms/{realm}/resources/{version}/{name}";

/// A file that pages load. As a response it may be kept for ever, since another content has another address.
#[derive(Clone, Copy)]
pub(crate) struct Resource {
    media_type: &'static str,
    content: &'static str,
}

/// The file at an address below [`RESOURCE_ROUTE`]; none for other names, and for versions that this program does not have.
pub(crate) fn resource(version: &str, name: &str) -> Option<Resource> {
    let (_, resource) = RESOURCES.into_iter().find(|(known, _)| *known == name)?;
    (version == *VERSION).then_some(resource)
}

/// Where the stylesheet is found. `realm_path` is the path of the realm as browsers see it, such as `/realms/primehub`.
pub(crate) fn stylesheet_path(realm_path: &str) -> String {
    path(realm_path, STYLESHEET)
}

/// Where the logo is found.
pub(super) fn logo_path(realm_path: &str) -> String {
    path(realm_path, LOGO)
}

fn path(realm_path: &str, name: &str) -> String {
    format!("{}/resources/{}/{name}", realm_path.trim_end_matches('/'), *VERSION)
}

impl IntoResponse for Resource {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.media_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.content).into_response()
    }
}

const STYLESHEET: &str = "login.css";
const LOGO: &str = "logo.svg";

const RESOURCES: [(&str, Resource); 2] = [
    (STYLESHEET, Resource { media_type: "text/css; charset=utf-8", content: include_str!("resources/login.css") }),
    (LOGO, Resource { media_type: "image/svg+xml", content: include_str!("resources/logo.svg") }),
];

/// Tells one set of contents from another.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut context = digest::Context::new(&digest::SHA256);
    for (_, resource) in RESOURCES {
        context.update(resource.content.as_bytes());
    }
    context.finish().as_ref().iter().take(8).fold(String::new(), |mut version, byte| {
        // Writing to a string cannot fail.
        let _ = write!(version, "{byte:02x}");
        version
    })
});

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::stylesheet(stylesheet_path("/realms/primehub"), "text/css; charset=utf-8")]
    #[case::logo(logo_path("/auth/realms/prime%20hub/"), "image/svg+xml")]
    fn is_found_where_the_pages_look(#[case] path: String, #[case] media_type: &str) {
        let [.., realms, _, resources, version, name] = path.split('/').collect::<Vec<_>>()[..] else {
            panic!("{path} is not of the route")
        };
        assert_eq!(RESOURCE_ROUTE, format!("/{realms}/{{realm}}/{resources}/{{version}}/{{name}}"));
        let response = resource(version, name).unwrap().into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], media_type);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn other_versions_and_names_are_not_found() {
        assert!(resource("0000000000000000", STYLESHEET).is_none());
        assert!(resource(&VERSION, "../login.css").is_none());
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for (name, resource) in RESOURCES {
            let content = resource.content.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for forbidden in ["//", "@import", "url(", "<script", "style=", "href", "data:"] {
                assert!(!content.contains(forbidden), "{name} contains {forbidden}");
            }
        }
    }
}
