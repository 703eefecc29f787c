//! The person signed in: profile, addresses, password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use catalog::EventType;
use identity::{Channel, Contact, Location, Notifications, Preferences, ProfileChange, Role, User};
use serde::{Deserialize, Serialize};
use stagedoor_core::{Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::{locale, private};
use crate::auth::{Fan, Person, ProfileRead};
use crate::client::RequestOrigin;
use crate::extract::{Body, Patch, present};
use crate::problem::Envelope;
use crate::{App, Problem, schema};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me, update_me, delete_me))
        .routes(routes!(change_email))
        .routes(routes!(send_email_code))
        .routes(routes!(verify_email))
        .routes(routes!(change_phone))
        .routes(routes!(send_phone_code))
        .routes(routes!(verify_phone))
        .routes(routes!(change_password))
}

/// A person as they see themselves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    #[schema(value_type = schema::UserId)]
    id: UserId,
    email: Option<String>,
    /// Whether a code that was sent there came back.
    email_verified: bool,
    /// In the form of E.164.
    phone: Option<String>,
    phone_verified: bool,
    name: String,
    /// The language of messages.
    #[schema(value_type = schema::Locale)]
    locale: &'static str,
    preferences: PreferencesView,
    location: Option<LocationView>,
    /// Whether signing in asks for a second factor.
    second_factor: bool,
    /// How the newest check of who they are stands; null when no document was handed in.
    #[schema(value_type = Option<schema::CheckStatus>)]
    kyc_status: Option<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreferencesBody {
    #[serde(default)]
    #[schema(value_type = Vec<schema::EventType>, max_items = 50)]
    event_categories: Vec<EventType>,
    /// In kilometres; null when it does not matter.
    #[schema(minimum = 0, maximum = 20_000)]
    max_travel_distance_km: Option<u32>,
    /// E-mail alone when left out.
    notifications: Option<NotificationsBody>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreferencesView {
    #[schema(value_type = Vec<schema::EventType>)]
    event_categories: Vec<String>,
    max_travel_distance_km: Option<u32>,
    notifications: NotificationsView,
}

/// Ways in which news may come. What concerns the safety of the account is sent in any case.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationsBody {
    email: bool,
    sms: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsView {
    email: bool,
    sms: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocationBody {
    #[schema(value_type = schema::Name)]
    city: String,
    /// State or province.
    #[schema(value_type = Option<schema::Name>)]
    region: Option<String>,
    #[schema(value_type = schema::Country)]
    country: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocationView {
    city: String,
    region: Option<String>,
    #[schema(value_type = schema::Country)]
    country: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let (email, phone) = (user.email, user.phone);
        let Preferences { event_categories, travel_km_max, notifications } = user.profile.preferences;
        Self {
            id: user.id,
            email_verified: email.as_ref().is_some_and(|email| email.verified_at.is_some()),
            email: email.map(|email| email.address),
            phone_verified: phone.as_ref().is_some_and(|phone| phone.verified_at.is_some()),
            phone: phone.map(|phone| phone.address),
            name: user.name.into_string(),
            locale: user.locale.text(),
            preferences: PreferencesView {
                event_categories,
                max_travel_distance_km: travel_km_max,
                notifications: NotificationsView { email: notifications.email, sms: notifications.sms },
            },
            location: user.profile.location.map(|Location { city, region, country }| LocationView {
                city,
                region,
                country,
            }),
            second_factor: user.second_factor,
            kyc_status: user.check.map(identity::CheckStatus::text),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileBody {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Name, required = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Locale, required = false)]
    locale: Option<String>,
    /// Replaces all preferences.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = PreferencesBody, required = false)]
    preferences: Option<PreferencesBody>,
    /// Null forgets it.
    #[serde(default)]
    #[schema(value_type = Option<LocationBody>)]
    location: Patch<LocationBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailBody {
    #[schema(value_type = schema::Email)]
    email: String,
    /// The account's.
    password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PhoneBody {
    #[schema(value_type = schema::Phone)]
    phone: String,
    /// The account's.
    password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeBody {
    /// From the message.
    #[schema(min_length = 6, max_length = 6)]
    code: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordBody {
    /// The password so far.
    current: String,
    /// 8 to 128 characters, not a common one.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasureBody {
    #[schema(max_length = 128)]
    password: String,
    /// Of an account with a second factor: what the app shows, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

/// The person signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts", security(("bearer" = []), ("oauth2" = ["profile.read"])),
    responses((status = 200, body = UserView), (status = 401, body = Envelope), (status = 404, body = Envelope)))]
pub async fn me(State(app): State<App>, fan: Person<ProfileRead>) -> Result<Response, Problem> {
    let user = app.identity.user(fan.id()).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Change one's name, language, preferences or location.
#[utoipa::path(patch, path = "/api/v1/me", tag = "accounts", security(("bearer" = [])), request_body = ProfileBody,
    responses((status = 200, body = UserView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn update_me(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ProfileBody>,
) -> Result<Response, Problem> {
    let preferences = body.preferences.map(|body| Preferences {
        event_categories: body.event_categories.iter().map(|kind| kind.text().to_owned()).collect(),
        travel_km_max: body.max_travel_distance_km,
        notifications: body.notifications.map_or_else(
            || Preferences::default().notifications,
            |body| Notifications { email: body.email, sms: body.sms },
        ),
    });
    let location = match body.location {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(place) => Some(Some(Location::new(&place.city, place.region.as_deref(), &place.country)?)),
    };
    let change = ProfileChange {
        name: body.name.as_deref(),
        locale: body.locale.as_deref().map(locale).transpose()?,
        preferences,
        location,
    };
    let user = app.identity.update_profile(&origin, fan.id(), change).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Have a code sent to a new e-mail address. The account has it once the code comes back. One with a
/// second factor asks for it as signing in does: 401 `mfa_required`.
#[utoipa::path(post, path = "/api/v1/me/email", tag = "accounts", security(("bearer" = [])), request_body = EmailBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 202), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn change_email(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<EmailBody>,
) -> Result<StatusCode, Problem> {
    app.identity
        .change_contact(&origin, fan.id(), Contact::Email(&body.email), &body.password, body.otp.as_deref())
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// Have another code sent to the e-mail address that waits for one.
#[utoipa::path(post, path = "/api/v1/me/email/code", tag = "accounts", security(("bearer" = [])),
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 202), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn send_email_code(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
) -> Result<StatusCode, Problem> {
    app.identity.send_code(&origin, fan.id(), Channel::Email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove an e-mail address by the code that was sent there: good for 10 minutes, 5 tries, and once.
#[utoipa::path(post, path = "/api/v1/me/email/verify", tag = "accounts", security(("bearer" = [])),
    request_body = CodeBody, extensions(("x-rate-limit" = json!("20/min per user"))),
    responses((status = 200, body = UserView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn verify_email(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<CodeBody>,
) -> Result<Response, Problem> {
    let user = app.identity.verify_contact(&origin, fan.id(), Channel::Email, &body.code).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Have a code sent to a telephone number. The account has it once the code comes back. One with a
/// second factor asks for it as signing in does: 401 `mfa_required`.
#[utoipa::path(post, path = "/api/v1/me/phone", tag = "accounts", security(("bearer" = [])), request_body = PhoneBody,
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 202), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn change_phone(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<PhoneBody>,
) -> Result<StatusCode, Problem> {
    app.identity
        .change_contact(&origin, fan.id(), Contact::Phone(&body.phone), &body.password, body.otp.as_deref())
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// Have another code sent to the telephone number that waits for one.
#[utoipa::path(post, path = "/api/v1/me/phone/code", tag = "accounts", security(("bearer" = [])),
    extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 202), (status = 401, body = Envelope), (status = 404, body = Envelope),
        (status = 409, body = Envelope)))]
pub async fn send_phone_code(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
) -> Result<StatusCode, Problem> {
    app.identity.send_code(&origin, fan.id(), Channel::Phone).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove a telephone number by the code that was sent there: good for 10 minutes, 5 tries, and once.
#[utoipa::path(post, path = "/api/v1/me/phone/verify", tag = "accounts", security(("bearer" = [])),
    request_body = CodeBody, extensions(("x-rate-limit" = json!("20/min per user"))),
    responses((status = 200, body = UserView), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn verify_phone(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<CodeBody>,
) -> Result<Response, Problem> {
    let user = app.identity.verify_contact(&origin, fan.id(), Channel::Phone, &body.code).await?;
    Ok(private(StatusCode::OK, UserView::from(user)))
}

/// Change one's password. Ends every other session. An account with a second factor asks for it as
/// signing in does: 401 `mfa_required`.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "accounts", security(("bearer" = [])),
    request_body = PasswordBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 413, body = Envelope), (status = 415, body = Envelope)))]
pub async fn change_password(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    app.identity
        .change_password(&origin, fan.id(), fan.0.session, &body.current, &body.password, body.otp.as_deref())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erase one's personal data and end every session. Orders and books keep the bare id.
///
/// Asks for the password: 401 `invalid_credentials`. An account with a second factor asks for it as
/// signing in does: 401 `mfa_required`. The last owner of an organizer that has events stays; one
/// without events ends with its last owner.
#[utoipa::path(delete, path = "/api/v1/me", tag = "accounts", security(("bearer" = [])),
    request_body = ErasureBody, extensions(("x-rate-limit" = json!("10/min per user"))),
    responses((status = 204), (status = 400, body = Envelope), (status = 401, body = Envelope),
        (status = 404, body = Envelope), (status = 409, body = Envelope), (status = 413, body = Envelope),
        (status = 415, body = Envelope)))]
pub async fn delete_me(
    State(app): State<App>,
    fan: Fan,
    RequestOrigin(origin): RequestOrigin,
    Body(body): Body<ErasureBody>,
) -> Result<StatusCode, Problem> {
    let mut idle = Vec::new();
    for membership in app.identity.organizers_of(fan.id()).await? {
        let organizer = membership.organizer.id;
        if membership.role == Role::Owner && !app.catalog.has_events(organizer).await? {
            idle.push(organizer);
        }
    }
    app.identity.delete(&origin, fan.id(), &body.password, body.otp.as_deref(), &idle).await?;
    Ok(StatusCode::NO_CONTENT)
}
