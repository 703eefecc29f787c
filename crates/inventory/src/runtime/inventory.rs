//! The handle of the seat engine: what the rest of the program calls.

use std::cmp::Reverse;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use journal::{Journal, Partition};
use parking_lot::Mutex;
use stagedoor_core::{Env, EventId, HoldId, OrderId, Timestamp, UserId};

use super::fans::{Admission, FanLimits};
use super::handover::{Asked, Batches, Books, ask, pump};
use super::held::Hold;
use super::recovery::RecoverError;
use super::shared::{Health, Shared, Stats, fresh_hold};
use super::view::{EventView, Taken};
use super::writer::{Broken, Flusher, Pace, Writer};
use super::{AbortOnPanic, Done, Queue, Refused, Reply, Work, map_print};
use crate::engine::{Actor, Answer, Command, KeyPrint, Manifest, Places, Prices, Refusal, Rules, Want};

/// Maps of an event that one command is tried on: organizers change them by hand, so even a second
/// change while a command is under way is hardly seen.
const MAPS_PER_COMMAND_MAX: usize = 3;

#[derive(Debug, Clone, Copy)]
pub struct Config {
    pub limits: FanLimits,
    /// Writer threads, and journal partitions: fixed for the life of a database.
    pub partitions: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { limits: FanLimits::default(), partitions: 1 }
    }
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
#[error("the seat journal cannot be used")]
pub struct StartError(#[from] RecoverError);

/// What puts an event on sale.
#[derive(Debug, Clone)]
pub struct Opening {
    pub manifest: Arc<Manifest>,
    pub rules: Rules,
    pub prices: Arc<Prices>,
}

/// A wish for seats.
#[derive(Debug, Clone, Copy)]
pub struct HoldRequest {
    pub fan: UserId,
    pub want: Want,
    pub key: Option<KeyPrint>,
}

/// What became of a hold that was to become another fan's.
#[derive(Debug)]
pub struct HandedOver {
    pub hold: HoldId,
    pub outcome: Result<(), Refused>,
}

/// The seat engine of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inventory {
    shared: Arc<Shared>,
    queue: Queue,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// Carries commands and answers between the tasks of one thread and the writers; see
/// [`Inventory::worker`].
pub struct Worker(Queue);

impl Worker {
    /// Runs until dropped.
    pub fn run(self) -> impl Future<Output = ()> + Send {
        pump(self.0)
    }
}

/// The writers of [`Inventory::by_hand`], and whether each has stopped serving.
pub struct Writers(Vec<(Writer, bool)>);

/// A journal failed, and its partition serves nothing until [`Writers::recover`].
#[derive(Debug, thiserror::Error)]
#[error("partition {partition} has stopped serving")]
pub struct Stopped {
    pub partition: Partition,
    source: Broken,
}

impl Writers {
    /// One round of each partition: everything that waits is decided, written and answered, and
    /// what is due expires.
    pub fn turn(&mut self) -> Result<(), Stopped> {
        self.turn_at(Pace::Now)
    }

    /// The same with the writing at another pace; what is under way when the writers are dropped is
    /// lost, as it is when the power fails.
    pub fn turn_at(&mut self, pace: Pace) -> Result<(), Stopped> {
        let mut stopped = Ok(());
        for (partition, (writer, down)) in (0..).map(Partition).zip(&mut self.0) {
            if !*down && let Err(source) = writer.turn(pace) {
                *down = true;
                stopped = Err(Stopped { partition, source });
            }
        }
        stopped
    }

    /// Brings back the partitions that have stopped, as a failed write is recovered from.
    pub fn recover(&mut self) -> Result<(), StartError> {
        for (writer, down) in self.0.iter_mut().filter(|(_, down)| *down) {
            writer.begin_again()?;
            *down = false;
        }
        Ok(())
    }
}

impl Inventory {
    /// Recovers every partition from its journal and starts serving; returns when all are ready.
    pub fn start(
        config: Config,
        env: Env,
        open: impl Fn(Partition) -> Result<Box<dyn Journal>, journal::Error> + Send + Sync + 'static,
    ) -> Result<Inventory, StartError> {
        let open = Arc::new(open);
        let shared = Arc::new(Shared::new(config, env));
        let (mut senders, mut threads, mut started) = (Vec::new(), Vec::new(), Vec::new());
        for partition in 0..config.partitions.max(1) {
            let (sender, receiver) = crossbeam_channel::unbounded();
            let (ready, wait) = crossbeam_channel::bounded(1);
            let (shared, open) = (shared.clone(), open.clone());
            let run = move || {
                let _guard = AbortOnPanic;
                let partition = Partition(partition);
                let opened = open(partition).map_err(RecoverError::from);
                match opened.and_then(|journal| {
                    let flusher = Flusher::with_thread(partition, journal, shared.clone());
                    Writer::recover(partition, receiver, shared, flusher)
                }) {
                    Ok(writer) => {
                        let _ = ready.send(Ok(()));
                        writer.run();
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            };
            let thread = std::thread::Builder::new().name(format!("seats-{partition}")).spawn(run);
            threads.push(thread.expect("the system can start a thread"));
            senders.push(sender);
            started.push(wait);
        }
        for wait in started {
            wait.recv().expect("the writer reports how it started")?;
        }
        Ok(Inventory { queue: shared.queue(senders), shared, threads: Arc::new(Mutex::new(threads)) })
    }

    /// The same engine without threads, for simulations: what is asked waits until the caller
    /// takes a [`Writers::turn`], and a partition whose journal failed until [`Writers::recover`].
    pub fn by_hand(
        config: Config,
        env: Env,
        open: impl Fn(Partition) -> Result<Box<dyn Journal>, journal::Error> + Send + Sync + 'static,
    ) -> Result<(Inventory, Writers), StartError> {
        let shared = Arc::new(Shared::new(config, env));
        let (mut senders, mut writers) = (Vec::new(), Vec::new());
        for partition in (0..config.partitions.max(1)).map(Partition) {
            let (sender, receiver) = crossbeam_channel::unbounded();
            let journal = open(partition).map_err(RecoverError::from)?;
            let flusher = Flusher::by_hand(journal, shared.clone());
            writers.push((Writer::recover(partition, receiver, shared.clone(), flusher)?, false));
            senders.push(sender);
        }
        Ok((Inventory { queue: shared.queue(senders), shared, threads: Arc::default() }, Writers(writers)))
    }

    /// For a thread that serves requests on a current-thread runtime: spawn its
    /// [`Worker::run`] there once, and commands of that thread travel in batches.
    pub fn worker(&self) -> Worker {
        Worker(self.queue.clone())
    }

    /// For a plain thread that sends many commands at a time; see [`Batches`].
    pub fn batches(&self) -> Batches {
        Batches::new(self.queue.clone())
    }

    /// Puts an event on sale; one that is open already stays as it is.
    pub async fn open(&self, event: EventId, opening: Opening) -> Result<(), Refused> {
        let Opening { manifest, rules, prices } = opening;
        match self.command(event, Command::Open { manifest, rules, prices }).await {
            Ok(_) | Err(Refused::Rule(Refusal::AlreadyOpen)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Holds places for a fan. Refused by the fan's limits (`HoldLimit`, `RateLimited`) or by the
    /// rules of the event; a key used before answers as it did then.
    ///
    /// `view`: the event's; the request's places, and those that a refusal names, are numbers of
    /// its map. If the event has another map by then, the same ids are held there.
    pub async fn hold_in(&self, view: &Arc<EventView>, request: HoldRequest) -> Result<Hold, Refused> {
        self.ask_for_hold(view, request)?.answer(self, view).await
    }

    /// Asks for what [`Self::hold_in`] does, without waiting for it. What can be refused at once is.
    pub fn ask_for_hold(&self, view: &EventView, request: HoldRequest) -> Result<AskedHold, Refused> {
        let HoldRequest { fan, want, key } = request;
        let at = self.shared.now();
        let books = match self.shared.fans.admit(fan, key.map(|key| key.key), at) {
            Admission::Fresh => Books::Reserved,
            Admission::Replay => Books::Known,
            Admission::HoldLimit => return Err(Refused::HoldLimit),
            Admission::RateLimited { retry_after } => return Err(Refused::RateLimited { retry_after }),
        };
        if books == Books::Reserved
            && let Want::Picked { places, .. } = &want
            && let Some(refusal) = refused_early(view, places)
        {
            self.shared.fans.refused(fan);
            self.shared.stats.refusals_early.fetch_add(1, Ordering::Relaxed);
            return Err(refusal.into());
        }
        let hold = fresh_hold(&self.shared.env, at, view.event);
        let asked = self.send_hold(view, hold, &request, books)?;
        Ok(AskedHold { hold, request, books, asked })
    }

    fn send_hold(&self, view: &EventView, hold: HoldId, request: &HoldRequest, books: Books) -> Result<Asked, Refused> {
        let HoldRequest { fan, want, key } = *request;
        // A good part of an id is random.
        let command = Command::Hold { hold, fan, want, key, spread: hold.0.as_u128() as u64 };
        self.send(view.event, Work::Command { command, map: Some(map_print(&view.manifest)) }, books)
    }

    /// Goes on after the writer said that `asked` shows another map than the event has.
    async fn hold_on_newer_map(&self, asked: &EventView, hold: HoldId, request: HoldRequest, books: Books) -> Reply {
        for _ in 1..MAPS_PER_COMMAND_MAX {
            let view = self.view(asked.event).await?;
            let want = request.want.on_map(&asked.manifest, &view.manifest)?;
            let request = HoldRequest { want, ..request };
            if books == Books::Reserved && !self.shared.fans.admit_again(request.fan, self.shared.now()) {
                return Err(Refused::HoldLimit);
            }
            match self.send_hold(&view, hold, &request, books)?.await {
                Err(Refused::MapChanged) => {}
                Err(Refused::Rule(refusal)) => {
                    let refusal = refusal.on_map(&view.manifest, &asked.manifest);
                    return Err(refusal.map_or(Refused::MapChanged, Refused::Rule));
                }
                reply => return reply,
            }
        }
        Err(Refused::MapChanged)
    }

    pub async fn release(&self, event: EventId, hold: HoldId, by: Actor) -> Result<(), Refused> {
        self.command(event, Command::Release { hold, by }).await.map(drop)
    }

    /// Lengthens a hold whose payment begins, once.
    pub async fn extend(&self, event: EventId, hold: HoldId, fan: UserId) -> Result<Hold, Refused> {
        let done = self.command(event, Command::Extend { hold, fan }).await?;
        self.hold_answer(&self.view(event).await?, done).await
    }

    /// Makes the active holds of `from` holds of `to`, who is the same person: each whole or not at all, the newest
    /// first, as far as they fit into what one fan may hold. What does not fit, or whose event cannot be reached, stays as
    /// it is. Harmless to repeat.
    pub async fn hand_over(&self, from: UserId, to: UserId) -> Vec<HandedOver> {
        let mut holds = self.holds_of(from);
        holds.sort_by_key(|(hold, _, expires_at)| Reverse((*expires_at, *hold)));
        let mut all = Vec::with_capacity(holds.len());
        for (hold, event, _) in holds {
            let outcome = if self.shared.fans.admit_again(to, self.shared.now()) {
                let command = Command::HandOver { hold, from, to };
                self.ask(event, Work::Command { command, map: None }, Books::Reserved).await.map(drop)
            } else {
                Err(Refused::HoldLimit)
            };
            // What ended meanwhile is nobody's any more.
            if !matches!(outcome, Err(Refused::Rule(Refusal::HoldExpired | Refusal::HoldEnded | Refusal::NotFound))) {
                all.push(HandedOver { hold, outcome });
            }
        }
        all
    }

    /// The commit point of an order: the hold's places belong to `order` once this answers. The
    /// same order may ask again and gets the same answer.
    pub async fn sell(&self, event: EventId, hold: HoldId, fan: UserId, order: OrderId) -> Result<Hold, Refused> {
        let done = self.command(event, Command::Sell { hold, fan: Some(fan), order }).await?;
        self.hold_answer(&self.view(event).await?, done).await
    }

    /// `seats` by id; `areas`: (id, how many of the order's places there are returned in total),
    /// so that asking again is harmless. What the map lacks was returned before: no map of the
    /// event can lose a place that is sold.
    pub async fn return_to_sale(
        &self,
        event: EventId,
        order: OrderId,
        seats: &[&str],
        areas: &[(&str, u32)],
    ) -> Result<(), Refused> {
        let on_map = |map: &Manifest| {
            let seats = seats.iter().filter_map(|id| map.seat(id)).collect();
            let areas = areas.iter().filter_map(|(id, total)| Some((map.area(id)?, *total))).collect();
            Ok(Command::Return { order, seats, areas })
        };
        match self.on_map(event, on_map).await {
            // An order is forgotten some time after all it had came back.
            Err(Refused::Rule(Refusal::NotFound)) => Ok(()),
            done => done,
        }
    }

    /// Takes available seats (by id) off sale; those that are blocked stay so. What a refusal
    /// names are numbers of the map that the event has then, here and below.
    pub async fn block(&self, event: EventId, seats: &[impl AsRef<str>]) -> Result<(), Refused> {
        self.on_map(event, |map| Ok(Command::Block { seats: seats_of(map, seats)? })).await
    }

    /// Puts blocked seats (by id) on sale again.
    pub async fn unblock(&self, event: EventId, seats: &[impl AsRef<str>]) -> Result<(), Refused> {
        self.on_map(event, |map| Ok(Command::Unblock { seats: seats_of(map, seats)? })).await
    }

    /// `blocked`: how many places of the area are off sale from now on, in total.
    pub async fn block_area(&self, event: EventId, area: &str, blocked: u32) -> Result<(), Refused> {
        self.on_map(event, |map| Ok(Command::BlockArea { area: area_of(map, area)?, blocked })).await
    }

    /// `capacity`: how many people the area takes; `None` for as many as the map says.
    pub async fn set_capacity(&self, event: EventId, area: &str, capacity: Option<u32>) -> Result<(), Refused> {
        let on_map = |map: &Manifest| {
            let area = area_of(map, area)?;
            Ok(Command::SetCapacity { area, capacity: capacity.unwrap_or(map.area_capacity(area)) })
        };
        self.on_map(event, on_map).await
    }

    pub async fn set_rules(&self, event: EventId, rules: Rules) -> Result<(), Refused> {
        self.command(event, Command::SetRules(rules)).await.map(drop)
    }

    pub async fn set_prices(&self, event: EventId, prices: Arc<Prices>) -> Result<(), Refused> {
        self.command(event, Command::SetPrices(prices)).await.map(drop)
    }

    /// Moves the event to a newer version of its map; statuses follow the seat ids.
    pub async fn swap_manifest(&self, event: EventId, manifest: Arc<Manifest>) -> Result<(), Refused> {
        self.command(event, Command::SwapManifest { manifest }).await.map(drop)
    }

    /// A hold of this fan; another's is as unknown as one that never was.
    pub async fn hold_view(&self, event: EventId, hold: HoldId, fan: UserId) -> Result<Hold, Refused> {
        let done = self.ask(event, Work::View(hold, fan), Books::Apart).await?;
        self.hold_answer(&self.view(event).await?, done).await
    }

    /// The event of a hold that this fan has or had.
    pub async fn locate(&self, fan: UserId, hold: HoldId) -> Result<Option<EventId>, Refused> {
        if let Some(event) = self.shared.fans.locate(fan, hold) {
            return Ok(Some(event));
        }
        let maybe = self.shared.known.read().of(hold);
        for event in maybe {
            match self.ask(event, Work::View(hold, fan), Books::Apart).await {
                Ok(_) => return Ok(Some(event)),
                Err(Refused::UnknownEvent | Refused::Rule(_)) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(None)
    }

    /// The active holds of a fan, each with its event and the time it expires. From memory.
    pub fn holds_of(&self, fan: UserId) -> Vec<(HoldId, EventId, Timestamp)> {
        self.shared.fans.active(fan, self.shared.env.now())
    }

    /// What everyone may read of an event, brought into memory when it is not there.
    pub async fn view(&self, event: EventId) -> Result<Arc<EventView>, Refused> {
        if let Some(view) = self.loaded(event) {
            return Ok(view);
        }
        self.ask(event, Work::Load, Books::Apart).await?;
        self.loaded(event).ok_or(Refused::UnknownEvent)
    }

    /// Available seats and places of an event, for lists: it does not count as looked at, and what
    /// is left of one that is not in memory is known from when it was. One that never was is brought
    /// in, a few at a time.
    pub async fn available(&self, event: EventId) -> Result<u32, Refused> {
        if let Some(available) = self.shared.available(event) {
            return Ok(available);
        }
        let _turn = self.shared.counting.acquire().await.expect("it is never closed");
        if let Some(available) = self.shared.available(event) {
            return Ok(available);
        }
        self.ask(event, Work::Load, Books::Apart).await?;
        self.shared.available(event).ok_or(Refused::UnknownEvent)
    }

    /// The view of an event that is in memory.
    pub fn loaded(&self, event: EventId) -> Option<Arc<EventView>> {
        let view = self.shared.views.read().get(&event).cloned()?;
        view.seen(self.shared.env.now());
        Some(view)
    }

    /// Waits until everything asked before is durable and what is due has expired.
    pub async fn settle(&self) {
        for partition in 0..self.queue.writers.len() {
            // An id that falls into the partition; it names no event.
            let event = EventId(uuid::Uuid::from_u128(partition as u128));
            let _ = self.ask(event, Work::Settle, Books::Apart).await;
        }
    }

    pub fn health(&self) -> Health {
        let stats = &self.shared.stats;
        if stats.stopped.load(Ordering::Acquire) > 0 {
            Health::Stopped
        } else if stats.partitions_down.load(Ordering::Acquire) > 0 {
            Health::Recovering
        } else {
            Health::Serving
        }
    }

    /// Whether another process has taken over a partition: this one serves it no more and should
    /// end.
    pub fn is_fenced(&self) -> bool {
        self.shared.stats.fenced.load(Ordering::Acquire)
    }

    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// Answers what was accepted, writes snapshots and stops the writers. Commands sent later
    /// are answered as unavailable. Blocks: call it outside async code.
    pub fn stop(self) {
        self.shared.stats.stopped.store(1, Ordering::Release);
        let threads = std::mem::take(&mut *self.threads.lock());
        for writer in &*self.queue.writers {
            // An empty message wakes the writer, which then sees the flag.
            let _ = writer.send(Vec::new());
        }
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a seat writer panicked");
            }
        }
    }

    async fn command(&self, event: EventId, command: Command) -> Reply {
        self.ask(event, Work::Command { command, map: None }, Books::Apart).await
    }

    /// Asks for what `command` makes of the event's map, and again when the event has gone over
    /// to another map before the writer decides.
    async fn on_map(
        &self,
        event: EventId,
        command: impl Fn(&Manifest) -> Result<Command, Refusal>,
    ) -> Result<(), Refused> {
        for _ in 0..MAPS_PER_COMMAND_MAX {
            let view = self.view(event).await?;
            let work = Work::Command { command: command(&view.manifest)?, map: Some(map_print(&view.manifest)) };
            match self.ask(event, work, Books::Apart).await {
                Err(Refused::MapChanged) => {}
                reply => return reply.map(drop),
            }
        }
        Err(Refused::MapChanged)
    }

    async fn ask(&self, event: EventId, work: Work, books: Books) -> Reply {
        self.send(event, work, books)?.await
    }

    fn send(&self, event: EventId, work: Work, books: Books) -> Result<Asked, Refused> {
        if self.queue.is_full() {
            if let Work::Command { command, .. } = &work {
                books.give_up(command, &self.shared.fans);
            }
            return Err(Refused::Unavailable);
        }
        Ok(ask(&self.queue, event, work, books))
    }

    /// The answer with the map it speaks of. `view`: the event's, from before or after.
    async fn hold_answer(&self, view: &Arc<EventView>, done: Done) -> Result<Hold, Refused> {
        let Done { answer, replayed, mut map } = done;
        let Answer::Hold(mut answer) = answer else { unreachable!("a question about a hold is answered with one") };
        let (event, mut manifest) = (view.event, view.manifest.clone());
        // Seats are numbers of one map, and the event may have gone over to another since. Then
        // the places are read again in numbers of now; everything else stays as it was answered.
        while map_print(&manifest) != map {
            manifest = self.view(event).await?.manifest.clone();
            if map_print(&manifest) == map {
                break;
            }
            let again = self.ask(event, Work::View(answer.hold, answer.fan), Books::Apart).await?;
            let Answer::Hold(now) = again.answer else { unreachable!("a look at a hold is answered with one") };
            (answer.places, answer.minor, map) = (now.places, now.minor, again.map);
        }
        Ok(Hold { event, view: answer, manifest, replayed })
    }
}

/// A hold that was asked for, to be waited for on the thread that asked. Dropped before it is
/// answered, it may be placed all the same.
#[derive(Debug)]
pub struct AskedHold {
    hold: HoldId,
    request: HoldRequest,
    books: Books,
    asked: Asked,
}

impl AskedHold {
    /// Waits for what became of it. `view`: the one it was asked for in.
    pub async fn answer(self, inventory: &Inventory, view: &Arc<EventView>) -> Result<Hold, Refused> {
        let AskedHold { hold, request, books, asked } = self;
        let done = match asked.await {
            // Boxed, so that what hardly ever happens does not make every hold's future larger.
            Err(Refused::MapChanged) => Box::pin(inventory.hold_on_newer_map(view, hold, request, books)).await?,
            reply => reply?,
        };
        inventory.hold_answer(view, done).await
    }
}

fn seats_of(map: &Manifest, ids: &[impl AsRef<str>]) -> Result<Vec<u32>, Refusal> {
    ids.iter().map(|id| map.seat(id.as_ref()).ok_or(Refusal::UnknownSeat)).collect()
}

fn area_of(map: &Manifest, id: &str) -> Result<u16, Refusal> {
    map.area(id).ok_or(Refusal::UnknownArea)
}

/// A refusal that the shared view proves, so that a crowd after sold seats never queues.
fn refused_early(view: &EventView, places: &Places) -> Option<Refusal> {
    match view.taken(places) {
        Taken::Nothing => None,
        // It may show what was taken long ago.
        Taken::Seats(_) | Taken::Area if view.is_replaced() => None,
        Taken::Seats(seats) => Some(Refusal::SeatUnavailable(seats)),
        Taken::Area => Some(Refusal::SoldOut),
    }
}
