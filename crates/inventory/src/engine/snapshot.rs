//! The whole state of one event as bytes. Equal states have equal bytes, however they came about,
//! so a snapshot can be compared with a replay.
//!
//! Version 1: `1, version, time of the last fact, manifest hash or nothing, rules, price lists,
//! blocked seats, areas (capacity, blocked), holds by id, keys and ended holds from the oldest`.
//! Who holds what says which seats are held and sold; counts and indexes are built anew.

use std::sync::Arc;

use stagedoor_core::limits::SEATS_PER_HOLD_MAX;
use stagedoor_core::{HoldId, Timestamp, UserId};

use super::bytes::{Reader, Write};
use super::holds::{Books, KeptBy, State};
use super::place::Packed;
use super::seats::SeatStatus;
use super::state::{EventState, empty_areas};
use super::{CodecError, KeyPrint, Manifest, Place, Places, Prices, Rules};

const VERSION: u8 = 1;

const HELD: u8 = 0;
const HELD_EXTENDED: u8 = 1;
const SOLD: u8 = 2;
const RELEASED: u8 = 3;
const EXPIRED: u8 = 4;

/// Why a snapshot cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("the manifest it was made with is not there")]
    NoManifest([u8; 32]),
}

impl EventState {
    /// Appends the state.
    pub fn snapshot(&self, out: &mut Vec<u8>) {
        out.byte(VERSION);
        out.varint(self.version);
        out.timestamp(self.last_at);
        out.byte(u8::from(self.is_open()));
        if !self.is_open() {
            return;
        }
        out.raw(&self.manifest.hash());
        self.rules.encode(out);
        out.varint(self.price_lists.len() as u64);
        self.price_lists.iter().for_each(|prices| prices.encode(out));
        (0..self.manifest.words.len() as u32).for_each(|word| out.varint(self.seats.blocked(word)));
        for area in &self.areas {
            out.varint(u64::from(area.capacity));
            out.varint(u64::from(area.blocked));
        }
        let slots = self.books.sorted();
        let mut number = vec![0u32; slots.iter().max().map_or(0, |most| *most as usize + 1)];
        slots.iter().zip(0..).for_each(|(slot, at)| number[*slot as usize] = at);
        out.varint(slots.len() as u64);
        slots.iter().for_each(|slot| self.encode_hold(*slot, out));
        let keys = &self.books.keys;
        out.varint(keys.len() as u64);
        for key in keys.numbers().map(|at| &keys[at]) {
            let KeyPrint { key: print, body } = key.print();
            out.raw(&print.to_le_bytes());
            out.raw(&body.to_le_bytes());
            out.timestamp(key.expires_at);
            out.varint(u64::from(key.ttl_ms));
            out.varint(u64::from(number[key.record as usize]));
        }
        out.varint(self.books.ended.len() as u64);
        self.books.ended.iter().for_each(|slot| out.varint(u64::from(number[*slot as usize])));
    }

    fn encode_hold(&self, slot: u32, out: &mut Vec<u8>) {
        let record = &self.books.records[slot];
        out.raw(&record.hold.bytes());
        out.raw(&self.books.user_of(record).bytes());
        out.byte(match record.state {
            State::Held { extended: false, .. } => HELD,
            State::Held { extended: true, .. } => HELD_EXTENDED,
            State::Sold { .. } => SOLD,
            State::Released { .. } => RELEASED,
            State::Expired { .. } => EXPIRED,
        });
        out.timestamp(record.state.expires_at());
        if let Some(order) = self.books.order_of(record) {
            out.raw(&order.bytes());
        }
        out.varint(u64::from(record.price_list));
        let places = self.books.places(slot);
        out.varint(places.len() as u64);
        places.packed().iter().for_each(|packed| out.varint(u64::from(packed.bits())));
    }

