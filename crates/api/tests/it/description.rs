//! The OpenAPI document: whole, true to its own rules, and the same as the committed one.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::app::{TestApp, Wish};
use crate::contract::{document, operations};

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let current = api::document().to_pretty_json().expect("the document is JSON") + "\n";
    assert!(committed == current, "docs/openapi.json is not what the code says: stagedoor openapi > docs/openapi.json");
}

#[test]
fn every_operation_says_what_it_is_for_and_how_it_ends() {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let (described, name) = (operation.describe(), operation.name());
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{name}: {what}"));
            }
        };
        must(described["summary"].as_str().is_some_and(|text| text.len() > 5), "no summary");
        must(described["tags"].as_array().is_some_and(|tags| tags.len() == 1), "not exactly one tag");
        must(
            described["operationId"].as_str().is_some_and(|id| ids.insert(id.to_owned())),
            "no operation id of its own",
        );
        let answers = described["responses"].as_object().expect("responses");
        must(answers.keys().any(|status| matches!(status.as_bytes()[0], b'1' | b'2' | b'3')), "never succeeds");
        must(!answers.contains_key("default"), "a default answer says nothing");
        let says = |status: &str| answers.contains_key(status);
        // Where tokens are given out, they can be refused.
        let is_before = ["/guest", "/forgot", "/challenge", "/start"].iter().any(|end| name.ends_with(end));
        let signs_in = name.contains("/auth/") && operation.method == "post" && !is_before;
        let is_oauth = operation.path.starts_with("/oauth/");
        let knows_clients = is_oauth && operation.path != "/oauth/authorize";
        must(
            says("401") == (operation.is_secured() || signs_in || knows_clients),
            "401 without security, or the reverse",
        );
        must(operation.parameters().is_empty() || says("404"), "an id that can be absent, and no 404");
        if operation.body().is_some() {
            must(says("400") && says("408") && says("413") && says("415"), "a body that cannot be wrong");
        }
        let never_busy =
            matches!(operation.path, "/healthz" | "/metrics") || operation.path.starts_with("/.well-known/");
        must(says("503") != never_busy, "no word of 503, or a needless one");
        let named = |name: &str| {
            described["parameters"].as_array().is_some_and(|all| all.iter().any(|known| known["name"] == name))
        };
        must(says("304") == named("If-None-Match"), "304 without its question, or the reverse");
        for (status, answer) in answers {
            must(answer["description"].is_string(), "an answer without a description");
            let tells = |header: &str| answer["headers"][header].is_object();
            must(tells("X-Request-Id"), "an answer without the id of its request");
            let succeeds = status.as_bytes()[0] == b'2';
            must(!succeeds || tells("ETag") == says("304"), "an ETag for nothing, or the reverse");
            must(!succeeds || tells("Idempotency-Replayed") == named("Idempotency-Key"), "no word of a replay");
            if status.as_bytes()[0] >= b'4' && operation.path != "/readyz" {
                let shape = &answer["content"]["application/json"]["schema"]["$ref"];
                // In its own words, or on a page.
                let is_own = is_oauth
                    && (shape == "#/components/schemas/OAuthError" || answer["content"]["text/html"].is_object());
                must(shape == "#/components/schemas/Problem" || is_own, "an error without the envelope");
            }
            if status == "429" || status == "503" {
                must(answer["headers"]["Retry-After"].is_object(), "no word of Retry-After");
            }
        }
        let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
        for wanted in operation.parameters() {
            let found = parameters.iter().find(|known| known["name"] == wanted && known["in"] == "path");
            must(found.is_some_and(|found| found["required"] == true), "an undescribed part of the path");
        }
        for known in &parameters {
            must(known["schema"].is_object(), "a parameter without a schema");
            must(known["description"].is_string(), "a parameter without a description");
            let in_path = operation.parameters().iter().any(|name| known["name"] == *name);
            must((known["in"] == "path") == in_path, "a parameter that the path has not");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn texts_cite_nothing_that_their_readers_cannot_open() {
    let hidden = |text: &&str| ["Source:", "FR-", "document 00"].iter().any(|hidden| text.contains(hidden));
    let mut citing = Vec::new();
    each(document(), &mut |object| {
        let texts = ["summary", "description"].into_iter().filter_map(|field| object.get(field)?.as_str());
        citing.extend(texts.filter(hidden));
    });
    assert!(citing.is_empty(), "{citing:#?}");
}

#[test]
fn nothing_is_described_as_just_an_object() {
    let mut bare = Vec::new();
    for operation in operations() {
        let answers = operation.describe()["responses"].as_object().expect("responses").values();
        for part in answers.chain(operation.body()) {
            for content in part["content"].as_object().into_iter().flat_map(|content| content.values()) {
                if content["schema"] == serde_json::json!({ "type": "object" }) {
                    bare.push(operation.name());
                }
            }
        }
    }
    assert!(bare.is_empty(), "{bare:#?}");
}

/// Calls `visit` with every object in `value`.
fn each<'a>(value: &'a Value, visit: &mut impl FnMut(&'a serde_json::Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            visit(fields);
            fields.values().for_each(|field| each(field, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    each(document, &mut |object| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').expect("references stay inside");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    });
}

#[test]
fn bodies_of_requests_are_closed() {
    let document = document();
    let mut open = Vec::new();
    for operation in operations() {
        let Some(reference) =
            operation.body().and_then(|body| body["content"]["application/json"]["schema"]["$ref"].as_str())
        else {
            continue;
        };
        let schema = document.pointer(&reference[1..]).unwrap();
        if schema["additionalProperties"] != false {
            open.push(reference);
        }
    }
    assert!(open.is_empty(), "unknown fields are refused, and the description should say so: {open:#?}");
}

#[tokio::test]
async fn an_address_that_fits_the_description_is_taken() {
    let app = TestApp::with(Wish::unlimited()).await;
    let described = &document()["components"]["schemas"]["Email"];
    let pattern = regex::Regex::new(described["pattern"].as_str().expect("a pattern")).expect("readable by all");
    let max = described["maxLength"].as_u64().expect("a limit") as usize;
    let (local, label) = ("l".repeat(64), "d".repeat(63));
    let ordinary = [
        "fan@example.org",
        "Ann.Example@Mail.Example.ORG",
        "jean-pierre.de.la-tour+tickets@example.co.uk",
        "o'brien_42@my-theatre.example",
        "a@b.museum",
        "box.office@city-of-long-names.example.ac.uk",
        "a.long-address.of.someone@a-department-of.a-university-with-one.example.org",
        "x@1.example",
        &format!("{local}@{label}.example"),
        &format!("l@{label}.{label}.{label}.{}", &label[..60]),
    ];
    // Taken, and more than the description promises.
    let unusual = ["grüße@bücher.example", "fan@a--b.example", "a.b.c.d.e@example.org", "a@b.c.d.e.f.example"];
    let wrong = [
        "",
        "fan",
        "@example.org",
        "fan@",
        "fan@example",
        ".fan@example.org",
        "fan.@example.org",
        "f..an@example.org",
        "fan@-example.org",
        "fan@example-.org",
        "fan@example..org",
        "fan@example.org.",
        "fan@exam_ple.org",
        "f an@example.org",
        "fan@@example.org",
        "fan@xn--a.example",
        &format!("l{local}@example.org"),
        &format!("fan@d{label}.example"),
        &format!("{local}@{label}.{label}.{label}"),
        &format!("l@{label}.{label}.{label}.{}", &label[..61]),
    ];
    let all = [(&ordinary[..], true, true), (&unusual, false, true), (&wrong, false, false)];
    for (addresses, fits, is_taken) in all {
        for address in addresses {
            assert_eq!(address.len() <= max && pattern.is_match(address), fits, "{address}");
            let body = serde_json::json!({ "email": address, "password": "an old mill by the sea" });
            let answer = app.nobody().post("/auth/login", body).await;
            let status = if is_taken { 401 } else { 400 };
            assert_eq!(answer.status, status, "{address}: {}", answer.text());
        }
    }
}

#[test]
fn what_fields_mean_stands_with_their_type() {
    let schemas = &document()["components"]["schemas"];
    for (name, description) in [("Currency", "ISO 4217."), ("Country", "ISO 3166-1, two letters.")] {
        assert_eq!(schemas[name]["description"], description);
    }
}

#[test]
fn fields_are_in_camel_case() {
    let mut wrong = BTreeSet::new();
    let schemas = document()["components"]["schemas"].as_object().expect("schemas");
    // The protocol has its own spelling.
    let ours = schemas.iter().filter(|(name, _)| !name.starts_with("OAuth")).map(|(_, schema)| schema);
    for part in ours.chain([&document()["paths"]]) {
        each(part, &mut |object| {
            let Some(Value::Object(properties)) = object.get("properties") else { return };
            wrong.extend(properties.keys().filter(|name| name.contains('_') || name.starts_with(char::is_uppercase)));
        });
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
