//! The simulated gateway's promises, by themselves.

use std::time::Duration;

use payments::{
    Approval, Authorize, GatewayError, NextAction, PaymentGateway, RefundRequest, RefundStanding, SimulatedGateway,
    Standing, Token,
};
use stagedoor_core::{Env, PaymentId, RefundId};
use testkit::TestStore;

use crate::world::eur;

struct Outside {
    db: TestStore,
    gateway: SimulatedGateway,
}

impl Outside {
    async fn new() -> Self {
        let db = TestStore::new().await;
        let gateway = SimulatedGateway::new(db.store.clone()).with_latency(Duration::ZERO);
        Self { db, gateway }
    }

    fn request(&self, token: &str) -> Authorize {
        let token = Token::parse("token", token).unwrap();
        Authorize { payment: self.db.env.id(), order: self.db.env.id(), amount: eur(900), token }
    }

    async fn authorize(&self, request: &Authorize) -> Result<Standing, GatewayError> {
        PaymentGateway::authorize(&self.gateway, request.clone()).await
    }

    async fn capture(&self, payment: PaymentId, minor: i64) -> Result<Standing, GatewayError> {
        PaymentGateway::capture(&self.gateway, payment, eur(minor)).await
    }

    async fn void(&self, payment: PaymentId) -> Result<Standing, GatewayError> {
        PaymentGateway::void(&self.gateway, payment).await
    }

    async fn refund(&self, refund: RefundId, payment: PaymentId, minor: i64) -> Result<RefundStanding, GatewayError> {
        PaymentGateway::refund(&self.gateway, RefundRequest { refund, payment, amount: eur(minor) }).await
    }

    async fn status(&self, payment: PaymentId) -> Standing {
        self.gateway.status(payment).await.unwrap()
    }
}

fn name(answer: &Result<Standing, GatewayError>) -> String {
    match answer {
        Ok(Standing::Absent) => "absent".to_owned(),
        Ok(Standing::NeedsBuyer { .. }) => "needs_buyer".to_owned(),
        Ok(Standing::Authorized { .. }) => "authorized".to_owned(),
        Ok(Standing::Declined { reason }) => format!("declined:{reason}"),
        Ok(Standing::Captured { amount }) => format!("captured:{}", amount.minor),
        Ok(Standing::Voided) => "voided".to_owned(),
        Err(GatewayError::Unanswered(_)) => "unanswered".to_owned(),
        Err(GatewayError::Refused(_)) => "refused".to_owned(),
    }
}

#[tokio::test]
async fn every_token_does_what_it_says() {
    // The first answer, what the gateway knows then, and the answer when asked again.
    let table = "
        tok_ok                  authorized                   authorized                   authorized
        tok_slow                authorized                   authorized                   authorized
        tok_declined            declined:declined            declined:declined            declined:declined
        tok_insufficient_funds  declined:insufficient_funds  declined:insufficient_funds  declined:insufficient_funds
        tok_challenge           needs_buyer                  needs_buyer                  needs_buyer
        tok_timeout_captured    unanswered                   authorized                   authorized
        tok_timeout_lost        unanswered                   absent                       authorized
        tok_nonsense            declined:invalid_token       declined:invalid_token       declined:invalid_token";
    let outside = Outside::new().await;
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let mut row = line.split_whitespace();
        let token = row.next().unwrap();
        let request = outside.request(token);
        assert_eq!(outside.status(request.payment).await, Standing::Absent);
        assert_eq!(name(&outside.authorize(&request).await), row.next().unwrap(), "{token}");
        assert_eq!(name(&Ok(outside.status(request.payment).await)), row.next().unwrap(), "{token} then status");
        assert_eq!(name(&outside.authorize(&request).await), row.next().unwrap(), "{token} again");
    }
    assert_eq!(outside.gateway.books().await.unwrap(), [], "no money moves before a capture");
}