    /// The state of a snapshot. `resolve` finds the manifest by its content hash.
    ///
    /// Bytes that are no snapshot are refused; those of a snapshot that was changed may be, or
    /// may give another state that is sound in itself: the journal's checksum tells the two apart.
    pub fn restore(
        bytes: &[u8],
        resolve: impl FnOnce([u8; 32]) -> Option<Arc<Manifest>>,
    ) -> Result<EventState, SnapshotError> {
        let mut reader = Reader::new(bytes);
        let version = reader.byte()?;
        if version != VERSION {
            return Err(CodecError::UnknownVersion(version).into());
        }
        let mut state = EventState::new();
        state.version = reader.varint()?;
        state.last_at = reader.timestamp()?;
        if reader.flag("open")? {
            let hash = reader.array()?;
            state.manifest = resolve(hash).ok_or(SnapshotError::NoManifest(hash))?;
            state.decode_open(&mut reader)?;
        }
        reader.end()?;
        Ok(state)
    }

    fn decode_open(&mut self, reader: &mut Reader) -> Result<(), CodecError> {
        let manifest = self.manifest.clone();
        self.rules = Rules::decode(reader)?;
        for _ in 0..reader.count("price lists", usize::from(u16::MAX) + 1, 2)? {
            let prices = Prices::decode(reader)?;
            if prices.levels() != manifest.levels().len() {
                return Err(CodecError::OutOfRange("prices"));
            }
            self.price_lists.push(Arc::new(prices));
        }
        if self.price_lists.is_empty() {
            return Err(CodecError::OutOfRange("price lists"));
        }
        self.seats = super::seats::Seats::new(&manifest);
        for (word, layout) in (0..).zip(&manifest.words) {
            let mut blocked = reader.varint()?;
            if blocked & !layout.exists != 0 {
                return Err(CodecError::OutOfRange("blocked seats"));
            }
            while blocked != 0 {
                let seat = manifest.seat_at(word * 64 + blocked.trailing_zeros());
                self.seats.set(&manifest, seat, SeatStatus::Available, SeatStatus::Blocked);
                blocked &= blocked - 1;
            }
        }
        self.areas = empty_areas(&manifest);
        for area in &mut self.areas {
            (area.capacity, area.blocked) = (reader.number("capacity")?, reader.number("blocked places")?);
            if area.capacity > Manifest::AREA_CAPACITY_MAX || area.blocked > area.capacity {
                return Err(CodecError::OutOfRange("area"));
            }
        }
        let mut slots = Vec::new();
        let mut last = None;
        for _ in 0..reader.count("holds", usize::MAX, 40)? {
            let hold: HoldId = reader.id()?;
            if last.replace(hold).is_some_and(|last| last >= hold) {
                return Err(CodecError::OutOfRange("holds"));
            }
            slots.push(self.decode_hold(hold, reader)?);
        }
        // Among the deadlines, holds stand in order of time.
        let mut live: Vec<(Timestamp, HoldId, u32)> = slots
            .iter()
            .map(|slot| (&self.books.records[*slot], *slot))
            .filter(|(record, _)| matches!(record.state, State::Held { .. }))
            .map(|(record, slot)| (record.state.expires_at(), record.hold, slot))
            .collect();
        live.sort_unstable();
        let Books { records, deadlines, .. } = &mut self.books;
        live.iter().for_each(|(.., slot)| deadlines.insert(records, *slot));

        let slot_of = |number: u32| slots.get(number as usize).copied().ok_or(CodecError::OutOfRange("hold"));
        for _ in 0..reader.count("keys", u32::MAX as usize - 1, 27)? {
            let key = u128::from_le_bytes(reader.array()?);
            let body = u64::from_le_bytes(reader.array()?);
            let (expires_at, ttl_ms) = (reader.timestamp()?, reader.number("ttl")?);
            let slot = slot_of(reader.number("hold")?)?;
            if self.books.records[slot].kept_by != KeptBy::Itself || self.books.key(key).is_some() {
                return Err(CodecError::OutOfRange("key"));
            }
            self.books.insert_key(KeyPrint { key, body }, slot, expires_at, ttl_ms);
        }
        for _ in 0..reader.count("ended holds", slots.len(), 1)? {
            let slot = slot_of(reader.number("hold")?)?;
            if !self.books.remember_again(slot) {
                return Err(CodecError::OutOfRange("ended hold"));
            }
        }
        Ok(())
    }

