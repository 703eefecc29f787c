//! `stagedoor verify`: reads everything again and compares what must agree.
//!
//! Every journal from its first batch, its snapshots, the tickets, orders, events and blocks in the
//! database, the payments, the gateway's books and the ledger. Changes nothing; runs beside a server.

mod catalogue;
mod seats;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use inventory::audit;
use journal::Partition;
use payments::{Moved, PaymentStanding, SimulatedGateway, ledger};
use sales::{Stage, Standing};
use serde::Serialize;
use stagedoor_core::{OrderId, PaymentId, Timestamp};
use store::Tx;
use tickets::Ticket;
use tokio::runtime::Runtime;

use self::catalogue::Catalogue;
use self::seats::Live;
use crate::config::Settings;
use crate::data::{Access, Data};
use crate::fault::{Fault, because};
use crate::progress;

/// Rows read at a time.
const PAGE: u32 = 5_000;
/// Beside a running server the parts are not read at one instant. What differs for that reason
/// agrees when looked at again after this long.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// An order or refund that is on its way for longer is stuck: a buyer has the minutes of a hold,
/// and an outcome that is not known is asked for every five minutes.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What was looked at and what is wrong.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    sound: bool,
    journals: Vec<JournalReport>,
    events: usize,
    seats_sold: u64,
    area_places_sold: u64,
    tickets: usize,
    orders: usize,
    payments: usize,
    /// Places of orders and refunds on their way, which need not agree yet.
    on_their_way: u64,
    /// Events whose rows were not compared with the seat engine, because a change of theirs is being carried over.
    events_in_change: usize,
    findings: BTreeSet<String>,
}

#[derive(Debug, Serialize)]
struct JournalReport {
    partition: u32,
    batches: u64,
    facts: u64,
    events: usize,
    snapshots: u64,
    blobs: u64,
}

/// Verifies and gives the report to print with the exit code: 1 when something is wrong.
pub fn verify(settings: &Settings, arguments: &Arguments, runtime: &Runtime) -> Result<(String, ExitCode), Fault> {
    let data = runtime.block_on(Data::open(settings, Access::Looking))?;
    let mut report = look(settings, &data, runtime)?;
    if !report.findings.is_empty() {
        std::thread::sleep(SECOND_LOOK);
        let first = report.findings;
        report = look(settings, &data, runtime)?;
        report.findings.retain(|finding| first.contains(finding));
    }
    report.sound = report.findings.is_empty();
    runtime.block_on(data.store.close()).map_err(because("close the database"))?;
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&report).map_err(because("write the report"))? + "\n",
        false => report.to_string(),
    };
    Ok((text, if report.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// One look at everything.
fn look(settings: &Settings, data: &Data, runtime: &Runtime) -> Result<Report, Fault> {
    let mut report = Report::default();
    let bar = progress::counter("facts read");
    let mut states = HashMap::new();
    let mut damaged = false;
    for number in 0..settings.partitions {
        let partition = Partition(number);
        let mut journal = data.journals.open_reader(partition).map_err(because(format!("read journal {number}")))?;
        let found =
            audit::audit(&mut *journal, &mut || bar.inc(1)).map_err(because(format!("read journal {number}")))?;
        damaged |= found.states.is_empty() && !found.findings.is_empty();
        report.findings.extend(found.findings.iter().map(|finding| format!("journal: {finding}")));
        report.journals.push(JournalReport {
            partition: number,
            batches: found.batches,
            facts: found.records,
            events: found.states.len(),
            snapshots: found.snapshots,
            blobs: found.blobs,
        });
        states.extend(found.states);
    }
    bar.finish_and_clear();
    let bar = progress::counter("rows compared");
    let compared = runtime.block_on(async {
        let gateway = SimulatedGateway::new(data.store.clone());
        let tx = data.store.begin_read().await?;
        let orders = all_orders(&tx, &bar).await?;
        let payments = all_payments(&tx, &bar).await?;
        let tickets = all_tickets(&tx, &bar).await?;
        let catalogue = Catalogue::read(&tx).await?;
        let books = gateway.books().await?;
        let ledger = ledger::check(&tx).await?;
        Ok::<_, store::Error>((orders, payments, tickets, catalogue, books, ledger))
    });
    bar.finish_and_clear();
    let (orders, payments, tickets, catalogue, books, ledger) = compared.map_err(because("read the database"))?;
    report.events = states.len();
    (report.orders, report.payments, report.tickets) = (orders.len(), payments.len(), tickets.len());
    report.findings.extend(ledger.iter().map(|finding| format!("ledger: {finding}")));
    let stuck_before = data.store.env().now() - ON_ITS_WAY_MAX;
    // Without the whole journal every sold seat would look wrong.
    if !damaged {
        seats::compare(&mut report, &states, &tickets, &orders, stuck_before);
        catalogue::compare(&mut report, &states, &catalogue);
    }
    seats::compare_tickets(&mut report, &tickets, &orders);
    compare_money(&mut report, &orders, &payments, &books);
    find_stuck(&mut report, &orders, stuck_before);
    Ok(report)
}

async fn all_orders(tx: &Tx, bar: &ProgressBar) -> store::Result<HashMap<OrderId, Standing>> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = sales::standings(tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.order);
        bar.inc(page.len() as u64);
        all.extend(page.into_iter().map(|standing| (standing.order, standing)));
    }
}

