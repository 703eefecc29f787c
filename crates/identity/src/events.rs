//! Which of an organizer's events a member works for.

use std::sync::Arc;

use stagedoor_core::{EventId, FieldError};

/// The events that a member works for. To a member who is limited, everything else of the organizer
/// looks absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Events {
    /// The organizer as a whole.
    #[default]
    All,
    /// Sorted, unique, `1..=`[`Events::MAX`].
    Only(Arc<[EventId]>),
}

impl Events {
    /// Of one member: a door's season. Whoever works for more works for all.
    pub const MAX: usize = 100;

    /// These and no others. `Field` for none, and for more than [`Events::MAX`].
    pub fn only(events: impl IntoIterator<Item = EventId>) -> Result<Events, FieldError> {
        let mut events = Vec::from_iter(events);
        events.sort_unstable();
        events.dedup();
        match events.len() {
            1..=Self::MAX => Ok(Events::Only(events.into())),
            _ => Err(FieldError::new("events", format!("must be 1 to {} events", Self::MAX))),
        }
    }

    pub fn contains(&self, event: EventId) -> bool {
        self.ids().is_none_or(|events| events.binary_search(&event).is_ok())
    }

    pub fn is_limited(&self) -> bool {
        self.ids().is_some()
    }

    /// Sorted; `None` for all.
    pub fn ids(&self) -> Option<&[EventId]> {
        match self {
            Events::All => None,
            Events::Only(events) => Some(events),
        }
    }

    /// As the column has it.
    pub(crate) fn stored(&self) -> Option<String> {
        self.ids().map(|events| serde_json::to_string(events).expect("ids are JSON"))
    }

    pub(crate) fn read(stored: Option<String>) -> store::Result<Events> {
        let Some(text) = stored else { return Ok(Events::All) };
        let events: Option<Vec<EventId>> = serde_json::from_str(&text).ok();
        let events = events.and_then(|events| Events::only(events).ok());
        events.ok_or_else(|| store::Error::corrupt(format!("{text:?} is no list of events")))
    }
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;

    use super::*;

    #[test]
    fn events_are_read_as_they_are_written() {
        let env = Env::seeded(1);
        let (one, two, three): (EventId, EventId, EventId) = (env.id(), env.id(), env.id());
        let events = Events::only([two, one, two]).unwrap();
        assert!(events.contains(one) && events.contains(two) && !events.contains(three));
        assert_eq!(Events::read(events.stored()).unwrap(), events);
        assert_eq!(Events::read(Events::All.stored()).unwrap(), Events::All);
        assert!(Events::All.contains(three));
        // What cannot be read is no leave for everything.
        for wrong in ["", "[]", "null", "[\"ord_01h455vb4pex5vsknk084sn02q\"]"] {
            assert!(Events::read(Some(wrong.to_owned())).is_err(), "{wrong}");
        }
        assert!(Events::only([]).is_err());
        let many = std::iter::repeat_with(|| env.id());
        assert!(Events::only(many.take(Events::MAX)).is_ok() && Events::only(many.take(Events::MAX + 1)).is_err());
    }
}
