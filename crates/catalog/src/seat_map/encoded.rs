//! A seat map in the form it travels in: encoded once, shared by every answer.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{SeatMap, SeatMapVersion};

/// The stored JSON of one version of a seat map (about 6 MB for 80,000 seats), its strong entity
/// tag, and its geometry, which is parsed when first asked for.
#[derive(Debug)]
pub struct EncodedMap {
    pub version: SeatMapVersion,
    /// The body of `GET /events/{event}/seat-map`.
    pub json: Arc<[u8]>,
    /// Strong, with its quotes, from the content: `"9b1c…"`.
    pub etag: String,
    map: OnceLock<Arc<SeatMap>>,
}

impl EncodedMap {
    pub(crate) fn encode(version: SeatMapVersion, map: SeatMap) -> Self {
        let json: Arc<[u8]> = serde_json::to_vec(&map).expect("a checked map holds finite numbers only").into();
        let etag = etag_of(&json);
        Self { version, json, etag, map: OnceLock::from(Arc::new(map)) }
    }

    /// Takes back what [`EncodedMap::encode`] made; nothing when the bytes are not what was stored.
    pub(crate) fn stored(version: SeatMapVersion, json: Vec<u8>, etag: String) -> Option<Self> {
        (etag_of(&json) == etag).then(|| Self { version, json: json.into(), etag, map: OnceLock::new() })
    }

    /// The geometry. The first call on a map read from the database parses its JSON.
    pub fn map(&self) -> Arc<SeatMap> {
        let parse =
            || serde_json::from_slice(&self.json).expect("the content hash said these are the bytes we encoded");
        self.map.get_or_init(|| Arc::new(parse())).clone()
    }
}

fn etag_of(json: &[u8]) -> String {
    let digest = Sha256::digest(json);
    let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
