//! Reading and writing the compact stored formats: LEB128 varints, raw ids, short texts.

use stagedoor_core::Timestamp;
use uuid::Uuid;

/// Why bytes are not a fact, a manifest or a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    #[error("the bytes end too early")]
    Truncated,
    #[error("bytes are left over after the end")]
    Trailing,
    #[error("unknown format or version {0}")]
    UnknownVersion(u8),
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
}

/// Appends to the end of a buffer.
pub(super) trait Write {
    fn byte(&mut self, byte: u8);
    fn raw(&mut self, bytes: &[u8]);

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// Small magnitudes of either sign stay short.
    fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    fn timestamp(&mut self, at: Timestamp) {
        self.signed(at.micros());
    }

    /// 0, or 1 and the instant.
    fn timestamp_or_none(&mut self, at: Option<Timestamp>) {
        match at {
            None => self.byte(0),
            Some(at) => {
                self.byte(1);
                self.timestamp(at);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.raw(text.as_bytes());
    }
}

impl Write for Vec<u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Takes from the front of bytes that may be anything at all.
pub(super) struct Reader<'bytes> {
    rest: &'bytes [u8],
}

impl<'bytes> Reader<'bytes> {
    pub fn new(bytes: &'bytes [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn end(self) -> Result<(), CodecError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::Trailing) }
    }

    pub fn raw(&mut self, len: usize) -> Result<&'bytes [u8], CodecError> {
        let (front, rest) = self.rest.split_at_checked(len).ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(front)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        Ok(self.raw(N)?.try_into().expect("raw gives the length asked for"))
    }

    pub fn byte(&mut self) -> Result<u8, CodecError> {
        let (first, rest) = self.rest.split_first().ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Refuses a longer spelling than needed, so that a value has one form.
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(CodecError::OutOfRange("varint"));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(CodecError::OutOfRange("varint")) } else { Ok(value) };
            }
        }
        Err(CodecError::OutOfRange("varint"))
    }

    pub fn signed(&mut self) -> Result<i64, CodecError> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A varint that fits `T`.
    pub fn number<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, CodecError> {
        T::try_from(self.varint()?).map_err(|_| CodecError::OutOfRange(what))
    }

    /// How many things follow: at most `max`, and no more than could be left at `least` bytes
    /// each, so that a damaged count cannot ask for memory.
    pub fn count(&mut self, what: &'static str, max: usize, least: usize) -> Result<usize, CodecError> {
        let count: usize = self.number(what)?;
        if count > max || count > self.rest.len() / least.max(1) {
            return Err(CodecError::OutOfRange(what));
        }
        Ok(count)
    }

    /// 0 or 1.
    pub fn flag(&mut self, what: &'static str) -> Result<bool, CodecError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::OutOfRange(what)),
        }
    }

    pub fn timestamp(&mut self) -> Result<Timestamp, CodecError> {
        let micros = self.signed()?;
        let at = Timestamp::from_micros(micros);
        if at.micros() == micros { Ok(at) } else { Err(CodecError::OutOfRange("timestamp")) }
    }

    pub fn timestamp_or_none(&mut self) -> Result<Option<Timestamp>, CodecError> {
        if self.flag("timestamp")? { self.timestamp().map(Some) } else { Ok(None) }
    }

    pub fn id<T: From<Uuid>>(&mut self) -> Result<T, CodecError> {
        Ok(T::from(Uuid::from_bytes(self.array()?)))
    }

    /// UTF-8 of at most `max` bytes.
    pub fn text(&mut self, what: &'static str, max: usize) -> Result<&'bytes str, CodecError> {
        let len = self.count(what, max, 1)?;
        std::str::from_utf8(self.raw(len)?).map_err(|_| CodecError::OutOfRange(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_have_one_spelling() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            bytes.varint(value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.end(), Ok(()));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut bytes = Vec::new();
            bytes.signed(value);
            assert_eq!(Reader::new(&bytes).signed(), Ok(value));
        }
        assert!(Reader::new(&[0x80, 0x00]).varint().is_err());
        assert!(Reader::new(&[0xff; 10]).varint().is_err());
        assert!(Reader::new(&[0xff; 3]).varint().is_err());
    }

    #[test]
    fn a_count_larger_than_the_rest_is_refused() {
        let mut bytes = Vec::new();
        bytes.varint(1_000_000);
        bytes.raw(&[0; 8]);
        assert_eq!(Reader::new(&bytes).count("seats", usize::MAX, 1), Err(CodecError::OutOfRange("seats")));
    }
}
