//! The books of an event: its holds, the orders they were sold to, who has how many, and the
//! idempotency keys, each found in a few nanoseconds.
//!
//! A hold is one record from its beginning until nothing can ask for it any more. Ended holds are remembered so that asking again gets the same answer: those
//! with an idempotency key for a day, of the others the last [`ENDED_MAX`].

use std::collections::VecDeque;
use std::time::Duration;

use stagedoor_core::limits::IDEMPOTENCY_RETENTION;
use stagedoor_core::{HoldId, OrderId, Timestamp, UserId};
use uuid::Uuid;

use super::deadlines::{Deadlines, Links};
use super::index::Index;
use super::place::Packed;
use super::slab::{NONE, Queue, Slab};
use super::{HoldStatus, KeyPrint, Place, Places};

/// Ended holds without an idempotency key that are remembered. A repeated release comes within
/// seconds; this covers a second of a busy event and hours of an ordinary one, for 80 KiB at most,
/// which is little enough to stay in a processor's cache.
const ENDED_MAX: usize = 1_024;

/// Keys dropped with each hold that is taken, so that a quiet night is not paid for at once.
const PURGE_MAX: usize = 4;

/// Places kept in the record itself; most holds have no more.
const INLINE: usize = 4;
/// Places of a larger hold that are kept apart; the record keeps three and points to these.
const APART: usize = stagedoor_core::limits::SEATS_PER_HOLD_MAX - (INLINE - 1);

/// One hold, whatever became of it. Exactly one cache line.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub hold: HoldId,
    pub state: State,
    places: [Packed; INLINE],
    pub fan: u32,
    pub price_list: u16,
    len: u8,
    pub kept_by: KeptBy,
}

/// Why a record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptBy {
    /// What it owns, or another record of its order.
    Itself,
    /// An idempotency key refers to it.
    Key,
    /// It is among the ended ones that are remembered.
    Memory,
}

const _: () = assert!(size_of::<Record>() == 64);

#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Held {
        expires_at: Timestamp,
        links: Links,
        lane: u8,
        extended: bool,
    },
    /// `next`: the next record of the same order. What was returned since is marked in `places`.
    Sold {
        expires_at: Timestamp,
        order: u32,
        next: u32,
    },
    Released {
        expires_at: Timestamp,
    },
    Expired {
        expires_at: Timestamp,
    },
}

impl State {
    pub fn status(&self) -> HoldStatus {
        match self {
            State::Held { .. } => HoldStatus::Held,
            State::Sold { .. } => HoldStatus::Sold,
            State::Released { .. } => HoldStatus::Released,
            State::Expired { .. } => HoldStatus::Expired,
        }
    }

    pub fn expires_at(&self) -> Timestamp {
        match *self {
            State::Held { expires_at, .. }
            | State::Sold { expires_at, .. }
            | State::Released { expires_at }
            | State::Expired { expires_at } => expires_at,
        }
    }

    /// Live until `expires_at`, not yet among the deadlines.
    pub fn held(expires_at: Timestamp, extended: bool) -> State {
        State::Held { expires_at, links: Links::NOWHERE, lane: 0, extended }
    }
}

#[derive(Clone, Copy)]
struct Order {
    id: OrderId,
    /// Its records, in order of their hold ids.
    first: u32,
}

#[derive(Clone, Copy)]
pub(super) struct Fan {
    pub id: UserId,
    /// Places held and sold.
    pub tickets: u32,
    /// Records that name it.
    records: u32,
}

/// An idempotency key and the answer it stands for.
#[derive(Clone, Copy)]
pub(super) struct Key {
    key: [u64; 2],
    pub body: u64,
    /// As first answered.
    pub expires_at: Timestamp,
    pub ttl_ms: u32,
    pub record: u32,
}

impl Key {
    pub fn print(&self) -> KeyPrint {
        KeyPrint { key: u128::from(self.key[0]) << 64 | u128::from(self.key[1]), body: self.body }
    }

    fn taken_at(&self) -> Timestamp {
        self.expires_at - Duration::from_millis(u64::from(self.ttl_ms))
    }
}

pub(super) struct Books {
    pub records: Slab<Record>,
    apart: Slab<[Packed; APART]>,
    pub by_hold: Index,
    orders: Slab<Order>,
    pub by_order: Index,
    pub fans: Slab<Fan>,
    pub by_user: Index,
    pub keys: Queue<Key>,
    pub by_key: Index,
    /// Ended records without a key, oldest first.
    pub ended: VecDeque<u32>,
    pub deadlines: Deadlines,
}

