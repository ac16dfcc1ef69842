//! A disk that is full, played by a limit on the size of files.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;

use crate::kill::{CREATE, new_user, whole_users};
use crate::running::{PROGRAM, Place, Running};

/// Creates users until one is refused; answers those that were not, and the refusal.
async fn fill(running: &Running, prefix: &str) -> (BTreeSet<String>, String) {
    let mut kept = BTreeSet::new();
    loop {
        let name = format!("{prefix}-{}", kept.len());
        let answer = running.ask(CREATE, new_user(&name)).await.unwrap();
        match answer["errors"][0]["message"].as_str() {
            None => kept.insert(name),
            Some(message) => return (kept, message.to_owned()),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_refused_reads_go_on_and_it_heals() {
    let place = Place::new();
    place.start().end();
    let size = std::fs::metadata(place.data().join("primehub.redb")).unwrap().len();
    // Of the two limits that a process has only the soft one, which can be lifted again. In units of a kilobyte.
    let limited = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", size.div_ceil(1024) + 8);
    let running = place.start_with(Command::new("bash").args(["-c", &limited, PROGRAM]).args(place.arguments()));

    let (mut kept, refusal) = fill(&running, "before").await;
    assert_eq!(refusal, "nothing can be stored at the moment, because the disk is full; nothing was changed");
    assert_eq!(whole_users(&running).await, kept, "reading goes on");
    let person = running.person("grace");
    let grant = [("grant_type", "password"), ("username", "grace"), ("password", person["password"].as_str().unwrap())];
    let refused = running.token(&grant).await;
    assert_eq!(refused["error"], "temporarily_unavailable", "a login cannot be kept: {refused}");

    let lifted =
        Command::new("prlimit").args(["--pid", &running.pid().to_string(), "--fsize=unlimited:unlimited"]).status();
    assert!(lifted.unwrap().success());
    let answer = running.ask(CREATE, new_user("healed")).await.unwrap();
    assert!(answer["data"]["createUser"]["id"].is_string(), "there is space again: {answer}");
    kept.insert("healed".to_owned());
    running.kill();

    let again = place.start();
    assert_eq!(whole_users(&again).await, kept);
    let me = again.ask("{ me { username } }", json!({})).await.unwrap();
    assert_eq!(me["data"]["me"]["username"], "phadmin");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_disk_is_full_it_has_what_it_acknowledged() {
    let place = Place::new();
    place.start().end();
    let size = std::fs::metadata(place.data().join("primehub.redb")).unwrap().len();
    let limited = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", size.div_ceil(1024) + 8);
    let running = place.start_with(Command::new("bash").args(["-c", &limited, PROGRAM]).args(place.arguments()));
    let (kept, _) = fill(&running, "user").await;
    running.kill();
    let again = place.start();
    let found = whole_users(&again).await;
    let (last, others): (Vec<_>, Vec<_>) =
        found.difference(&kept).partition(|name| **name == format!("user-{}", kept.len()));
    // What failed on its way to the disk may be there after all, whole: a crash came before it could be taken back.
    assert!(others.is_empty() && last.len() <= 1, "{others:?}");
    assert!(kept.is_subset(&found));
}
