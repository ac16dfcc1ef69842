//! How many calls run at once, and that no kind of them takes the places of another.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Class;
use super::metrics::Purpose;
use crate::settings::Patience;

/// So many e-mails are sent at once. Keycloak answers after the mail server has, which may take as long as there is patience: elsewhere a
/// mail server that hangs would hold up everything.
const MAILS: usize = 4;

/// So many calls of upkeep run at once when others have taken all places: two looks at the events, and as many readings of what they tell of.
const UPKEEP: usize = 4;

/// Places for calls.
#[derive(Debug)]
pub(super) struct Places {
    calls: Semaphore,
    upkeep: Semaphore,
    pages: Semaphore,
    mails: Semaphore,
}

impl Places {
    pub(super) fn new(patience: &Patience) -> Self {
        let places = |number: usize| Semaphore::new(number.clamp(1, Semaphore::MAX_PERMITS));
        Self {
            calls: places(patience.calls),
            upkeep: places(UPKEEP),
            pages: places(patience.bulk_reads),
            mails: places(MAILS),
        }
    }

    /// A place that is free.
    pub(super) fn free(&self, class: Class, purpose: Purpose) -> Option<SemaphorePermit<'_>> {
        let (common, own) = self.of(class, purpose);
        common.try_acquire().ok().or_else(|| own?.try_acquire().ok())
    }

    /// Waits for a place.
    pub(super) async fn wait(&self, class: Class, purpose: Purpose) -> Option<SemaphorePermit<'_>> {
        let (common, own) = self.of(class, purpose);
        let own = async {
            match own {
                Some(own) => own.acquire().await,
                None => std::future::pending().await,
            }
        };
        // Whoever loses is no longer in the queue, and a place that it was about to get goes to the next.
        tokio::select! {
            place = common.acquire() => place.ok(),
            place = own => place.ok(),
        }
    }

    /// Where such a call takes a place, and where else if there is none.
    fn of(&self, class: Class, purpose: Purpose) -> (&Semaphore, Option<&Semaphore>) {
        match (class, purpose) {
            (Class::Page, _) => (&self.pages, None),
            (Class::Mail, _) => (&self.mails, None),
            (_, Purpose::Request) => (&self.calls, None),
            (_, Purpose::Upkeep) => (&self.calls, Some(&self.upkeep)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn places(calls: usize) -> Places {
        Places::new(&Patience { calls, bulk_reads: 1, ..Patience::default() })
    }

    /// Takes all that are free.
    fn all(places: &Places, class: Class, purpose: Purpose) -> Vec<SemaphorePermit<'_>> {
        std::iter::from_fn(|| places.free(class, purpose)).collect()
    }

    #[test]
    fn no_kind_of_calls_takes_the_places_of_another() {
        let places = places(8);
        let mails = all(&places, Class::Mail, Purpose::Request);
        let pages = all(&places, Class::Page, Purpose::Upkeep);
        let requests = all(&places, Class::Write, Purpose::Request);
        assert_eq!((mails.len(), pages.len(), requests.len()), (MAILS, 1, 8));
        assert!(places.free(Class::Read, Purpose::Request).is_none());
        assert_eq!(all(&places, Class::Read, Purpose::Upkeep).len(), UPKEEP);
    }

    #[test]
    fn upkeep_keeps_its_own_places_for_when_there_are_no_others() {
        let places = places(8);
        assert_eq!(all(&places, Class::Read, Purpose::Upkeep).len(), 8 + UPKEEP);
    }

    #[test]
    fn upkeep_takes_whatever_place_comes_free_and_leaves_no_trace_in_the_other_queue() {
        let places = places(1);
        let mut requests = all(&places, Class::Write, Purpose::Request);
        let mut upkeep = all(&places, Class::Read, Purpose::Upkeep);
        for held in [&mut requests, &mut upkeep] {
            let mut waiting = Box::pin(places.wait(Class::Read, Purpose::Upkeep));
            assert!((&mut waiting).now_or_never().is_none());
            held.pop();
            held.push(waiting.now_or_never().unwrap().unwrap());
        }
        drop((requests, upkeep));
        assert_eq!(all(&places, Class::Read, Purpose::Upkeep).len(), 1 + UPKEEP);
    }
}
