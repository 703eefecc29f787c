//! Reading ahead: what the next commands will need, asked of memory all at once.
//!
//! Seats and holds lie all over some megabytes, so deciding a command is mostly a row of reads
//! that each wait for the one before. Those of different commands do not depend on each other,
//! and a processor that sees them together waits for them together. Nothing here decides or
//! changes anything.

use super::holds::Books;
use super::state::EventState;
use super::{Command, Place, Want};

impl EventState {
    /// Reads what `command` will need; `ahead`: how many commands come before it. What it returns
    /// means nothing, but has to be used for the reads to happen.
    pub fn warm(&self, command: &Command, ahead: usize) -> u64 {
        match command {
            Command::Hold { hold, fan, want, key, .. } => {
                let mut read = u64::from(self.books.find(*hold).is_some())
                    ^ self.books.fan(*fan).map_or(0, |fan| u64::from(fan.tickets))
                    ^ key.and_then(|key| self.books.key(key.key)).map_or(0, |key| u64::from(key.record));
                if let Want::Picked { places, .. } = want {
                    for place in places.iter() {
                        if let Place::Seat { seat, .. } = place {
                            read ^= self.seats.warm(&self.manifest, seat);
                        }
                    }
                }
                read
            }
            Command::Release { hold, .. } | Command::Sell { hold, .. } | Command::Extend { hold, .. } => {
                let Some(slot) = self.books.find(*hold) else { return 0 };
                let mut read = self.books.warm(slot, ahead);
                for packed in self.books.near_places(slot) {
                    if let Place::Seat { seat, .. } = packed.place() {
                        read ^= self.seats.warm(&self.manifest, seat);
                    }
                }
                read
            }
            _ => 0,
        }
    }
}

impl Books {
    /// Reads the neighbours of a hold, and the ended hold that will be forgotten for it.
    fn warm(&self, slot: u32, ahead: usize) -> u64 {
        let fan = |slot: u32| u64::from(self.fan(self.user_of(&self.records[slot])).is_some());
        let mut read = fan(slot) ^ self.deadlines.warm(&self.records, slot);
        if let Some(oldest) = self.ended.get(ahead / 2) {
            read ^= u64::from(self.find(self.records[*oldest].hold).is_some()) ^ fan(*oldest);
        }
        read
    }
}
