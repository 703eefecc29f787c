//! Stores that grow without ever moving what they hold: a vector that doubles would stop the
//! writer for tens of milliseconds at a million holds.

use std::collections::VecDeque;

/// Marks "no slot" where a slot may be absent.
pub(crate) const NONE: u32 = u32::MAX;

/// Slots in one allocation of a queue and in the first one of a slab: few, because thousands of
/// events have a handful of holds each.
const CHUNK: usize = 32;
/// Slots in the largest allocation of a slab: each has twice the slots of the one before up to
/// this, so that where they all are fits into a processor's first cache.
const CHUNK_MAX: usize = 1_024;
/// Allocations of a slab before those of the largest size.
const GROWING: usize = (CHUNK_MAX / CHUNK).ilog2() as usize;

/// Values in numbered slots; a freed slot is the next to be used.
pub(crate) struct Slab<T> {
    chunks: Vec<Box<[T]>>,
    used: u32,
    free: Vec<u32>,
}

impl<T: Copy> Slab<T> {
    pub fn new() -> Self {
        Self { chunks: Vec::new(), used: 0, free: Vec::new() }
    }

    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self[slot] = value;
            return slot;
        }
        let slot = self.used;
        assert!(slot < NONE, "{slot} slots are in use");
        let (chunk, at) = place(slot);
        if chunk == self.chunks.len() {
            self.chunks.push(vec![value; CHUNK << chunk.min(GROWING)].into());
        } else {
            self.chunks[chunk][at] = value;
        }
        self.used += 1;
        slot
    }

    /// How many slots there are, free ones included.
    pub fn slots(&self) -> u32 {
        self.used
    }

    /// The slot must be in use; its value stays readable until the slot is used again.
    pub fn remove(&mut self, slot: u32) {
        self.free.push(slot);
    }

    pub fn memory_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| size_of_val(&**chunk)).sum::<usize>()
            + self.chunks.capacity() * size_of::<Box<[T]>>()
            + self.free.capacity() * size_of::<u32>()
    }
}

/// The chunk of a slot, and where it is in there.
#[inline]
fn place(slot: u32) -> (usize, usize) {
    // With one more chunk in front, a chunk of n slots would begin at n.
    let slot = slot as usize + CHUNK;
    if slot >= CHUNK_MAX {
        return (GROWING + slot / CHUNK_MAX - 1, slot % CHUNK_MAX);
    }
    let chunk = (slot / CHUNK).ilog2() as usize;
    (chunk, slot - (CHUNK << chunk))
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;
    fn index(&self, slot: u32) -> &T {
        let (chunk, at) = place(slot);
        &self.chunks[chunk][at]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        let (chunk, at) = place(slot);
        &mut self.chunks[chunk][at]
    }
}

/// First in, first out; every entry has a number by which it is found while it is in.
pub(crate) struct Queue<T> {
    chunks: VecDeque<Box<[T; CHUNK]>>,
    /// Numbers of the first entry and of the next one to come; they wrap around.
    first: u32,
    next: u32,
    /// Number of the first entry of the first chunk.
    base: u32,
}

impl<T: Copy> Queue<T> {
    pub fn new() -> Self {
        Self { chunks: VecDeque::new(), first: 0, next: 0, base: 0 }
    }

    pub fn push(&mut self, value: T) -> u32 {
        let number = self.next;
        let offset = number.wrapping_sub(self.base) as usize;
        assert!(offset < NONE as usize, "{offset} entries are queued");
        if offset == self.chunks.len() * CHUNK {
            self.chunks.push_back(Box::new([value; CHUNK]));
        } else {
            self.chunks[offset / CHUNK][offset % CHUNK] = value;
        }
        self.next = number.wrapping_add(1);
        number
    }

    pub fn front(&self) -> Option<u32> {
        (self.first != self.next).then_some(self.first)
    }

    pub fn pop(&mut self) {
        assert!(self.first != self.next, "the queue is empty");
        self.first = self.first.wrapping_add(1);
        if self.first.wrapping_sub(self.base) as usize == CHUNK {
            self.chunks.pop_front();
            self.base = self.first;
        }
    }

    pub fn len(&self) -> usize {
        self.next.wrapping_sub(self.first) as usize
    }

    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<T> {
        let first = self.first;
        (0..self.len() as u32).map(move |at| first.wrapping_add(at))
    }

    pub fn memory_bytes(&self) -> usize {
        self.chunks.len() * size_of::<[T; CHUNK]>() + self.chunks.capacity() * size_of::<usize>()
    }
}

impl<T> std::ops::Index<u32> for Queue<T> {
    type Output = T;
    fn index(&self, number: u32) -> &T {
        let offset = number.wrapping_sub(self.base) as usize;
        &self.chunks[offset / CHUNK][offset % CHUNK]
    }
}

impl<T> std::ops::IndexMut<u32> for Queue<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        let offset = number.wrapping_sub(self.base) as usize;
        &mut self.chunks[offset / CHUNK][offset % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_slot_is_used_again() {
        let mut slab = Slab::new();
        let slots: Vec<u32> = (0..100).map(|value| slab.insert(value)).collect();
        assert_eq!(slots, (0..100).collect::<Vec<_>>());
        slab.remove(40);
        assert_eq!((slab.insert(7), slab[40], slab.insert(8)), (40, 7, 100));
    }

    #[test]
    fn every_slot_has_a_place_of_its_own() {
        let mut slab = Slab::new();
        for value in 0..100_000u32 {
            assert_eq!(slab.insert(value), value);
        }
        assert!((0..100_000).all(|slot| slab[slot] == slot));
        let sizes: Vec<usize> = slab.chunks.iter().map(|chunk| chunk.len()).collect();
        assert_eq!(sizes[..7], [32, 64, 128, 256, 512, 1_024, 1_024]);
        assert!(sizes[5..].iter().all(|size| *size == 1_024));
    }

    #[test]
    fn entries_keep_their_numbers_while_others_leave() {
        let mut queue = Queue::new();
        for value in 0..1_000u32 {
            let number = queue.push(value);
            assert_eq!(queue[number], value);
            if value >= 50 {
                assert_eq!(queue[queue.front().unwrap()], value - 50);
                queue.pop();
            }
        }
        assert_eq!(queue.len(), 50);
        assert!(queue.memory_bytes() < 4_096, "{}", queue.memory_bytes());
    }
}
