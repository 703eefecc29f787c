//! How many calls one host gets at a time.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One entry per host that is called or waited for right now.
#[derive(Clone)]
pub(crate) struct Slots {
    per_host: usize,
    hosts: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// One of a host's calls. Gives its place back when it is dropped.
pub(crate) struct Slot {
    slots: Slots,
    host: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub fn new(per_host: usize) -> Self {
        Self { per_host, hosts: Arc::default() }
    }

    /// Waits, first come, first served.
    pub async fn take(&self, host: String) -> Slot {
        let fresh = || Arc::new(Semaphore::new(self.per_host));
        let semaphore = self.hosts.lock().entry(host.clone()).or_insert_with(fresh).clone();
        // Made before the wait, so that a call that gives up waiting cleans up, too.
        let mut slot = Slot { slots: self.clone(), host, permit: None };
        slot.permit = Some(semaphore.acquire_owned().await.expect("nobody closes it"));
        slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut hosts = self.slots.hosts.lock();
        drop(self.permit.take());
        // Clones are made under the lock: the last one is the map's own.
        if hosts.get(&self.host).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            hosts.remove(&self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_host_has_its_number_of_calls_and_nothing_stays_behind() {
        let slots = Slots::new(3);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let calls: Vec<_> = (0..60)
            .map(|number| {
                let (slots, now, most) = (slots.clone(), now.clone(), most.clone());
                tokio::spawn(async move {
                    // Every fifth call gives up at once, waiting or not.
                    let taken = slots.take(format!("host-{}", number % 2));
                    if number % 5 == 0 {
                        drop(tokio::time::timeout(std::time::Duration::ZERO, taken).await);
                        return;
                    }
                    let slot = taken.await;
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(slot);
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2 * 3, "{most:?} at a time at two hosts");
        assert!(slots.hosts.lock().is_empty(), "{:?}", slots.hosts.lock().keys());
    }
}
