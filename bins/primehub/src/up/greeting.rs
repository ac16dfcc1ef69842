//! What is printed once everything is there. It tells no secret: terminals are shown around.

use std::fmt::Write as _;
use std::path::Path;

use super::description::Description;

/// The text. `private`: nobody but this machine is meant to reach the deployment.
pub(super) fn text(described: &Description<'_>, private: bool, folder: &Path) -> String {
    let mut text =
        String::from("PrimeHub is running as an offline deployment: everything is in memory and gone when it stops.\n");
    text.push_str(if private {
        "Only this machine can reach it. Do not use it for anything that has to last or be shared.\n\n"
    } else {
        "Other machines can reach it. Do not use it for anything that has to last.\n\n"
    });
    let places = [
        ("GraphQL", described.graphql.as_str()),
        ("OpenID issuer", described.issuer),
        ("health, metrics", &described.management),
    ];
    for (what, place) in places {
        let _ = writeln!(text, "  {what:<16} {place}");
    }
    text.push_str("\n  people\n");
    for person in &described.people {
        let _ = writeln!(text, "  {:<16} {}", person.username, person.rights);
    }
    let _ = write!(
        text,
        "\nPasswords, tokens and secrets: {folder}/up.json\n\
         With the Python SDK:           primehub --config {folder}/sdk.json me\n\
         Stop with Ctrl-C.\n",
        folder = folder.display(),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::description::Person;
    use super::*;

    #[test]
    fn the_greeting_tells_where_everything_is_and_no_secret() {
        let person =
            Person { id: "1", username: "ada", password: "p4ss", api_token: "t0ken", rights: "member", groups: &[] };
        let described = Description {
            graphql: "http://127.0.0.1:1/api/graphql".into(),
            issuer: "http://127.0.0.1:1/auth/realms/primehub",
            management: "http://127.0.0.1:2".into(),
            client_id: "admin-ui",
            client_secret: "s3cret",
            shared_secret: "sh4red",
            people: vec![person],
        };
        for (private, reach) in [(true, "Only this machine can reach it"), (false, "Other machines can reach it")] {
            let text = text(&described, private, Path::new("/folder"));
            let places = [described.graphql.as_str(), described.issuer, &described.management];
            for told in ["/folder/up.json", "/folder/sdk.json", "ada", "member", reach].into_iter().chain(places) {
                assert!(text.contains(told), "{told} is not in {text}");
            }
            for secret in ["p4ss", "t0ken", "s3cret", "sh4red"] {
                assert!(!text.contains(secret), "{secret} is in {text}");
            }
        }
    }
}
