//! Sign-in by a provider that we did not write, against the real server.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use testkit::Installation;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn a_certified_provider_signs_people_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
    assert!(folder.join("node_modules/oidc-provider").exists(), "npm ci --prefix {}", folder.display());
    let place = Installation::new().await;
    let base = format!("http://{}", place.address());
    let mut provider = Command::new("node");
    provider.arg(folder.join("oidc_provider.mjs")).arg(format!("{base}/sign-in/example"));
    let mut provider =
        provider.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let mut said = BufReader::new(provider.stdout.take().unwrap()).lines();
    let issuer = said.next_line().await.unwrap().expect("the provider starts");
    let files = tempfile::tempdir().unwrap();
    let (settings, secret) = (files.path().join("stagedoor.toml"), files.path().join("secret"));
    std::fs::write(&secret, "a secret: with & signs\n").unwrap();
    let text = format!(
        "public_url = \"{base}\"\noutbound_allow_networks = [\"127.0.0.0/8\"]\noutbound_ports = [{}]\n\
         [[sign_in_providers]]\nid = \"example\"\nname = \"Example\"\nissuer = \"{issuer}\"\n\
         client_id = \"stagedoor\"\nclient_secret_file = {:?}\n",
        issuer.rsplit(':').next().unwrap(),
        secret.display().to_string(),
    );
    std::fs::write(&settings, text).unwrap();
    let named = format!("--config={}", settings.display());
    let server = place.serve(&[&named, "--password-memory-kib=8"]).await;
    let file = files.path().join("browser.json");
    let told = json!({ "base": base, "issuer": issuer, "spool": place.data().join("spool") });
    std::fs::write(&file, told.to_string()).unwrap();
    let mut browser = Command::new("node");
    browser.arg(folder.join("provider_sign_in.mjs")).arg(&file).kill_on_drop(true);
    let done = browser.output().await.expect("node runs: scripts/setup.sh test");
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.trim() == "every flow", "{said}\n{complained}\n{}", server.log());
    // Neither the secret nor anything of the person is in the log.
    let log = server.log();
    assert!(!log.contains("with & signs") && !log.contains("@example.org"), "{log}");
}
