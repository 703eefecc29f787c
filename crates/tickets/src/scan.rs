//! A scan at a door, and the rules that turn any set of scans into one verdict each.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use stagedoor_core::{Code, EventId, FieldError, Name, TicketId, Timestamp, UserId};

use crate::{Barcode, Shown, Signer, Status, Ticket};

/// How far a scanner's clock may be ahead of ours. Source: RELIABILITY.md section 2.
pub const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(5 * 60);

/// A scan that reaches us within this time of its own is being made now, somebody waits for the
/// verdict, and our clock decides: of several gates with one ticket at the same moment exactly
/// one is told to admit, however their clocks differ. A scan with an older time was made
/// offline and counts from that time.
pub const LIVE_WITHIN: Duration = Duration::from_secs(2);

/// Characters in the id a scanner gives a scan; a UUID has 36.
pub const SCAN_ID_MAX: usize = 64;

/// A scan as a scanner sends it.
#[derive(Clone, Copy)]
pub struct NewScan<'a> {
    /// The scanner's own id of this scan, 1..=[`SCAN_ID_MAX`] visible ASCII characters, unique
    /// within the organizer: sending the scan again has no second effect.
    pub scan_id: &'a str,
    pub barcode: &'a str,
    pub gate: &'a str,
    /// When it was made, if it was made offline.
    pub scanned_at: Option<Timestamp>,
    /// The event this door is for; a ticket to another one is `wrong_event`.
    pub event: Option<EventId>,
}

/// A scan whose fields were checked and whose barcode was read.
#[derive(Clone)]
pub struct Scan {
    pub(crate) id: String,
    pub(crate) gate: String,
    pub(crate) claimed_at: Option<Timestamp>,
    pub(crate) door_event: Option<EventId>,
    /// Absent when none of our keys signed the text.
    pub(crate) barcode: Option<Barcode>,
    /// Tells whether a scan id comes back with the same scan.
    pub(crate) print: [u8; 32],
}

impl Scan {
    /// Checks the fields, the barcode's signature and the code of a live one. That takes tens of microseconds of CPU,
    /// so a large upload is read off the threads that serve. A text that is no barcode is not an error: its
    /// verdict will be `unknown`. Errors: code `invalid_field`.
    pub fn new(signer: &Signer, new: NewScan<'_>) -> Result<Scan, FieldError> {
        let id = new.scan_id;
        if id.is_empty() || id.len() > SCAN_ID_MAX || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FieldError::new("scanId", format!("must be 1 to {SCAN_ID_MAX} visible ASCII characters")));
        }
        let gate = Name::parse("gate", new.gate)?.into_string();
        Ok(Scan {
            id: id.to_owned(),
            print: print(&new),
            claimed_at: new.scanned_at,
            door_event: new.event,
            gate,
            barcode: signer.read(new.barcode).ok(),
        })
    }

    /// The event a genuine barcode is for, whoever's it is.
    pub fn event(&self) -> Option<EventId> {
        self.barcode.map(|barcode| barcode.event)
    }
}

/// Without the barcode.
impl fmt::Debug for Scan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scan").field("id", &self.id).field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// No part can run into the next: each comes after its length.
fn print(new: &NewScan<'_>) -> [u8; 32] {
    let at = new.scanned_at.map_or(String::new(), |at| at.micros().to_string());
    let event = new.event.map_or(String::new(), |event| event.to_string());
    let mut hash = Sha256::new();
    for part in [new.barcode, new.gate, &at, &event] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// When an event's tickets admit, and which of their barcodes do. Both ends are included, an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admits {
    pub opens: Option<Timestamp>,
    pub closes: Option<Timestamp>,
    /// Live barcodes alone: neither paper nor pictures.
    pub live_only: bool,
}

impl Admits {
    pub const ALWAYS: Admits = Admits { opens: None, closes: None, live_only: false };
}

/// The answer to a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    Admitted,
    /// The ticket admitted somebody with an earlier scan.
    AlreadyUsed,
    /// The ticket was refunded or revoked, or this barcode is from before a reissue or transfer.
    Revoked,
    WrongEvent,
    /// A live barcode of another time, so a picture of one; or one for paper where the event takes none.
    NotLive,
    /// Not a barcode of ours, or of another organizer's ticket.
    Unknown,
    /// Before the doors opened.
    NotYetValid,
    /// After the doors closed.
    Expired,
}

