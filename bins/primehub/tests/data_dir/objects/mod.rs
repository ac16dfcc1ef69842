//! Killed while objects of its Kubernetes API are written.

mod namespace;
mod picture;
mod program;
mod random;
mod writer;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::{Notify, watch};

use self::namespace::Ending;
use self::picture::{Picture, Watched};
use self::program::Program;
use self::random::Random;
use self::writer::Writer;
use crate::running::Place;

const ROUNDS: usize = 20;
const WRITERS: usize = 4;
/// A round is over after fewer acknowledged writes than this.
const MOST_WRITES: usize = 120;

/// Where the writers write.
const WRITTEN: &str = "written";

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_object_is_there_and_none_is_half_there() {
    let seed = random::fresh_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    let place = Place::new();
    let mut program = Program::start(&place).await;
    let namespaces = Api::<Namespace>::all(program.client());
    let written = picture::object(json!({ "metadata": { "name": WRITTEN } }));
    namespaces.create(&PostParams::default(), &written).await.unwrap();

    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, random.another())).collect();
    let (mut acknowledged, mut interrupted, mut left, mut resumed) = (0, 0, 0, 0);
    for round in 0..ROUNDS {
        let case = format!("seed {seed}, round {round}");
        let mut ending = Ending::new(round);
        // In some rounds the namespace may not even be complete, in others it goes for sure.
        let goes = round % 4 != 0;
        let Outcome { writers: back, ending: ended, watched, count } =
            until_killed(program, writers, ending, goes, random.below(MOST_WRITES)).await;
        (writers, ending) = (back, ended);
        acknowledged += count;

        program = Program::start(&place).await;
        let was_left = ending.complete(program.client(), &case).await;
        (interrupted, left) = (interrupted + usize::from(was_left > 0), left + was_left);
        let maps = maps(program.client());
        let found = Picture::take(&maps).await;
        let told = watched.picture.revision;
        assert!(found.revision >= told, "{case}: it is at {} and has told of {told}", found.revision);
        let mut theirs = 0;
        for writer in &mut writers {
            writer.compare(&maps, &found, &watched, &case).await;
            theirs += found.objects.keys().filter(|name| writer.has(name)).count();
        }
        let others = found.objects.keys().filter(|name| *name != picture::MARK).count() - theirs;
        assert_eq!(others, 0, "{case}: nobody has made some of {:?}", found.objects.keys());

        // Whoever goes on watching misses nothing, or is told that it is too late.
        let (mark, after) = found.mark(&maps, round).await;
        assert_eq!(found.follow(&maps, mark).await.as_ref(), Some(&after), "{case}: from what was read");
        if let Some(followed) = watched.picture.follow(&maps, mark).await {
            assert_eq!(followed, after, "{case}: from before the end");
            resumed += 1;
        }
    }
    eprintln!(
        "{acknowledged} acknowledged writes; {interrupted} namespaces were going, with {left} objects; {resumed} watches could go on"
    );
    assert!(interrupted >= ROUNDS / 4, "seed {seed}: {interrupted} namespaces were interrupted");
}

/// What a round leaves behind.
struct Outcome {
    writers: Vec<Writer>,
    ending: Ending,
    watched: Watched,
    count: usize,
}

/// Writes, watches and deletes a namespace, until the program is killed after `enough` acknowledged writes: those since the namespace `goes`,
/// or else all.
async fn until_killed(program: Program, writers: Vec<Writer>, ending: Ending, goes: bool, enough: usize) -> Outcome {
    let (client, maps) = (program.client(), maps(program.client()));
    let start = Picture::take(&maps).await;
    let watching = tokio::spawn(Watched::until_the_end(start, maps.clone()));
    let (count, mut reached) = watch::channel(0_usize);
    let (count, going) = (Arc::new(count), Arc::new(Notify::new()));
    let writers: Vec<_> =
        writers.into_iter().map(|writer| tokio::spawn(writer.write(maps.clone(), Arc::clone(&count)))).collect();
    let ending = tokio::spawn(ending.write(client, Arc::clone(&going)));
    drop(count);

    if goes {
        going.notified().await;
    }
    let begun = *reached.borrow();
    reached.wait_for(|count| *count > begun + enough).await.unwrap();
    program.kill();
    let mut back = Vec::new();
    for writer in writers {
        back.push(writer.await.unwrap());
    }
    let (ending, watched) = (ending.await.unwrap(), watching.await.unwrap());
    let count = *reached.borrow();
    Outcome { writers: back, ending, watched, count }
}

fn maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, WRITTEN)
}

/// What the program answers, or nothing if it is gone. It has no reason to refuse anything.
fn answered<T>(answer: kube::Result<T>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(kube::Error::Api(refusal)) => panic!("{refusal:?}"),
        Err(_) => None,
    }
}
