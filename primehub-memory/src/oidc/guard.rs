//! Guessing passwords: how many times, and how fast.
//!
//! Two things are counted. **Attempts on a name**, whoever makes them: after [`FREE_ATTEMPTS`] in a row the name has to wait, one second at
//! first and twice as long after each further attempt, up to [`LONGEST_WAIT`]; that is fewer than 300 guesses a day. While a name waits,
//! attempts on it are answered in the words for a wrong password and after the time that one takes, and the right password is refused like
//! any other. Names that nobody has are counted all the same, so nothing here tells whether a name exists, nor whether a name and an e-mail
//! address, which count as one, are of one person.
//! The price is that somebody can keep a person from logging in anew, for minutes at a time; sessions and API tokens go on.
//!
//! **Failures of an address** (of an IPv6 network, as a single customer has all of its 2^64 addresses): so that one machine cannot try one
//! password on every name. Successes cost nothing, so an office behind one address is no problem.
//!
//! Everything is in memory, bounded, and forgotten when the process ends.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use primehub_core::clock::Clock;

/// How many attempts in a row a name has without a wait.
pub(super) const FREE_ATTEMPTS: u32 = 10;

/// The longest wait of a name.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// After this time without an attempt, a name's attempts are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// How many names are remembered. Beyond, the half with the fewest attempts is forgotten.
const MOST_NAMES: usize = 100_000;

/// How many failures an address has at once, and after that per minute.
const FAILURES_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// How many addresses are remembered. Every failure costs its sender the time of a password hash, so there are never that many that matter;
/// beyond, all are forgotten.
const MOST_ADDRESSES: usize = 100_000;

/// Whether an attempt is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    /// The password is compared.
    Compare,
    /// Not now: too many attempts on the name. To be answered as a wrong password is, in the same time, and counted as a failure of the address.
    NameWaits,
    /// Not now: too many failures of the address. It may be told so, and for how long: this depends on nothing but itself.
    AddressWaits(Duration),
}

/// Counts attempts.
pub(super) struct Guard {
    clock: Arc<dyn Clock>,
    names: Mutex<HashMap<NameKey, Attempts>>,
    most_names: usize,
    addresses: Mutex<Addresses>,
}

/// Digest of a name, so that no memory is spent on long ones.
type NameKey = [u8; 16];

#[derive(Clone, Copy)]
struct Attempts {
    count: u32,
    last: Timestamp,
}

struct Addresses {
    failures: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, SinceStart, NoOpMiddleware<Nanos>>,
    /// Those that have none left, and until when.
    waiting: HashMap<IpAddr, Timestamp>,
    sweep_at: usize,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self::remembering(MOST_NAMES, clock)
    }

    fn remembering(most_names: usize, clock: Arc<dyn Clock>) -> Self {
        let addresses = Mutex::new(Addresses::new(clock.clone()));
        Self { clock, names: Mutex::default(), most_names, addresses }
    }

    /// Whether an attempt on `name` from `address` is made now. It counts as failed until [`Guard::succeeded`] says otherwise, so that
    /// attempts at the same time do not slip through together.
    pub(super) fn admit(&self, name: &str, address: Option<IpAddr>) -> Admission {
        let now = self.clock.now();
        if let Some(left) = address.and_then(|address| self.addresses().wait(network(address), now)) {
            return Admission::AddressWaits(left);
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(name);
        let before = names.get(&key).copied().filter(|attempts| attempts.is_remembered(now));
        if before.is_some_and(|attempts| attempts.wait(now).is_some()) {
            return Admission::NameWaits;
        }
        if names.len() >= self.most_names && !names.contains_key(&key) {
            forget_half(&mut names, now);
        }
        let count = before.map_or(0, |attempts| attempts.count).saturating_add(1);
        names.insert(key, Attempts { count, last: now });
        Admission::Compare
    }

    /// The password of an admitted attempt was right: the name starts anew.
    pub(super) fn succeeded(&self, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(name));
    }

    /// The password of an admitted attempt was wrong: the address has one failure less.
    pub(super) fn failed(&self, address: Option<IpAddr>) {
        if let Some(address) = address {
            self.addresses().failed(network(address), self.clock.now());
        }
    }

    fn addresses(&self) -> std::sync::MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    fn is_remembered(self, now: Timestamp) -> bool {
        now.duration_since(self.last).unsigned_abs() < FORGOTTEN_AFTER
    }

    /// How long the name still waits.
    fn wait(self, now: Timestamp) -> Option<Duration> {
        let passed = Duration::try_from(now.duration_since(self.last)).unwrap_or_default();
        wait_after(self.count).checked_sub(passed).filter(|left| !left.is_zero())
    }
}

/// How long a name waits after that many attempts in a row.
fn wait_after(attempts: u32) -> Duration {
    match attempts.checked_sub(FREE_ATTEMPTS) {
        None => Duration::ZERO,
        Some(further) => Duration::from_secs(1_u64.checked_shl(further).unwrap_or(u64::MAX)).min(LONGEST_WAIT),
    }
}

