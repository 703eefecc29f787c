//! What only a server can do: answer two owners, go away, and commit without saying so.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use journal::{AppendError, BatchSeq, Journal, Partition, PostgresJournal};

use crate::home::{Home, at, batch, facts};

#[test]
fn a_second_owner_fences_the_first() {
    let Some(home) = Home::postgres() else { return };
    let mut first = home.own();
    first.append(at(1), &batch(&[(1, 1, "first")])).unwrap();
    let mut second = home.open();
    let claim = second.claim(None).unwrap();
    assert_eq!(claim.last.seq, BatchSeq(1));
    let refused = first.append(at(2), &batch(&[(1, 2, "stale")])).unwrap_err();
    assert!(matches!(refused, AppendError::Fenced { .. }), "{refused:?}");
    second.append(at(2), &batch(&[(1, 2, "second")])).unwrap();
    assert_eq!(facts(&mut *first, BatchSeq(1)).unwrap()[0].3, "second");
}

#[test]
fn owners_that_race_write_one_sequence() {
    let Some(home) = Home::postgres() else { return };
    drop(home.open());
    let url = home.url();
    let owners = (0..4).map(|_| {
        let url = url.clone();
        thread::spawn(move || {
            let mut journal = PostgresJournal::open(&url, Partition(0)).unwrap();
            let mut acknowledged = Vec::new();
            for _ in 0..10 {
                let last = journal.claim(None).unwrap().last;
                let (mut version, mut now) = (last.seq.0, last.at.max(at(0)));
                // Until fenced, or long enough.
                for _ in 0..20 {
                    version += 1;
                    now = now + std::time::Duration::from_micros(1);
                    match journal.append(now, &batch(&[(1, version, "x")])) {
                        Ok(seq) => acknowledged.push(seq.0),
                        Err(AppendError::Fenced { .. }) => break,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            acknowledged
        })
    });
    let owners: Vec<_> = owners.collect();
    let mut acknowledged: Vec<u64> = owners.into_iter().flat_map(|owner| owner.join().unwrap()).collect();
    acknowledged.sort_unstable();
    let mut journal = home.open();
    let last = journal.replay(BatchSeq::NONE, &mut |_, _| Ok(())).unwrap().last.seq.0;
    assert_eq!(acknowledged, (1..=last).collect::<Vec<_>>());
}

#[test]
fn nodes_that_start_at_once_make_the_tables_once() {
    let Some(home) = Home::postgres() else { return };
    let url = home.url();
    let nodes: Vec<_> = (0..6)
        .map(|number| {
            let url = url.clone();
            thread::spawn(move || PostgresJournal::open(&url, Partition(number)).unwrap().claim(None).unwrap())
        })
        .collect();
    for node in nodes {
        node.join().unwrap();
    }
}

#[test]
fn tables_of_an_earlier_version_are_brought_up_to_date() {
    let Some(home) = Home::postgres() else { return };
    home.own().append(at(1), &batch(&[(1, 1, "before")])).unwrap();
    home.execute("ALTER TABLE journal_snapshot ALTER COLUMN body SET STORAGE EXTENDED");
    home.execute("ALTER TABLE journal_batch ADD CONSTRAINT journal_batch_seq_check CHECK (seq > 0)");
    let mut journal = home.own();
    journal.append(at(2), &batch(&[(1, 2, "after")])).unwrap();
    assert_eq!(facts(&mut *journal, BatchSeq::NONE).unwrap().len(), 2);
    // A statement that changes a row only where the catalogue has what is asked for.
    let count =
        |what: &str| home.execute(&format!("UPDATE journal_partition SET checkpoint = 0 WHERE EXISTS ({what})"));
    let kept_as_it_is = "SELECT FROM pg_attribute WHERE attrelid = 'journal_snapshot'::regclass AND attname = 'body'
        AND attstorage = 'e'";
    assert_eq!(count(kept_as_it_is), 1, "the server compresses snapshots");
    let check = "SELECT FROM pg_constraint WHERE conrelid = 'journal_batch'::regclass AND contype = 'c'";
    assert_eq!(count(check), 0, "the server checks what we know");
}

#[test]
fn a_server_that_ends_the_connection_leaves_an_outcome_to_be_asked() {
    let Some(home) = Home::postgres() else { return };
    let mut journal = home.own();
    journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
    home.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'stagedoor journal 0'",
    );
    let lost = journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap_err();
    let AppendError::Unknown { seq, chain, .. } = lost else { panic!("{lost:?}") };
    let refused = journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap_err();
    assert!(matches!(refused, AppendError::Poisoned { .. }), "{refused:?}");
    assert_eq!(journal.claim(None).unwrap().last.seq, BatchSeq(1));
    assert!(!journal.contains(seq, chain).unwrap());
    journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap();
}

#[test]
fn a_reader_makes_nothing_and_cannot_write() {
    let Some(home) = Home::postgres() else { return };
    assert!(PostgresJournal::open_reader(&home.url(), Partition(0)).is_err(), "there is no journal yet");
    let mut owner = home.own();
    owner.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
    assert!(PostgresJournal::open_reader(&home.url(), Partition(1)).is_err(), "nor one of another partition");
    let mut reader = PostgresJournal::open_reader(&home.url(), Partition(0)).unwrap();
    assert_eq!(reader.verify(&mut |_, _| Ok(())).unwrap().records, 1);
    assert!(reader.claim(None).is_err());
    owner.append(at(2), &batch(&[(1, 2, "b")])).unwrap();
}

/// Passes bytes between a journal and the server; keeps the server's to itself when told to.
struct Proxy {
    url: String,
    mute: Arc<AtomicBool>,
}

impl Proxy {
    fn before(home: &Home) -> Self {
        let url = home.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(user, rest)| (user, rest));
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let at = if user.is_empty() { "" } else { "@" };
        let mute = Arc::new(AtomicBool::new(false));
        let (server, silent) = (server.to_owned(), mute.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || pump(from, to, &AtomicBool::new(false)));
                let silent = silent.clone();
                thread::spawn(move || pump(server, client, &silent));
            }
        });
        Proxy { url: format!("{scheme}://{user}{at}127.0.0.1:{port}/{database}"), mute }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, mute: &AtomicBool) {
    let mut buffer = [0; 8192];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        if mute.load(Ordering::SeqCst) || to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_by_asking() {
    let Some(home) = Home::postgres() else { return };
    let proxy = Proxy::before(&home);
    let mut journal = PostgresJournal::open(&proxy.url, Partition(0)).unwrap();
    journal.claim(None).unwrap();
    journal.append(at(1), &batch(&[(1, 1, "a")])).unwrap();
    proxy.mute.store(true, Ordering::SeqCst);
    let lost = journal.append(at(2), &batch(&[(1, 2, "b")])).unwrap_err();
    let AppendError::Unknown { seq, chain, .. } = lost else { panic!("{lost:?}") };
    assert!(journal.claim(None).is_err(), "the server cannot be heard");
    proxy.mute.store(false, Ordering::SeqCst);
    assert_eq!(journal.claim(None).unwrap().last.seq, seq);
    assert!(journal.contains(seq, chain).unwrap());
    assert_eq!(journal.append(at(3), &batch(&[(1, 3, "c")])).unwrap(), seq.next());
}
