//! What the tests share: a box office with everything in it, and the audit that says whether
//! anything is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::disk::{Disk, DiskJournal};
use catalog::seat_map::{Area, Level, Row, SeatMap, Section};
use catalog::{Catalog, Country, EventDetails, EventType, NewEvent, PriceLevel, Transition, VenueDetails, Zone};
use inventory::engine::{Need, Places, Want};
use inventory::{Config, FanLimits, Hold, HoldRequest, Inventory, Refused};
use jobs::Jobs;
use journal::{Journal, PostgresJournal, SqliteJournal};
use notify::{Notify, Outlets, Spool};
use payments::{Moved, PaymentGateway, Payments, SimulatedGateway, Standing, Token, ledger};
use sales::{
    Answered, Cancel, CheckoutError, FeeRule, FeeScope, Key, Order, OrderPage, OrderState, Parts, PlaceOrder,
    RefundError, RefundState, Sales,
};
use stagedoor_core::{
    Currency, EventId, HoldId, Money, Name, OrderId, OrganizerId, SeatMapId, TicketId, UserId, VenueId,
};
use store::Backend;
use store::idempotency::{Answer, body_hash};
use testkit::TestStore;
use tickets::{Place, Status};

/// Longer than any hold lives, extended or not.
pub const LONG: Duration = Duration::from_secs(30 * 60);
/// Prices by level, in cents.
pub const FRONT: i64 = 5_000;
pub const SIDE: i64 = 3_333;
pub const FLOOR: i64 = 2_000;
pub const FLOOR_CAPACITY: u32 = 200;
pub const ROWS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];
pub const SEATS_PER_ROW: u32 = 12;
/// When every event starts unless a test says otherwise; the clock begins with the year.
pub const START: &str = "2026-06-01T18:00:00Z";

pub struct World {
    pub db: TestStore,
    /// The disk of the seat journal.
    pub disk: Disk,
    pub gateway: SimulatedGateway,
    pub inventory: Inventory,
    pub catalog: Catalog,
    pub sales: Sales,
    pub jobs: Jobs,
    pub organizer: OrganizerId,
    pub venue: VenueId,
    pub map: SeatMapId,
    keys: AtomicU32,
}

impl World {
    pub async fn new() -> World {
        Self::wrapped(|gateway| Arc::new(gateway)).await
    }

    /// A world whose gateway is reached through what `wrap` puts around it.
    pub async fn wrapped(wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>) -> World {
        Self::build(TestStore::new().await, wrap).await
    }

    async fn build(db: TestStore, wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>) -> World {
        let catalog = Catalog::open(db.store.clone(), &db.keyring).await.unwrap();
        let organizer = OrganizerId::fresh(&db.env);
        let venue = catalog.create_venue(organizer, venue_details()).await.unwrap().id;
        let map = catalog.add_seat_map(organizer, venue, seat_map()).await.unwrap().version.id;
        Self::open(db, wrap, (organizer, venue, map)).await
    }

    /// Stops the process, as far as a test can, and starts another one on the same disk.
    pub async fn restart(self) -> World {
        self.restart_with(|gateway| Arc::new(gateway)).await
    }

    /// The same with a gateway reached through what `wrap` puts around it.
    pub async fn restart_with(self, wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>) -> World {
        let World { db, inventory, organizer, venue, map, keys, .. } = self;
        tokio::task::spawn_blocking(move || inventory.stop()).await.unwrap();
        let mut world = Self::open(db, wrap, (organizer, venue, map)).await;
        world.keys = keys;
        world
    }

