//! How often one client may ask: per address, in bounded memory, by the clock that everything else goes by.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use governor::clock::{Clock as _, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::Extensions;
use primehub_core::clock::Clock;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::ticks::Ticks;

/// Most clients that are told apart. Beyond them all new ones are counted as one.
const MOST_CLIENTS: usize = 65_536;
/// How often clients are forgotten that have not asked for long enough.
const SWEEP: Duration = Duration::from_mins(1);
/// The same while there are too many of them.
const SWEEP_WHEN_FULL: Duration = Duration::from_secs(1);

/// Counts refusals for a reason that lies in the client's pace.
#[derive(Clone, Debug, Default)]
pub(super) struct RateLimitMetrics(Family<Route, Counter>);

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Route {
    route: &'static str,
}

/// Whoever shares one allowance.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Client {
    /// One IPv4 address, also when it comes inside IPv6.
    Address(Ipv4Addr),
    /// An IPv6 network of 64 bits: who has one address of it has them all.
    Network(u64),
    /// One account that somebody says to be, wherever they are: what its login name hashes to.
    Account(u64),
    /// Requests that came without an address.
    Unknown,
    /// All that are too many to be told apart.
    Crowd,
}

/// An allowance for each client: a burst as large as what comes in a minute, spread evenly from then on.
pub(crate) struct RateLimit {
    limiter: RateLimiter<Client, DashMapStateStore<Client>, Ticks, NoOpMiddleware<Nanos>>,
    clock: Ticks,
    swept: AtomicU64,
    most_clients: usize,
    refused: Counter,
}

/// A client has asked too often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooFast {
    /// Whole seconds after which asking again helps; at least one.
    pub(crate) retry_after: u64,
}

impl RateLimitMetrics {
    /// The refusals at `route`.
    pub(super) fn at(&self, route: &'static str) -> Counter {
        self.0.get_or_create(&Route { route }).clone()
    }

    /// The family, to be registered.
    pub(super) fn family(&self) -> impl prometheus_client::registry::Metric + use<> {
        self.0.clone()
    }
}

impl Client {
    /// The client whose address the edge of the server has put into the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<ConnectInfo<SocketAddr>>().map_or(Self::Unknown, |info| Self::at(info.0.ip()))
    }

    fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Address(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::Network([a, b, c, d].iter().fold(0, |bits, segment| bits << 16 | u64::from(*segment)))
            }
        }
    }
}

impl RateLimit {
    /// Lets each client pass `per_minute` times a minute and counts the others in `refused`.
    pub(crate) fn new(per_minute: NonZeroU32, clock: Arc<dyn Clock>, refused: Counter) -> Self {
        let clock = Ticks::new(clock);
        let limiter = RateLimiter::new(Quota::per_minute(per_minute), DashMapStateStore::default(), clock.clone());
        Self { limiter, clock, swept: AtomicU64::new(0), most_clients: MOST_CLIENTS, refused }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// When it is one too many.
    pub(crate) fn check(&self, client: Client) -> Result<(), TooFast> {
        let now = self.clock.now();
        let client = if self.is_full(now) { Client::Crowd } else { client };
        self.limiter.check_key(&client).map_err(|not_until| {
            self.refused.inc();
            let wait = not_until.wait_time_from(now);
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            TooFast { retry_after: seconds.max(1) }
        })
    }

    /// Whether there is no room for another client, after those have been forgotten whose allowance is whole again.
    fn is_full(&self, now: Nanos) -> bool {
        let full = || self.limiter.len() >= self.most_clients;
        let interval = if full() { SWEEP_WHEN_FULL } else { SWEEP };
        let swept = self.swept.load(Ordering::Relaxed);
        let due = now.duration_since(Nanos::new(swept)) >= Nanos::from(interval);
        // Whoever wins sweeps; the others go on.
        if due && self.swept.compare_exchange(swept, now.as_u64(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        full()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use jiff::Timestamp;
    use primehub_core::clock::ManualClock;
    use rstest::rstest;

    use super::*;

    fn limit(per_minute: u32) -> (RateLimit, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let limit = RateLimit::new(NonZeroU32::new(per_minute).unwrap(), clock.clone(), Counter::default());
        (limit, clock)
    }

    fn number(number: u32) -> Client {
        Client::Address(Ipv4Addr::from_bits(number))
    }

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let (limit, clock) = limit(30);
        let ask = || limit.check(number(1));
        assert_eq!((0..30).filter(|_| ask().is_ok()).count(), 30);
        assert_eq!(ask(), Err(TooFast { retry_after: 2 }));
        assert_eq!(limit.check(number(2)), Ok(()), "others are not concerned");
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(ask(), Err(TooFast { retry_after: 1 }));
        clock.advance(Duration::from_millis(500));
        assert_eq!((ask(), ask()), (Ok(()), Err(TooFast { retry_after: 2 })));
        clock.advance(Duration::from_mins(1));
        assert_eq!((0..31).filter(|_| ask().is_ok()).count(), 30);
        assert_eq!(limit.refused.get(), 4);
    }

    #[test]
    fn clients_are_forgotten_in_time() {
        let (limit, clock) = limit(30);
        for client in 0..1_000 {
            limit.check(number(client)).unwrap();
        }
        assert_eq!(limit.limiter.len(), 1_000);
        clock.advance(SWEEP);
        limit.check(number(1)).unwrap();
        assert_eq!(limit.limiter.len(), 1);
    }

    #[test]
    fn memory_has_an_end_and_a_crowd_passes_as_one() {
        let (mut limit, clock) = limit(2);
        limit.most_clients = 10;
        let passed = (0..1_000).filter(|client| limit.check(number(*client)).is_ok()).count();
        assert_eq!((passed, limit.limiter.len()), (12, 11));
        clock.advance(Duration::from_mins(2));
        assert!(limit.check(number(5_000)).is_ok(), "there is room again");
        assert_eq!(limit.limiter.len(), 1);
    }

    #[rstest]
    #[case::same("10.0.0.1", "10.0.0.1", true)]
    #[case::other("10.0.0.1", "10.0.0.2", false)]
    #[case::inside_version_6("10.0.0.1", "::ffff:10.0.0.1", true)]
    #[case::same_network("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true)]
    #[case::other_network("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    fn clients_are_told_apart(#[case] one: &str, #[case] other: &str, #[case] same: bool) {
        let client = |text: &str| Client::at(text.parse().unwrap());
        assert_eq!(client(one) == client(other), same);
    }

    /// A clock that can also be put back.
    struct Adjustable(Mutex<Timestamp>);

    impl Clock for Adjustable {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn nobody_waits_for_a_clock_that_was_put_back() {
        let clock = Arc::new(Adjustable(Mutex::new(Timestamp::constant(1_000_000, 0))));
        let limit = RateLimit::new(NonZeroU32::MIN, clock.clone(), Counter::default());
        assert!(limit.check(number(1)).is_ok());
        *clock.0.lock().unwrap() = Timestamp::UNIX_EPOCH;
        assert_eq!(limit.check(number(1)), Err(TooFast { retry_after: 60 }));
        *clock.0.lock().unwrap() = Timestamp::constant(60, 0);
        assert_eq!(limit.check(number(1)), Ok(()));
    }

    #[test]
    fn a_clock_beyond_all_measure_refuses_nobody() {
        let (limit, clock) = limit(1);
        clock.advance(Duration::MAX);
        assert_eq!(limit.check(number(1)), Ok(()));
    }
}
