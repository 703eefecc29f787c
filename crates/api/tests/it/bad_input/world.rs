//! What the tests of bad input call, and good bodies to break.

use std::collections::BTreeMap;

use axum::body::Body;
use serde_json::{Value, json};

use crate::app::{House, OnSale, TestApp, Wish, event_body, venue_body};
use crate::caller::{Answer, Caller, PASSWORD};
use crate::contract::Operation;
use crate::{maps, passkeys, programs};

/// A world with something of everything in it, and a good body for every operation that takes one.
pub struct World {
    pub app: TestApp,
    pub house: House,
    pub ann: Caller,
    pub admin: Caller,
    pub ids: BTreeMap<&'static str, String>,
    pub ticket: String,
}

impl World {
    pub async fn new() -> World {
        let app = TestApp::with(Wish::unlimited()).await;
        let (house, ann) = (app.aurora().await, app.fan("ann").await);
        let event = app.event_of(&house).await;
        let order = ann.bought(&event.id, &["S-A-1"]).await;
        let held = ann.held(&event.id, &["S-A-2"]).await;
        let challenge = ann.pay(&[&held], "tok_challenge").await.expect(202).json();
        let page = challenge["nextAction"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let free = ann.held(&event.id, &["S-A-3"]).await;
        let eve = app.verified("eve").await;
        app.joins(&house, &eve, identity::Role::Viewer).await;
        let asked = json!({ "email": "asked@example.org", "role": "viewer" });
        let invitation = house.owner.post(&format!("/organizers/{}/members", house.id), asked).await.expect(201).id();
        let ticket = order["tickets"][0]["id"].as_str().unwrap().to_owned();
        let maps = format!("/organizers/{}/venues/{}/seat-maps", house.id, event.venue);
        let map = house.owner.get(&maps).await.expect(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
        let block = crate::authorization::blocked(&house, &event).await;
        let OnSale { organizer, venue, id } = event;
        let ids = [
            ("org", organizer),
            ("venue", venue),
            ("map", map),
            ("event", id),
            ("block", block),
            ("order", order["id"].as_str().unwrap().to_owned()),
            ("ticket", ticket.clone()),
            ("hold", free.clone()),
            ("booking", free),
            ("payment", page),
            ("user", eve.id),
            ("invitation", invitation),
            ("check", "kyc_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("session", "ses_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("passkey", "pky_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("link", "pvl_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("grant", "grt_01h455vb4pex5vsknk084sn02q".to_owned()),
            ("client", programs::client(&app, &house, "orders.read sales.read").await.id),
            ("key", programs::api_key(&house, "sales.read").await.id),
        ];
        let admin = app.admin().await;
        World { app, house, ann, admin, ids: ids.into(), ticket }
    }

    /// Someone who may call the operation.
    pub fn caller(&self, operation: Operation) -> Caller {
        let who = match operation.path {
            path if path.contains("/platform") => self.admin.clone(),
            path if path.contains("/organizers") => self.house.owner.clone(),
            _ => self.ann.clone(),
        };
        who.keyed(self.app.key())
    }

    /// A body that would be taken; `None` where the operation takes no JSON.
    pub fn body(&self, operation: Operation) -> Option<Value> {
        operation.body()?["content"].get("application/json")?;
        let payment = json!({ "method": "simulated", "token": "tok_ok" });
        let scan = json!({ "barcode": "text", "gate": "North", "scanId": "one", "scannedAt": "2026-01-01T00:00:00Z", "eventId": self.ids["event"] });
        Some(match operation.path.strip_prefix("/api/v1").unwrap() {
            "/auth/register" => json!({ "email": "new@example.org", "password": PASSWORD, "name": "New" }),
            "/auth/login" => json!({ "email": "ann@example.org", "password": PASSWORD }),
            "/auth/refresh" | "/auth/logout" => json!({ "refreshToken": self.ann.refresh_token }),
            "/auth/password/forgot" => json!({ "email": "ann@example.org" }),
            "/auth/password/reset" => json!({ "token": "sdp_none", "password": "another old mill", "otp": "000000" }),
            "/me" if operation.method == "delete" => json!({ "password": "not the password of it" }),
            "/me" => json!({
                "name": "Anne", "locale": "de", "location": { "city": "Bremen", "region": "Bremen", "country": "DE" },
                "preferences": {
                    "eventCategories": ["concert"], "maxTravelDistanceKm": 50, "notifications": { "email": true, "sms": false }
                },
            }),
            "/me/email" => json!({ "email": "anne@example.org", "password": PASSWORD }),
            "/me/phone" => json!({ "phone": "+4930901820", "password": PASSWORD }),
            "/me/email/verify" | "/me/phone/verify" => json!({ "code": "000000" }),
            "/me/password" => json!({ "current": PASSWORD, "password": "another old mill" }),
            "/me/export" => json!({ "password": PASSWORD, "otp": "000000" }),
            path if passkeys::WAYS.iter().any(|way| path.contains(way)) => passkeys::good_body(operation.method, path),
            "/me/kyc" => json!({ "documentType": "passport", "country": "DE", "reference": "C01X00T47" }),
            "/platform/kyc/{check}/decision" => json!({ "decision": "rejected", "reason": "blurred" }),
            path if path.contains("/clients") || path.contains("/api-keys") => programs::good_body(path),
            "/organizers" => json!({ "name": "Another" }),
            "/organizers/{org}" => json!({ "membersNeedSecondFactor": false }),
            "/platform/organizers/{org}/contracts" => json!({ "shares": [] }),
            "/platform/partners" => json!({ "kind": "venue", "name": "Old Mill" }),
            "/me/invitations/accept" | "/me/invitations/decline" => json!({ "token": "sdi_x" }),
            "/platform/organizers/{org}/suspend" | "/platform/organizers/{org}/reinstate" => {
                json!({ "reason": "case 4711, the bank called" })
            }
            "/organizers/{org}/members" => {
                json!({ "email": "bob@example.org", "role": "door", "events": [self.ids["event"]] })
            }
            "/organizers/{org}/members/{user}" => json!({ "role": "door", "events": [self.ids["event"]] }),
            "/organizers/{org}/venues" => {
                let mut body = venue_body();
                body["latitude"] = 53.5.into();
                body["longitude"] = 10.0.into();
                body["address"] = "Mill Lane 1".into();
                body
            }
            "/organizers/{org}/venues/{venue}" => {
                json!({ "version": 1, "name": "New Mill", "city": "Bremen", "country": "DE", "address": "Lane 2", "timeZone": "Europe/Berlin" })
            }
            "/organizers/{org}/venues/{venue}/seat-maps" => maps::hall(),
            "/organizers/{org}/events" => {
                let mut body = event_body(&self.ids["venue"]);
                body.as_object_mut().unwrap().extend(full_terms());
                body
            }
            "/organizers/{org}/events/{event}" => {
                let mut body = json!({ "version": 1, "name": "Southern Lights", "type": "other", "startsAt": "2026-06-02T18:00:00Z" });
                body.as_object_mut().unwrap().extend(full_terms());
                body
            }
            "/organizers/{org}/events/{event}/seat-map" => json!({ "seatMapId": "map_01h455vb4pex5vsknk084sn02q" }),
            "/organizers/{org}/events/{event}/block" => json!({ "seats": ["S-C-1"] }),
            "/organizers/{org}/events/{event}/unblock" => json!({ "seats": ["S-C-1"] }),
            "/organizers/{org}/events/{event}/blocks" => {
                json!({ "seats": ["S-C-2"], "holder": "Press", "note": "Row C" })
            }
            "/organizers/{org}/events/{event}/blocks/{block}/release" => json!({ "seats": ["S-H-1"] }),
            "/organizers/{org}/events/{event}/capacity" => json!({ "area": "FLOOR", "capacity": 190 }),
            "/organizers/{org}/orders/{order}/refund" => json!({ "reason": "rain", "tickets": [self.ticket] }),
            "/organizers/{org}/checkins" => scan,
            "/organizers/{org}/checkins/batch" => json!({ "scans": [scan] }),
            "/events/{event}/holds" => {
                json!({ "seats": ["S-D-1"], "ticketTypes": { "S-D-1": "standard" }, "accessible": false })
            }
            "/orders" => {
                json!({ "holds": [self.ids["hold"]], "payment": payment, "promoCode": "", "attendee": { "name": "Eve", "email": "eve@example.org" } })
            }
            "/orders/{order}/cancel" => json!({ "tickets": [self.ticket] }),
            "/tickets/{ticket}/transfer" => json!({ "email": "bob@example.org", "password": PASSWORD, "otp": "1" }),
            "/bookings" => json!({ "eventId": self.ids["event"], "seatIds": ["S-D-1"] }),
            "/bookings/{booking}/confirm" => json!({ "payment": payment }),
            other => panic!("no good body for {other}: add one here"),
        })
    }

    /// Everything that a caller could have changed, as the people concerned see it.
    pub async fn state(&self) -> Value {
        let (owner, org, event) = (&self.house.owner, &self.house.id, &self.ids["event"]);
        let base = format!("/organizers/{org}");
        let mut seen = Vec::new();
        for path in [
            format!("{base}/events?limit=100"),
            format!("{base}/members"),
            format!("{base}/invitations"),
            format!("{base}/clients"),
            format!("{base}/api-keys"),
            format!("{base}/orders?limit=100"),
            format!("{base}/venues/{}/seat-maps", self.ids["venue"]),
            format!("{base}/events/{event}/attendees?limit=100"),
            format!("{base}/events/{event}/blocks"),
            "/organizers".into(),
            "/venues?limit=100".into(),
            format!("/events/{event}/availability"),
        ] {
            seen.push(owner.get(&path).await.expect(200).json());
        }
        for path in ["/me", "/me/orders?limit=100", "/me/tickets?limit=100", &format!("/holds/{}", self.ids["hold"])] {
            seen.push(self.ann.get(path).await.expect(200).json());
        }
        seen.push(json!(format!("{:?}", self.app.gateway.books().await.unwrap())));
        Value::Array(seen)
    }

    pub async fn send(&self, operation: Operation, content_type: Option<&str>, body: impl Into<Body>) -> Answer {
        let who = self.caller(operation);
        let mut request = who.request(operation.method(), &operation.fill(&self.ids));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        who.send(request.body(body.into()).unwrap()).await
    }
}

/// Every optional field of an event.
fn full_terms() -> serde_json::Map<String, Value> {
    let terms = json!({
        "endsAt": "2026-06-02T21:00:00Z", "doorsAt": "2026-06-01T17:00:00Z", "performers": ["The Aurora Quartet"],
        "priceLevels": [{ "key": "front", "name": "Front", "amount": 1 }],
        "ticketTypes": [{ "key": "standard", "name": "Standard", "pricing": { "factor": { "basisPoints": 10_000 } } }],
        "saleWindows": [{ "kind": "general", "opensAt": "2026-01-01T00:00:00Z", "closesAt": "2026-05-01T00:00:00Z" }],
        "holdSeconds": 300, "seatsPerHoldMax": 10, "ticketsPerFanMax": 10, "orphanPolicy": "avoid",
        "accessibleRelease": "2026-04-01T00:00:00Z",
        "refundWindowSeconds": 3_600,
        "barcodes": "live",
    });
    terms.as_object().unwrap().clone()
}
