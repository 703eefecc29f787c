//! The stored form of a manifest. Version 1; equal manifests have equal bytes.
//!
//! `1, levels, sections, areas`. A row is its label, the number of seats and a byte of flags that
//! say what all its seats have in common, then what they have not: numbering, levels, traits,
//! ranks and lateral positions (the last two as differences from seat to seat).

use aws_lc_rs::digest::{SHA256, digest};
use stagedoor_core::limits::{AREAS_PER_MAP_MAX, LEVELS_MAX, SEATS_PER_MAP_MAX};

use super::build::{
    ID_MAX, LABEL_MAX, NAME_MAX, Parts, ROW_SEATS_MAX, RowPart, SECTIONS_MAX, SeatPart, SectionPart, assemble,
};
use super::{AreaSpec, Manifest, Numbering, Row};
use crate::engine::CodecError;
use crate::engine::bytes::{Reader, Write};

const VERSION: u8 = 1;

/// Seat labels are whole numbers with equal steps: the first and the step are stored.
const NUMBERED: u8 = 1;
/// One price level for the whole row.
const ONE_LEVEL: u8 = 2;
/// Every seat is an ordinary one.
const PLAIN: u8 = 4;
/// Kind, restricted view, gap after.
const TRAITS_MAX: u8 = 0b1111;

impl Manifest {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.seats() * 4);
        out.byte(VERSION);
        out.varint(self.levels.len() as u64);
        self.levels.iter().for_each(|key| out.text(key));
        out.varint(self.sections.len() as u64);
        for section in &self.sections {
            out.text(&section.id);
            out.text(&section.name);
            out.varint(section.rows.len() as u64);
            for row in section.rows.clone() {
                self.encode_row(&self.rows[row as usize], &mut out);
            }
        }
        out.varint(self.areas.len() as u64);
        for area in &self.areas {
            out.text(&area.id);
            out.text(&area.name);
            out.varint(u64::from(area.capacity));
            out.byte(area.level);
        }
        out
    }

    fn encode_row(&self, row: &Row, out: &mut Vec<u8>) {
        let seats = row.first_seat..row.first_seat + u32::from(row.seats);
        let plain = seats.clone().all(|seat| self.traits[seat as usize] == 0);
        out.text(self.labels.get(row.label));
        out.varint(u64::from(row.seats));
        out.byte(
            if row.numbering.is_some() { NUMBERED } else { 0 }
                | if row.level.is_some() { ONE_LEVEL } else { 0 }
                | if plain { PLAIN } else { 0 },
        );
        match row.numbering {
            Some(Numbering { first, step }) => {
                out.signed(first);
                out.signed(step);
            }
            None => seats.clone().for_each(|seat| out.text(self.seat_label(seat))),
        }
        match row.level {
            Some(level) => out.byte(level),
            None => seats.clone().for_each(|seat| out.byte(self.level(seat))),
        }
        if !plain {
            seats.clone().for_each(|seat| out.byte(self.traits[seat as usize]));
        }
        let (mut rank, mut lateral) = (0, 0);
        for seat in seats {
            out.signed(i64::from(self.rank(seat)) - rank);
            out.signed(i64::from(self.lateral(seat)) - lateral);
            (rank, lateral) = (i64::from(self.rank(seat)), i64::from(self.lateral(seat)));
        }
    }

    /// Reads what [`Manifest::encode`] wrote; anything else is refused.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, CodecError> {
        let mut reader = Reader::new(bytes);
        let version = reader.byte()?;
        if version != VERSION {
            return Err(CodecError::UnknownVersion(version));
        }
        let mut levels = Vec::new();
        for _ in 0..reader.count("levels", LEVELS_MAX, 2)? {
            levels.push(reader.text("level", ID_MAX)?.to_owned());
        }
        let mut sections = Vec::new();
        for _ in 0..reader.count("sections", SECTIONS_MAX, 5)? {
            let (id, name) = (reader.text("section id", ID_MAX)?, reader.text("section name", NAME_MAX)?);
            let (id, name) = (id.to_owned(), name.to_owned());
            let mut rows = Vec::new();
            for _ in 0..reader.count("rows", SEATS_PER_MAP_MAX, 6)? {
                rows.push(decode_row(&mut reader)?);
            }
            sections.push(SectionPart { id, name, rows });
        }
        let mut areas = Vec::new();
        for _ in 0..reader.count("areas", AREAS_PER_MAP_MAX, 6)? {
            areas.push(AreaSpec {
                id: reader.text("area id", ID_MAX)?.to_owned(),
                name: reader.text("area name", NAME_MAX)?.to_owned(),
                capacity: reader.number("capacity")?,
                level: reader.byte()?,
            });
        }
        reader.end()?;
        let manifest = assemble(Parts { levels, sections, areas }).map_err(|_| CodecError::OutOfRange("manifest"))?;
        // One form per manifest, or its hash would not name it.
        if manifest.encode() == bytes { Ok(manifest) } else { Err(CodecError::OutOfRange("manifest")) }
    }
}

fn decode_row(reader: &mut Reader) -> Result<RowPart, CodecError> {
    let label = reader.text("row label", LABEL_MAX)?.to_owned();
    let count = reader.count("seats", ROW_SEATS_MAX, 2)?;
    let flags = reader.byte()?;
    let mut seats = Vec::with_capacity(count);
    let numbering = if flags & NUMBERED != 0 { Some((reader.signed()?, reader.signed()?)) } else { None };
    for at in 0..count as i64 {
        let label = match numbering {
            Some((first, step)) => {
                let number = step.checked_mul(at).and_then(|far| far.checked_add(first));
                number.ok_or(CodecError::OutOfRange("seat label"))?.to_string()
            }
            None => reader.text("seat label", LABEL_MAX)?.to_owned(),
        };
        seats.push(SeatPart { label, level: 0, traits: 0, rank: 0, lateral: 0 });
    }
    if flags & ONE_LEVEL != 0 {
        let level = reader.byte()?;
        seats.iter_mut().for_each(|seat| seat.level = level);
    } else {
        for seat in &mut seats {
            seat.level = reader.byte()?;
        }
    }
    if flags & PLAIN == 0 {
        for seat in &mut seats {
            seat.traits = reader.byte()?;
            if seat.traits > TRAITS_MAX || seat.traits & super::KIND == super::KIND {
                return Err(CodecError::OutOfRange("traits"));
            }
        }
    }
    let (mut rank, mut lateral) = (0i64, 0i64);
    for seat in &mut seats {
        rank = rank.saturating_add(reader.signed()?);
        lateral = lateral.saturating_add(reader.signed()?);
        seat.rank = rank.try_into().map_err(|_| CodecError::OutOfRange("rank"))?;
        seat.lateral = lateral.try_into().map_err(|_| CodecError::OutOfRange("lateral"))?;
    }
    Ok(RowPart { label, seats })
}

pub(super) fn hash(manifest: &Manifest) -> [u8; 32] {
    digest(&SHA256, &manifest.encode()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