    fn decode_hold(&mut self, hold: HoldId, reader: &mut Reader) -> Result<u32, CodecError> {
        let fan: UserId = reader.id()?;
        let kind = reader.byte()?;
        let expires_at = reader.timestamp()?;
        let order = if kind == SOLD { Some(reader.id()?) } else { None };
        let price_list: u16 = reader.number("price list")?;
        let mut packed = Vec::new();
        for _ in 0..reader.count("places", SEATS_PER_HOLD_MAX, 1)? {
            packed.push(Packed::from_bits(reader.number("place")?));
        }
        let places = self.checked_places(&packed, price_list, kind == SOLD)?;
        let state = match kind {
            HELD | HELD_EXTENDED => State::held(expires_at, kind == HELD_EXTENDED),
            // Until it is linked to its order below.
            SOLD | RELEASED => State::Released { expires_at },
            EXPIRED => State::Expired { expires_at },
            _ => return Err(CodecError::OutOfRange("hold")),
        };
        let slot = self.books.insert(hold, fan, &places, price_list, state);
        if let Some(order) = order {
            self.books.link(order, slot, expires_at);
        }
        let to = match kind {
            HELD | HELD_EXTENDED => SeatStatus::Held,
            SOLD => SeatStatus::Sold,
            _ => return Ok(slot),
        };
        let manifest = self.manifest.clone();
        let fan = &mut self.books.fans[self.books.records[slot].fan];
        for packed in places.packed() {
            fan.tickets += u32::from(packed.left());
            match packed.place() {
                Place::Seat { seat, .. } if packed.left() > 0 => {
                    if !self.seats.is_available(&manifest, seat) {
                        return Err(CodecError::OutOfRange("seat"));
                    }
                    self.seats.set(&manifest, seat, SeatStatus::Available, to);
                }
                Place::Seat { .. } => {}
                Place::Area { area, .. } => {
                    let counts = &mut self.areas[usize::from(area)];
                    if u32::from(packed.left()) > counts.available() {
                        return Err(CodecError::OutOfRange("area"));
                    }
                    match to {
                        SeatStatus::Held => counts.held += u32::from(packed.left()),
                        _ => counts.sold += u32::from(packed.left()),
                    }
                }
            }
        }
        Ok(slot)
    }

    /// Places as a hold may have them: in order, on this map, with a price, and with no more
    /// returned than there were.
    fn checked_places(&self, packed: &[Packed], price_list: u16, sold: bool) -> Result<Places, CodecError> {
        let wrong = CodecError::OutOfRange("place");
        let prices = self.price_lists.get(usize::from(price_list)).ok_or(CodecError::OutOfRange("price list"))?;
        for one in packed {
            let place = one.place();
            let known = match place {
                Place::Seat { seat, .. } => (seat as usize) < self.manifest.seats(),
                Place::Area { area, quantity, .. } => usize::from(area) < self.areas.len() && quantity > 0,
            };
            let gone = one.gone() <= place.quantity() && (sold || one.gone() == 0);
            let form = Packed::new(place).with_gone(one.gone()) == *one;
            if !known || !gone || !form || prices.minor(self.level(place), place.ticket_type()).is_none() {
                return Err(wrong);
            }
        }
        // A map that changed may have left an ended hold without any place.
        if packed.is_empty() {
            return Ok(Places::default());
        }
        let places = Places::new(packed.iter().map(|one| one.place())).map_err(|_| wrong)?;
        let in_order = places.iter().eq(packed.iter().map(|one| one.place()));
        if in_order { Ok(Places::from_packed(packed)) } else { Err(wrong) }
    }
}