fn forget_half(names: &mut HashMap<NameKey, Attempts>, now: Timestamp) {
    names.retain(|_, attempts| attempts.is_remembered(now));
    let mut entries: Vec<_> = names.iter().map(|(key, attempts)| (attempts.count, attempts.last, *key)).collect();
    let half = entries.len().div_ceil(2);
    if half < entries.len() {
        entries.select_nth_unstable_by(half, |one, other| other.cmp(one));
        for (_, _, key) in &entries[half..] {
            names.remove(key);
        }
    }
}

impl Addresses {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::per_minute(FAILURES_PER_MINUTE).allow_burst(FAILURES_AT_ONCE);
        let failures = RateLimiter::new(quota, HashMapStateStore::default(), SinceStart::new(clock));
        Self { failures, waiting: HashMap::new(), sweep_at: FEWEST_TO_SWEEP }
    }

    fn wait(&mut self, network: IpAddr, now: Timestamp) -> Option<Duration> {
        let until = *self.waiting.get(&network)?;
        // Longer waits come of a clock that was put back.
        let real = |left: &Duration| !left.is_zero() && *left <= LONGEST_WAIT;
        let left = Duration::try_from(until.duration_since(now)).ok().filter(real);
        if left.is_none() {
            self.waiting.remove(&network);
        }
        left
    }

    fn failed(&mut self, network: IpAddr, now: Timestamp) {
        if let Err(none_left) = self.failures.check_key(&network) {
            let wait = none_left.wait_time_from(self.failures.clock().now()).min(LONGEST_WAIT);
            self.waiting.insert(network, now.checked_add(wait).unwrap_or(Timestamp::MAX));
        }
        if self.failures.len() >= self.sweep_at {
            self.failures.retain_recent();
            self.waiting.retain(|_, until| *until > now);
            if self.failures.len() >= MOST_ADDRESSES {
                *self = Self::new(self.failures.clock().clock.clone());
            }
            self.sweep_at = (2 * self.failures.len()).max(FEWEST_TO_SWEEP);
        }
    }
}

/// How many addresses there may be before the first sweep.
const FEWEST_TO_SWEEP: usize = 1_024;

fn key(name: &str) -> NameKey {
    let digest = digest(&SHA256, name.trim().to_lowercase().as_bytes());
    let mut key = NameKey::default();
    key.copy_from_slice(&digest.as_ref()[..size_of::<NameKey>()]);
    key
}

/// The address, or the network that a single customer has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The platform's clock, as the rate limiter reads clocks.
#[derive(Clone)]
struct SinceStart {
    clock: Arc<dyn Clock>,
    start: Timestamp,
}

impl SinceStart {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { start: clock.now(), clock }
    }
}

impl governor::clock::Clock for SinceStart {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Duration::try_from(self.clock.now().duration_since(self.start)).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::clock::ManualClock;
    use rstest::rstest;

    use super::*;

    fn guard() -> (Arc<ManualClock>, Guard) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        (clock.clone(), Guard::new(clock))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[rstest]
    #[case::none(0, 0)]
    #[case::the_last_without(9, 0)]
    #[case::the_first_with(10, 1)]
    #[case::the_second(11, 2)]
    #[case::doubling(17, 128)]
    #[case::the_longest(19, 300)]
    #[case::for_ever(u32::MAX, 300)]
    fn waits_grow(#[case] attempts: u32, #[case] seconds: u64) {
        assert_eq!(wait_after(attempts), SECOND * u32::try_from(seconds).unwrap());
    }

    /// Makes `attempts` on a name, waiting as long as it takes in between.
    fn fail(clock: &ManualClock, guard: &Guard, name: &str, attempts: u32) {
        for number in 0..attempts {
            clock.advance(wait_after(number));
            assert_eq!(guard.admit(name, None), Admission::Compare, "attempt {number}");
        }
    }

    #[rstest]
    #[case::somebody("amy")]
    #[case::nobody("there-is-no-such-name")]
    #[case::empty("")]
    fn names_wait_whether_they_exist_or_not(#[case] name: &str) {
        let (clock, guard) = guard();
        fail(&clock, &guard, name, FREE_ATTEMPTS);
        assert_eq!(guard.admit(name, None), Admission::NameWaits);
        assert_eq!(guard.admit("other", None), Admission::Compare);
        clock.advance(SECOND);
        assert_eq!(guard.admit(name, None), Admission::Compare);
        clock.advance(SECOND);
        assert_eq!(guard.admit(name, None), Admission::NameWaits, "two seconds now");
        clock.advance(SECOND);
        assert_eq!(guard.admit(name, None), Admission::Compare);
    }

