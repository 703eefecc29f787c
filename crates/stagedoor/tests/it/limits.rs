//! Limits on requests as an operator sets them, and two servers that keep them together.

use testkit::{Answer, Installation, RedisServer, Server};

/// One request; a client of its own, so that nothing but the address is the same.
async fn venues(server: &Server) -> Answer {
    server.client().get("/api/v1/venues").await.expect("the server answers")
}

async fn metric(server: &Server, name: &str) -> u64 {
    let text = server.client().get("/metrics").await.unwrap().expect(200).body;
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find(|line| line.split([' ', '{']).next() == Some(name)).map(str::to_owned);
    let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

async fn becomes(server: &Server, name: &str, value: u64) {
    for _ in 0..600 {
        if metric(server, name).await == value {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{name} never was {value}\n{}", server.log());
}

#[tokio::test]
async fn limits_are_settings() {
    let place = Installation::new().await;
    let server = place.serve(&["--address-limit", "3/h", "--surge", "true"]).await;
    for _ in 0..3 {
        venues(&server).await.expect(200);
    }
    let refused = venues(&server).await.expect(429);
    assert_eq!(refused.headers["retry-after"], "1200");
    assert_eq!(refused.headers["ratelimit-policy"], "\"address\";q=3;w=3600");
    assert_eq!(metric(&server, "stagedoor_rate_limited_total").await, 1);
    assert!(server.stop().await.success());

    let output = place.output(&["serve", "--listen", "127.0.0.1:0", "--route-limits", "no_such_route=1/s"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no_such_route") && said.contains("login"), "{said}");
    let output = place.output(&["serve", "--listen", "127.0.0.1:0", "--redis-url", "http://cache"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("redis_url"), "{said}");
}

#[tokio::test]
async fn two_servers_with_one_redis_keep_a_limit_together_and_each_its_own_without() {
    if testkit::redis_url().is_none() {
        return;
    }
    let mut redis = RedisServer::start().await;
    let (one, two) = (Installation::new().await, Installation::new().await);
    let url = redis.url();
    let arguments = ["--address-limit", "20/h", "--redis-url", &url];
    let (one, two) = (one.serve(&arguments).await, two.serve(&arguments).await);
    for server in [&one, &two] {
        becomes(server, "stagedoor_rate_limit_fallback", 0).await;
    }
    for _ in 0..15 {
        venues(&one).await.expect(200);
    }
    let mut more = 0;
    while venues(&two).await.status == 200 {
        more += 1;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert!((5..12).contains(&more), "{more}: alone it would have admitted twenty");

    redis.kill().await;
    for server in [&one, &two] {
        becomes(server, "stagedoor_rate_limit_fallback", 1).await;
        assert_eq!(metric(server, "stagedoor_rate_limit_fallbacks_total").await, 1);
    }
    // What each knew counts on, and every request is answered.
    venues(&two).await.expect(429);
    let alone = [venues(&one).await.status, venues(&one).await.status];
    assert!(alone.iter().all(|status| [200, 429].contains(status)), "{alone:?}");
    two.client().get("/readyz").await.unwrap().expect(200);

    redis.restart().await;
    for server in [&one, &two] {
        becomes(server, "stagedoor_rate_limit_fallback", 0).await;
    }
    venues(&two).await.expect(429);
    assert!(one.stop().await.success() && two.stop().await.success());
}