    async fn open(
        db: TestStore,
        wrap: impl FnOnce(SimulatedGateway) -> Arc<dyn PaymentGateway>,
        (organizer, venue, map): (OrganizerId, VenueId, SeatMapId),
    ) -> World {
        let gateway = SimulatedGateway::new(db.store.clone()).with_latency(Duration::ZERO);
        let payments = Payments::new(db.store.clone(), wrap(gateway.clone()));
        let disk = Disk::default();
        let inventory = start_inventory(&db, disk.clone());
        let catalog = Catalog::open(db.store.clone(), &db.keyring).await.unwrap();
        let sales = Sales::new(Parts {
            store: db.store.clone(),
            inventory: inventory.clone(),
            payments,
            catalog: catalog.clone(),
            keyring: db.keyring.clone(),
        });
        let spool = Spool::new(db.folder.path().join("spool"), "Box office <box-office@example.org>").unwrap();
        let notify = Notify::new(db.store.clone(), db.keyring.clone(), Outlets::spool(spool));
        let jobs = sales.handle(notify.handle(Jobs::new(db.store.clone())));
        let keys = AtomicU32::new(0);
        World { db, disk, gateway, inventory, catalog, sales, jobs, organizer, venue, map, keys }
    }

    pub async fn set_fees(&self, scope: FeeScope, rule: FeeRule) -> Result<(), CheckoutError> {
        let tx = self.db.begin_write().await.unwrap();
        sales::set_fees(&tx, scope, rule).await?;
        tx.commit().await.unwrap();
        Ok(())
    }

    pub fn fan(&self) -> UserId {
        self.db.env.id()
    }

    /// A fan of whom personal data can be kept.
    pub async fn person(&self) -> UserId {
        let fan = self.fan();
        let tx = self.db.begin_write().await.unwrap();
        self.db.keyring.fresh_person_key(fan).keep(&tx).await.unwrap();
        tx.commit().await.unwrap();
        fan
    }

    /// A published event on the world's map.
    pub async fn event(&self) -> EventId {
        self.event_with(|_| {}).await
    }

    pub async fn event_with(&self, change: impl FnOnce(&mut EventDetails)) -> EventId {
        self.event_of(self.organizer, self.venue, change).await
    }

    /// A published event of an organizer of its own, on an equal map.
    pub async fn foreign_event(&self) -> (OrganizerId, EventId) {
        let organizer = OrganizerId::fresh(&self.db.env);
        let venue = self.catalog.create_venue(organizer, venue_details()).await.unwrap().id;
        self.catalog.add_seat_map(organizer, venue, seat_map()).await.unwrap();
        (organizer, self.event_of(organizer, venue, |_| {}).await)
    }

    async fn event_of(
        &self,
        organizer: OrganizerId,
        venue: VenueId,
        change: impl FnOnce(&mut EventDetails),
    ) -> EventId {
        let mut details =
            EventDetails::new(name("Northern Lights"), EventType::Concert, START.parse().unwrap(), Currency::EUR);
        let level = |key: &str, minor| PriceLevel::new(&self.db.env, key, key, Money::new(minor, details.currency));
        details.price_levels = vec![level("front", FRONT), level("side", SIDE), level("floor", FLOOR)];
        change(&mut details);
        let new = NewEvent { venue, seat_map: None, series: None, details, bill: Vec::new() };
        let event = self.catalog.create_event(organizer, new).await.unwrap();
        self.sales.transition_event(self.db.origin(), organizer, event.id, Transition::Publish).await.unwrap();
        event.id
    }

    pub async fn try_hold(&self, fan: UserId, event: EventId, seats: &[&str]) -> Result<Hold, Refused> {
        let view = self.inventory.view(event).await?;
        let seats = seats.iter().map(|seat| (view.manifest.seat(seat).expect("the map has the seat"), 0));
        let want = Want::Picked { places: Places::seats(seats)?, need: Need::None };
        self.inventory.hold_in(&view, HoldRequest { fan, want, key: None }).await
    }

    pub async fn hold(&self, fan: UserId, event: EventId, seats: &[&str]) -> HoldId {
        self.try_hold(fan, event, seats).await.expect("the seats are free").id()
    }

    pub async fn hold_floor(&self, fan: UserId, event: EventId, people: u8) -> HoldId {
        let view = self.inventory.view(event).await.unwrap();
        let area = view.manifest.area("FLOOR").unwrap();
        let want = Want::Picked { places: Places::areas([(area, people, 0)]).unwrap(), need: Need::None };
        self.inventory.hold_in(&view, HoldRequest { fan, want, key: None }).await.expect("the floor has room").id()
    }

    pub fn key(&self) -> Key {
        let text = format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        Key { text, body_hash: body_hash(b"the body") }
    }

