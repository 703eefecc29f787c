//! Where a list goes on: an opaque text that only this server can make.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stagedoor_core::FieldError;
use stagedoor_core::limits::{PAGE_DEFAULT, PAGE_MAX};

/// Bytes of the tag: forging one takes 2^96 tries.
const TAG: usize = 12;
/// No cursor of ours is longer.
const TEXT_MAX: usize = 128;

/// A cursor that is not ours, was edited, or belongs to another list or other filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one this list gave")]
pub struct InvalidCursor;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    limit: u32,
    cursor: Option<String>,
}

/// One page of a list, and where the next one starts, if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

impl Paging {
    /// `limit`: 1 to 100, 20 when left out. Source: API.md "Lists".
    pub fn new(limit: Option<u32>, cursor: Option<String>) -> Result<Self, FieldError> {
        let limit = limit.unwrap_or(PAGE_DEFAULT);
        if (1..=PAGE_MAX).contains(&limit) {
            Ok(Self { limit, cursor })
        } else {
            Err(FieldError::new("limit", format!("must be 1 to {PAGE_MAX}")))
        }
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }
}

/// Seals and opens cursors. The tag binds a position to its list and filters (`scope`), so a
/// cursor of one organizer's list opens no other list.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    pub fn seal(&self, scope: &str, position: &[u8]) -> String {
        let tag = self.mac(scope, position).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([position, &tag[..TAG]].concat())
    }

    /// The position after which `paging` goes on; `None` for the first page.
    pub fn open<const N: usize>(&self, scope: &str, paging: &Paging) -> Result<Option<[u8; N]>, InvalidCursor> {
        let Some(text) = &paging.cursor else { return Ok(None) };
        let bytes = if text.len() <= TEXT_MAX { URL_SAFE_NO_PAD.decode(text).ok() } else { None };
        let bytes = bytes.ok_or(InvalidCursor)?;
        let (position, tag) = bytes.split_at_checked(N).ok_or(InvalidCursor)?;
        if tag.len() != TAG || self.mac(scope, position).verify_truncated_left(tag).is_err() {
            return Err(InvalidCursor);
        }
        Ok(Some(position.try_into().expect("split at this length")))
    }

    fn mac(&self, scope: &str, position: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(scope.as_bytes());
        mac.update(&[0]);
        mac.update(position);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_unedited_in_its_own_list() {
        let cursors = Cursors::new([3; 32]);
        let sealed = cursors.seal("venues", &[9; 16]);
        let paging = |text: &str| Paging::new(None, Some(text.to_owned())).unwrap();
        assert_eq!(cursors.open("venues", &paging(&sealed)), Ok(Some([9; 16])));
        assert_eq!(cursors.open::<16>("events", &paging(&sealed)), Err(InvalidCursor));
        assert_eq!(cursors.open::<24>("venues", &paging(&sealed)), Err(InvalidCursor));
        assert_eq!(Cursors::new([4; 32]).open::<16>("venues", &paging(&sealed)), Err(InvalidCursor));
        for at in 0..sealed.len() {
            let mut edited = sealed.clone().into_bytes();
            edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            assert_eq!(cursors.open::<16>("venues", &paging(&edited)), Err(InvalidCursor), "{at}");
            assert_eq!(cursors.open::<16>("venues", &paging(&sealed[..at])), Err(InvalidCursor));
        }
        assert_eq!(cursors.open::<16>("venues", &paging(&"A".repeat(100_000))), Err(InvalidCursor));
        assert_eq!(cursors.open::<16>("venues", &Paging::new(None, None).unwrap()), Ok(None));
    }

    #[test]
    fn a_page_has_1_to_100_items() {
        assert_eq!(Paging::new(None, None).unwrap().limit(), 20);
        for limit in [0, 101, u32::MAX] {
            assert!(Paging::new(Some(limit), None).is_err());
        }
    }
}
