//! How OpenAPI describes wire values whose Rust types know nothing of it: ids, instants, and the
//! words and offers of the catalogue. Nothing here is ever made; the names stand in
//! `#[schema(value_type = ...)]`.

mod seat_map;

use std::borrow::Cow;

use stagedoor_core::Id;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

pub use seat_map::{NewSeatMap, SeatMap};

/// What names cannot contain: control characters, and marks that make two names look alike.
const HIDDEN: &str = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff";

/// Part by part the addresses in ASCII that the server takes. Parts of a name have no two hyphens
/// in a row: they could stand for an encoded name that is none.
fn email() -> String {
    let local = counted("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]", r"\.", 64);
    let label = counted("[A-Za-z0-9]", "-", 63);
    format!(r"^{local}@{label}(\.{label}){{1,3}}$")
}

/// One to four runs of `letter` with `between` in between, together at most `max` long. A pattern
/// cannot count over runs, so the more there are the shorter each may be.
fn counted(letter: &str, between: &str, max: usize) -> String {
    let runs = (1..=4).map(|runs| {
        let each = (max + 1) / runs - 1;
        match runs - 1 {
            0 => format!("{letter}{{1,{each}}}"),
            more => format!("{letter}{{1,{each}}}({between}{letter}{{1,{each}}}){{{more}}}"),
        }
    });
    format!("({})", runs.collect::<Vec<_>>().join("|"))
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident => $object:expr;)*) => {$(
        $(#[doc = $doc])*
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object: ObjectBuilder = $object;
                object.schema_type(Type::String).description(described(&[$($doc),*])).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

/// The lines of a doc comment as one text; nothing without any.
fn described(lines: &[&str]) -> Option<String> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// Type prefix and a UUIDv7 in TypeID form.
fn id<T: Id>() -> ObjectBuilder {
    let (prefix, example) = (T::PREFIX, "01h455vb4pex5vsknk084sn02q");
    ObjectBuilder::new()
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .examples([format!("{prefix}_{example}")])
}

/// The id of a person or program, or a word for whoever else acts.
fn actor() -> ObjectBuilder {
    use stagedoor_core::{ApiKeyId, ClientId, UserId};
    let prefixes = [UserId::PREFIX, ClientId::PREFIX, ApiKeyId::PREFIX].join("|");
    ObjectBuilder::new()
        .pattern(Some(format!("^(({prefixes})_[0-7][0-9a-hjkmnp-tv-z]{{25}}|nobody|operator|system)$")))
        .examples(["operator"])
}

fn words(all: impl IntoIterator<Item: Into<serde_json::Value>>) -> ObjectBuilder {
    ObjectBuilder::new().enum_values(Some(all))
}

/// Every code there is; the list itself is not public where the currencies come from.
fn currencies() -> impl Iterator<Item = &'static str> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))));
    codes.filter_map(|code| stagedoor_core::Currency::from_code(&code)).map(|currency| currency.code())
}

texts! {
    UserId => id::<stagedoor_core::UserId>();
    OrganizerId => id::<stagedoor_core::OrganizerId>();
    VenueId => id::<stagedoor_core::VenueId>();
    SeatMapId => id::<stagedoor_core::SeatMapId>();
    EventId => id::<stagedoor_core::EventId>();
    PriceLevelId => id::<stagedoor_core::PriceLevelId>();
    HoldId => id::<stagedoor_core::HoldId>();
    OrderId => id::<stagedoor_core::OrderId>();
    PaymentId => id::<stagedoor_core::PaymentId>();
    TicketId => id::<stagedoor_core::TicketId>();
    /// A person's or thing's name: something to see, and no control characters.
    Name => ObjectBuilder::new()
        .pattern(Some(format!(r"^[^{HIDDEN}]*[^{HIDDEN}\s][^{HIDDEN}]*$")))
        .max_length(Some(stagedoor_core::Name::MAX));
    /// An e-mail address. The pattern describes the ordinary ones; letters of every script are
    /// taken on both sides of the `@`. Case makes no difference.
    Email => ObjectBuilder::new()
        .pattern(Some(email()))
        .max_length(Some(stagedoor_core::EMAIL_MAX))
        .examples(["fan@example.org"]);
    /// A telephone number with its country. Spaces, hyphens and brackets may stand between the digits.
    Phone => ObjectBuilder::new()
        .pattern(Some(r"^\+[0-9][0-9 ()-]{5,38}$"))
        .max_length(Some(40usize))
        .examples(["+49 30 901820"]);
    /// ISO 639-1.
    Locale => words(identity::Locale::ALL.map(identity::Locale::text));
    /// Bytes as they are.
    File => ObjectBuilder::new().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    /// Bytes in base64url without padding.
    Base64Url => ObjectBuilder::new().pattern(Some("^[A-Za-z0-9_-]*$"));
    PasskeyId => id::<stagedoor_core::PasskeyId>();
    ProviderLinkId => id::<stagedoor_core::ProviderLinkId>();
    SessionId => id::<stagedoor_core::SessionId>();
    IdentityCheckId => id::<stagedoor_core::IdentityCheckId>();
    CheckStatus => words(identity::CheckStatus::ALL.map(identity::CheckStatus::text));
    DocumentKind => words(identity::DocumentKind::ALL.map(identity::DocumentKind::text));
    Decision => words(["verified", "rejected"]);
    /// The key of a price level or ticket type.
    Key => ObjectBuilder::new().pattern(Some("^[A-Za-z0-9._~]{1,40}$"));
    /// RFC 3339, from year 1 to year 9999; answers are in UTC.
    Instant => ObjectBuilder::new().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    /// ISO 3166-1, two letters.
    Country => ObjectBuilder::new().pattern(Some("^[A-Z]{2}$")).examples(["DE"]);
    /// IANA name.
    TimeZone => ObjectBuilder::new().examples(["Europe/Berlin"]);
    /// ISO 4217.
    Currency => words(currencies());
    EventType => words(catalog::EventType::ALL.map(catalog::EventType::text));
    OrphanPolicy => words(["forbid", "avoid", "ignore"]);
    Barcodes => words(["any", "live"]);
    Wallet => words(["apple", "google"]);
    SortOrder => words(["date", "relevance"]);
    TicketStatus => words(["issued", "used", "refunded", "revoked"]);
    OrderStatus => words(sales::OrderStatus::ALL.map(sales::OrderStatus::text));
    /// The id of a user, client or API key, or `nobody`, `operator` or `system`.
    AuditActor => actor();
    AuditResult => words(store::audit::Outcome::ALL.map(store::audit::Outcome::text));
    BarcodeFormat => words(["svg", "png", "json"]);
    ClientId => id::<stagedoor_core::ClientId>();
    ApiKeyId => id::<stagedoor_core::ApiKeyId>();
    GrantId => id::<stagedoor_core::GrantId>();
    InvitationId => id::<stagedoor_core::InvitationId>();
    PartnerId => id::<stagedoor_core::PartnerId>();
    PartnerKind => words(sales::PartnerKind::ALL.map(sales::PartnerKind::text));
    /// The id of a partner, or a word for who is there anyway.
    Party => ObjectBuilder::new().pattern(Some(r"^(organizer|platform|ptn_[0-7][0-9a-hjkmnp-tv-z]{25})$"));
    /// Why somebody of the platform does something to a tenant.
    Reason => ObjectBuilder::new()
        .pattern(Some(format!(r"^[^\s{HIDDEN}][^{HIDDEN}]*[^\s{HIDDEN}]$")))
        .min_length(Some(*identity::Reason::LENGTH.start()))
        .max_length(Some(*identity::Reason::LENGTH.end()));
    /// What a program may be let do.
    Scope => words(identity::Scope::ALL.map(identity::Scope::text));
    GrantType => words(identity::GrantType::ALL.map(identity::GrantType::text));
    ClientKind => words(identity::ClientKind::ALL.map(identity::ClientKind::text));
    ConsentWord => words(["allow", "deny"]);
    /// An absolute address without a fragment.
    RedirectUri => ObjectBuilder::new().max_length(Some(500usize)).examples(["https://app.example/back"]);
    OAuthErrorCode => words([
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope", "invalid_target",
    ]);
    ErrorCode => words(stagedoor_core::Code::ALL.iter().map(|code| code.text()));
    PaymentMethod => words(["simulated"]);
    ChallengeWord => words(["approve", "reject"]);
    SaleKind => words(["presale", "general"]);
    Role => words(identity::Role::ALL.map(identity::Role::text));
}

fn text(format: KnownFormat) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
}

/// A rule by its name, or an instant.
pub enum AccessibleRelease {}

impl PartialSchema for AccessibleRelease {
    fn schema() -> RefOr<Schema> {
        let rule = words(["never", "rest_sold_out", "always"]).schema_type(Type::String);
        let either = OneOfBuilder::new().item(rule).item(text(KnownFormat::DateTime));
        either.description(Some("A rule by its name, or an instant.")).into()
    }
}

impl ToSchema for AccessibleRelease {}

/// A day at the venue, or an instant.
pub enum DateBound {}

impl PartialSchema for DateBound {
    fn schema() -> RefOr<Schema> {
        let either = OneOfBuilder::new().item(text(KnownFormat::Date)).item(text(KnownFormat::DateTime));
        either.description(Some("A day at the venue, or an instant.")).into()
    }
}

impl ToSchema for DateBound {}

/// Who a ticket is for, and how that changes the level's price.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct TicketType {
    #[schema(value_type = Key)]
    key: (),
    #[schema(value_type = Name)]
    name: (),
    pricing: Pricing,
}