    pub async fn place(&self, wish: PlaceOrder) -> Result<Answered, CheckoutError> {
        self.sales.place(wish, render).await
    }

    /// Buys holds with `token`; the order as it is after the answer.
    pub async fn buy(&self, fan: UserId, holds: &[HoldId], token: &str) -> Order {
        let answered = self.place(wish(fan, holds, token, Some(self.key()))).await.expect("an order is placed");
        self.order_of(fan, &answered).await
    }

    /// A completed order for seats.
    pub async fn bought(&self, fan: UserId, event: EventId, seats: &[&str]) -> Order {
        let hold = self.hold(fan, event, seats).await;
        let order = self.buy(fan, &[hold], "tok_ok").await;
        assert_eq!(order.state, OrderState::Completed);
        order
    }

    pub async fn order_of(&self, fan: UserId, answered: &Answered) -> Order {
        let text = String::from_utf8(answered.answer.body.clone()).unwrap();
        let id: OrderId = text.split(' ').next().unwrap().parse().unwrap();
        self.sales.order(fan, id).await.unwrap()
    }

    pub async fn reload(&self, order: &Order) -> Order {
        self.sales.order(order.fan, order.id).await.unwrap()
    }

    pub async fn cancel(&self, order: &Order, tickets: Option<Vec<TicketId>>) -> Result<Answered, RefundError> {
        let wish =
            Cancel { fan: order.fan, order: order.id, tickets, origin: store::Origin::system(), key: Some(self.key()) };
        self.sales.cancel(wish, render).await
    }

    pub async fn advance(&self, span: Duration) {
        self.db.env.clock.advance(span);
        self.inventory.settle().await;
    }

