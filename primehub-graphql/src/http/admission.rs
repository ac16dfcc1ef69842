//! How many requests are in work at the same time: altogether, and of one person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use primehub_core::access::Caller;
use primehub_core::names::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::Limits;
use super::refusal::Refusal;

/// Counts requests in work.
pub(super) struct Admission {
    running: Arc<Semaphore>,
    capacity: usize,
    share: usize,
    of_people: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place among the requests of one person. Held from before the body is read, so that slow bodies keep nobody else out.
pub(super) struct Share {
    user: UserId,
    of_people: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place among all requests in work.
pub(super) type Place = OwnedSemaphorePermit;

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        let capacity = limits.concurrent_requests.min(Semaphore::MAX_PERMITS);
        Self {
            running: Arc::new(Semaphore::new(capacity)),
            capacity,
            share: limits.concurrent_requests_of_one_person,
            of_people: Arc::default(),
        }
    }

    /// Counts a request of `caller`, who must not have too many at once. Servers may: they ask for many people.
    pub(super) fn share(&self, caller: &Caller) -> Result<Option<Share>, Refusal> {
        let Some(person) = caller.person() else { return Ok(None) };
        let user = person.user().id.clone();
        let mut of_people = self.of_people.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_people.get(&user).copied().unwrap_or_default();
        if count >= self.share {
            return Err(Refusal::unavailable("too many requests of one account at once; try again in a moment"));
        }
        of_people.insert(user.clone(), count + 1);
        Ok(Some(Share { user, of_people: self.of_people.clone() }))
    }

    /// Counts a request that is complete and about to be worked on.
    pub(super) fn enter(&self) -> Result<Place, Refusal> {
        let place = self.running.clone().try_acquire_owned();
        place.map_err(|_| Refusal::unavailable("too many requests at once; try again in a moment"))
    }

    /// How many requests are in work.
    pub(super) fn running(&self) -> usize {
        self.capacity.saturating_sub(self.running.available_permits())
    }

    /// Waits until nothing is in work any more.
    pub(super) async fn drained(&self) {
        let all = self.capacity.try_into().unwrap_or(u32::MAX);
        // Fails only when closed, which never happens; then there would be nothing to wait for.
        drop(self.running.acquire_many(all).await);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut of_people = self.of_people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_people.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                of_people.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::access::Person;
    use primehub_core::identity::{Directory, RoleKey, User};

    use super::*;

    fn person(id: &str) -> Caller {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        directory.put_user(User::new(id.into(), id));
        Caller::Person(Person::in_directory(&directory, &id.into(), false, "token".into()).unwrap())
    }

    #[test]
    fn nobody_takes_all_places_and_each_is_given_back() {
        let limits = Limits { concurrent_requests_of_one_person: 2, ..Limits::default() };
        let admission = Admission::new(&limits);
        let (ada, zoe) = (person("ada"), person("zoe"));
        let (first, second) = (admission.share(&ada).unwrap(), admission.share(&ada).unwrap());
        assert!(admission.share(&ada).is_err());
        assert!(admission.share(&zoe).is_ok(), "others are not concerned");
        drop(first);
        assert!(admission.share(&ada).is_ok());
        drop(second);
        assert!(admission.of_people.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[test]
    fn servers_ask_for_many_people() {
        let admission = Admission::new(&Limits { concurrent_requests_of_one_person: 0, ..Limits::default() });
        assert!(admission.share(&Caller::SharedSecret).is_ok());
        assert!(admission.share(&person("ada")).is_err());
    }
}
