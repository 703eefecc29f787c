//! Programs we did not write open our passes and check what signed them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use stagedoor_core::Timestamp;
use testkit::wallet::{PASS_TYPE, TEAM, WalletKeys};
use tickets::{Access, Apple, AppleParts, Cause, Google, Pass, SetupError, Ticket, Wallets, reissue};

use crate::{House, seat};

const STARTS: &str = "2026-06-01T20:00:00+02:00";

fn apple(keys: &WalletKeys, pass_type: &str, team: &str, files: [&str; 3]) -> Result<Apple, SetupError> {
    let [certificate, key, intermediate] = files.map(|name| keys.read(name));
    Apple::new(&AppleParts { pass_type, team, certificate: &certificate, key: &key, intermediate: &intermediate })
}

fn good(keys: &WalletKeys) -> Apple {
    apple(keys, PASS_TYPE, TEAM, ["pass.pem", "pass.key", "intermediate.pem"]).unwrap()
}

fn of(ticket: &Ticket) -> Pass<'_> {
    Pass {
        ticket,
        event: "Nächte am \"Kai\"",
        organizer: "Aurora",
        venue: "Old Mill",
        address: "Mill Lane 1, Hamburg, DE",
        position: Some((53.5, 10.0)),
        starts_at: STARTS,
        attendee: Some("Eve Adams"),
    }
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).current_dir(folder).output();
    let done = done.unwrap_or_else(|error| panic!("{program} ({error}): scripts/setup.sh test"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

/// Unpacks a pass into `folder` by a program of others.
fn unpack(folder: &Path, pass: &[u8]) {
    std::fs::write(folder.join("ticket.pkpass"), pass).unwrap();
    run(folder, "unzip", &["-tq", "ticket.pkpass"]);
    run(folder, "unzip", &["-qo", "ticket.pkpass", "-d", "pass"]);
}

fn json_in(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("pass").join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn openssl_finds_a_pass_signed_by_its_certificate_and_whole() {
    let (house, keys) = (House::new().await, WalletKeys::new());
    let ticket = house.issue(&house.order_of(vec![house.place(seat(7))])).await.remove(0);
    let (folder, now) = (keys.folder(), Timestamp::from_micros(1_767_225_600_000_000));
    let pass = good(&keys).pass(&of(&ticket), &house.signer.sign(&ticket), now);
    unpack(folder, &pass);

    // Every file but the last two stands in the manifest with its hash.
    let manifest: BTreeMap<String, String> = serde_json::from_value(json_in(folder, "manifest.json")).unwrap();
    let names = Vec::from_iter(manifest.keys().map(String::as_str));
    assert_eq!(names, ["icon.png", "icon@2x.png", "icon@3x.png", "pass.json"]);
    let mut listed = Vec::from_iter(run(folder, "unzip", &["-Z1", "ticket.pkpass"]).lines().map(str::to_owned));
    listed.retain(|name| name != "manifest.json" && name != "signature");
    listed.sort();
    assert_eq!(listed, names);
    for (name, hash) in &manifest {
        let said = run(&folder.join("pass"), "sha1sum", &[name]);
        assert_eq!(said.split_whitespace().next(), Some(hash.as_str()), "{name}");
    }
    for (name, side) in [("icon.png", 29), ("icon@2x.png", 58), ("icon@3x.png", 87)] {
        let shown = std::fs::File::open(folder.join("pass").join(name)).unwrap();
        let reader = png::Decoder::new(std::io::BufReader::new(shown)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (side, side));
    }

    // The chain leads to the root by what the signature brings along.
    let verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "pass/signature", "-purpose", "any"];
    let against = ["-content", "pass/manifest.json", "-CAfile", "root.pem", "-out", "signed"];
    keys.openssl(&[&verify[..], &against].concat());
    assert_eq!(keys.read("signed"), keys.read("pass/manifest.json"));
    let told = keys.openssl(&["cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", "pass/signature"]);
    assert!(told.contains("signingTime") && told.contains("Jan  1 00:00:00 2026 GMT"), "{told}");
    // One letter of the manifest changed, and it is another's.
    let text = String::from_utf8(keys.read("pass/manifest.json")).unwrap();
    keys.write("pass/manifest.json", &text.replacen("icon", "ikon", 1));
    let refused = Command::new("openssl").args(verify).args(against).current_dir(folder).output().unwrap();
    assert!(!refused.status.success());
}

#[tokio::test]
async fn a_pass_says_what_the_ticket_does_and_the_next_barcode_is_another_pass() {
    let (house, keys) = (House::new().await, WalletKeys::new());
    let mut tickets = house.issue(&house.order_of(vec![house.place(seat(7)), house.place(crate::floor())])).await;
    let (floor, ticket) = (tickets.remove(1), tickets.remove(0));
    let (apple, folder, now) = (good(&keys), keys.folder(), house.db.env.now());
    let show = |ticket: &Ticket, pass: &Pass<'_>| {
        unpack(folder, &apple.pass(pass, &house.signer.sign(ticket), now));
        json_in(folder, "pass.json")
    };
    let shown = show(&ticket, &of(&ticket));
    for (name, wanted) in [
        ("formatVersion", json!(1)),
        ("passTypeIdentifier", json!(PASS_TYPE)),
        ("teamIdentifier", json!(TEAM)),
        ("serialNumber", json!(format!("{}-1", ticket.id))),
        ("organizationName", json!("Aurora")),
        ("description", json!("Ticket for Nächte am \"Kai\"")),
        ("relevantDate", json!(STARTS)),
        ("locations", json!([{ "latitude": 53.5, "longitude": 10.0 }])),
    ] {
        assert_eq!(shown[name], wanted, "{name}");
    }
    let barcode = &shown["barcodes"][0];
    assert_eq!(barcode["message"], house.text(&ticket));
    assert_eq!((&barcode["format"], &barcode["messageEncoding"]), (&json!("PKBarcodeFormatQR"), &json!("iso-8859-1")));
    let values = |shown: &Value, part: &str| {
        let fields = shown["eventTicket"][part].as_array().unwrap().iter();
        Vec::from_iter(fields.map(|field| field["value"].as_str().unwrap().to_owned()))
    };
    assert_eq!(values(&shown, "primaryFields"), ["Nächte am \"Kai\""]);
    assert_eq!(values(&shown, "secondaryFields"), ["Old Mill", STARTS]);
    assert_eq!(values(&shown, "auxiliaryFields"), ["101", "A", "7"]);
    assert!(values(&shown, "backFields").contains(&"Eve Adams".to_owned()));
    // No key is there twice.
    let all = ["primaryFields", "secondaryFields", "auxiliaryFields", "backFields"].map(|part| {
        shown["eventTicket"][part].as_array().unwrap().iter().map(|field| field["key"].to_string()).collect::<Vec<_>>()
    });
    let (count, distinct) = (all.concat().len(), std::collections::BTreeSet::from_iter(all.concat()).len());
    assert_eq!(count, distinct);

    let elsewhere = Pass { position: None, attendee: None, ..of(&floor) };
    let shown = show(&floor, &elsewhere);
    assert_eq!((values(&shown, "auxiliaryFields"), shown.get("locations")), (vec!["Floor".to_owned()], None));
    assert!(!values(&shown, "backFields").contains(&"Eve Adams".to_owned()));

    let tx = house.db.begin_write().await.unwrap();
    let cause = Cause { by: None, reason: "test" };
    let again = reissue(&tx, Access::Owner(house.fan), ticket.id, cause).await.unwrap();
    tx.commit().await.unwrap();
    let shown = show(&again, &of(&again));
    assert_eq!(shown["serialNumber"], format!("{}-2", ticket.id));
    assert_eq!(shown["barcodes"][0]["message"], house.text(&again));
}

#[test]
fn what_does_not_fit_is_refused_before_any_fan_sees_it() {
    let keys = WalletKeys::new();
    let ca = "basicConstraints=critical,CA:TRUE";
    keys.issue("newer", "/CN=Passes/OU=G6", "root", ca);
    keys.issue("namesake", "/CN=Passes/OU=G4", "root", ca);
    keys.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "curve.key"]);
    keys.openssl(&["pkey", "-in", "pass.key", "-aes256", "-passout", "pass:hidden", "-out", "locked.key"]);
    keys.openssl(&["rsa", "-in", "pass.key", "-traditional", "-out", "old.key"]);
    keys.openssl(&["x509", "-in", "pass.pem", "-outform", "DER", "-out", "pass.der"]);
    let set = |files| apple(&keys, PASS_TYPE, TEAM, files).map(drop);
    assert_eq!(set(["pass.pem", "pass.key", "intermediate.pem"]), Ok(()));
    assert_eq!(set(["pass.pem", "old.key", "intermediate.pem"]), Ok(()));
    let (certificate, intermediate) = ("the certificate's file", "the intermediate certificate's file");
    for (files, refused) in [
        (["pass.der", "pass.key", "intermediate.pem"], SetupError::NoCertificate(certificate)),
        (["pass.pem", "pass.key", "pass.key"], SetupError::NoCertificate(intermediate)),
        (["pass.pem", "pass.key", "newer.pem"], SetupError::OtherIssuer),
        (["pass.pem", "pass.key", "namesake.pem"], SetupError::OtherIssuer),
        (["pass.pem", "pass.key", "root.pem"], SetupError::OtherIssuer),
        (["pass.pem", "account.key", "intermediate.pem"], SetupError::OtherKey),
        (["pass.pem", "curve.key", "intermediate.pem"], SetupError::NoKey),
        (["pass.pem", "locked.key", "intermediate.pem"], SetupError::NoKey),
        (["pass.pem", "pass.pem", "intermediate.pem"], SetupError::NoKey),
    ] {
        assert_eq!(set(files), Err(refused), "{files:?}");
    }
    let files = ["pass.pem", "pass.key", "intermediate.pem"];
    for (pass_type, team, what) in [("pass.other", TEAM, "pass type id"), (PASS_TYPE, "Z9", "team id")] {
        let refused = apple(&keys, pass_type, team, files).unwrap_err();
        assert!(refused.to_string().contains(what), "{refused}");
    }

    let account = keys.read("account.json");
    assert!(Google::new("3388", &account).is_ok());
    for wrong in ["", "abc", "33 88"] {
        assert_eq!(Google::new(wrong, &account).map(drop), Err(SetupError::IssuerId), "{wrong:?}");
    }
    assert_eq!(Google::new("1", &keys.read("account.key")).map(drop), Err(SetupError::NoAccount));
    for file in ["curve.key", "pass.pem"] {
        let key = String::from_utf8(keys.read(file)).unwrap();
        let account = json!({ "client_email": "a@b", "private_key": key }).to_string();
        assert_eq!(Google::new("1", account.as_bytes()).map(drop), Err(SetupError::NoKey), "{file}");
    }
}