    /// Waits until the seats are back after every failure of their disk.
    pub async fn recovered(&self) {
        while self.inventory.stats().recoveries.load(Ordering::Acquire) < self.disk.failures() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until the database has done whatever was dropped on its way there.
    async fn land(&self) {
        if self.db.backend() == Backend::Sqlite {
            // One writer's turn comes after the other's.
            drop(self.db.begin_write().await.unwrap());
            return;
        }
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND pid <> pg_backend_pid() AND state <> 'idle' AND backend_type = 'client backend'";
        for _ in 0..6_000 {
            // A transaction sees the sessions as they were when it first looked.
            let tx = self.db.begin_read().await.unwrap();
            if tx.one(busy, (), |row| row.get::<i64>(0)).await.unwrap() == 0 {
                return;
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let tx = self.db.begin_read().await.unwrap();
        let doing = "SELECT concat_ws(' ', state, wait_event_type, wait_event, query) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        let doing = tx.all(doing, (), |row| row.get::<String>(0)).await.unwrap();
        panic!("a session of the database never comes to rest: {doing:#?}");
    }

    /// Lets the jobs work until none is left, while the clock goes on.
    pub async fn rest(&self) {
        self.land().await;
        for _ in 0..500 {
            // Or the clock would run ahead of seats that are slow to come back.
            self.recovered().await;
            self.jobs.run_due().await.unwrap();
            let backlog = jobs::backlog(&self.db.begin_read().await.unwrap()).await.unwrap();
            assert_eq!((backlog.running, backlog.failed), (0, 0), "{backlog:?}");
            if backlog.due + backlog.waiting == 0 {
                // The server does this once a second. What was dropped while it committed may
                // have become true only now.
                self.catalog.refresh().await.unwrap();
                return;
            }
            self.advance(Duration::from_secs(10)).await;
        }
        panic!("the jobs do not come to rest");
    }

    /// Every order of every organizer named.
    pub async fn orders(&self, organizers: &[OrganizerId]) -> Vec<Order> {
        let mut orders = BTreeMap::new();
        for organizer in organizers {
            let mut before = None;
            loop {
                let page = self
                    .sales
                    .orders_for(*organizer, None, &Default::default(), OrderPage { before, limit: 100 })
                    .await
                    .unwrap();
                let Some(last) = page.last() else { break };
                before = Some(last.id);
                for part in page {
                    let order = self.sales.order(part.fan, part.id).await.unwrap();
                    orders.insert(order.id, order);
                }
            }
        }
        orders.into_values().collect()
    }

    /// Brings everything to rest and checks that nothing is left over: every order is over, money,
    /// seats and tickets agree with each other, the ledger balances and equals the gateway's books.
    pub async fn audit(&self) -> Vec<Order> {
        self.audit_all(&[self.organizer]).await
    }

    pub async fn audit_all(&self, organizers: &[OrganizerId]) -> Vec<Order> {
        self.rest().await;
        self.advance(LONG).await;
        let orders = self.orders(organizers).await;
        let tx = self.db.begin_read().await.unwrap();
        assert_eq!(ledger::check(&tx).await.unwrap(), []);
        let books = self.gateway.books().await.unwrap();
        let mut sold: BTreeMap<EventId, (BTreeSet<String>, BTreeMap<String, u32>)> = BTreeMap::new();
        for order in &orders {
            for hold in &order.holds {
                sold.entry(hold.event).or_default();
            }
            self.audit_order(order, &books).await;
            if order.state != OrderState::Completed {
                continue;
            }
            for place in order.places.iter().filter(|place| !is_returned(order, place.refund)) {
                let (seats, areas) = sold.entry(place.event).or_default();
                match &place.spot {
                    Place::Seat { id, .. } => assert!(seats.insert(id.clone()), "{id} was sold twice"),
                    Place::Area { id, .. } => *areas.entry(id.clone()).or_default() += 1,
                }
            }
        }
        for (event, (seats, areas)) in sold {
            self.audit_event(event, &seats, &areas).await;
        }
        let moved: i64 = books.iter().map(signed).sum();
        let clearing = ledger::balance(&tx, ledger::Account::GatewayClearing).await.unwrap();
        assert_eq!(clearing.iter().map(|sum| sum.minor).sum::<i64>(), moved, "our ledger and the gateway's books");
        orders
    }

    async fn audit_order(&self, order: &Order, books: &[payments::BookLine]) {
        assert!(order.state.is_final(), "{order:?}");
        let taken: Vec<_> =
            books.iter().filter(|line| line.payment == order.payment && line.moved == Moved::FromBuyer).collect();
        let kept: i64 = books.iter().filter(|line| line.payment == order.payment).map(signed).sum();
        if order.state != OrderState::Completed {
            assert_eq!(kept, 0, "money was kept for {order:?}");
            assert!(order.tickets.is_empty(), "{order:?}");
            let standing = self.gateway.status(order.payment).await.unwrap();
            assert!(!matches!(standing, Standing::Authorized { .. }), "money is still set aside for {order:?}");
            return;
        }
        if order.total().minor > 0 {
            assert_eq!(taken.len(), 1, "{order:?}");
            assert_eq!(taken[0].amount, order.total());
        }
        assert_eq!(kept, order.total().minor - order.refunded_total().minor, "{order:?}");
        assert_eq!(order.tickets.len(), order.places.len());
        for (ticket, place) in order.tickets.iter().zip(&order.places) {
            assert_eq!((ticket.position as usize, &ticket.place), (place.position, &place.spot));
            assert_eq!(ticket.status == Status::Refunded, place.refund.is_some(), "{ticket:?}");
        }
        assert!(order.refunds.iter().all(|refund| refund.state == RefundState::Returned), "{:?}", order.refunds);
    }

    async fn audit_event(&self, event: EventId, seats: &BTreeSet<String>, areas: &BTreeMap<String, u32>) {
        let view = self.inventory.view(event).await.unwrap();
        let snapshot = view.snapshot();
        let status = |seat: u32| snapshot.seats[seat as usize / 4] >> (seat % 4 * 2) & 3;
        for seat in 0..view.manifest.seats() as u32 {
            let expected = if seats.contains(&view.manifest.seat_id(seat)) { 2 } else { 0 };
            assert_eq!(status(seat), expected, "{} of {event}", view.manifest.seat_id(seat));
        }
        for (area, available) in (0..).zip(&snapshot.areas) {
            let sold = areas.get(view.manifest.area_id(area)).copied().unwrap_or(0);
            assert_eq!(*available, view.manifest.area_capacity(area) - sold, "area {area} of {event}");
        }
    }
}

fn is_returned(order: &Order, refund: Option<stagedoor_core::RefundId>) -> bool {
    order.refunds.iter().any(|found| Some(found.id) == refund && found.state == RefundState::Returned)
}

fn signed(line: &payments::BookLine) -> i64 {
    if line.moved == Moved::FromBuyer { line.amount.minor } else { -line.amount.minor }
}

fn start_inventory(db: &TestStore, disk: Disk) -> Inventory {
    let (folder, url, on_postgres) = (db.folder.path().to_owned(), db.url.clone(), db.backend() == Backend::Postgres);
    let open = move |partition| {
        let journal: Box<dyn Journal> = match on_postgres {
            true => Box::new(PostgresJournal::open(&url, partition)?),
            false => Box::new(SqliteJournal::open(&folder, partition)?),
        };
        Ok(Box::new(DiskJournal { journal, disk: disk.clone() }) as _)
    };
    let limits = FanLimits { active_holds_max: 100, attempts_per_minute: 10_000 };
    Inventory::start(Config { limits, partitions: 1 }, db.env.clone(), open).expect("the journal is readable")
}

pub fn wish(fan: UserId, holds: &[HoldId], token: &str, key: Option<Key>) -> PlaceOrder {
    let token = Token::parse("token", token).unwrap();
    PlaceOrder {
        fan,
        holds: holds.to_vec(),
        token,
        promo_code: None,
        attendee: None,
        origin: store::Origin::system(),
        key,
    }
}

/// The order's id, its word, what it cost and what of it went back, as the client's answer.
pub fn render(order: &Order) -> Answer {
    let status = order.refusal().map_or(if order.state.is_final() { 201 } else { 202 }, |code| code.status());
    let text =
        format!("{} {} {} {}", order.id, order.status().text(), order.total().minor, order.refunded_total().minor);
    Answer { status, body: text.into_bytes() }
}

pub fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

fn venue_details() -> VenueDetails {
    VenueDetails {
        name: name("Old Mill"),
        city: name("Leipzig"),
        country: Country::parse("country", "DE").unwrap(),
        address: None,
        time_zone: Zone::parse("timeZone", "Europe/Berlin").unwrap(),
        position: None,
    }
}

/// Rows A to D at the front, E to H at the side, a floor without seats.
pub fn seat_map() -> SeatMap {
    let level = |key: &str| Level { key: key.into(), name: key.into(), color: None };
    let row = |(at, label): (usize, &&str)| Row {
        label: (*label).into(),
        seats: (1..=SEATS_PER_ROW).map(|number| seat(at, number, if at < 4 { "front" } else { "side" })).collect(),
    };
    SeatMap {
        version: 0,
        name: None,
        width: 1_000.0,
        height: 1_000.0,
        focal_point: None,
        levels: vec![level("front"), level("side"), level("floor")],
        sections: vec![Section {
            id: "S".into(),
            name: "Stalls".into(),
            rows: ROWS.iter().enumerate().map(row).collect(),
        }],
        areas: vec![Area {
            id: "FLOOR".into(),
            name: "Floor".into(),
            capacity: FLOOR_CAPACITY,
            level: "floor".into(),
            shape: None,
        }],
        decorations: Vec::new(),
    }
}

pub fn seat(row: usize, number: u32, level: &str) -> catalog::seat_map::Seat {
    catalog::seat_map::Seat {
        id: String::new(),
        label: number.to_string(),
        x: f64::from(number) * 10.0,
        y: row as f64 * 10.0,
        level: level.into(),
        accessible: false,
        companion: false,
        restricted_view: false,
        external_id: None,
    }
}

/// The seat with this number in map order.
pub fn seat_id(index: usize) -> String {
    let per_row = SEATS_PER_ROW as usize;
    format!("S-{}-{}", ROWS[index / per_row], index % per_row + 1)
}

/// Runs `work` until it has waited `waits` times for something outside, then drops it, as a crash
/// would between two of its effects. `None` when it was dropped.
pub async fn cut<T>(work: impl Future<Output = T>, waits: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut left = waits;
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
