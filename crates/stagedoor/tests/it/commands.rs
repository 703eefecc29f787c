//! The commands that end by themselves: settings, demo world, imports, the API's description.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::Installation;

/// Hashing at full cost would be most of the time these tests take.
const CHEAP: &str = "--password-memory-kib=8";

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/tests/data");
    folder.join(name).into_os_string().into_string().expect("the source tree has UTF-8 names")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn folder(place: &Installation) -> PathBuf {
    place.data().parent().expect("the data is in a folder").to_owned()
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[tokio::test]
async fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let place = Installation::new().await;
    let config = async |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = place.command(&[&["config"], arguments].concat());
        let output = command.envs(environment.iter().copied()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(line(&config(&[], &[]).await, "active_holds_max"), "active_holds_max = 3");
    std::fs::write(folder(&place).join("stagedoor.toml"), "active_holds_max = 4\nlog_format = \"json\"\n").unwrap();
    let from_file = config(&[], &[]).await;
    assert_eq!(line(&from_file, "active_holds_max"), "active_holds_max = 4");
    assert_eq!(line(&from_file, "log_format"), "log_format = \"json\"");
    let environment = [("STAGEDOOR_ACTIVE_HOLDS_MAX", "5"), ("STAGEDOOR_LOG_FORMAT", "")];
    let from_environment = config(&[], &environment[..1]).await;
    assert_eq!(line(&from_environment, "active_holds_max"), "active_holds_max = 5");
    let from_flag = config(&["--active-holds-max", "6"], &environment[..1]).await;
    assert_eq!(line(&from_flag, "active_holds_max"), "active_holds_max = 6");
    std::fs::write(folder(&place).join("other.toml"), "active_holds_max = 7\n").unwrap();
    assert_eq!(line(&config(&["--config", "other.toml"], &[]).await, "active_holds_max"), "active_holds_max = 7");
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let place = Installation::new().await;
    for (text, named) in [
        ("activ_holds_max = 4", "activ_holds_max"),
        ("workers = \"many\"", "workers"),
        ("workers = 0", "workers"),
        ("partitions = 1000", "partitions"),
        ("database_url = \"mysql://here\"", "database_url"),
        ("master_key = \"short\"\nmaster_key_file = \"key\"", "master_key_file"),
        ("log = \"a=b=c\"", "a=b=c"),
        ("public_url = \"tickets.example\"", "public_url"),
        ("public_url = \"https://tickets.example/box\"", "no path"),
        ("outbound_ports = [443, 70000]", "70000"),
        ("outbound_ports = [\"https\"]", "https"),
        ("outbound_allow_networks = [\"10.0.0.0/33\"]", "10.0.0.0/33"),
        ("outbound_name_servers = [\"192.0.2.53\"]", "outbound_name_servers"),
        ("address_limit = \"20\"", "20/s"),
        ("route_limits = [\"login\"]", "login=30/min"),
        ("forwarded_header = \"via\"", "forwarded_header"),
        ("listen = ", "stagedoor.toml"),
    ] {
        std::fs::write(folder(&place).join("stagedoor.toml"), text).unwrap();
        // The command line must not name the setting that is to be found in the file.
        let mut command = place.command(&["config"]);
        if text.starts_with("database_url") && place.database_url().is_some() {
            continue;
        }
        let output = command.output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}: {said}");
        assert!(said.contains(named), "{text}: {said}");
    }
    let output = place.output(&["config", "--config", "absent.toml"]).await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn secrets_are_not_printed() {
    let place = Installation::new().await;
    let key = "0123456789abcdef".repeat(4);
    let mut command = place.command(&["config"]);
    command.env("STAGEDOOR_MASTER_KEY", &key);
    if place.database_url().is_none() {
        command.env("STAGEDOOR_DATABASE_URL", "postgres://ann:hush-hush@db/tickets");
    }
    let output = command.output().await.unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(!printed.contains(&key) && !printed.contains("hush-hush"), "{printed}");
    assert_eq!(line(&printed, "master_key ="), "master_key = \"(hidden)\"");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world_however_often_it_is_loaded() {
    let (place, other) = (Installation::new().await, Installation::new().await);
    let first = place.run(&["demo", CHEAP]).await;
    assert_eq!(place.run(&["demo", CHEAP]).await, first, "loaded again into the same database");
    assert_eq!(other.run(&["demo", "--seed", "1", CHEAP]).await, first, "loaded into a fresh database");
    let another = json(&other.run(&["demo", "--seed", "2", CHEAP]).await);

    let world = json(&first);
    let accounts = world["accounts"].as_array().unwrap();
    let roles: BTreeSet<_> = accounts.iter().map(|account| account["role"].as_str().unwrap()).collect();
    assert_eq!(roles, BTreeSet::from(["admin", "door", "fan", "finance", "manager", "owner", "viewer"]));
    for account in accounts {
        let staff = !["fan", "admin"].contains(&account["role"].as_str().unwrap());
        assert_eq!(account["organizer"].is_string(), staff, "{account}");
        assert!(account["password"].as_str().unwrap().len() >= 15);
        assert_eq!(account["totpSecret"].is_string(), account["role"] == "admin", "{account}");
    }
    let organizers: BTreeSet<_> =
        world["organizers"].as_array().unwrap().iter().map(|one| &one["id"]).map(Value::to_string).collect();
    let sizes: BTreeSet<_> = world["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            assert!(organizers.contains(&event["organizer"].to_string()), "{event}");
            (event["capacity"].as_u64().unwrap(), event["seated"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(sizes, BTreeSet::from([(80_000, 80_000), (2_400, 2_400), (1_260, 60)]));

    let ids = |world: &Value| {
        let ids = world["events"].as_array().unwrap().iter().map(|event| event["id"].to_string());
        ids.collect::<BTreeSet<_>>()
    };
    assert!(ids(&world).is_disjoint(&ids(&another)), "two seeds are two worlds");
}

#[tokio::test]
async fn events_are_imported_beside_a_server_and_found_there() {
    let place = Installation::new().await;
    let checked = json(&place.run(&["import", "events", &sample("discovery.json"), "--check"]).await);
    assert_eq!(checked["saved"], false);
    assert_eq!(checked["events"]["created"], 5);

    let server = place.serve(&[CHEAP]).await;
    let arguments = ["import", "events", &sample("discovery.json"), "--format", "ticketmaster-discovery"];
    let first = json(&place.run(&arguments).await);
    assert_eq!(first["events"]["created"], 5, "{first}");
    assert_eq!(first["venues"]["created"], 2);
    let reasons: Vec<_> =
        first["skipped"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert!(reasons.contains(&"has no venue"), "{reasons:?}");
    let again = json(&place.run(&arguments).await);
    assert_eq!((&again["events"]["created"], &again["events"]["unchanged"]), (&Value::from(0), &Value::from(5)));
    assert_eq!(again["organizer"], first["organizer"]);

    let mut client = server.client();
    for _ in 0..200 {
        let found = client.get("/api/v1/events?q=laugh").await.unwrap().expect(200).json();
        if let Some(event) = found["items"].as_array().unwrap().first() {
            assert_eq!(event["name"], "Laugh Out Loud");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the server does not see what was imported");
}

#[tokio::test]
async fn both_seat_map_formats_are_read_and_saved_at_a_venue() {
    let place = Installation::new().await;
    for (file, seats, capacity) in [("seat_map.json", 3, 123), ("seating_plan.json", 5, 5)] {
        let found = json(&place.run(&["import", "seat-map", &sample(file), "--check"]).await);
        assert_eq!((&found["seats"], &found["capacity"]), (&Value::from(seats), &Value::from(capacity)), "{file}");
        assert_eq!(found["saved"], false, "{file}");
        // Nobody has a venue yet.
        not_saved(&place, file, &["there is no venue", "--check"]).await;
    }
    let imported = json(&place.run(&["import", "events", &sample("discovery.json")]).await);
    let organizer = imported["organizer"].as_str().unwrap();
    let several = place.output(&["import", "seat-map", &sample("seat_map.json"), "--organizer", organizer]).await;
    assert_eq!(several.status.code(), Some(1));
    let said = String::from_utf8(several.stderr).unwrap();
    let venue = said.split([' ', ',']).find(|word| word.starts_with("ven_")).unwrap_or_else(|| panic!("{said}"));
    assert!(said.contains("Canal Hall") && said.contains("Town Ground"), "{said}");
    for version in 1..=2 {
        let saved = json(&place.run(&["import", "seat-map", &sample("seating_plan.json"), "--venue", venue]).await);
        assert_eq!((&saved["saved"], &saved["version"]), (&Value::from(true), &Value::from(version)), "{saved}");
    }
    let stranger = "org_00000000000000000000000000";
    let refused = place
        .output(&["import", "seat-map", &sample("seat_map.json"), "--venue", venue, "--organizer", stranger])
        .await;
    assert_eq!(refused.status.code(), Some(1));
}

/// A seat map that cannot be saved is not: the command fails and says `why`.
async fn not_saved(place: &Installation, file: &str, why: &[&str]) {
    let output = place.output(&["import", "seat-map", &sample(file)]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{said}");
    assert!(why.iter().all(|why| said.contains(why)), "{said}");
}

#[tokio::test]
async fn a_seat_map_is_saved_only_where_it_is_clear_whose_it_is() {
    let place = Installation::new().await;
    let world = json(&place.run(&["demo", CHEAP]).await);
    let organizer = world["organizers"][0]["id"].as_str().unwrap();
    not_saved(&place, "seat_map.json", &["--venue", "--organizer", organizer]).await;
    let checked = json(&place.run(&["import", "seat-map", &sample("seat_map.json"), "--check"]).await);
    assert_eq!(checked["saved"], false);
    let arguments = ["import", "seat-map", &sample("seat_map.json"), "--organizer", organizer];
    let saved = json(&place.run(&arguments).await);
    assert_eq!(saved["saved"], true, "its only venue: {saved}");
}

#[tokio::test]
async fn a_file_that_is_something_else_is_refused_by_its_place() {
    let place = Installation::new().await;
    let file = folder(&place).join("wrong.json");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "{\"width\": 3}").unwrap();
    for arguments in [["import", "events", path], ["import", "seat-map", path], ["import", "seat-map", "absent.json"]] {
        let output = place.output(&arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("stagedoor: could not"), "{said}");
    }
}

#[tokio::test]
async fn the_committed_description_of_the_api_is_the_one_in_the_code() {
    let place = Installation::new().await;
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(committed).unwrap_or_default();
    let printed = place.run(&["openapi"]).await;
    assert!(committed == printed, "write it again: cargo run -p stagedoor -- openapi >docs/openapi.json");
}

#[tokio::test]
async fn failed_jobs_are_listed_and_tried_again_beside_a_server() {
    let place = Installation::new().await;
    let server = place.serve(&[]).await;
    assert_eq!(place.run(&["jobs", "list"]).await, "");
    let file = format!("sqlite:{}", place.data().join("stagedoor.db").display());
    let store = store::Store::open(place.database_url().unwrap_or(&file), stagedoor_core::Env::system()).await.unwrap();
    // A job of the server's own that ran and waits for tomorrow.
    let kind = "idempotency.prune.v1";
    let failed = "UPDATE job SET failed_at = run_at, attempts = 40, error = 'the disk was full'
                   WHERE kind = $1 AND lease_owner IS NULL AND attempts = 0";
    let mut changed = 0;
    while changed == 0 {
        let tx = store.begin_write().await.unwrap();
        changed = tx.execute(failed, (kind,)).await.unwrap();
        tx.commit().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let listed = json(&place.run(&["jobs", "list", "--json"]).await);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let job = &listed[0];
    assert_eq!((&job["kind"], &job["state"], &job["attempts"]), (&kind.into(), &"failed".into(), &40.into()));
    let id = job["id"].as_str().unwrap();
    let table = place.run(&["jobs", "list"]).await;
    assert!(table.starts_with(id) && table.contains("after 40 attempts: the disk was full"), "{table}");

    let stranger = "job_00000000000000000000000000";
    let refused = place.output(&["jobs", "retry", id, stranger]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(place.run(&["jobs", "list"]).await, table, "all or none");
    place.run(&["jobs", "retry", id]).await;
    assert_eq!(place.run(&["jobs", "list"]).await, "");
    while server.log().matches("idempotency keys forgotten").count() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let all = json(&place.run(&["jobs", "list", "--all", "--json"]).await);
    assert!(all.as_array().unwrap().iter().any(|job| job["id"] == id && job["state"] != "failed"), "{all}");
    store.close().await.unwrap();
}

#[tokio::test]
async fn fees_are_set_for_what_there_is() {
    let place = Installation::new().await;
    let world = json(&place.run(&["demo"]).await);
    let id = |list: &str| world[list][0]["id"].as_str().unwrap().to_owned();
    let (organizer, event) = (id("organizers"), id("events"));
    assert_eq!(place.run(&["fees", "list"]).await, "");
    place.run(&["fees", "set", &organizer, "--basis-points", "500", "--kept"]).await;
    place.run(&["fees", "set", &event, "--basis-points", "250", "--per-ticket", "30"]).await;
    let listed = place.run(&["fees", "list"]).await;
    let expected = format!(
        "{organizer}  500 basis points, 0 per ticket, kept when a fan cancels\n\
         {event}  250 basis points, 30 per ticket, given back when a fan cancels\n"
    );
    assert_eq!(listed, expected);
    for wrong in [
        &["set", "org_00000000000000000000000000", "--basis-points", "1"][..],
        &["set", "evt_00000000000000000000000000", "--basis-points", "1"],
        &["set", "ven_00000000000000000000000000"],
        &["set", &event, "--basis-points", "9999"],
        &["set", &event, "--per-ticket=-1"],
        &["clear", "evt_00000000000000000000000000"],
    ] {
        let refused = place.output(&[&["fees"], wrong].concat()).await;
        assert!(!refused.status.success(), "{wrong:?}");
    }
    place.run(&["fees", "clear", &organizer]).await;
    assert!(place.run(&["fees", "list"]).await.starts_with(&event));

    let server = place.serve(&[]).await;
    let fan = world["accounts"].as_array().unwrap().iter().find(|account| account["role"] == "fan").unwrap();
    let credentials = serde_json::json!({ "email": fan["email"], "password": fan["password"] });
    let login = server.client().post("/api/v1/auth/login", None, &credentials).await.unwrap().expect(200).json();
    let mut fan = server.client().signed_in(login["accessToken"].as_str().unwrap());
    let two = serde_json::json!({ "bestAvailable": { "quantity": 2 } });
    let hold = fan.post(&format!("/api/v1/events/{event}/holds"), None, &two).await.unwrap().expect(201).json();
    let wish = serde_json::json!({ "holds": [hold["id"]], "payment": { "method": "simulated", "token": "tok_ok" } });
    let order = fan.post("/api/v1/orders", Some("k"), &wish).await.unwrap().expect(201).json();
    let face = hold["total"]["amount"].as_i64().unwrap();
    // 2.5 % of each half, and 30 on each.
    assert_eq!(order["total"]["amount"], face + 2 * ((face / 2 * 250 + 5_000) / 10_000 + 30), "{order}");
}

#[tokio::test]
async fn data_made_with_another_key_or_other_partitions_is_left_alone() {
    let place = Installation::new().await;
    place.run(&["import", "events", &sample("discovery.json")]).await;
    let partitions = place.output(&["serve", "--listen", "127.0.0.1:0", "--partitions", "2"]).await;
    assert_eq!(partitions.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&partitions.stderr).contains("1 partitions"));
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let other_key = command.env("STAGEDOOR_MASTER_KEY", "ab".repeat(32)).output().await.unwrap();
    assert_eq!(other_key.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other_key.stderr).contains("master key"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Installation::new().await;
    place.run(&["import", "events", &sample("discovery.json")]).await;
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.data()), 0o700);
    for entry in std::fs::read_dir(place.data()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(path.clone()) & 0o077, 0, "{}", path.display());
    }
    let key = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    assert_eq!(key.trim().len(), 64);
}

#[tokio::test]
async fn an_operator_sees_whether_and_why_a_typed_address_is_refused() {
    let place = Installation::new().await;
    let check = async |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = place.command(&[&["outbound", "check"], arguments].concat());
        let output = command.envs(environment.iter().copied()).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let called = (Some(0), "https://93.184.216.34 may be called at 93.184.216.34\n".to_owned());
    assert_eq!(check(&["https://93.184.216.34/hook?token=s3cret"], &[]).await, called);
    for (url, reason) in [
        ("https://127.0.0.1/", "refused (loopback): the host is, or has, a loopback address\n"),
        ("https://localhost/", "refused (private_name): "),
        ("http://93.184.216.34/", "refused (scheme): "),
        ("https://93.184.216.34:9000/", "refused (port): "),
        ("https://169.254.169.254/", "refused (metadata): "),
    ] {
        let (code, said) = check(&[url], &[]).await;
        assert_eq!(code, Some(1), "{url}: {said}");
        assert!(said.starts_with(reason), "{url}: {said}");
    }
    assert_eq!(check(&["--http", "http://93.184.216.34/"], &[]).await.0, Some(0));
    let environment =
        [("STAGEDOOR_OUTBOUND_ALLOW_NETWORKS", "10.20.0.0/16,127.8.0.0/16"), ("STAGEDOOR_OUTBOUND_PORTS", "443,9000")];
    let (code, said) = check(&["https://10.20.0.7:9000/"], &environment).await;
    assert_eq!((code, &*said), (Some(0), "https://10.20.0.7 may be called at 10.20.0.7\n"));
    assert_eq!(check(&["https://10.21.0.7:9000/"], &environment).await.0, Some(1));
    let empty = [("STAGEDOOR_OUTBOUND_ALLOW_NETWORKS", ""), ("STAGEDOOR_OUTBOUND_PORTS", "")];
    assert_eq!(check(&["https://93.184.216.34/hook"], &empty).await, called);
    let never = [("STAGEDOOR_OUTBOUND_ALLOW_NETWORKS", "169.254.0.0/16")];
    assert_eq!(check(&["https://169.254.169.254/"], &never).await.0, Some(1));
}
