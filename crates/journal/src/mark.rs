//! The last acknowledged batch, noted beside an SQLite journal.
//!
//! SQLite reads its log up to the first frame that does not check out and takes that as the end:
//! right for a torn tail, silent when a frame before the tail was damaged. The mark is written
//! after a batch is durable and never flushed by itself, so it may lag after a power cut but can
//! never be ahead of what was durable: a journal that ends before its mark has lost batches that
//! were acknowledged. PostgreSQL has no such file: its log lives with the server, out of our
//! reach, and a stop of its recovery before the end is for the server's operator to see.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::{BatchHeader, BatchSeq, Chain, Partition};

/// Two slots in two disk sectors, written in turn: a torn write leaves the other one.
const SLOT: u64 = 512;
const SLOTS: u64 = 2;

/// seq, chain, checksum.
const SIZE: usize = 8 + 16 + 4;

pub(crate) struct Mark {
    file: File,
    path: PathBuf,
    partition: Partition,
}

impl Mark {
    pub fn open(path: &Path, partition: Partition) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.metadata()?.len() < SLOT * SLOTS {
            // Room for both slots now, so that a full disk cannot keep the mark from being written.
            file.write_all_at(&[0; (SLOT * SLOTS) as usize], 0)?;
        }
        Ok(Self { file, path: path.to_owned(), partition })
    }

    /// For reading only; none where there is no mark, or not yet a whole one.
    pub fn open_reader(path: &Path, partition: Partition) -> io::Result<Option<Self>> {
        match File::open(path) {
            Ok(file) if file.metadata()?.len() < SLOT * SLOTS => Ok(None),
            Ok(file) => Ok(Some(Self { file, path: path.to_owned(), partition })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The higher one of the two slots that are whole; none in a new file.
    pub fn read(&self) -> io::Result<Option<(BatchSeq, Chain)>> {
        let mut best = None;
        for slot in 0..SLOTS {
            let mut bytes = [0; SIZE];
            self.file.read_exact_at(&mut bytes, slot * SLOT)?;
            let (fields, checksum) = bytes.split_at(SIZE - 4);
            let (seq, chain) = fields.split_at(8);
            let seq = BatchSeq(u64::from_le_bytes(seq.try_into().expect("eight bytes")));
            let chain = Chain(chain.try_into().expect("sixteen bytes"));
            if self.checksum(fields).to_le_bytes() == checksum && seq > BatchSeq::NONE {
                best = best.filter(|(higher, _)| *higher > seq).or(Some((seq, chain)));
            }
        }
        Ok(best)
    }

    pub fn write(&self, header: &BatchHeader) -> io::Result<()> {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&header.seq.0.to_le_bytes());
        bytes[8..24].copy_from_slice(&header.chain.0);
        let checksum = self.checksum(&bytes[..24]);
        bytes[24..].copy_from_slice(&checksum.to_le_bytes());
        self.file.write_all_at(&bytes, header.seq.0 % SLOTS * SLOT)
    }

    /// Over the partition too: a mark copied from another partition does not count.
    fn checksum(&self, fields: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.partition.0.to_le_bytes()), fields)
    }
}
