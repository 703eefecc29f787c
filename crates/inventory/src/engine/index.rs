//! In which slot something with an id stands.
//!
//! A table of buckets, each one cache line with room for twelve entries and eight bits of their
//! hashes, so that looking up costs one read from memory besides the one of what is found. A
//! general hash table keeps these bits and the entries apart, which costs two: at a million
//! commands a second the writer does little else than wait for memory.

use super::slab::NONE;
use super::warm::prefetch;

/// Entries of a bucket.
const WIDTH: usize = 12;
/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// Entries in a bucket on average, above which the table grows.
const FULL: usize = 10;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    /// Bits of the entries' hashes; zero where there is no entry.
    tags: [u8; WIDTH],
    /// Entries that passed this bucket, because it was full, and stand in a later one.
    beyond: u32,
    slots: [u32; WIDTH],
}

const _: () = assert!(size_of::<Bucket>() == 64);

impl Bucket {
    const EMPTY: Bucket = Bucket { tags: [0; WIDTH], beyond: 0, slots: [NONE; WIDTH] };

    /// The places whose tag is `tag`.
    #[inline]
    fn places(&self, tag: u8) -> Places {
        let ([low @ .., _, _, _, _], [_, _, _, _, _, _, _, _, high @ ..]) = (&self.tags, &self.tags);
        let low = equal(u64::from_le_bytes(*low), tag);
        // The upper half is made different from every tag that is looked for.
        let high = equal(u64::from(u32::from_le_bytes(*high)) | (u64::from(!tag) * ONES) << 32, tag);
        Places(low | high << 1)
    }
}

/// Places of a bucket: of the first eight the bit 8 n, of the others 8 (n - 8) + 1.
struct Places(u64);

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (bit < 64).then_some(bit / 8 + bit % 8 * 8)
    }
}

/// The lowest bit of each byte of `word` that is `byte`, and no other bit.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ (ONES * u64::from(byte));
    // The highest bit of each byte that is not zero.
    let differs = ((other & (ONES * 0x7f)) + ONES * 0x7f) | other;
    !differs >> 7 & ONES
}

/// Slots by the hashes of what stands in them.
pub(super) struct Index {
    /// A power of two of them, or none.
    buckets: Box<[Bucket]>,
    entries: usize,
}

impl Index {
    pub fn new() -> Self {
        Self { buckets: Box::default(), entries: 0 }
    }

    /// The bucket where what has this hash belongs; without buckets a number that is none's.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        (hash >> 32) as usize & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// The slot with this hash that `is_it`.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        // Once round at most: each bucket may have entries in the next.
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            if let Some(place) = bucket.places(tag(hash)).find(|place| is_it(bucket.slots[*place])) {
                return Some(bucket.slots[place]);
            }
            if bucket.beyond == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// The slot that [`Index::find`] would look at first, [`NONE`] if there is none.
    #[inline]
    pub fn likely(&self, hash: u64) -> u32 {
        let Some(bucket) = self.buckets.get(self.home(hash)) else { return NONE };
        bucket.places(tag(hash)).next().map_or(NONE, |place| bucket.slots[place])
    }

