//! A guest signs in, and the server is killed somewhere between the question and the answer.

use std::time::Duration;

use serde_json::json;
use stagedoor_core::Entropy;

use super::{ARGUMENTS, House, SETTLING, text};

const ROUNDS: usize = 12;
/// Longer than signing in takes.
const WITHIN_MS: u64 = 60;

#[tokio::test]
async fn what_a_guest_holds_goes_over_whole_wherever_the_server_is_killed() {
    let (house, mut server) = House::open().await;
    let dice = Entropy::seeded(7);
    for round in 0..ROUNDS {
        let email = format!("heir{round}@fans.example");
        let credentials = json!({ "email": email, "password": "an old mill by the sea" });
        let mut new = credentials.clone();
        new["name"] = "An Heir".into();
        let known = server.client().post("/api/v1/auth/register", None, &new).await.unwrap().expect(201).json();
        let guest = server.client().post("/api/v1/auth/guest", None, &json!({})).await.unwrap().expect(201).json();
        let (heir, guest) = (text(&known["accessToken"]), text(&guest["accessToken"]));
        let mut client = server.client().signed_in(&guest);
        let wish = json!({ "bestAvailable": { "quantity": 2 } });
        let path = format!("/api/v1/events/{}/holds", house.theatre);
        let hold = text(&client.post(&path, None, &wish).await.unwrap().expect(201).json()["id"]);

        let (question, mut guests) = (credentials.clone(), server.client().signed_in(&guest));
        let asked = tokio::spawn(async move { guests.post("/api/v1/auth/login", None, &question).await });
        tokio::time::sleep(Duration::from_millis(dice.below(WITHIN_MS))).await;
        server.kill().await;
        let answered = asked.await.unwrap().is_ok_and(|answer| answer.status == 200);
        server = house.place.serve(&ARGUMENTS).await;

        // Whoever heard nothing asks again, with what they have.
        if !answered {
            let mut again = server.client().signed_in(&guest);
            again.post("/api/v1/auth/login", None, &credentials).await.unwrap().expect(200);
        }
        let path = format!("/api/v1/holds/{hold}");
        let mut heir = server.client().signed_in(&heir);
        // At once, or by the job.
        let goes_over = async {
            while heir.get(&path).await.unwrap().status != 200 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(SETTLING, goes_over).await.unwrap_or_else(|_| panic!("round {round}: {hold} was lost"));
        server.client().signed_in(&guest).get(&path).await.unwrap().expect(401);
        let body = json!({ "holds": [hold], "payment": { "method": "simulated", "token": "tok_ok" } });
        heir.post("/api/v1/orders", Some(&hold), &body).await.unwrap().expect(201);
    }
    assert!(server.stop().await.success());
    house.place.run(&["verify"]).await;
}
