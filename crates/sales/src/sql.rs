//! Every statement on the tables of this crate.

mod events;
mod orders;
mod refunds;
mod standings;

pub(crate) use events::*;
pub use orders::OrderPage;
pub(crate) use orders::*;
pub(crate) use refunds::*;
pub use standings::{Stage, Standing, standings};

/// `($1, $2), ($3, $4)` for `rows` rows of `columns` parameters.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = |at: usize| {
        let numbers: Vec<_> = (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `$2, $3, $4` for `count` parameters after the first `skip`.
fn list(skip: usize, count: usize) -> String {
    (skip + 1..=skip + count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}
