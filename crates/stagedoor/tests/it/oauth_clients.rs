//! OAuth clients that we did not write go through every flow against the real server.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::{Client, Installation, Server};
use tokio::process::Command;

const CHEAP: &str = "--password-memory-kib=8";
const PASSWORD: &str = "an old mill by the sea";
const BACK: &str = "https://app.example/back";

/// A server with an organizer's clients, and somebody to let them in.
struct Scene {
    place: Installation,
    _server: Server,
    settings: PathBuf,
}

impl Scene {
    async fn new() -> Scene {
        let place = Installation::new().await;
        let base = format!("http://{}", place.address());
        let server = place.serve(&[CHEAP, "--public-url", &base]).await;
        let new = json!({ "email": "ann@fans.example", "password": PASSWORD, "name": "Ann" });
        let ann = server.client().post("/api/v1/auth/register", None, &new).await.unwrap().expect(201).json();
        let mut owner = server.client().signed_in(ann["accessToken"].as_str().unwrap());
        let name = json!({ "name": "Old Mill" });
        let organizer = owner.post("/api/v1/organizers", None, &name).await.unwrap().expect(201).json();
        let organizer = organizer["id"].as_str().unwrap();
        let grants = ["authorization_code", "refresh_token"];
        let confidential = json!({
            "name": "Partner", "kind": "confidential", "redirectUris": [BACK],
            "grantTypes": [grants[0], grants[1], "client_credentials"],
            "scopes": ["profile.read", "orders.read", "sales.read"],
        });
        let public = json!({
            "name": "App", "kind": "public", "redirectUris": ["http://127.0.0.1/back"], "grantTypes": grants,
            "scopes": ["profile.read", "orders.read", "tickets.read"],
        });
        let confidential = register(&mut owner, organizer, &confidential).await;
        let public = register(&mut owner, organizer, &public).await;
        let settings = json!({
            "base": base, "audience": "stagedoor/api", "organizer": organizer,
            "server": { "id": confidential["client"]["id"], "secret": confidential["clientSecret"], "redirect": BACK },
            "app": { "id": public["client"]["id"] },
            "person": { "id": ann["user"]["id"], "account": "ann@fans.example", "password": PASSWORD },
        });
        let file = place.data().join("clients.json");
        std::fs::write(&file, settings.to_string()).unwrap();
        Scene { place, _server: server, settings: file }
    }

    /// Runs a client, which ends well or says what went wrong.
    async fn run(&self, mut program: Command) {
        program.arg(&self.settings).current_dir(self.place.data()).kill_on_drop(true);
        let done = program.output().await.expect("the program starts: scripts/setup.sh test");
        let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success() && said.trim() == "every flow", "{said}\n{complained}");
    }
}

async fn register(owner: &mut Client, organizer: &str, body: &Value) -> Value {
    let path = format!("/api/v1/organizers/{organizer}/clients");
    owner.post(&path, None, body).await.unwrap().expect(201).json()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn node(script: &str) -> Command {
    let folder = tests().join("js");
    assert!(folder.join("node_modules/openid-client").exists(), "npm ci --prefix {}", folder.display());
    let mut node = Command::new("node");
    node.arg(folder.join(script));
    node
}

/// Of the environment that `scripts/setup.sh test` makes.
fn python(script: &str) -> Command {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
    let python = cache.expect("someone runs the tests, from a home").join("stagedoor/venv/bin/python");
    let mut program = Command::new(python);
    // The server of a test has no certificate.
    program.env("AUTHLIB_INSECURE_TRANSPORT", "1").arg(tests().join("py").join(script));
    program
}

#[tokio::test]
async fn oauth4webapi_goes_through_every_flow() {
    Scene::new().await.run(node("oauth4webapi.mjs")).await;
}

#[tokio::test]
async fn openid_client_goes_through_every_flow() {
    Scene::new().await.run(node("openid_client.mjs")).await;
}

#[tokio::test]
async fn authlib_goes_through_every_flow() {
    Scene::new().await.run(python("authlib_client.py")).await;
}