async fn all_payments(tx: &Tx, bar: &ProgressBar) -> store::Result<HashMap<PaymentId, PaymentStanding>> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = payments::standings(tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.payment);
        bar.inc(page.len() as u64);
        all.extend(page.into_iter().map(|standing| (standing.payment, standing)));
    }
}

async fn all_tickets(tx: &Tx, bar: &ProgressBar) -> store::Result<Vec<Live>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = tickets::live(tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id);
        bar.inc(page.len() as u64);
        all.extend(page.into_iter().map(|Ticket { event, order, position, place, .. }| match place {
            tickets::Place::Seat { id, .. } => Live { event, order, position, place: id, is_seat: true },
            tickets::Place::Area { id, .. } => Live { event, order, position, place: id, is_seat: false },
        }));
    }
}

/// Orders and refunds that no job seems to bring to their end.
fn find_stuck(report: &mut Report, orders: &HashMap<OrderId, Standing>, stuck_before: Timestamp) {
    for Standing { order, stage, moving_since, .. } in orders.values() {
        let Some(since) = moving_since.filter(|since| *since < stuck_before) else { continue };
        let what = if *stage == Stage::Open { "" } else { "a refund of " };
        report.findings.insert(format!("{what}{order} is on its way since {since}"));
    }
}

/// What an order is worth is what its payment kept and what the gateway's books say.
fn compare_money(
    report: &mut Report,
    orders: &HashMap<OrderId, Standing>,
    payments: &HashMap<PaymentId, PaymentStanding>,
    books: &[payments::BookLine],
) {
    for standing in orders.values() {
        let Standing { order, payment, .. } = standing;
        let wrong = match (payments.get(payment), standing.stage) {
            (None, _) => Some("has no payment".to_owned()),
            (Some(paid), Stage::Completed) if !paid.captured => Some("has tickets and is not paid".to_owned()),
            (Some(paid), Stage::Completed) if paid.taken.minor != standing.total_minor => {
                Some(format!("costs {} and was paid {}", standing.total_minor, paid.taken))
            }
            (Some(paid), Stage::Completed)
                if paid.given_back_minor != standing.given_back_minor
                    && !paid.under_way
                    && standing.moving_since.is_none() =>
            {
                let (due, given) = (standing.given_back_minor, paid.given_back_minor);
                Some(format!("gave places for {due} back, and {given} of its money went back"))
            }
            (Some(paid), Stage::Ended) if paid.kept().minor != 0 && !paid.under_way => {
                Some(format!("ended without tickets, and {} of its money was kept", paid.kept()))
            }
            _ => None,
        };
        report.findings.extend(wrong.map(|wrong| format!("{order} {wrong}")));
    }
    let mut booked: HashMap<PaymentId, i64> = HashMap::new();
    for line in books {
        *booked.entry(line.payment).or_default() += match line.moved {
            Moved::FromBuyer => line.amount.minor,
            Moved::ToBuyer => -line.amount.minor,
        };
    }
    for paid in payments.values() {
        let booked = booked.remove(&paid.payment).unwrap_or(0);
        if booked != paid.kept().minor && !paid.under_way {
            report.findings.insert(format!("{} kept {}, the gateway's books say {booked}", paid.payment, paid.kept()));
        }
        if !orders.contains_key(&paid.order) {
            report.findings.insert(format!("{} is for {}, which does not exist", paid.payment, paid.order));
        }
    }
    for (payment, minor) in booked {
        report.findings.insert(format!("the gateway's books have {minor} of {payment}, which does not exist"));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for journal in &self.journals {
            let JournalReport { partition, batches, facts, events, snapshots, blobs } = journal;
            write!(out, "journal {partition}: {facts} facts of {events} events in {batches} batches, ")?;
            writeln!(out, "{snapshots} snapshots, {blobs} seat maps")?;
        }
        writeln!(
            out,
            "sold: {} seats and {} places in areas; {} live tickets",
            self.seats_sold, self.area_places_sold, self.tickets
        )?;
        writeln!(out, "orders: {}, payments: {}", self.orders, self.payments)?;
        if self.on_their_way > 0 {
            writeln!(out, "{} places belong to orders or refunds on their way", self.on_their_way)?;
        }
        if self.events_in_change > 0 {
            let events = self.events_in_change;
            writeln!(out, "events being changed, whose capacities, states and blocks were not compared: {events}")?;
        }
        if self.sound {
            return out.write_str("everything agrees\n");
        }
        writeln!(out, "findings: {}", self.findings.len())?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "  {finding}"))
    }
}