    /// Asks for the bucket where what has this hash belongs, see [`super::warm`].
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        self.buckets.get(self.home(hash)).into_iter().for_each(prefetch);
    }

    /// Takes up a slot that is not in the table. `hash_of`: the hash of any slot that is.
    pub fn insert(&mut self, hash: u64, slot: u32, hash_of: impl Fn(u32) -> u64) {
        if self.entries == self.buckets.len() * FULL {
            let wider = vec![Bucket::EMPTY; (self.buckets.len() * 2).max(1)].into();
            let before = std::mem::replace(self, Index { buckets: wider, entries: 0 });
            before.iter().for_each(|slot| self.put(hash_of(slot), slot));
        }
        self.put(hash, slot);
    }

    fn put(&mut self, hash: u64, slot: u32) {
        let mut at = self.home(hash);
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(place) = bucket.places(0).next() {
                (bucket.tags[place], bucket.slots[place]) = (tag(hash), slot);
                self.entries += 1;
                return;
            }
            bucket.beyond += 1;
            at = self.after(at);
        }
    }

    /// Forgets a slot that is in the table under `hash`; false when it is not.
    #[must_use]
    pub fn remove(&mut self, hash: u64, slot: u32) -> bool {
        let mut at = self.home(hash);
        for passed in 0..self.buckets.len() {
            let bucket = &mut self.buckets[at];
            if let Some(place) = bucket.places(tag(hash)).find(|place| bucket.slots[*place] == slot) {
                bucket.tags[place] = 0;
                self.entries -= 1;
                for _ in 0..passed {
                    at = at.wrapping_sub(1) & (self.buckets.len() - 1);
                    self.buckets[at].beyond -= 1;
                }
                return true;
            }
            if bucket.beyond == 0 {
                return false;
            }
            at = self.after(at);
        }
        false
    }

    /// All slots, in no order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let used = |bucket: &Bucket| {
            let Bucket { tags, slots, .. } = *bucket;
            (0..WIDTH).filter(move |place| tags[*place] != 0).map(move |place| slots[place])
        };
        self.buckets.iter().flat_map(used)
    }

    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }
}

/// Never zero, and of other bits than the bucket's number.
fn tag(hash: u64) -> u8 {
    hash as u8 | 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Few buckets and tags, so that they overflow into each other.
    fn crowded(slot: u32) -> u64 {
        u64::from(slot % 7) << 32 | u64::from(slot % 3)
    }

    /// Against a map that is known to be right; `hash_of` decides how crowded it gets.
    fn compare(hash_of: impl Fn(u32) -> u64 + Copy) {
        let (mut index, mut known, mut random) = (Index::new(), BTreeMap::new(), 1u64);
        for round in 0..30_000u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let slot = (random >> 33) as u32 % 600;
            let found = index.find(hash_of(slot), |other| other == slot);
            assert_eq!(found, known.get(&slot).copied(), "round {round}");
            if found.is_some() {
                assert!(index.remove(hash_of(slot), slot));
                known.remove(&slot);
                assert!(!index.remove(hash_of(slot), slot), "it is gone");
            } else {
                index.insert(hash_of(slot), slot, hash_of);
                known.insert(slot, slot);
            }
        }
        let mut all: Vec<u32> = index.iter().collect();
        all.sort_unstable();
        assert_eq!(all, known.into_keys().collect::<Vec<_>>());
        for slot in all {
            assert!(index.remove(hash_of(slot), slot));
        }
        assert!(index.buckets.iter().all(|bucket| bucket.beyond == 0 && bucket.tags == [0; WIDTH]));
    }

    #[test]
    fn finds_what_a_map_finds() {
        compare(|slot| u64::from(slot).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        compare(crowded);
    }

    #[test]
    fn every_place_of_a_bucket_is_seen() {
        let tags = [1, 3, 1, 5, 129, 1, 255, 1, 1, 128, 255, 1];
        let bucket = Bucket { tags, ..Bucket::EMPTY };
        for tag in 0..=255 {
            let mut places: Vec<usize> = bucket.places(tag).collect();
            places.sort_unstable();
            assert_eq!(places, (0..WIDTH).filter(|place| tags[*place] == tag).collect::<Vec<_>>(), "tag {tag}");
        }
    }

    #[test]
    fn what_is_alone_in_its_bucket_is_likely() {
        let mut index = Index::new();
        assert_eq!(index.likely(77 << 32), NONE);
        index.insert(77 << 32, 5, |_| 77 << 32);
        assert_eq!((index.likely(77 << 32), index.likely(77 << 32 | 2)), (5, NONE));
        assert_eq!(index.memory_bytes(), 64);
    }
}