/// Ids are made by us and half random, keys are hashes: two multiplications spread them.
pub(super) fn spread(id: u128) -> u64 {
    let folded = u128::from((id >> 64) as u64 ^ 0x9e37_79b9_7f4a_7c15) * u128::from(id as u64 ^ 0xd1b5_4a32_d192_ed03);
    (folded as u64 ^ (folded >> 64) as u64).wrapping_mul(0x2545_f491_4f6c_dd1d)
}

pub(super) fn spread_id(id: impl Into<Uuid>) -> u64 {
    spread(id.into().as_u128())
}

impl Books {
    pub fn new() -> Self {
        Self {
            records: Slab::new(),
            apart: Slab::new(),
            by_hold: Index::new(),
            orders: Slab::new(),
            by_order: Index::new(),
            fans: Slab::new(),
            by_user: Index::new(),
            keys: Queue::new(),
            by_key: Index::new(),
            ended: VecDeque::new(),
            deadlines: Deadlines::default(),
        }
    }

    pub fn find(&self, hold: HoldId) -> Option<u32> {
        self.by_hold.find(spread_id(hold), |slot| self.records[slot].hold == hold)
    }

    pub fn fan(&self, user: UserId) -> Option<&Fan> {
        let slot = self.by_user.find(spread_id(user), |slot| self.fans[slot].id == user)?;
        Some(&self.fans[slot])
    }

    pub fn key(&self, key: u128) -> Option<&Key> {
        let number = self.by_key.find(spread(key), |number| self.keys[number].print().key == key)?;
        Some(&self.keys[number])
    }

    pub fn user_of(&self, record: &Record) -> UserId {
        self.fans[record.fan].id
    }

    pub fn order_of(&self, record: &Record) -> Option<OrderId> {
        match record.state {
            State::Sold { order, .. } => Some(self.orders[order].id),
            _ => None,
        }
    }