#[tokio::test]
async fn money_is_captured_once_and_never_more_than_was_authorized() {
    let outside = Outside::new().await;
    let request = outside.request("tok_ok");
    let payment = request.payment;
    assert_eq!(name(&outside.capture(payment, 900).await), "refused", "nothing is authorized");
    outside.authorize(&request).await.unwrap();
    assert_eq!(name(&outside.capture(payment, 901).await), "refused");
    assert_eq!(name(&outside.capture(payment, 900).await), "captured:900");
    assert_eq!(name(&outside.capture(payment, 900).await), "captured:900");
    assert_eq!(name(&outside.capture(payment, 800).await), "refused", "another amount was captured");
    assert_eq!(name(&outside.void(payment).await), "captured:900", "what was captured cannot be voided");
    assert_eq!(outside.gateway.books().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_id_stands_for_one_amount() {
    let outside = Outside::new().await;
    let request = outside.request("tok_ok");
    outside.authorize(&request).await.unwrap();
    let other = Authorize { amount: eur(901), ..request };
    assert_eq!(name(&outside.authorize(&other).await), "refused");
}

#[tokio::test]
async fn a_void_stops_a_late_authorization() {
    let outside = Outside::new().await;
    let request = outside.request("tok_ok");
    assert_eq!(name(&outside.void(request.payment).await), "voided");
    assert_eq!(name(&outside.authorize(&request).await), "voided");
    assert_eq!(name(&outside.capture(request.payment, 900).await), "refused");
}

#[tokio::test]
async fn an_authorization_runs_out_after_a_week() {
    let outside = Outside::new().await;
    let request = outside.request("tok_ok");
    outside.authorize(&request).await.unwrap();
    let week = Duration::from_secs(7 * 24 * 3_600);
    outside.db.env.clock.advance(week - Duration::from_micros(1));
    assert_eq!(name(&Ok(outside.status(request.payment).await)), "authorized");
    outside.db.env.clock.advance(Duration::from_micros(1));
    assert_eq!(name(&outside.capture(request.payment, 900).await), "voided");
    assert_eq!(outside.gateway.books().await.unwrap(), []);
}

#[tokio::test]
async fn refunds_are_made_once_and_never_exceed_the_capture() {
    let outside = Outside::new().await;
    let env: &Env = &outside.db.env;
    let request = outside.request("tok_ok");
    let payment = request.payment;
    outside.authorize(&request).await.unwrap();
    outside.capture(payment, 900).await.unwrap();
    let (one, two, three) = (env.id(), env.id(), env.id());
    assert_eq!(outside.refund(one, payment, 600).await.unwrap(), RefundStanding::Refunded);
    assert_eq!(outside.refund(one, payment, 600).await.unwrap(), RefundStanding::Refunded);
    assert!(matches!(outside.refund(two, payment, 301).await.unwrap(), RefundStanding::Refused { .. }));
    assert!(matches!(outside.gateway.refund_status(payment, two).await.unwrap(), RefundStanding::Refused { .. }));
    assert_eq!(outside.refund(three, payment, 300).await.unwrap(), RefundStanding::Refunded);
    assert_eq!(outside.gateway.refund_status(payment, env.id()).await.unwrap(), RefundStanding::Absent);
    assert_eq!(outside.gateway.books().await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_buyer_answers_a_challenge_once() {
    let outside = Outside::new().await;
    for (approval, end) in [(Approval::Approve, "authorized"), (Approval::Reject, "declined:challenge_rejected")] {
        let request = outside.request("tok_challenge");
        let answer = outside.authorize(&request).await.unwrap();
        let url = format!("{}{}", payments::CHALLENGE_PATH, request.payment);
        assert_eq!(answer, Standing::NeedsBuyer { next_action: NextAction { url } });
        assert_eq!(name(&outside.capture(request.payment, 900).await), "needs_buyer");
        assert_eq!(name(&outside.gateway.complete_challenge(request.payment, approval).await), end);
        for other in [Approval::Approve, Approval::Reject] {
            assert_eq!(name(&outside.gateway.complete_challenge(request.payment, other).await), end, "again");
        }
    }
    let unknown = outside.gateway.complete_challenge(outside.db.env.id(), Approval::Approve).await;
    assert_eq!(name(&unknown), "absent");
}

#[tokio::test]
async fn the_books_outlive_the_gateway() {
    let outside = Outside::new().await;
    let request = outside.request("tok_timeout_captured");
    outside.authorize(&request).await.unwrap_err();
    assert_eq!(name(&outside.capture(request.payment, 900).await), "unanswered");
    let restarted = SimulatedGateway::new(store::Store::open(&outside.db.url, outside.db.env.clone()).await.unwrap());
    assert_eq!(name(&restarted.status(request.payment).await), "captured:900");
    assert_eq!(restarted.books().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_token_is_not_written_into_the_books() {
    let outside = Outside::new().await;
    outside.authorize(&outside.request("pm_live_secret")).await.unwrap();
    let tx = outside.db.begin_read().await.unwrap();
    let token = tx.one("SELECT token FROM simulated_gateway_payment", (), |row| row.get::<String>(0)).await.unwrap();
    assert_eq!(token, "unknown");
}
