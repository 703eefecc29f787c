//! Which Rust values a statement takes and a column gives.

use sea_orm::{QueryResult, Value};
use stagedoor_core::{self as core, Currency, Timestamp};
use uuid::Uuid;

use crate::{Error, Result};

/// A value a column gives.
pub trait Column: Sized {
    fn read(row: &QueryResult, index: usize) -> Result<Self>;
}

/// A value a statement takes.
pub trait IntoParam {
    fn into_param(self) -> Value;
}

/// The parameters of a statement, `$1` first: a tuple of up to 25 values, or `()`.
pub trait Params {
    fn into_values(self) -> Vec<Value>;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &QueryResult, index: usize) -> Result<Self> { Ok(row.try_get_by_index(index)?) }
        }
        impl Column for Option<$type> {
            fn read(row: &QueryResult, index: usize) -> Result<Self> { Ok(row.try_get_by_index(index)?) }
        }
        impl IntoParam for $type { fn into_param(self) -> Value { self.into() } }
        impl IntoParam for Option<$type> { fn into_param(self) -> Value { self.into() } }
    )*};
}

plain!(i64, i32, bool, f64, String, Vec<u8>, Uuid);

/// Types that are stored as another type: `$to` maps into it, `$from` back.
macro_rules! stored_as {
    ($($type:ty as $plain:ty, $to:expr, $from:expr;)*) => {$(
        impl Column for $type {
            fn read(row: &QueryResult, index: usize) -> Result<Self> {
                let from: fn($plain) -> Result<$type> = $from;
                from(row.try_get_by_index(index)?)
            }
        }
        impl Column for Option<$type> {
            fn read(row: &QueryResult, index: usize) -> Result<Self> {
                let from: fn($plain) -> Result<$type> = $from;
                row.try_get_by_index::<Option<$plain>>(index)?.map(from).transpose()
            }
        }
        impl IntoParam for $type {
            fn into_param(self) -> Value { let to: fn($type) -> $plain = $to; to(self).into() }
        }
        impl IntoParam for Option<$type> {
            fn into_param(self) -> Value { let to: fn($type) -> $plain = $to; self.map(to).into() }
        }
    )*};
}

macro_rules! ids {
    ($($id:ident),*) => { stored_as! { $(core::$id as Uuid, |id| id.0, |id| Ok(core::$id(id));)* } };
}

ids!(
    UserId,
    OrganizerId,
    VenueId,
    SeatMapId,
    PerformerId,
    EventId,
    PriceLevelId,
    BlockId,
    HoldId,
    OrderId,
    PaymentId,
    RefundId,
    TicketId,
    SessionId,
    PasskeyId,
    ProviderLinkId,
    ClientId,
    GrantId,
    ApiKeyId,
    InvitationId,
    PartnerId,
    ContractId,
    JobId,
    MessageId,
    IdentityCheckId,
    EntryId,
    RequestId
);

stored_as! {
    Timestamp as i64, |at| at.micros(), |micros| Ok(Timestamp::from_micros(micros));
    Currency as String, |currency| currency.code().to_owned(), |code| {
        Currency::from_code(&code).ok_or_else(|| Error::corrupt(format!("{code:?} is not a currency")))
    };
    u32 as i64, i64::from, |wide| u32::try_from(wide).map_err(|_| Error::corrupt(format!("{wide} is not a count")));
}

impl IntoParam for &str {
    fn into_param(self) -> Value {
        self.into()
    }
}

impl IntoParam for Option<&str> {
    fn into_param(self) -> Value {
        self.map(str::to_owned).into()
    }
}

impl IntoParam for &String {
    fn into_param(self) -> Value {
        self.as_str().into()
    }
}

impl IntoParam for &[u8] {
    fn into_param(self) -> Value {
        self.to_vec().into()
    }
}

impl<const N: usize> IntoParam for [u8; N] {
    fn into_param(self) -> Value {
        self.to_vec().into()
    }
}

impl Params for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

/// For statements whose number of parameters is only known when they run.
impl Params for Vec<Value> {
    fn into_values(self) -> Vec<Value> {
        self
    }
}

macro_rules! tuples {
    ($($name:ident)*) => { tuples!(@ [] $($name)*); };
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: IntoParam,)* $next: IntoParam> Params for ($($done,)* $next,) {
            #[allow(non_snake_case)]
            fn into_values(self) -> Vec<Value> {
                let ($($done,)* $next,) = self;
                vec![$($done.into_param(),)* $next.into_param()]
            }
        }
        tuples!(@ [$($done)* $next] $($rest)*);
    };
    (@ [$($done:ident)*]) => {};
}

tuples!(A B C D E F G H I J K L M N O P Q R S T U V W X Y);
