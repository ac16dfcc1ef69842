//! How far a list of events has been read. Pure; all times are Keycloak's own.
//!
//! Keycloak stamps an event before the change is committed, so an event can become visible after events with later stamps. Each reading
//! therefore goes back by an overlap, and what has been seen is remembered for twice that long.

use std::collections::BTreeMap;

/// Something with a time of Keycloak and an id.
pub(super) trait Stamped {
    /// Milliseconds since the epoch.
    fn time(&self) -> i64;
    fn id(&self) -> String;
}

/// How far one list of events has been read.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    /// The newest time of an event that was seen.
    newest: i64,
    /// An event of that time, as long as it is expected to be there.
    witness: Option<String>,
    /// Ids that were seen, with their times.
    seen: BTreeMap<String, i64>,
    overlap: i64,
}

/// What one reading brought.
#[derive(Debug)]
pub(super) struct Reading<E> {
    /// Events that were not seen before, the oldest first.
    pub(super) new: Vec<E>,
    /// How many of them became visible after later ones.
    pub(super) late: usize,
    /// Whether events that were there are gone: somebody has cleared them, or they expired.
    pub(super) cleared: bool,
}

/// So many ids are remembered at most. With more events than that within the overlap some are followed twice, which does no harm.
const MOST_SEEN: usize = 200_000;

impl Cursor {
    /// Begins at the newest of the events that are there, in any order, and does not give these again.
    pub(super) fn at(there: &[impl Stamped], overlap_ms: i64) -> Self {
        let newest = there.iter().max_by_key(|event| event.time());
        Self {
            newest: newest.map_or(0, Stamped::time),
            witness: newest.map(Stamped::id),
            seen: there.iter().map(|event| (event.id(), event.time())).collect(),
            overlap: overlap_ms,
        }
    }

    /// From which time on to read.
    pub(super) fn from(&self) -> i64 {
        self.newest.saturating_sub(self.overlap).max(0)
    }

    /// Takes everything that there is from [`Cursor::from`] on, in any order and repetitions included.
    pub(super) fn take<E: Stamped>(&mut self, events: impl IntoIterator<Item = E>) -> Reading<E> {
        let before = self.newest;
        let mut witnessed = self.witness.is_none();
        let mut reading = Reading { new: Vec::new(), late: 0, cleared: false };
        for event in events {
            let (id, time) = (event.id(), event.time());
            witnessed |= self.witness.as_ref() == Some(&id);
            if time > self.newest {
                self.newest = time;
                self.witness = Some(id.clone());
            }
            if self.seen.insert(id, time).is_none() {
                reading.late += usize::from(time < before && before > 0);
                reading.new.push(event);
            }
        }
        // The witness may have been replaced by a newer one above; whether the old one was among the events is what counts.
        if !witnessed {
            reading.cleared = true;
            if self.newest == before {
                self.witness = None;
            }
        }
        let oldest = self.newest.saturating_sub(self.overlap.saturating_mul(2));
        self.seen.retain(|_, time| *time >= oldest);
        if self.seen.len() > MOST_SEEN {
            self.seen.clear();
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
    struct Event(i64, u32);

    impl Stamped for Event {
        fn time(&self) -> i64 {
            self.0
        }

        fn id(&self) -> String {
            self.1.to_string()
        }
    }

    fn new(reading: &Reading<Event>) -> Vec<u32> {
        reading.new.iter().map(|event| event.1).collect()
    }

    #[test]
    fn each_event_comes_once_also_a_late_one() {
        let mut cursor = Cursor::at(&[Event(1_000, 1)], 100);
        assert_eq!(cursor.from(), 900);
        let reading = cursor.take([Event(1_000, 1), Event(1_000, 2), Event(1_050, 3)]);
        assert_eq!((new(&reading), reading.late, reading.cleared), (vec![2, 3], 0, false));
        let reading = cursor.take([Event(980, 4), Event(1_000, 1), Event(1_000, 2), Event(1_050, 3)]);
        assert_eq!((new(&reading), reading.late, reading.cleared), (vec![4], 1, false));
        assert_eq!(cursor.from(), 950);
    }

    #[test]
    fn that_events_were_cleared_shows_once() {
        let mut cursor = Cursor::at(&[Event(1_000, 1)], 100);
        assert!(!cursor.take([Event(1_000, 1)]).cleared);
        assert!(cursor.take::<Event>([]).cleared);
        assert!(!cursor.take::<Event>([]).cleared);
        assert!(!cursor.take([Event(2_000, 2)]).cleared);
        // Cleared and followed by others.
        assert!(cursor.take([Event(3_000, 3)]).cleared);
        assert!(!cursor.take([Event(3_000, 3)]).cleared);
    }

    #[test]
    fn a_list_without_events_begins_at_the_epoch() {
        let mut cursor = Cursor::at(&[] as &[Event], 100);
        assert_eq!(cursor.from(), 0);
        let reading = cursor.take([Event(5_000, 1)]);
        assert_eq!((new(&reading), reading.late, reading.cleared), (vec![1], 0, false));
        assert_eq!(cursor.from(), 4_900);
    }

    proptest! {
        /// Events that become visible within the overlap are all seen, exactly once, and memory stays bounded by twice the overlap.
        #[test]
        fn nothing_is_missed_and_nothing_comes_twice(
            steps in prop::collection::vec((0..40_i64, 0..100_i64, any::<bool>()), 1..80),
        ) {
            let mut cursor = Cursor::at(&[] as &[Event], 100);
            let mut now = 1_000;
            // (stamp, number, visible from)
            let mut events: Vec<(i64, u32, i64)> = Vec::new();
            let mut got: Vec<u32> = Vec::new();
            let all: Vec<_> = steps.iter().copied().chain([(200, 0, true)]).collect();
            for (number, (pause, delay, look)) in all.into_iter().enumerate() {
                now += pause;
                events.push((now, u32::try_from(number).unwrap(), now + delay));
                if look {
                    let from = cursor.from();
                    let visible = events.iter().filter(|(time, _, visible)| *time >= from && *visible <= now);
                    let reading = cursor.take(visible.map(|(time, id, _)| Event(*time, *id)).collect::<Vec<_>>());
                    got.extend(new(&reading));
                    prop_assert!(cursor.seen.values().all(|time| *time >= cursor.newest - 200));
                }
            }
            now += 100;
            let from = cursor.from();
            let visible: Vec<_> = events.iter().filter(|event| event.0 >= from).map(|event| Event(event.0, event.1)).collect();
            got.extend(new(&cursor.take(visible)));
            got.sort_unstable();
            prop_assert_eq!(got, (0..u32::try_from(events.len()).unwrap()).collect::<Vec<_>>(), "at {}", now);
        }
    }
}
