//! Tickets: issued for a sold order, shown as a signed barcode that may change with time, on paper or in the wallet of a
//! phone, checked in once at the door.
//!
//! What it owns: tickets and the changes to them, the barcode format and its keys, scans and
//! admissions. It knows events, orders and fans by id alone; what it needs of them (such as when
//! the doors open) the caller passes in.
//!
//! Invariants:
//! - an order's place is issued once, and a seat has at most one live ticket (both are unique
//!   indexes);
//! - only the barcode of a live ticket's present generation admits: a reissue, a transfer and a
//!   refund kill the ones before;
//! - a live barcode admits within half a minute of its time, and where an event takes live ones only, nothing
//!   else does;
//! - a ticket admits once, and any set of offline scans ends in the same verdicts, in whatever order and uploads
//!   they arrive, as long as the rules of the event stay;
//! - a barcode holds nothing personal and never reaches a log.
//!
//! ```
//! use stagedoor_core::{Entropy, Env};
//! use tickets::{PublicKeys, Signer};
//!
//! let keyring = store::Keyring::new([7; 32], Entropy::seeded(1));
//! let signer = Signer::new(&keyring);
//! // A scanner downloads this once and can tell genuine barcodes offline.
//! let keys: PublicKeys = serde_json::from_str(&serde_json::to_string(signer.public_keys()).unwrap()).unwrap();
//! assert!(keys.read("V50").is_err());
//! ```

mod barcode;
mod base45;
mod checkin;
mod door;
mod lifecycle;
mod live;
mod print;
pub mod render;
mod scan;
mod sql;
mod ticket;
mod typeface;
mod wallet;

pub use barcode::{
    BARCODE_TEXT_LENGTH, Barcode, BarcodeText, LIVE_TEXT_LENGTH, LiveBarcode, PublicKeys, Shown, Signer, Unreadable,
};
pub use checkin::{CheckInError, Door, SCANS_PER_UPLOAD_MAX, check_in};
pub use door::{Attendance, DOOR_PAGE_MAX, DoorPage, Gate, Minute, Sold, SoldMinute, attendance, door_list, sold};
pub use lifecycle::{issue, reissue, revoke, transfer};
pub use live::{EventKey, Step, TicketKey};
pub use print::Sheet;
pub use scan::{
    Admission, Admits, CLOCK_AHEAD_MAX, CheckIn, LIVE_WITHIN, NewScan, SCAN_ID_MAX, Scan, ScanRecord, ScanRefused,
    Verdict,
};
pub use sql::{admissions, attendees, changes, find, live, of_order, of_orders, of_owner, scans_of};
pub use ticket::{
    Access, AttendeeFilter, Cause, Change, ChangeError, ChangeKind, Ending, GENERATIONS_MAX, IssueError, NewTicket,
    NewTickets, Page, PageRequest, Place, Reach, Status, StatusError, TICKETS_PER_ORDER_MAX, Ticket,
};
pub use wallet::{Apple, AppleParts, Google, Pass, SetupError, Wallets};
