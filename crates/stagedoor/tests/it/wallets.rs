//! Wallets of phones as an operator sets them.

use serde_json::json;
use testkit::Installation;
use testkit::wallet::{ISSUER, PASS_TYPE, TEAM, WalletKeys};

fn setting(name: &str, value: &str) -> String {
    format!("{name} = {value:?}\n")
}

fn all(keys: &WalletKeys) -> Vec<String> {
    let file = |name: &str| keys.path(name).display().to_string();
    vec![
        setting("apple_wallet_pass_type_id", PASS_TYPE),
        setting("apple_wallet_team_id", TEAM),
        setting("apple_wallet_certificate_file", &file("pass.pem")),
        setting("apple_wallet_key_file", &file("pass.key")),
        setting("apple_wallet_intermediate_file", &file("intermediate.pem")),
        setting("google_wallet_issuer_id", ISSUER),
        setting("google_wallet_account_file", &file("account.json")),
    ]
}

/// A settings file for the command line.
fn file(keys: &WalletKeys, settings: &[String]) -> String {
    keys.write("stagedoor.toml", &settings.concat());
    format!("--config={}", keys.path("stagedoor.toml").display())
}

#[tokio::test]
async fn a_server_with_half_a_wallet_or_a_wrong_one_does_not_start() {
    let (place, keys) = (Installation::new().await, WalletKeys::new());
    let refused = async |settings: &[String], why: &str| {
        let named = file(&keys, settings);
        let output = place.output(&["serve", "--listen=127.0.0.1:0", &named]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{settings:?}: {said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    };
    for left_out in 0..7 {
        let mut settings = all(&keys);
        settings.remove(left_out);
        refused(&settings, "go together").await;
    }
    let with = |at: usize, line: String| {
        let mut settings = all(&keys);
        settings[at] = line;
        settings
    };
    let path = |name: &str| keys.path(name).display().to_string();
    refused(&with(0, setting("apple_wallet_pass_type_id", "pass.other")), "pass.other").await;
    refused(&with(3, setting("apple_wallet_key_file", &path("account.key"))), "not the certificate's").await;
    refused(&with(4, setting("apple_wallet_intermediate_file", &path("root.pem"))), "issued").await;
    refused(&with(3, setting("apple_wallet_key_file", &path("absent"))), "absent").await;
    refused(&with(6, setting("google_wallet_account_file", &path("account.key"))), "service account").await;
}

#[tokio::test]
async fn the_settings_are_wallets_that_events_tell_of() {
    let (place, keys) = (Installation::new().await, WalletKeys::new());
    let world = place.run(&["demo", "--password-memory-kib=8"]).await;
    let world: serde_json::Value = serde_json::from_str(&world).unwrap();
    let path = format!("/api/v1/events/{}", world["events"][0]["id"].as_str().unwrap());
    let settings = all(&keys);
    for (chosen, told) in [
        (&settings[..], json!(["apple", "google"])),
        (&settings[..5], json!(["apple"])),
        (&settings[5..], json!(["google"])),
    ] {
        let named = file(&keys, chosen);
        let server = place.serve(&[&named]).await;
        let page = server.client().get(&path).await.unwrap().expect(200).json();
        assert_eq!(page["wallets"], told);
        assert!(!server.log().contains("PRIVATE KEY"));
        assert!(server.stop().await.success());
    }
}
