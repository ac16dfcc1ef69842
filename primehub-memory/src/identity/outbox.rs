//! Mail that a provider with a mail server would have sent.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use primehub_core::names::UserId;

/// How many messages are kept; the oldest gives way.
const KEPT: usize = 256;

/// A message that asks a person to do something. The store does not send it: whoever embeds the store may.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OutgoingMessage {
    /// Whom the message is for.
    pub user: UserId,
    /// Address of the person at that time.
    pub to: String,
    /// Address of the sender.
    pub from: String,
    /// What to do, such as `VERIFY_EMAIL`.
    pub actions: Vec<String>,
    /// When it was written.
    pub written_at: Timestamp,
    /// From when on the link in the message would not work any more.
    pub expires_at: Timestamp,
}

#[derive(Default)]
pub(super) struct Outbox(Mutex<VecDeque<OutgoingMessage>>);

impl Outbox {
    pub(super) fn put(&self, message: OutgoingMessage) {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(message);
    }

    pub(super) fn messages(&self) -> Vec<OutgoingMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_messages_are_kept() {
        let outbox = Outbox::default();
        for number in 0..KEPT + 2 {
            let (written_at, expires_at) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
            let (user, to, from) =
                (UserId::new("u"), format!("{number}@example.com"), "primehub@example.com".to_owned());
            outbox.put(OutgoingMessage { user, to, from, actions: Vec::new(), written_at, expires_at });
        }
        let messages = outbox.messages();
        assert_eq!((messages.len(), messages[0].to.as_str()), (KEPT, "2@example.com"));
    }
}
