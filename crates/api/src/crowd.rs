//! How much of the server one network address may keep open: connections, and live seat maps among them.
//!
//! Requests are limited by what they cost ([`crate::limits`]); this is about what costs memory and files while
//! nothing is asked. It takes one look into a table for each connection that comes or goes.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::Mutex;
use stagedoor_core::subscriber;

/// Tables, so that workers that accept at the same time hardly meet.
const SHARDS: usize = 64;

/// How many each address may keep open at a time. Of IPv6, a /64 network is one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    pub connections: u32,
    pub live: u32,
}

/// What is open at the moment.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<Tables>);

#[derive(Debug)]
struct Tables {
    connections: Table,
    live: Table,
}

#[derive(Debug)]
struct Table {
    max: u32,
    /// Addresses with none are not in it.
    open: [Mutex<HashMap<u128, u32>>; SHARDS],
    refused: AtomicU64,
}

/// One of an address's connections or live seat maps; dropping it makes room for another.
#[derive(Debug)]
pub struct Place {
    tables: Arc<Tables>,
    of: fn(&Tables) -> &Table,
    subscriber: u128,
}

impl Crowd {
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Tables { connections: Table::new(config.connections), live: Table::new(config.live) }))
    }

    /// Room for one more connection from `peer`, if there is.
    pub fn connection(&self, peer: IpAddr) -> Option<Place> {
        self.place(|tables| &tables.connections, peer)
    }

    /// Room for one more live seat map of `client`, if there is.
    pub fn live(&self, client: IpAddr) -> Option<Place> {
        self.place(|tables| &tables.live, client)
    }

    /// Connections and live seat maps that were refused since the start.
    pub fn refused(&self) -> (u64, u64) {
        (self.0.connections.refused.load(Ordering::Relaxed), self.0.live.refused.load(Ordering::Relaxed))
    }

    fn place(&self, of: fn(&Tables) -> &Table, address: IpAddr) -> Option<Place> {
        let subscriber = subscriber(address);
        of(&self.0).take(subscriber).then(|| Place { tables: self.0.clone(), of, subscriber })
    }
}

impl Table {
    fn new(max: u32) -> Self {
        Self { max, open: std::array::from_fn(|_| Mutex::default()), refused: AtomicU64::new(0) }
    }

    fn shard(&self, subscriber: u128) -> &Mutex<HashMap<u128, u32>> {
        // IPv4 differs in the lower bits, IPv6 in the upper.
        let mixed = (subscriber ^ (subscriber >> 64)) as u64;
        &self.open[(mixed ^ (mixed >> 16)) as usize % SHARDS]
    }

    fn take(&self, subscriber: u128) -> bool {
        let mut open = self.shard(subscriber).lock();
        let count = open.entry(subscriber).or_insert(0);
        let has_room = *count < self.max;
        if has_room {
            *count += 1;
        } else {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }

    fn give_back(&self, subscriber: u128) {
        let mut open = self.shard(subscriber).lock();
        let count = open.get_mut(&subscriber).expect("what was taken is given back once");
        *count -= 1;
        if *count == 0 {
            open.remove(&subscriber);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.of)(&self.tables).give_back(self.subscriber);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_and_gets_back_what_it_lets_go() {
        let crowd = Crowd::new(Config { connections: 2, live: 1 });
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (one, two) = (crowd.connection(address("192.0.2.1")), crowd.connection(address("::ffff:192.0.2.1")));
        assert!(one.is_some() && two.is_some() && crowd.connection(address("192.0.2.1")).is_none());
        assert!(crowd.connection(address("192.0.2.2")).is_some());
        assert!(crowd.live(address("192.0.2.1")).is_some(), "counted apart, and given back at once");
        let (near, far) = (crowd.live(address("2001:db8:1:2::1")), address("2001:db8:1:2:ffff::9"));
        assert!(near.is_some() && crowd.live(far).is_none(), "a network of one subscriber");
        assert!(crowd.live(address("2001:db8:1:3::1")).is_some());
        drop(one);
        assert!(crowd.connection(address("192.0.2.1")).is_some());
        assert_eq!(crowd.refused(), (1, 1));
        drop((two, near));
        let tables = &crowd.0;
        let left = |table: &Table| table.open.iter().map(|shard| shard.lock().len()).sum::<usize>();
        assert_eq!((left(&tables.connections), left(&tables.live)), (0, 0), "nothing is kept of who has gone");
    }

    #[test]
    fn many_at_once_get_no_more_than_there_is() {
        let crowd = Crowd::new(Config { connections: 10, live: 1 });
        let address: IpAddr = [192, 0, 2, 1].into();
        for _ in 0..100 {
            let barrier = std::sync::Barrier::new(8);
            let got: usize = std::thread::scope(|scope| {
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            let places: Vec<_> = (0..3).filter_map(|_| crowd.connection(address)).collect();
                            barrier.wait();
                            places.len()
                        })
                    })
                    .collect();
                tasks.into_iter().map(|task| task.join().unwrap()).sum()
            });
            assert_eq!(got, 10);
        }
    }
}