impl Verdict {
    pub const ALL: [Verdict; 8] = [
        Verdict::Admitted,
        Verdict::AlreadyUsed,
        Verdict::Revoked,
        Verdict::WrongEvent,
        Verdict::NotLive,
        Verdict::Unknown,
        Verdict::NotYetValid,
        Verdict::Expired,
    ];

    /// `result` in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Verdict::Admitted => "admitted",
            Verdict::AlreadyUsed => "already_used",
            Verdict::Revoked => "revoked",
            Verdict::WrongEvent => "wrong_event",
            Verdict::NotLive => "not_live",
            Verdict::Unknown => "unknown",
            Verdict::NotYetValid => "not_yet_valid",
            Verdict::Expired => "expired",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

/// What a scan is by itself, whatever other scans there are. Decided once and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It admits, unless an earlier good scan of the same ticket does.
    Good,
    Revoked,
    WrongEvent,
    NotLive,
    Unknown,
    NotYetValid,
    Expired,
}

impl Finding {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Finding::Good => "good",
            Finding::Revoked => Verdict::Revoked.text(),
            Finding::WrongEvent => Verdict::WrongEvent.text(),
            Finding::NotLive => Verdict::NotLive.text(),
            Finding::Unknown => Verdict::Unknown.text(),
            Finding::NotYetValid => Verdict::NotYetValid.text(),
            Finding::Expired => Verdict::Expired.text(),
        }
    }

    /// `wins`: whether the ticket's admission is this scan's.
    pub(crate) const fn verdict(self, wins: bool) -> Verdict {
        match self {
            Finding::Good if wins => Verdict::Admitted,
            Finding::Good => Verdict::AlreadyUsed,
            Finding::Revoked => Verdict::Revoked,
            Finding::WrongEvent => Verdict::WrongEvent,
            Finding::NotLive => Verdict::NotLive,
            Finding::Unknown => Verdict::Unknown,
            Finding::NotYetValid => Verdict::NotYetValid,
            Finding::Expired => Verdict::Expired,
        }
    }
}

impl FromStr for Finding {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        use Finding::*;
        const ALL: [Finding; 7] = [Good, Revoked, WrongEvent, NotLive, Unknown, NotYetValid, Expired];
        ALL.into_iter().find(|one| one.text() == text).ok_or(())
    }
}

/// The scan that a ticket admitted somebody with. Ordered as the winner is chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admission {
    pub scanned_at: Timestamp,
    pub scan_id: String,
    pub gate: String,
}

/// A scan's answer, as of all scans known so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    pub scan_id: String,
    pub result: Verdict,
    /// Absent when the barcode is unknown.
    pub ticket: Option<Ticket>,
    /// With `Admitted` this scan, with `AlreadyUsed` the earlier one.
    pub admission: Option<Admission>,
    /// The scan that was told `Admitted` until this one turned out to be earlier: two people may
    /// be inside on one ticket.
    pub superseded: Option<Admission>,
    /// Whether this scan was known before.
    pub replayed: bool,
}

/// Why a scan was not judged. Nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanRefused {
    /// The scan id belongs to a scan with another content.
    #[error("the scan id was used for another scan")]
    Reused,
    /// The scanner's clock is wrong.
    #[error("scannedAt is more than {} s ahead", CLOCK_AHEAD_MAX.as_secs())]
    FromTheFuture,
}

impl ScanRefused {
    pub fn code(self) -> Code {
        match self {
            ScanRefused::Reused => Code::IdempotencyMismatch,
            ScanRefused::FromTheFuture => Code::InvalidField,
        }
    }
}

/// A scan that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) id: String,
    pub(crate) print: [u8; 32],
    pub(crate) ticket: Option<TicketId>,
    pub(crate) generation: Option<u32>,
    pub(crate) gate: String,
    pub(crate) finding: Finding,
    pub(crate) scanned_at: Timestamp,
}

/// One scan of a ticket, for the organizer's staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRecord {
    pub scan_id: String,
    pub gate: String,
    pub result: Verdict,
    pub generation: u32,
    pub scanned_at: Timestamp,
    pub scanned_by: UserId,
    pub received_at: Timestamp,
}

/// What is known about the tickets and scan ids of one upload. Scans are taken one by one; the
/// end does not depend on their order, nor on how they are spread over uploads.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// The organizer's tickets among the barcodes of the upload.
    pub(crate) tickets: HashMap<TicketId, Ticket>,
    pub(crate) scans: HashMap<String, Judged>,
    pub(crate) admissions: HashMap<TicketId, Admission>,
}

