//! What people say of themselves: name, language, preferences, where they are.

use notify::Locale;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stagedoor_core::{FieldError, Name, UserId};
use store::audit::{Chain, Entry};
use store::{Origin, PersonKey};

use crate::account::{AccountError, corrupt, place};
use crate::sql::{self, AccountRow};
use crate::{Identity, User, kyc};

/// Kinds of events that one person may prefer; there are fewer.
const CATEGORIES_MAX: usize = 50;
const CATEGORY_BYTES_MAX: usize = 40;
/// Half the way around the Earth, in kilometres.
const TRAVEL_KM_MAX: u32 = 20_000;

/// What a person prefers and where they are. Source: document 001, "User Management Service".
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    #[serde(default)]
    pub preferences: Preferences,
    #[serde(default)]
    pub location: Option<Location>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Kinds of events, as the catalogue calls them: sorted, unique.
    pub event_categories: Vec<String>,
    /// In kilometres, 0..=20,000; none when it does not matter.
    pub travel_km_max: Option<u32>,
    pub notifications: Notifications,
}

/// Ways in which a person wants news. What concerns the safety of the account is sent whatever
/// stands here.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    pub email: bool,
    pub sms: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        let notifications = Notifications { email: true, sms: false };
        Self { event_categories: Vec::new(), travel_km_max: None, notifications }
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub city: String,
    /// State or province.
    pub region: Option<String>,
    /// ISO 3166-1, two capitals.
    pub country: String,
}

impl Preferences {
    /// `Field` for more categories than there are, or farther than the Earth is round.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.event_categories.sort_unstable();
        self.event_categories.dedup();
        let is_long = |category: &String| category.is_empty() || category.len() > CATEGORY_BYTES_MAX;
        if self.event_categories.len() > CATEGORIES_MAX || self.event_categories.iter().any(is_long) {
            return Err(FieldError::new("preferences.eventCategories", "must be kinds of events"));
        }
        if self.travel_km_max.is_some_and(|km| km > TRAVEL_KM_MAX) {
            return Err(FieldError::new("preferences.maxTravelDistanceKm", "must be 0 to 20000"));
        }
        Ok(self)
    }
}

impl Location {
    /// `Field` for a part that does not fit.
    pub fn new(city: &str, region: Option<&str>, country: &str) -> Result<Self, FieldError> {
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(FieldError::new("location.country", "must be an ISO 3166-1 code of two capitals"));
        }
        Ok(Self {
            city: Name::parse("location.city", city)?.into_string(),
            region: region.map(|region| Name::parse("location.region", region)).transpose()?.map(Name::into_string),
            country: country.to_owned(),
        })
    }
}

/// A change of what a person says of themselves; `None` leaves a part as it is.
#[derive(Clone, Default)]
pub struct ProfileChange<'a> {
    pub name: Option<&'a str>,
    pub locale: Option<Locale>,
    pub preferences: Option<Preferences>,
    /// `Some(None)`: forget it.
    pub location: Option<Option<Location>>,
}

impl Profile {
    pub(crate) fn open(key: &PersonKey, row: &AccountRow) -> store::Result<Self> {
        let Some(sealed) = &row.profile else { return Ok(Self::default()) };
        let plain = key.open(place("profile", row.id), sealed).map_err(|_| corrupt("the profile", row.id))?;
        serde_json::from_slice(&plain).map_err(|_| corrupt("the profile", row.id))
    }

    fn seal(&self, key: &PersonKey, user: UserId) -> Vec<u8> {
        key.seal(place("profile", user), &serde_json::to_vec(self).expect("a profile is plain data"))
    }
}

impl Identity {
    /// Changes what the person says of themselves. `Field` for what does not fit. With another name
    /// a document that proved the one before, or was to, has lapsed.
    pub async fn update_profile(
        &self,
        origin: &Origin,
        user: UserId,
        change: ProfileChange<'_>,
    ) -> Result<User, AccountError> {
        let name = change.name.map(|name| Name::parse("name", name)).transpose()?;
        let preferences = change.preferences.map(Preferences::checked).transpose()?;
        let tx = self.0.store.begin_write_for(origin).await?;
        let mut row = sql::lock_account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let key = self.0.keyring.person_key(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let before = User::open(&key, &row)?;
        if let Some(name) = name {
            if name != before.name {
                kyc::lapse(&tx, user).await?;
            }
            row.name = key.seal(place("name", user), name.as_str().as_bytes());
        }
        if let Some(locale) = change.locale {
            row.locale = locale.text().to_owned();
        }
        if preferences.is_some() || change.location.is_some() {
            let mut profile = Profile::open(&key, &row)?;
            profile.preferences = preferences.unwrap_or(profile.preferences);
            profile.location = change.location.unwrap_or(profile.location);
            row.profile = Some(profile.seal(&key, user));
        }
        row.updated_at = tx.now();
        sql::set_profile(&tx, &row).await?;
        let row = sql::account(&tx, user).await?.ok_or(AccountError::NotFound)?;
        let user = User::open(&key, &row)?;
        let entry = Entry::new(Chain::Platform, "account.update", user.id).about(user.id);
        tx.audit(entry.change(said(&before), said(&user)));
        tx.commit().await?;
        Ok(user)
    }
}

/// What somebody says of themselves, for the audit log.
fn said(user: &User) -> Value {
    let Profile { preferences, location } = &user.profile;
    json!({ "name": user.name, "locale": user.locale.text(), "preferences": preferences, "location": location })
}
