use std::sync::Mutex;

use primehub_core::names::UserId;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::transport::{Class, Kind, Refusal};

/// What the server does with one write.
#[derive(Clone, Copy, Debug)]
enum Write {
    Stores,
    /// Accepts it and drops it.
    Drops,
    /// Accepts it and stores this field of it.
    StoresOnly(&'static str),
    /// Stores it, and somebody else overwrites it before it is read.
    IsOverwritten,
    /// Answers 500 and has not stored it.
    FailsUndone,
    /// Answers 500 and has stored it.
    FailsDone,
    /// The answer is lost, and it has been stored.
    IsLostDone,
    /// The answer is lost, and it has not been stored.
    IsLostUndone,
    Refuses(u16),
    /// Accepts it, and cannot be read any more.
    StoresAndGoes,
    /// Stores this field of it, and cannot be read after the next write.
    StoresAndWillGo(&'static str),
}

struct Server {
    stored: Mutex<Value>,
    writes: Mutex<Vec<Write>>,
    calls: Mutex<Vec<&'static str>>,
    /// Readings that still succeed.
    readings: Mutex<usize>,
    wanted: Value,
    /// An edit that does not accept what somebody else has written.
    expects: bool,
}

impl Server {
    fn new(writes: &[Write]) -> Self {
        let writes = writes.iter().rev().copied().collect();
        Self {
            stored: Mutex::new(json!({"value": 0, "attributes": {"a": ["0"]}})),
            writes: Mutex::new(writes),
            calls: Mutex::default(),
            readings: Mutex::new(usize::MAX),
            wanted: json!({"value": 1, "attributes": {"a": ["1"]}}),
            expects: false,
        }
    }

    fn called(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }

    async fn edit(&self) -> Rewritten {
        rewrite(self, None).await
    }
}

fn refusal(status: u16) -> CallError {
    const KIND: Kind = Kind::new("users.put", Class::Write, "manage-users");
    CallError::Refused(Box::new(Refusal::read(KIND, status, br#"{"error":"its words"}"#)))
}

fn full(value: Value) -> Full {
    serde_json::from_value(value).unwrap()
}

impl Rewrite for Server {
    fn key(&self) -> Key {
        Key::User(UserId::new("u"))
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.called("read");
        let mut readings = self.readings.lock().unwrap();
        if *readings == 0 {
            return Err(CallError::Unavailable { call: "users.get", cause: "connection refused".into() });
        }
        *readings -= 1;
        let stored = self.stored.lock().unwrap().clone();
        Ok(stored.is_object().then(|| full(stored)))
    }

    fn edited(&self, stored: &Full, first: bool) -> Result<Full, IdentityError> {
        if self.expects && !first && stored.0["value"] == 7 {
            return Err(IdentityError::Conflict(primehub_core::identity::Conflict::Expectation));
        }
        let mut wanted = stored.clone();
        wanted.0.extend(full(self.wanted.clone()).0);
        Ok(wanted)
    }

    async fn put(&self, _stored: &Full, wanted: &Full) -> Result<(), CallError> {
        self.called("put");
        let write = self.writes.lock().unwrap().pop().unwrap_or(Write::Stores);
        let mut stored = self.stored.lock().unwrap();
        let wanted = Value::Object(wanted.0.clone());
        let lost = || CallError::Unknown { call: "users.put", cause: "connection reset".into() };
        match write {
            Write::Stores => *stored = wanted,
            Write::Drops => {}
            Write::StoresOnly(field) => stored[field] = wanted[field].clone(),
            Write::IsOverwritten => stored["value"] = json!(7),
            Write::FailsUndone => return Err(refusal(500)),
            Write::FailsDone => {
                *stored = wanted;
                return Err(refusal(500));
            }
            Write::IsLostDone => {
                *stored = wanted;
                return Err(lost());
            }
            Write::IsLostUndone => return Err(lost()),
            Write::Refuses(status) => return Err(refusal(status)),
            Write::StoresAndGoes => {
                *stored = wanted;
                *self.readings.lock().unwrap() = 0;
            }
            Write::StoresAndWillGo(field) => {
                stored[field] = wanted[field].clone();
                *self.readings.lock().unwrap() = 1;
            }
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
#[case::in_part(&[Write::StoresOnly("value"), Write::Stores], 5)]
#[case::failed(&[Write::FailsUndone, Write::Stores], 5)]
#[case::failed_but_done(&[Write::FailsDone], 3)]
#[case::lost_but_done(&[Write::IsLostDone], 3)]
#[case::dropped_and_overwritten(&[Write::Drops, Write::IsOverwritten, Write::FailsUndone, Write::Stores], 9)]
#[tokio::test(start_paused = true)]
async fn an_edit_is_made_until_it_shows(#[case] writes: &[Write], #[case] calls: usize) {
    let server = Server::new(writes);
    let rewritten = server.edit().await;
    rewritten.ended.unwrap();
    assert_eq!(Value::Object(rewritten.seen.unwrap().0), server.wanted);
    assert_eq!(*server.stored.lock().unwrap(), server.wanted);
    assert_eq!(server.calls.lock().unwrap().len(), calls);
}

#[tokio::test]
async fn nothing_is_sent_when_nothing_is_left_to_change() {
    let server = Server { wanted: json!({"value": 0}), ..Server::new(&[]) };
    server.edit().await.ended.unwrap();
    assert_eq!(*server.calls.lock().unwrap(), ["read"]);
}

#[tokio::test]
async fn a_known_reading_is_not_made_again() {
    let server = Server::new(&[]);
    let known = full(server.wanted.clone());
    rewrite(&server, Some(known)).await.ended.unwrap();
    assert_eq!(*server.calls.lock().unwrap(), [""; 0]);
}

#[rstest]
#[case::denied(403, IdentityError::Denied { missing: "manage-users".into() })]
#[case::gone(404, IdentityError::Absent(Key::User(UserId::new("u"))))]
#[tokio::test]
async fn a_refusal_ends_it(#[case] status: u16, #[case] expected: IdentityError) {
    let server = Server::new(&[Write::Refuses(status)]);
    assert_eq!(server.edit().await.ended, Err(expected));
    assert_eq!(*server.calls.lock().unwrap(), ["read", "put"]);
}

#[tokio::test]
async fn what_does_not_exist_is_absent() {
    let server = Server::new(&[]);
    *server.stored.lock().unwrap() = Value::Null;
    assert!(matches!(server.edit().await.ended, Err(IdentityError::Absent(_))));
}

const HINT: &str = "each time it was accepted and did not show afterwards; does the realm's user profile allow unmanaged attributes to \
     administrators, or does another process write the same account?";

/// Each ends with what the last reading shows: `stored` is what is then there.
#[rstest]
#[case::nothing_kept(
    &[Write::Drops; 4],
    format!("the identity provider is not available: user u: attribute a, value are not as it was sent 4 times: {HINT}"),
    json!({"value": 0, "attributes": {"a": ["0"]}}))]
#[case::each_fails(
    &[Write::FailsUndone; 4],
    "the identity provider is not available: user u: attribute a, value are not as it was sent 4 times: users.put: status 500, its words".into(),
    json!({"value": 0, "attributes": {"a": ["0"]}}))]
#[case::each_lost(
    &[Write::IsLostUndone; 4],
    "the identity provider did not say whether the edit was carried out".into(),
    json!({"value": 0, "attributes": {"a": ["0"]}}))]
#[case::a_part_kept(
    &[Write::StoresOnly("value"); 4],
    format!("done: value was stored; failed: attribute a is not as it was sent 4 times: {HINT}"),
    json!({"value": 1, "attributes": {"a": ["0"]}}))]
