//! What people say of themselves, and their sessions.

use identity::{Locale, Location, Notifications, Preferences, ProfileChange, TokenError};
use stagedoor_core::{Code, SessionId};
use uuid::Uuid;

use crate::{HOME, MINUTE, Office, PASSWORD};

#[tokio::test]
async fn a_profile_is_kept_and_changed_in_parts() {
    let office = Office::new().await;
    let ann = office.fan("ann").await.user;
    assert!(ann.profile.preferences.notifications.email && ann.profile.location.is_none());
    office.advance(MINUTE);
    let preferences = Preferences {
        event_categories: vec!["theatre".into(), "concert".into(), "theatre".into()],
        travel_km_max: Some(50),
        notifications: Notifications { email: false, sms: true },
    };
    let location = Location::new("Bremen", None, "DE").unwrap();
    let change = ProfileChange {
        locale: Some(Locale::German),
        preferences: Some(preferences),
        location: Some(Some(location)),
        ..ProfileChange::default()
    };
    let changed = office.update_profile(&HOME, ann.id, change).await.unwrap();
    assert_eq!(changed.profile.preferences.event_categories, ["concert", "theatre"]);
    assert_eq!((changed.locale, changed.updated_at), (Locale::German, office.db.env.now()));
    assert_eq!(office.user(ann.id).await.unwrap(), changed);

    let gone = ProfileChange { location: Some(None), ..ProfileChange::default() };
    let after = office.update_profile(&HOME, ann.id, gone).await.unwrap();
    assert!(after.profile.location.is_none() && after.name == ann.name);
    assert_eq!(after.profile.preferences.travel_km_max, Some(50));
    let far = Preferences { travel_km_max: Some(20_001), ..Preferences::default() };
    let far = ProfileChange { preferences: Some(far), ..ProfileChange::default() };
    assert_eq!(office.update_profile(&HOME, ann.id, far).await.unwrap_err().code(), Code::InvalidField);
    assert!(Location::new("", None, "DE").is_err() && Location::new("Bremen", None, "de").is_err());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person_alone() {
    let office = Office::new().await;
    let (ann, bob) = (office.fan("ann").await, office.fan("bob").await);
    let second = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    let third = office.try_login("ann@example.org", PASSWORD).await.unwrap();
    let id = |token: &str| office.verify(token).unwrap().session;
    let (first_id, second_id, third_id) = (id(&ann.access_token), id(&second.access_token), id(&third.access_token));
    let listed = async || -> Vec<SessionId> {
        let mut ids: Vec<_> =
            office.sessions_of(ann.user.id).await.unwrap().into_iter().map(|session| session.id).collect();
        ids.sort_unstable();
        ids
    };
    let mut all = vec![first_id, second_id, third_id];
    all.sort_unstable();
    assert_eq!(listed().await, all);
    let sessions = office.sessions_of(ann.user.id).await.unwrap();
    assert_eq!(sessions[0].device.program.as_deref(), Some("Firefox/141.0"));
    assert_eq!(sessions[0].device.address.to_string(), "192.0.2.1");

    for foreign in [id(&bob.access_token), SessionId(Uuid::nil())] {
        let refused = office.end_session(&HOME, ann.user.id, foreign).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    office.end_session(&HOME, ann.user.id, second_id).await.unwrap();
    assert_eq!(office.verify(&second.access_token), Err(TokenError::Revoked));
    assert_eq!(office.end_session(&HOME, ann.user.id, second_id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(office.end_other_sessions(&HOME, ann.user.id, third_id).await.unwrap(), 1);
    assert_eq!(listed().await, [third_id]);
    assert!(office.verify(&bob.access_token).is_ok());
    assert!(office.refresh(&HOME, &ann.refresh_token).await.is_err());
    office.refresh(&HOME, &third.refresh_token).await.unwrap();
}
