//! How much one request may ask for.

use std::time::Duration;

/// Limits of one request. The defaults let every operation of the published clients pass, with room to spare, and refuse what could not
/// be answered within the ten seconds that the Python SDK waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request body, JSON or form.
    pub body_bytes: usize,
    /// Operations in one batch.
    pub batch: usize,
    /// Lexical tokens of a document; names, numbers, texts and punctuation count alike.
    pub tokens: usize,
    /// Characters of one name in a document.
    pub name_length: usize,
    /// Brackets within brackets in the text of a document, values included.
    pub brackets: usize,
    /// Fields within fields. The introspection query of the usual tools needs 15.
    pub depth: usize,
    /// Selection sets within selection sets, those of fragments included.
    pub nesting: usize,
    /// Selected fields, each use of a fragment counted.
    pub fields: usize,
    /// Fields that are given another name.
    pub aliases: usize,
    /// Fields at the root of one operation.
    pub root_fields: usize,
    /// Directives in use.
    pub directives: usize,
    /// Lists of people or groups within one another (`users { groups { users …`): each multiplies the work.
    pub relations: usize,
    /// Time until the answer must be there. Changes go on beyond it.
    pub time: Duration,
    /// Time until a change is given up, wherever it stands: it waits for an identity provider that does not answer.
    pub change_time: Duration,
    /// Requests in work at the same time; more are answered 503 at once.
    pub concurrent_requests: usize,
    /// Requests of one person at the same time, those included whose bodies have not arrived; more are answered 503 at once. The shared
    /// secret has no such limit: whoever shows it asks for many people.
    pub concurrent_requests_of_one_person: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            batch: 10,
            tokens: 8_000,
            name_length: 128,
            brackets: 40,
            depth: 15,
            nesting: 30,
            fields: 1_000,
            aliases: 50,
            root_fields: 50,
            directives: 50,
            relations: 2,
            time: Duration::from_secs(9),
            change_time: Duration::from_mins(1),
            concurrent_requests: 512,
            concurrent_requests_of_one_person: 128,
        }
    }
}
