//! The real server with a database user who owns its tables and may do nothing else, as in production.

use serde_json::json;
use stagedoor_core::{Env, UserId};
use store::Store;
use testkit::Installation;

#[tokio::test]
async fn without_the_second_role_a_server_starts_only_if_it_is_told_to() {
    let place = Installation::new().await;
    let Some(url) = place.database_url().map(str::to_owned) else { return }; // PostgreSQL's alone
    let admin = Store::open(&url, Env::system()).await.unwrap();
    let as_admin = async |sql: String| {
        let tx = admin.begin_write().await.unwrap();
        tx.execute(&sql, ()).await.unwrap();
        tx.commit().await.unwrap();
    };
    let user = format!("plain_{}", Env::system().id::<UserId>());
    as_admin(format!("CREATE ROLE {user} LOGIN")).await;
    as_admin(format!("CREATE SCHEMA {user} AUTHORIZATION {user}")).await;
    let url = url.replace("postgres@", &format!("{user}@"));
    let place = place.on(format!("{url}?options=-csearch_path%3D{user}"));

    let refused = place.output(&["serve", "--listen", "127.0.0.1:0"]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("CREATE ROLE \"{user}_tenant\" NOLOGIN")), "{said}");

    let server = place.serve(&["--row-security", "false"]).await;
    assert!(server.log().contains("row_security is off"), "{}", server.log());
    assert!(server.stop().await.success());

    as_admin(format!("CREATE ROLE {user}_tenant NOLOGIN")).await;
    as_admin(format!("GRANT {user}_tenant TO {user}")).await;
    let server = place.serve(&[]).await;
    let body = json!({ "email": "ann@example.org", "password": "an old mill by the sea", "name": "Ann" });
    let ann = server.client().post("/api/v1/auth/register", None, &body).await.unwrap().expect(201).json();
    let mut ann = server.client().signed_in(ann["accessToken"].as_str().unwrap());
    let house = ann.post("/api/v1/organizers", None, &json!({ "name": "Aurora" })).await.unwrap().expect(201).json();
    let members = format!("/api/v1/organizers/{}/members", house["id"].as_str().unwrap());
    let members = ann.get(&members).await.unwrap().expect(200).json();
    assert_eq!(members["items"].as_array().unwrap().len(), 1, "{members}");
    assert!(server.stop().await.success());
}
