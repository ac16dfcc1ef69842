//! What is printed once everything is there. It tells no secret: terminals are shown around.

use std::fmt::Write as _;
use std::path::Path;

use super::description::Description;

/// Where everything is kept.
pub(super) enum Kept {
    /// In memory.
    Nowhere,
    /// In this place.
    In(String),
}

/// The text. `private`: nobody but this machine is meant to reach the deployment.
pub(super) fn text(described: &Description<'_>, private: bool, kept: &Kept, folder: &Path) -> String {
    let place = match kept {
        Kept::Nowhere => "everything is in memory and gone when it stops.".to_owned(),
        Kept::In(place) => format!("everything is kept in {place}."),
    };
    let mut text = format!("PrimeHub is running as an offline deployment: {place}\n");
    text.push_str(match (private, kept) {
        (true, Kept::Nowhere) => {
            "Only this machine can reach it. Do not use it for anything that has to last or be shared.\n\n"
        }
        (true, Kept::In(_)) => "Only this machine can reach it.\n\n",
        (false, Kept::Nowhere) => "Other machines can reach it. Do not use it for anything that has to last.\n\n",
        (false, Kept::In(_)) => "Other machines can reach it.\n\n",
    });
    let account = format!("{}/account", described.issuer);
    let places = [
        ("GraphQL", described.graphql.as_str()),
        ("log in", &account),
        ("OpenID issuer", described.issuer),
        ("Kubernetes", &described.kubernetes),
        ("health, metrics", &described.management),
    ];
    for (what, place) in places {
        let _ = writeln!(text, "  {what:<16} {place}");
    }
    if !described.people.is_empty() {
        text.push_str("\n  people\n");
    }
    for person in &described.people {
        let _ = writeln!(text, "  {:<16} {}", person.username, person.rights);
    }
    // Without a token that works there is one to get.
    let sdk = if described.people.is_empty() || described.has_stale_tokens() {
        format!("config generate-token {}", described.base)
    } else {
        format!("--config {}/sdk.json me", folder.display())
    };
    let _ = write!(
        text,
        "\nPasswords, tokens and secrets: {folder}/up.json\n\
         With the Python SDK:           primehub {sdk}\n\
         With kubectl:                  kubectl --kubeconfig {kubeconfig} get crd\n\
         Stop with Ctrl-C.\n",
        folder = folder.display(),
        kubeconfig = described.kubeconfig.display(),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::description::Person;
    use super::*;

    #[test]
    fn the_greeting_tells_where_everything_is_and_no_secret() {
        let text = str::to_owned;
        let person = Person {
            id: text("1"),
            username: text("ada"),
            password: text("p4ss"),
            api_token: text("t0ken"),
            rights: text("member"),
            groups: Vec::new(),
        };
        let mut described = Description {
            base: "http://127.0.0.1:1",
            graphql: "http://127.0.0.1:1/api/graphql".into(),
            issuer: "http://127.0.0.1:1/auth/realms/primehub",
            management: "http://127.0.0.1:2".into(),
            kubernetes: "http://127.0.0.1:3".into(),
            kubeconfig: "/folder/kubeconfig".into(),
            client_id: "admin-ui",
            client_secret: "s3cret",
            shared_secret: "sh4red",
            store: None,
            pid: 1,
            token_issuer: "http://127.0.0.1:1/auth/realms/primehub".into(),
            people: vec![person],
        };
        let data = || Kept::In("/data".into());
        for (private, kept, told) in [
            (true, Kept::Nowhere, "Do not use it for anything that has to last or be shared"),
            (false, Kept::Nowhere, "Other machines can reach it. Do not use it for anything that has to last"),
            (true, data(), "everything is kept in /data"),
            (false, data(), "Other machines can reach it.\n"),
        ] {
            let text = super::text(&described, private, &kept, Path::new("/folder"));
            let places = [described.graphql.as_str(), described.issuer, &described.management, &described.kubernetes];
            for told in
                ["/folder/up.json", "--kubeconfig /folder/kubeconfig", "/folder/sdk.json", "ada", "member", told]
                    .into_iter()
                    .chain(places)
            {
                assert!(text.contains(told), "{told} is not in {text}");
            }
            for secret in ["p4ss", "t0ken", "s3cret", "sh4red"] {
                assert!(!text.contains(secret), "{secret} is in {text}");
            }
        }
        let told = "primehub config generate-token http://127.0.0.1:1\n";
        described.token_issuer = "http://127.0.0.1:9/realms/primehub".into();
        assert!(
            super::text(&described, true, &Kept::Nowhere, Path::new("/folder")).contains(told),
            "its tokens are of another address"
        );
        described.people.clear();
        assert!(
            super::text(&described, true, &Kept::Nowhere, Path::new("/folder")).contains(told),
            "nobody has a token"
        );
    }
}
