use std::fmt;
use std::io::{Cursor, Write};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use der::asn1::ObjectIdentifier;
use serde_json::{Map, Value, json};
use stagedoor_core::Timestamp;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::cms::Signer;
use super::{Pass, SetupError, icon};
use crate::{BarcodeText, Place};

/// Where Apple writes the pass type id and the team id into a certificate: user id and organizational unit.
const PASS_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1");
const TEAM: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// What Apple gives whoever may sign passes. The last three are in PEM.
pub struct AppleParts<'a> {
    pub pass_type: &'a str,
    pub team: &'a str,
    pub certificate: &'a [u8],
    pub key: &'a [u8],
    /// Of Apple's authority that issued the certificate.
    pub intermediate: &'a [u8],
}

/// Makes passes for Apple's wallet. Cheap to clone.
#[derive(Clone)]
pub struct Apple(Arc<Inner>);

struct Inner {
    pass_type: String,
    team: String,
    signer: Signer,
    ends_at: Timestamp,
    /// By their names in the pass.
    icons: [(&'static str, Vec<u8>); 3],
}

impl Apple {
    /// The parts have to fit each other: a phone refuses a pass without saying why.
    pub fn new(parts: &AppleParts<'_>) -> Result<Apple, SetupError> {
        let signer = Signer::new(parts.certificate, parts.key, parts.intermediate)?;
        let certificate = signer.certificate.tbs_certificate();
        for (what, oid, wanted) in [("pass type id", PASS_TYPE, parts.pass_type), ("team id", TEAM, parts.team)] {
            let mut said = certificate.subject().iter().filter(|part| part.oid == oid);
            let found = said.next().map(|part| String::from_utf8_lossy(part.value.value()).into_owned());
            let found = found.unwrap_or_default();
            if found != wanted {
                return Err(SetupError::OtherPass { what, wanted: wanted.to_owned(), found });
            }
        }
        let ends = [&signer.certificate, &signer.issuer].map(|one| one.tbs_certificate().validity().not_after);
        let ends = ends.map(|end| i64::try_from(end.to_unix_duration().as_micros()).unwrap_or(i64::MAX));
        let ends_at = Timestamp::from_micros(ends[0].min(ends[1]));
        let icons = [("icon.png", 1), ("icon@2x.png", 2), ("icon@3x.png", 3)];
        Ok(Apple(Arc::new(Inner {
            pass_type: parts.pass_type.to_owned(),
            team: parts.team.to_owned(),
            signer,
            ends_at,
            icons: icons.map(|(name, scale)| (name, icon::png(scale))),
        })))
    }

    /// When the certificate runs out, or the one that issued it.
    pub fn ends_at(&self) -> Timestamp {
        self.0.ends_at
    }

    /// The pass as a file (`application/vnd.apple.pkpass`), signed at `now`. About 6 KiB.
    pub fn pass(&self, pass: &Pass<'_>, barcode: &BarcodeText, now: Timestamp) -> Vec<u8> {
        let Inner { signer, icons, .. } = &*self.0;
        let content = self.content(pass, barcode).to_string();
        let mut files: Vec<(&str, &[u8])> = vec![("pass.json", content.as_bytes())];
        files.extend(icons.iter().map(|(name, picture)| (*name, &picture[..])));
        let manifest: Map<String, Value> =
            files.iter().map(|(name, bytes)| ((*name).to_owned(), sha1(bytes).into())).collect();
        let manifest = Value::from(manifest).to_string();
        let signature = signer.sign(manifest.as_bytes(), now);
        files.extend([("manifest.json", manifest.as_bytes()), ("signature", &signature)]);
        zip(&files).expect("memory takes everything")
    }

    fn content(&self, pass: &Pass<'_>, barcode: &BarcodeText) -> Value {
        let ticket = pass.ticket;
        let field = |key: &str, label: &str, value: &str| json!({ "key": key, "label": label, "value": value });
        let place = match &ticket.place {
            Place::Seat { section, row, label, .. } => {
                vec![field("section", "Section", section), field("row", "Row", row), field("seat", "Seat", label)]
            }
            Place::Area { name, .. } => vec![field("area", "Area", name)],
        };
        // The wall clock at the venue, wherever the phone is.
        let starts = json!({
            "key": "starts", "label": "Starts", "value": pass.starts_at,
            "dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": true,
        });
        let price = format!("{}, {} ({})", ticket.face_value, ticket.level_name, ticket.ticket_type);
        let mut back = vec![field("address", "Address", pass.address), field("price", "Price", &price)];
        back.extend(pass.attendee.map(|who| field("attendee", "Attendee", who)));
        back.push(field("order", "Order", &ticket.order.to_string()));
        back.push(field("ticket", "Ticket", &ticket.id.to_string()));
        let mut content = json!({
            "formatVersion": 1,
            "passTypeIdentifier": self.0.pass_type,
            "teamIdentifier": self.0.team,
            "serialNumber": pass.number(),
            "organizationName": pass.organizer,
            "description": format!("Ticket for {}", pass.event),
            "relevantDate": pass.starts_at,
            // Whoever has a copy gets in: tickets are handed on where they are sold.
            "sharingProhibited": true,
            "backgroundColor": "rgb(13, 11, 22)",
            "foregroundColor": "rgb(255, 255, 255)",
            "labelColor": "rgb(255, 179, 48)",
            "barcodes": [{
                "format": "PKBarcodeFormatQR",
                "message": barcode.as_str(),
                "messageEncoding": "iso-8859-1",
            }],
            "eventTicket": {
                "primaryFields": [field("event", "Event", pass.event)],
                "secondaryFields": [field("venue", "Venue", pass.venue), starts],
                "auxiliaryFields": place,
                "backFields": back,
            },
        });
        if let Some((latitude, longitude)) = pass.position {
            content["locations"] = json!([{ "latitude": latitude, "longitude": longitude }]);
        }
        content
    }
}

impl fmt::Debug for Apple {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Apple({})", self.0.pass_type)
    }
}

/// In hexadecimal digits: the only hash that a manifest takes.
fn sha1(bytes: &[u8]) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Not compressed: all but one of the files are so already, or are too short for it.
fn zip(files: &[(&str, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        archive.start_file(*name, options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