/// One of the two.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Pricing {
    Factor(FactorPricing),
    Fixed(FixedPricing),
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a part of a description")]
pub struct FactorPricing {
    factor: Factor,
}

/// A share of the level's price: 10,000 is all of it, 5,000 half.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "a part of a description")]
pub struct Factor {
    #[schema(minimum = 0, maximum = 100_000)]
    basis_points: u32,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a part of a description")]
pub struct FixedPricing {
    fixed: Fixed,
}

/// Amounts in the currency's minor unit by level key; levels left out keep their price.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a part of a description")]
pub struct Fixed {
    prices: std::collections::BTreeMap<String, i64>,
}

/// When tickets can be bought.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the catalogue's type of that name")]
pub struct SaleWindow {
    /// Everyone can buy in either; a presale is only called so, in the event's status.
    #[schema(value_type = SaleKind)]
    kind: (),
    #[schema(value_type = Instant)]
    opens_at: (),
    /// Exclusive; without it the sale goes on until the event starts.
    #[schema(value_type = Option<Instant>)]
    closes_at: Option<()>,
}

/// A scan as one that is sent alone. What would not do there is refused here by itself, in its
/// place among the results.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes the door's type, whose texts are checked one by one")]
pub struct StoredScan {
    barcode: String,
    gate: String,
    #[schema(value_type = Option<Instant>)]
    scanned_at: Option<()>,
    scan_id: String,
    event_id: Option<String>,
}

/// Public keys as a JSON Web Key Set (RFC 7517).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what those who sign write themselves")]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

/// An Ed25519 key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "a part of a description")]
pub struct PublicKey {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    #[schema(rename = "use", example = "sig")]
    usage: String,
    #[schema(example = "EdDSA")]
    alg: String,
    /// Names the key: what it signed says it.
    kid: String,
    /// The key itself, in base64url.
    x: String,
}

/// A key of HMAC-SHA256.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a part of a description")]
pub struct SecretKey {
    #[schema(example = "oct")]
    kty: String,
    #[schema(example = "HS256")]
    alg: String,
    kid: String,
    /// The key itself, in base64url. Whoever has it can go on showing a ticket that they have seen once.
    k: String,
}
