//! Selling: orders from hold to ticket, refunds, and what the seat engine has on sale.
//!
//! Invariants:
//! - an order is in one state, and a state follows from the one before by a step of
//!   [`OrderState::after`], written over the version it was decided on;
//! - the commit point of an order is the sale of its last hold: before it everything is undone,
//!   after it everything is tried again;
//! - tickets exist exactly when the order is completed, which is when its whole total was
//!   captured; an order that ends otherwise keeps neither money nor seats;
//! - a hold is in at most one live order, a place is refunded at most once, and the transaction
//!   that claims either also claims the idempotency key, so they exist together or not at all;
//! - what becomes of an order or refund after a crash is decided by the same code as without one:
//!   a job drives each of them until no step follows;
//! - the catalogue says what is sold and the engine follows, by a job that commits with the change;
//! - the engine says what is blocked, and a block's row for whom: see [`Block`].
//!
//! ```no_run
//! # use sales::{PlaceOrder, Sales};
//! # use store::idempotency::Answer;
//! # async fn example(sales: Sales, fan: stagedoor_core::UserId, hold: stagedoor_core::HoldId) -> Result<(), Box<dyn std::error::Error>> {
//! let token = payments::Token::parse("payment.token", "tok_ok")?;
//! let origin = store::Origin::user(fan);
//! let wish = PlaceOrder { fan, holds: vec![hold], token, promo_code: None, attendee: None, origin, key: None };
//! let answered = sales.place(wish, |order| Answer { status: 201, body: order.status().text().into() }).await?;
//! assert_eq!(answered.answer.body, b"completed");
//! # Ok(()) }
//! ```

mod advance;
mod audited;
mod block;
mod booking;
mod checkout;
mod contract;
mod error;
mod jobs;
mod offers;
mod onsale;
mod order;
mod pricing;
mod refund;
mod refunds;
mod sales;
mod seat_change;
mod sql;

pub use block::{BLOCKS_PER_EVENT_MAX, Block, BlockError, BlockPage, NewBlock, Places, Release, SEATS_PER_BLOCK_MAX};
pub use booking::{Booking, BookingStatus};
pub use checkout::{HOLDS_PER_ORDER_MAX, PlaceOrder};
pub use contract::{Contract, NewContract, Partner, PartnerKind, add_partner, agree, contracts, partners, party_text};
pub use error::{CheckoutError, Fault, OnSaleError, OrderError, RefundError};
pub use jobs::unsettled_events;
pub use offers::Offer;
pub use onsale::sale_status;
pub use order::{IllegalStep, Lapse, LineKind, Order, OrderHold, OrderLine, OrderPlace, OrderState, OrderStatus, Step};
pub use pricing::{FeeRule, FeeScope, clear_fees, fees, set_fees};
pub use refund::{Refund, RefundCause, RefundState};
pub use refunds::{Cancel, StaffRefund};
pub use sales::{Answered, Attendee, Key, Parts, Quote, Sales};
pub use sql::{
    OrderFilter, OrderPage, Owned, PlaceStanding, Stage, Standing, all_area_capacities, all_places_in_blocks,
    all_seats_in_blocks, standings,
};
