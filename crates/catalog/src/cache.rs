//! A small cache bounded by weight.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// Two generations: what is asked for moves to the young one; when the young one has half the
/// weight allowed, the old one is dropped and the young one takes its place. So whatever was
/// asked for recently stays, and every operation costs the same small time.
pub struct Cache<K, V> {
    inner: Mutex<Inner<K, V>>,
    weight_max: usize,
}

struct Inner<K, V> {
    young: HashMap<K, (Arc<V>, usize)>,
    old: HashMap<K, (Arc<V>, usize)>,
    young_weight: usize,
    /// Goes up with every removal, so that a value read before one is not put back after it.
    removals: u64,
}

/// What a reader remembers from before it read a value from the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seen(u64);

impl<K: Hash + Eq + Copy, V> Cache<K, V> {
    pub fn new(weight_max: usize) -> Self {
        let inner = Inner { young: HashMap::new(), old: HashMap::new(), young_weight: 0, removals: 0 };
        Self { inner: Mutex::new(inner), weight_max }
    }

    pub fn get(&self, key: K) -> Result<Arc<V>, Seen> {
        let mut inner = self.inner.lock();
        if let Some((value, _)) = inner.young.get(&key) {
            return Ok(value.clone());
        }
        let Some((value, weight)) = inner.old.remove(&key) else { return Err(Seen(inner.removals)) };
        inner.put(key, value.clone(), weight, self.weight_max);
        Ok(value)
    }

    /// Remembers `value`, unless something was removed since `seen`: then it may be outdated.
    pub fn put(&self, key: K, value: Arc<V>, weight: usize, seen: Seen) {
        let mut inner = self.inner.lock();
        if Seen(inner.removals) == seen {
            inner.put(key, value, weight, self.weight_max);
        }
    }

    /// What is remembered, or else what `make` makes: all who ask get the same one.
    pub fn get_or_put(&self, key: K, weight: usize, make: impl FnOnce() -> V) -> Arc<V> {
        let mut inner = self.inner.lock();
        if let Some((value, _)) = inner.young.get(&key) {
            return value.clone();
        }
        let (value, weight) = inner.old.remove(&key).unwrap_or_else(|| (Arc::new(make()), weight));
        inner.put(key, value.clone(), weight, self.weight_max);
        value
    }

    pub fn remove(&self, key: K) {
        let mut inner = self.inner.lock();
        inner.removals += 1;
        inner.old.remove(&key);
        if let Some((_, weight)) = inner.young.remove(&key) {
            inner.young_weight -= weight;
        }
    }
}

impl<K: Hash + Eq + Copy, V> Inner<K, V> {
    fn put(&mut self, key: K, value: Arc<V>, weight: usize, weight_max: usize) {
        if let Some((_, before)) = self.young.insert(key, (value, weight)) {
            self.young_weight -= before;
        }
        self.young_weight += weight;
        if self.young_weight > weight_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_weight = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &Cache<u32, u32>, key: u32) {
        let Err(seen) = cache.get(key) else { panic!("{key} was there") };
        cache.put(key, Arc::new(key), 1, seen);
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let cache = Cache::new(20);
        put(&cache, 0);
        for key in 1..1_000 {
            put(&cache, key);
            assert!(cache.get(0).is_ok(), "after {key}");
        }
        assert!(cache.get(1).is_err());
        let inner = cache.inner.lock();
        assert!(inner.young.len() + inner.old.len() <= 22);
    }

    #[test]
    fn whoever_asks_for_the_same_gets_the_same_one() {
        let cache = Cache::<u32, u32>::new(20);
        let first = cache.get_or_put(0, 1, || 7);
        for key in 1..1_000 {
            cache.get_or_put(key, 1, || 8);
            assert!(Arc::ptr_eq(&first, &cache.get_or_put(0, 1, || 9)), "after {key}");
        }
        let inner = cache.inner.lock();
        assert!(inner.young.len() + inner.old.len() <= 22);
    }

    #[test]
    fn a_value_read_before_a_removal_is_not_put_back_after_it() {
        let cache = Cache::<u32, u32>::new(20);
        let Err(seen) = cache.get(1) else { panic!() };
        cache.remove(1);
        cache.put(1, Arc::new(1), 1, seen);
        assert!(cache.get(1).is_err());
    }
}
