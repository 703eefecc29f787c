//! Taking money for orders and giving it back: the gateway port, payments, refunds, the ledger.
//!
//! A payment or refund is claimed in the caller's transaction ([`create`], [`create_refund`]) and
//! then driven by id ([`Payments::authorize`], [`Payments::capture`], [`Payments::void`],
//! [`Payments::refund`]). Each step writes down that it will ask before it asks, under the id the
//! gateway knows it by, so it can be called again after any crash and from several places at once:
//! it asks the gateway what it knows before it asks for anything twice.
//!
//! Invariants:
//! - an order has one payment, and it is captured at most once, never for more than its amount;
//! - refunds of a payment never exceed what was captured, under races too;
//! - every movement of money is a balanced ledger entry, written once, in the transaction that
//!   writes the state it pays for; entries are never changed;
//! - a card number is refused at the edge and never stored.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use stagedoor_core::{Currency, Money, OrderId, OrganizerId};
//! # async fn example(store: store::Store, order: OrderId, organizer: OrganizerId) -> Result<(), Box<dyn std::error::Error>> {
//! use payments::{NewPayment, Payments, SimulatedGateway, Token, ledger};
//! let payments = Payments::new(store.clone(), Arc::new(SimulatedGateway::new(store.clone())));
//! let amount = Money::new(4500, Currency::EUR);
//! let tx = store.begin_write().await?; // with the order's own row
//! let payment = payments::create(&tx, NewPayment { order, amount, token: Token::parse("token", "tok_ok")? }).await?;
//! tx.commit().await?;
//! payments.authorize(payment).await?;
//! let line = ledger::SaleLine { kind: ledger::SaleKind::FaceValue, organizer, amount };
//! payments.capture(payment, &ledger::captured(payment, &[line])?).await?;
//! # Ok(())
//! # }
//! ```

mod gateway;
pub mod ledger;
mod payment;
mod payments;
mod refund;
mod simulated;
pub mod split;
mod sql;
mod token;

pub use gateway::{
    Authorize, GatewayError, NextAction, PaymentGateway, RefundRequest, RefundStanding, Reply, Standing,
};
pub use payment::{NewPayment, Payment, PaymentState};
pub use payments::{PaymentError, Payments, create, create_refund, of_order, refunds_of};
pub use refund::{NewRefund, Refund, RefundState};
pub use simulated::{Approval, BookLine, CHALLENGE_PATH, Moved, SimulatedGateway};
pub use sql::{PaymentStanding, standings};
pub use token::Token;