    #[test]
    fn a_refused_attempt_does_not_lengthen_the_wait() {
        let (clock, guard) = guard();
        fail(&clock, &guard, "amy", FREE_ATTEMPTS);
        for _ in 0..100 {
            assert_eq!(guard.admit("amy", None), Admission::NameWaits);
        }
        clock.advance(SECOND);
        assert_eq!(guard.admit("amy", None), Admission::Compare);
    }

    #[rstest]
    #[case::capitals("AMY")]
    #[case::blanks(" amy ")]
    fn spellings_of_a_name_are_one(#[case] spelling: &str) {
        let (clock, guard) = guard();
        fail(&clock, &guard, "amy", FREE_ATTEMPTS);
        assert_eq!(guard.admit(spelling, None), Admission::NameWaits);
    }

    #[test]
    fn success_and_time_start_anew() {
        let (clock, guard) = guard();
        fail(&clock, &guard, "amy", FREE_ATTEMPTS - 1);
        guard.succeeded("amy");
        fail(&clock, &guard, "amy", FREE_ATTEMPTS);
        clock.advance(FORGOTTEN_AFTER);
        fail(&clock, &guard, "amy", FREE_ATTEMPTS);
    }

    #[test]
    fn attempts_at_the_same_time_do_not_slip_through() {
        let (_, guard) = guard();
        let admitted = (0..100).filter(|_| guard.admit("amy", None) == Admission::Compare).count();
        assert_eq!(admitted, 10);
    }

    #[test]
    fn an_address_has_so_many_failures() {
        let (clock, guard) = guard();
        let here = Some("192.0.2.1".parse().unwrap());
        let there = Some("192.0.2.2".parse().unwrap());
        let mut failures = 0;
        while guard.admit(&format!("name-{failures}"), here) == Admission::Compare {
            guard.failed(here);
            failures += 1;
        }
        assert_eq!(failures, 101, "the last one found none left");
        assert_eq!(guard.admit("amy", here), Admission::AddressWaits(2 * SECOND));
        assert_eq!(guard.admit("amy", there), Admission::Compare);
        assert_eq!(guard.admit("amy", None), Admission::Compare);
        clock.advance(SECOND);
        assert_eq!(guard.admit("amy", here), Admission::AddressWaits(SECOND));
        clock.advance(SECOND);
        assert_eq!(guard.admit("amy", here), Admission::Compare);
    }

    #[test]
    fn an_address_does_not_wait_for_a_clock_that_was_put_back() {
        let address = network("192.0.2.1".parse().unwrap());
        let (day, now) = (Duration::from_hours(24), Timestamp::from_second(1_800_000_000).unwrap());
        let mut addresses = guard().1.addresses.into_inner().unwrap();
        addresses.waiting.insert(address, now + day);
        assert_eq!(addresses.wait(address, now), None);
        addresses.waiting.insert(address, now + LONGEST_WAIT);
        assert_eq!(addresses.wait(address, now), Some(LONGEST_WAIT));
    }

    #[test]
    fn successes_of_an_address_cost_nothing() {
        let (_, guard) = guard();
        let here = Some("192.0.2.1".parse().unwrap());
        for number in 0..1_000 {
            assert_eq!(guard.admit(&number.to_string(), here), Admission::Compare);
            guard.succeeded(&number.to_string());
        }
    }

    #[rstest]
    #[case::same("192.0.2.1", "192.0.2.1", true)]
    #[case::neighbour("192.0.2.1", "192.0.2.2", false)]
    #[case::same_network("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    #[case::other_network("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    #[case::mapped("::ffff:192.0.2.1", "192.0.2.1", true)]
    #[case::mapped_neighbour("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    fn addresses_of_one_customer(#[case] one: IpAddr, #[case] other: IpAddr, #[case] same: bool) {
        assert_eq!(network(one) == network(other), same);
    }

    #[test]
    fn memory_is_bounded_and_what_was_tried_often_is_kept() {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let guard = Guard::remembering(100, clock);
        for _ in 0..FREE_ATTEMPTS {
            guard.admit("amy", None);
        }
        for number in 0..1_000 {
            guard.admit(&format!("name-{number}"), None);
            assert!(guard.names.lock().unwrap().len() <= 100);
        }
        assert_eq!(guard.admit("amy", None), Admission::NameWaits);
        for number in 0..5_000_u32 {
            guard.failed(Some(IpAddr::from(number.to_be_bytes())));
        }
        assert_eq!(guard.addresses().failures.len(), 5_000);
    }

    #[test]
    fn addresses_are_forgotten_once_they_have_all_their_failures_again() {
        let (clock, guard) = guard();
        for number in 0..1_000_u32 {
            guard.failed(Some(IpAddr::from(number.to_be_bytes())));
        }
        clock.advance(Duration::from_mins(10));
        for number in 1_000..1_100_u32 {
            guard.failed(Some(IpAddr::from(number.to_be_bytes())));
        }
        assert!(guard.addresses().failures.len() < 200);
    }
}