    /// The records of an order, in order of their hold ids.
    pub fn records_of(&self, order: OrderId) -> impl Iterator<Item = u32> + '_ {
        let slot = self.by_order.find(spread_id(order), |slot| self.orders[slot].id == order);
        let mut next = slot.map_or(NONE, |slot| self.orders[slot].first);
        std::iter::from_fn(move || {
            let record = (next != NONE).then_some(next)?;
            next = self.next_of(record);
            Some(record)
        })
    }

    /// How many places of an area an order has returned.
    pub fn returned(&self, order: OrderId, area: u16) -> u32 {
        let in_area = |packed: &&Packed| matches!(packed.place(), Place::Area { area: other, .. } if other == area);
        let gone =
            |slot| self.places(slot).packed().iter().filter(in_area).map(|one| u32::from(one.gone())).sum::<u32>();
        self.records_of(order).map(gone).sum()
    }

    fn next_of(&self, slot: u32) -> u32 {
        match self.records[slot].state {
            State::Sold { next, .. } => next,
            ref other => panic!("slot {slot} belongs to an order but is {other:?}"),
        }
    }

    /// All lines of a hold, with what was returned of each.
    pub fn places(&self, slot: u32) -> Places {
        let record = &self.records[slot];
        let len = usize::from(record.len);
        if len <= INLINE {
            return Places::from_packed(&record.places[..len]);
        }
        let mut all = [Packed::default(); INLINE - 1 + APART];
        all[..INLINE - 1].copy_from_slice(&record.places[..INLINE - 1]);
        all[INLINE - 1..].copy_from_slice(&self.apart[record.places[INLINE - 1].bits()]);
        Places::from_packed(&all[..len])
    }

    /// The lines kept in the record itself.
    pub fn near_places(&self, slot: u32) -> &[Packed] {
        let record = &self.records[slot];
        &record.places[..usize::from(record.len).min(INLINE - 1)]
    }

    pub fn set_places(&mut self, slot: u32, places: &Places) {
        let packed = places.packed();
        let record = &mut self.records[slot];
        let was_apart = usize::from(record.len) > INLINE;
        let mut apart = was_apart.then(|| record.places[INLINE - 1].bits());
        record.len = packed.len() as u8;
        if packed.len() <= INLINE {
            record.places[..packed.len()].copy_from_slice(packed);
        } else {
            let (near, far) = packed.split_at(INLINE - 1);
            let mut rest = [Packed::default(); APART];
            rest[..far.len()].copy_from_slice(far);
            let home = match apart.take() {
                Some(home) => {
                    self.apart[home] = rest;
                    home
                }
                None => self.apart.insert(rest),
            };
            record.places[..INLINE - 1].copy_from_slice(near);
            record.places[INLINE - 1] = Packed::from_bits(home);
        }
        if let Some(unused) = apart {
            self.apart.remove(unused);
        }
    }

    /// Opens a record for a hold of `fan`; the caller says in which state.
    pub fn insert(&mut self, hold: HoldId, fan: UserId, places: &Places, price_list: u16, state: State) -> u32 {
        let fan = self.fan_slot(fan);
        self.fans[fan].records += 1;
        let places_empty = [Packed::default(); INLINE];
        let record = Record { hold, state, places: places_empty, fan, price_list, len: 0, kept_by: KeptBy::Itself };
        let slot = self.records.insert(record);
        self.set_places(slot, places);
        let records = &self.records;
        self.by_hold.insert(spread_id(hold), slot, |slot| spread_id(records[slot].hold));
        slot
    }

    fn fan_slot(&mut self, user: UserId) -> u32 {
        let hash = spread_id(user);
        if let Some(slot) = self.by_user.find(hash, |slot| self.fans[slot].id == user) {
            return slot;
        }
        let slot = self.fans.insert(Fan { id: user, tickets: 0, records: 0 });
        let fans = &self.fans;
        self.by_user.insert(hash, slot, |slot| spread_id(fans[slot].id));
        slot
    }

    /// Makes a live hold another fan's.
    pub fn hand_over(&mut self, slot: u32, to: UserId) {
        let people = self.places(slot).people();
        let to = self.fan_slot(to);
        let from = std::mem::replace(&mut self.records[slot].fan, to);
        let new = &mut self.fans[to];
        (new.records, new.tickets) = (new.records + 1, new.tickets + people);
        self.fans[from].tickets -= people;
        self.lose_record(from);
    }

    /// After one record fewer names a fan, who is forgotten with the last.
    fn lose_record(&mut self, slot: u32) {
        let fan = &mut self.fans[slot];
        fan.records -= 1;
        if fan.records == 0 {
            let user = fan.id;
            assert!(self.by_user.remove(spread_id(user), slot), "fan {user} is not in the index");
            self.fans.remove(slot);
        }
    }

    /// Remembers a key; `ttl_ms` is how long its hold lasted as first answered.
    pub fn insert_key(&mut self, print: KeyPrint, record: u32, expires_at: Timestamp, ttl_ms: u32) {
        let KeyPrint { key, body } = print;
        let number = self.keys.push(Key { key: [(key >> 64) as u64, key as u64], body, expires_at, ttl_ms, record });
        let keys = &self.keys;
        self.by_key.insert(spread(key), number, |number| spread(keys[number].print().key));
        self.records[record].kept_by = KeptBy::Key;
    }

    /// Forgets keys that are old enough at `at`, a few at a time.
    pub fn purge_keys(&mut self, at: Timestamp) {
        for _ in 0..PURGE_MAX {
            let Some(number) = self.keys.front() else { return };
            let key = self.keys[number];
            if key.taken_at() + IDEMPOTENCY_RETENTION > at {
                return;
            }
            assert!(self.by_key.remove(spread(key.print().key), number), "key {number} is not in the index");
            self.keys.pop();
            self.records[key.record].kept_by = KeptBy::Itself;
            self.settle(key.record);
        }
    }

    /// Whether it owns nothing any more.
    pub fn is_over(&self, slot: u32) -> bool {
        match self.records[slot].state {
            State::Held { .. } => false,
            State::Sold { .. } => self.places(slot).packed().iter().all(|packed| packed.left() == 0),
            State::Released { .. } | State::Expired { .. } => true,
        }
    }

    /// Whether nothing of an order is left: only then may any of its records be forgotten, for
    /// they say what was bought.
    fn is_order_over(&self, order: u32) -> bool {
        let mut next = self.orders[order].first;
        while next != NONE && self.is_over(next) {
            next = self.next_of(next);
        }
        next == NONE
    }

    /// After a record ended, or lost a place or its key: remembers it for a while if that is all
    /// that keeps it.
    pub fn settle(&mut self, slot: u32) {
        match self.records[slot].state {
            State::Held { .. } => {}
            State::Released { .. } | State::Expired { .. } => self.remember(slot),
            State::Sold { order, .. } if self.is_order_over(order) => {
                let all: Vec<u32> = self.records_of(self.orders[order].id).collect();
                all.into_iter().for_each(|slot| self.remember(slot));
            }
            State::Sold { .. } => {}
        }
    }

    fn remember(&mut self, slot: u32) {
        let record = &mut self.records[slot];
        if record.kept_by != KeptBy::Itself {
            return;
        }
        record.kept_by = KeptBy::Memory;
        self.ended.push_back(slot);
        if self.ended.len() > ENDED_MAX {
            let oldest = self.ended.pop_front().expect("it has more than none");
            match self.records[oldest].state {
                // Its order was used again.
                State::Sold { order, .. } if !self.is_order_over(order) => {
                    self.records[oldest].kept_by = KeptBy::Itself;
                }
                _ => self.forget(oldest),
            }
        }
    }

    /// The record that is forgotten when one more ends after `ends` others.
    pub fn forgotten_after(&self, ends: usize) -> Option<u32> {
        let next = (self.ended.len() + ends).checked_sub(ENDED_MAX)?;
        self.ended.get(next).copied()
    }

    /// Takes up a record that a snapshot says is remembered.
    pub fn remember_again(&mut self, slot: u32) -> bool {
        let fits = self.records[slot].kept_by == KeptBy::Itself && self.is_over(slot) && self.ended.len() < ENDED_MAX;
        if fits {
            self.records[slot].kept_by = KeptBy::Memory;
            self.ended.push_back(slot);
        }
        fits
    }

    fn forget(&mut self, slot: u32) {
        let record = self.records[slot];
        assert!(self.by_hold.remove(spread_id(record.hold), slot), "hold {} is not in the index", record.hold);
        if let State::Sold { order, next, .. } = record.state {
            self.unlink(order, slot, next);
        }
        self.set_places(slot, &Places::default());
        self.records.remove(slot);
        self.lose_record(record.fan);
    }

    /// Puts a record under its order; the caller sets the state this returns.
    pub fn link(&mut self, id: OrderId, slot: u32, expires_at: Timestamp) {
        let hash = spread_id(id);
        let order = match self.by_order.find(hash, |order| self.orders[order].id == id) {
            Some(order) => order,
            None => {
                let order = self.orders.insert(Order { id, first: NONE });
                let orders = &self.orders;
                self.by_order.insert(hash, order, |order| spread_id(orders[order].id));
                order
            }
        };
        // Sorted, so that the chain does not depend on how the state came about.
        let hold = self.records[slot].hold;
        let (mut before, mut next) = (NONE, self.orders[order].first);
        while next != NONE && self.records[next].hold < hold {
            (before, next) = (next, self.next_of(next));
        }
        self.records[slot].state = State::Sold { expires_at, order, next };
        self.set_next(order, before, slot);
    }

    fn unlink(&mut self, order: u32, slot: u32, next: u32) {
        let (mut before, mut at) = (NONE, self.orders[order].first);
        while at != slot {
            (before, at) = (at, self.next_of(at));
        }
        self.set_next(order, before, next);
        if self.orders[order].first == NONE {
            let id = self.orders[order].id;
            assert!(self.by_order.remove(spread_id(id), order), "order {id} is not in the index");
            self.orders.remove(order);
        }
    }

    fn set_next(&mut self, order: u32, before: u32, slot: u32) {
        match before {
            NONE => self.orders[order].first = slot,
            _ => match &mut self.records[before].state {
                State::Sold { next, .. } => *next = slot,
                other => panic!("slot {before} belongs to an order but is {other:?}"),
            },
        }
    }

    /// Slots of all records, in no order.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_hold.iter()
    }

    /// Slots of all records, in order of their hold ids.
    pub fn sorted(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.slots().collect();
        slots.sort_unstable_by_key(|slot| self.records[*slot].hold);
        slots
    }

    pub fn memory_bytes(&self) -> usize {
        let indexes = [&self.by_hold, &self.by_order, &self.by_user, &self.by_key];
        indexes.iter().map(|index| index.memory_bytes()).sum::<usize>()
            + self.records.memory_bytes()
            + self.apart.memory_bytes()
            + self.orders.memory_bytes()
            + self.fans.memory_bytes()
            + self.keys.memory_bytes()
            + self.ended.capacity() * size_of::<u32>()
            + self.deadlines.memory_bytes()
    }
}