#[test]
fn a_certificate_that_has_run_out_makes_no_passes() {
    let keys = WalletKeys::new();
    // The same authority, once with a shorter life and once with a longer one than what it issued.
    let again = |days, out| {
        let by = ["-CA", "root.pem", "-CAkey", "root.key", "-extfile", "intermediate.ext"];
        keys.openssl(&[&["x509", "-req", "-in", "intermediate.csr", "-days", days, "-out", out], &by[..]].concat());
    };
    again("10", "short.pem");
    again("3660", "long.pem");
    let ends = |file| {
        let ends = keys.openssl(&["x509", "-in", file, "-noout", "-enddate", "-dateopt", "iso_8601"]);
        ends.trim().trim_start_matches("notAfter=").replace(' ', "T").parse::<Timestamp>().unwrap()
    };
    for (intermediate, first) in [("long.pem", "pass.pem"), ("short.pem", "short.pem")] {
        let made = apple(&keys, PASS_TYPE, TEAM, ["pass.pem", "pass.key", intermediate]).unwrap();
        assert_eq!(made.ends_at(), ends(first), "{intermediate}");
    }
    let wallets = Wallets {
        apple: Some(apple(&keys, PASS_TYPE, TEAM, ["pass.pem", "pass.key", "long.pem"]).unwrap()),
        google: Some(Google::new("3388", &keys.read("account.json")).unwrap()),
    };
    let ends = ends("pass.pem");
    assert_eq!(wallets.at(ends - std::time::Duration::from_secs(1)), ["apple", "google"]);
    assert_eq!(wallets.at(ends), ["google"]);
    assert!(Wallets::default().at(ends).is_empty());
}
