//! Where the files are found that pages load.

use primehub_pages::{LOGO, Resource, STYLESHEET};

/// Route of [`resource`]: the realm, the fingerprint of the content and the name.
pub(crate) const RESOURCE_ROUTE: &str = "/realms/{realm}/resources/{version}/{name}";

/// The file at an address below [`RESOURCE_ROUTE`]; none for other names, and for versions that this program does not have.
pub(crate) fn resource(version: &str, name: &str) -> Option<&'static Resource> {
    let (_, resource) = RESOURCES.into_iter().find(|(known, _)| *known == name)?;
    (version == resource.fingerprint()).then_some(resource)
}

/// Where the stylesheet is found. `realm_path` is the path of the realm as browsers see it, such as `/realms/primehub`.
pub(super) fn stylesheet_path(realm_path: &str) -> String {
    path(realm_path, STYLESHEET_FILE)
}

/// Where the logo is found.
pub(super) fn logo_path(realm_path: &str) -> String {
    path(realm_path, LOGO_FILE)
}

fn path(realm_path: &str, (name, resource): (&str, &Resource)) -> String {
    format!("{}/resources/{}/{name}", realm_path.trim_end_matches('/'), resource.fingerprint())
}

const STYLESHEET_FILE: (&str, &Resource) = ("login.css", &STYLESHEET);
const LOGO_FILE: (&str, &Resource) = ("logo.svg", &LOGO);
const RESOURCES: [(&str, &Resource); 2] = [STYLESHEET_FILE, LOGO_FILE];

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
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
        assert_eq!(resource(version, name).unwrap().response().headers()[CONTENT_TYPE], media_type);
    }

    #[test]
    fn other_versions_and_names_are_not_found() {
        assert!(resource("0000000000000000", "login.css").is_none());
        assert!(resource(LOGO.fingerprint(), "login.css").is_none());
        assert!(resource(STYLESHEET.fingerprint(), "../login.css").is_none());
    }
}