#[case::changed_to_something_else(
    &[Write::IsOverwritten; 4],
    format!("done: value was changed, but not to what was asked for; failed: attribute a, value are not as it was sent 4 times: {HINT}"),
    json!({"value": 7, "attributes": {"a": ["0"]}}))]
#[case::refused_after_a_part(
    &[Write::StoresOnly("value"), Write::Refuses(403)],
    "done: value was stored; failed: attribute a: the acting account lacks the role manage-users".into(),
    json!({"value": 1, "attributes": {"a": ["0"]}}))]
#[case::refused_after_nothing(
    &[Write::Drops, Write::Refuses(403)],
    "the acting account lacks the role manage-users".into(),
    json!({"value": 0, "attributes": {"a": ["0"]}}))]
#[case::unreadable_after_it_was_accepted(
    &[Write::StoresAndGoes],
    "the identity provider did not say whether the edit was carried out".into(),
    json!({"value": 0, "attributes": {"a": ["0"]}}))]
#[case::unreadable_after_a_part(
    &[Write::StoresAndWillGo("value"), Write::Stores],
    "done: value was stored; failed: attribute a: the identity provider did not say whether the edit was carried out".into(),
    json!({"value": 1, "attributes": {"a": ["0"]}}))]
#[tokio::test(start_paused = true)]
async fn an_edit_that_fails_says_what_is_there(
    #[case] writes: &[Write],
    #[case] expected: String,
    #[case] stored: Value,
) {
    let server = Server::new(writes);
    let rewritten = server.edit().await;
    assert_eq!(rewritten.ended.unwrap_err().to_string(), expected);
    assert_eq!(Value::Object(rewritten.seen.unwrap().0), stored);
}

#[rstest]
#[case::by_the_other(&[Write::IsOverwritten], "the stored values have changed meanwhile")]
#[case::after_a_part(
    &[Write::StoresOnly("attributes"), Write::IsOverwritten],
    "done: attribute a was stored; failed: value: the stored values have changed meanwhile"
)]
#[tokio::test(start_paused = true)]
async fn an_expectation_that_is_disappointed_later(#[case] writes: &[Write], #[case] expected: &str) {
    let server = Server { expects: true, ..Server::new(writes) };
    assert_eq!(server.edit().await.ended.unwrap_err().to_string(), expected);
}