impl Books {
    /// Judges `scan` unless it is known; says whether it was.
    pub(crate) fn take(
        &mut self,
        scan: &Scan,
        now: Timestamp,
        admits: impl Fn(EventId) -> Admits,
    ) -> Result<Replay, ScanRefused> {
        if let Some(known) = self.scans.get(&scan.id) {
            return if known.print == scan.print { Ok(Replay::Known) } else { Err(ScanRefused::Reused) };
        }
        if scan.claimed_at.is_some_and(|at| at > now + CLOCK_AHEAD_MAX) {
            return Err(ScanRefused::FromTheFuture);
        }
        let ticket = scan.barcode.and_then(|barcode| self.tickets.get(&barcode.ticket));
        let admission = ticket.and_then(|ticket| self.admissions.get(&ticket.id));
        let scanned_at = match scan.claimed_at {
            Some(claimed) if claimed + LIVE_WITHIN <= now => claimed,
            // Live: behind whatever admission there is, even if our clock stands or went back.
            _ => admission.map_or(now, |earlier| now.max(earlier.scanned_at + Duration::from_micros(1))),
        };
        let finding = find(scan, ticket, scanned_at, admits);
        let ticket = ticket.filter(|_| finding != Finding::Unknown).map(|ticket| ticket.id);
        if let (Finding::Good, Some(ticket)) = (finding, ticket) {
            let this = Admission { scanned_at, scan_id: scan.id.clone(), gate: scan.gate.clone() };
            self.tickets.get_mut(&ticket).expect("the scan was found good by it").status = Status::Used;
            let winner = self.admissions.entry(ticket).or_insert_with(|| this.clone());
            if this < *winner {
                *winner = this;
            }
        }
        let judged = Judged {
            id: scan.id.clone(),
            print: scan.print,
            ticket,
            generation: scan.barcode.filter(|_| ticket.is_some()).map(|barcode| barcode.generation),
            gate: scan.gate.clone(),
            finding,
            scanned_at,
        };
        self.scans.insert(scan.id.clone(), judged);
        Ok(Replay::Fresh)
    }

    /// The answer to a scan that was taken, or is known. `before`: the admissions before this upload.
    pub(crate) fn answer(&self, scan: &Scan, replay: Replay, before: &HashMap<TicketId, Admission>) -> CheckIn {
        let judged = &self.scans[&scan.id];
        let admission = judged.ticket.and_then(|ticket| self.admissions.get(&ticket));
        let admission = admission.filter(|_| judged.finding == Finding::Good);
        let wins = admission.is_some_and(|admission| admission.scan_id == scan.id);
        let superseded = judged.ticket.and_then(|ticket| before.get(&ticket));
        CheckIn {
            scan_id: scan.id.clone(),
            result: judged.finding.verdict(wins),
            ticket: judged.ticket.and_then(|ticket| self.tickets.get(&ticket)).cloned(),
            admission: admission.cloned(),
            superseded: superseded.filter(|earlier| wins && earlier.scan_id != scan.id).cloned(),
            replayed: replay == Replay::Known,
        }
    }
}

/// Whether a scan is here for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    Fresh,
    Known,
}

/// Checked in the order written. `ticket` is absent when it is not the organizer's.
fn find(scan: &Scan, ticket: Option<&Ticket>, at: Timestamp, admits: impl Fn(EventId) -> Admits) -> Finding {
    let (Some(barcode), Some(ticket)) = (scan.barcode, ticket) else { return Finding::Unknown };
    // Signed but never issued: a database that was restored to an earlier day.
    if barcode.event != ticket.event || barcode.generation > ticket.generation {
        return Finding::Unknown;
    }
    if scan.door_event.is_some_and(|event| event != ticket.event) {
        return Finding::WrongEvent;
    }
    // An old barcode stays dead even for a scan that claims to be from before it died: the
    // server decides, and what a scanner says about the past cannot bring it back.
    if barcode.generation < ticket.generation || !matches!(ticket.status, Status::Issued | Status::Used) {
        return Finding::Revoked;
    }
    let admits = admits(ticket.event);
    let is_live = match barcode.shown {
        Shown::Still => !admits.live_only,
        Shown::Live(step) => step.admits_at(at),
    };
    if !is_live {
        return Finding::NotLive;
    }
    if admits.opens.is_some_and(|opens| at < opens) {
        return Finding::NotYetValid;
    }
    if admits.closes.is_some_and(|closes| at > closes) {
        return Finding::Expired;
    }
    Finding::Good
}
