//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.
//! The picture tests need `zbarimg`, `rsvg-convert`, `pdftotext` and its kin, and `node`; those of passes `openssl` and
//! `unzip`.

mod barcode;
mod checkin;
mod lifecycle;
mod live;
mod merge;
mod pictures;
mod signing;
mod wallet;

use stagedoor_core::{Currency, EventId, Money, OrderId, OrganizerId, UserId};
use testkit::TestStore;
use tickets::{
    Admits, CheckIn, Door, NewScan, NewTicket, NewTickets, Place, Scan, ScanRefused, Signer, Ticket, check_in, issue,
};

/// One organizer's event with a fan and a door.
struct House {
    db: TestStore,
    signer: Signer,
    organizer: OrganizerId,
    event: EventId,
    fan: UserId,
    staff: UserId,
}

impl House {
    async fn new() -> Self {
        let db = TestStore::new().await;
        let (signer, env) = (Signer::new(&db.keyring), db.env.clone());
        Self { db, signer, organizer: env.id(), event: env.id(), fan: env.id(), staff: env.id() }
    }

    fn door(&self) -> Door {
        Door { organizer: self.organizer, by: self.staff }
    }

    fn place(&self, place: Place) -> NewTicket {
        NewTicket {
            organizer: self.organizer,
            event: self.event,
            place,
            level: "stalls".into(),
            level_name: "Stalls".into(),
            ticket_type: "adult".into(),
            face_value: Money::new(4_500, Currency::EUR),
        }
    }

    fn order_of(&self, tickets: Vec<NewTicket>) -> NewTickets {
        NewTickets { order: self.db.env.id::<OrderId>(), owner: self.fan, tickets }
    }

    async fn issue(&self, new: &NewTickets) -> Vec<Ticket> {
        let tx = self.db.begin_write().await.unwrap();
        let tickets = issue(&tx, new).await.unwrap();
        tx.commit().await.unwrap();
        tickets
    }

    /// A ticket for a standing place.
    async fn ticket(&self) -> Ticket {
        self.issue(&self.order_of(vec![self.place(floor())])).await.remove(0)
    }

    fn text(&self, ticket: &Ticket) -> String {
        self.signer.sign(ticket).as_str().to_owned()
    }

    fn scan(&self, new: NewScan<'_>) -> Scan {
        Scan::new(&self.signer, new).unwrap()
    }

    async fn upload(&self, scans: &[Scan]) -> Vec<Result<CheckIn, ScanRefused>> {
        check_in(&self.db, &store::Origin::system(), self.door(), scans, |_| Admits::ALWAYS).await.unwrap()
    }

    async fn one(&self, new: NewScan<'_>) -> CheckIn {
        self.upload(&[self.scan(new)]).await.remove(0).unwrap()
    }

    /// A scan made now at gate `gate`.
    async fn live(&self, scan_id: &str, barcode: &str) -> CheckIn {
        self.one(NewScan { scan_id, barcode, gate: "north", scanned_at: None, event: None }).await
    }
}

fn floor() -> Place {
    Place::Area { id: "floor".into(), name: "Floor".into() }
}

fn seat(number: u32) -> Place {
    Place::Seat { id: format!("101-A-{number}"), section: "101".into(), row: "A".into(), label: number.to_string() }
}
