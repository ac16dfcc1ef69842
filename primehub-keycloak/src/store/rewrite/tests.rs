use std::sync::Mutex;

use primehub_core::names::GroupId;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::transport::{Class, Kind, Refusal};

/// What the server does with one write.
#[derive(Clone, Copy, Debug)]
enum Write {
    Stores,
    /// Accepts it and drops it.
    Drops,
    /// Stores it, and somebody else overwrites it before it is read.
    IsOverwritten,
    /// Answers 500 and has not stored it.
    FailsUndone,
    /// Answers 500 and has stored it.
    FailsDone,
    /// The answer is lost, and it has been stored.
    IsLostDone,
    Refuses(u16),
}

struct Server {
    stored: Mutex<Option<i64>>,
    writes: Mutex<Vec<Write>>,
    calls: Mutex<Vec<&'static str>>,
    wanted: i64,
}

impl Server {
    fn new(writes: &[Write]) -> Self {
        let writes = writes.iter().rev().copied().collect();
        Self { stored: Mutex::new(Some(0)), writes: Mutex::new(writes), calls: Mutex::default(), wanted: 1 }
    }

    fn called(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }
}

fn refusal(status: u16) -> CallError {
    const KIND: Kind = Kind::new("groups.put", Class::Write, "manage-users");
    CallError::Refused(Box::new(Refusal::read(KIND, status, br#"{"error":"its words"}"#)))
}

impl Rewrite for Server {
    fn key(&self) -> Key {
        Key::Group(GroupId::new("g"))
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.called("read");
        let stored = *self.stored.lock().unwrap();
        Ok(stored.map(|value| serde_json::from_value(json!({"value": value})).unwrap()))
    }

    fn edited(&self, stored: &Full, _first: bool) -> Result<Full, IdentityError> {
        let mut wanted = stored.clone();
        wanted.set("value", self.wanted);
        Ok(wanted)
    }

    async fn put(&self, full: &Full) -> Result<(), CallError> {
        self.called("put");
        let value = full.0["value"].as_i64();
        let write = self.writes.lock().unwrap().pop().unwrap_or(Write::Stores);
        let mut stored = self.stored.lock().unwrap();
        match write {
            Write::Stores => *stored = value,
            Write::Drops => {}
            Write::IsOverwritten => *stored = Some(7),
            Write::FailsUndone => return Err(refusal(500)),
            Write::FailsDone => {
                *stored = value;
                return Err(refusal(500));
            }
            Write::IsLostDone => {
                *stored = value;
                return Err(CallError::Unknown { call: "groups.put", cause: "connection reset".into() });
            }
            Write::Refuses(status) => return Err(refusal(status)),
        }
        Ok(())
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(Some(&self.key()))
    }
}

#[rstest]
#[case::stored(&[Write::Stores], 3)]
#[case::overwritten(&[Write::IsOverwritten, Write::Stores], 5)]
#[case::failed(&[Write::FailsUndone, Write::Stores], 5)]
#[case::failed_but_done(&[Write::FailsDone], 3)]
#[case::lost_but_done(&[Write::IsLostDone], 3)]
#[case::dropped_and_overwritten(&[Write::Drops, Write::IsOverwritten, Write::FailsUndone, Write::Stores], 9)]
#[tokio::test(start_paused = true)]
async fn an_edit_is_made_until_it_shows(#[case] writes: &[Write], #[case] calls: usize) {
    let server = Server::new(writes);
    let full = rewrite(&server).await.unwrap();
    assert_eq!((full.0["value"].as_i64(), *server.stored.lock().unwrap()), (Some(1), Some(1)));
    assert_eq!(server.calls.lock().unwrap().len(), calls);
}

#[tokio::test]
async fn nothing_is_sent_when_nothing_is_left_to_change() {
    let server = Server { wanted: 0, ..Server::new(&[]) };
    rewrite(&server).await.unwrap();
    assert_eq!(*server.calls.lock().unwrap(), ["read"]);
}

#[rstest]
#[case::denied(403, IdentityError::Denied { missing: "manage-users".into() })]
#[case::gone(404, IdentityError::Absent(Key::Group(GroupId::new("g"))))]
#[tokio::test]
async fn a_refusal_ends_it(#[case] status: u16, #[case] expected: IdentityError) {
    let server = Server::new(&[Write::Refuses(status)]);
    assert_eq!(rewrite(&server).await.unwrap_err(), expected);
    assert_eq!(*server.calls.lock().unwrap(), ["read", "put"]);
}

#[tokio::test]
async fn what_does_not_exist_is_absent() {
    let server = Server::new(&[]);
    *server.stored.lock().unwrap() = None;
    assert!(matches!(rewrite(&server).await, Err(IdentityError::Absent(_))));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_keeps_it_is_told_apart() {
    let server = Server::new(&[Write::Drops; 4]);
    let error = rewrite(&server).await.unwrap_err().to_string();
    assert!(error.contains("user profile"), "{error}");
    let puts = server.calls.lock().unwrap().iter().filter(|call| **call == "put").count();
    assert_eq!(puts, 4);
}
