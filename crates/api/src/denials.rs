//! Denials in the audit log: who asked for what they may not have, did not prove who they are, or
//! asked too often.
//!
//! Whoever is refused can ask again, without end, so this is bounded: within [`WINDOW`] the same
//! refusal of the same caller is written once, a caller gets [`PER_CALLER_MAX`] entries, each reason
//! [`PER_REASON_MAX`] in a chain, and all tenants' chains together [`TENANTS_MAX`]; the rest is counted
//! and the counts are written when the window ends. A day of attack from everywhere is thus at most
//! about 60,000 entries in the platform's chain and 192,000 in all others, 120 MB. Reasons are counted
//! apart so that who sends forged tokens by the thousand hides no guessing of passwords.
//!
//! A stranger never writes to a tenant's log: only what members are refused stands there, and all
//! else in the platform's.
//!
//! A hold that comes too late, too often or for what is not there is no denial, whichever way it came: of
//! holds the journal is the record, and an on-sale would be nothing else. Only who asks for one with a wrong
//! token, or none, is denied.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderValue, Method, Request, Uri, header};
use parking_lot::Mutex;
use serde_json::json;
use stagedoor_core::{Code, OrganizerId, RequestId, Timestamp, UserId, subscriber};
use store::audit::{Chain, Entry, Outcome};
use store::{Actor, Origin, Store};

use crate::auth::Caller;
use crate::client::origin;
use crate::headers::Headers;
use crate::{App, Problem};

/// Refusals are counted together for this long.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Entries about one caller, an account or an address, within a window.
pub const PER_CALLER_MAX: u32 = 20;
/// Entries with one code in one chain within a window.
pub const PER_REASON_MAX: u32 = 100;
/// Entries in the chains of all tenants within a window.
pub const TENANTS_MAX: u32 = 2_000;

/// What a refusal is about, where the one who refuses knows better than the address tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub chain: Chain,
    pub action: &'static str,
    pub subject: String,
    pub about: Option<UserId>,
}

/// The refusal that an answer is, where it is told in other words than ours: for the log alone.
#[derive(Clone)]
pub struct ToldOtherwise(pub Problem);

/// Which denials were written lately.
#[derive(Default)]
pub struct Denials(Mutex<Window>);

#[derive(Default)]
struct Window {
    since: Timestamp,
    /// What was written; with the next two bounded by what may be.
    written: HashSet<(Chain, String)>,
    by_caller: HashMap<String, u32>,
    tenants: u32,
    by_reason: BTreeMap<(Chain, &'static str), Count>,
}

#[derive(Default)]
struct Count {
    written: u32,
    left_out: u64,
}

/// Denials that were counted and not written, by chain and code.
type LeftOut = BTreeMap<Chain, BTreeMap<&'static str, u64>>;

impl Denials {
    /// Whether this one is to be written; and what a window that ended left out. `what`: the same
    /// of the same refusal of one caller.
    fn admit(&self, now: Timestamp, chain: Chain, who: &str, code: Code, what: &str) -> (bool, LeftOut) {
        let mut window = self.0.lock();
        let ended = window.turn(now);
        (window.admit(chain, who, code, what), ended)
    }

    /// Writes what was left out once its window has ended. Call it every minute or so.
    pub async fn flush(&self, store: &Store) -> store::Result<()> {
        let ended = self.0.lock().turn(store.env().now());
        self.write_counts(store, ended).await
    }

    /// Writes what was left out so far: for a server that ends.
    pub async fn close(&self, store: &Store) -> store::Result<()> {
        let ended = std::mem::take(&mut *self.0.lock()).left_out();
        self.write_counts(store, ended).await
    }

    /// What cannot be written now is counted again, to be written with the next window's.
    async fn write_counts(&self, store: &Store, ended: LeftOut) -> store::Result<()> {
        let written = write_counts(store, &ended).await;
        if written.is_err() {
            self.0.lock().count_again(ended);
        }
        written
    }
}

impl Window {
    fn admit(&mut self, chain: Chain, who: &str, code: Code, what: &str) -> bool {
        let is_closed = chain != Chain::Platform && self.tenants >= TENANTS_MAX;
        // Counting has to have an end, too: what comes late to a chain without counts, the platform counts.
        let is_counted = !is_closed || self.by_reason.contains_key(&(chain, code.text()));
        let count = self.by_reason.entry((if is_counted { chain } else { Chain::Platform }, code.text())).or_default();
        let by_caller = self.by_caller.get(who).copied().unwrap_or_default();
        let is_full = is_closed || count.written >= PER_REASON_MAX || by_caller >= PER_CALLER_MAX;
        if is_full || !self.written.insert((chain, format!("{who} {} {what}", code.text()))) {
            count.left_out += 1;
            return false;
        }
        count.written += 1;
        self.by_caller.insert(who.to_owned(), by_caller + 1);
        self.tenants += u32::from(chain != Chain::Platform);
        true
    }

    fn count_again(&mut self, left_out: LeftOut) {
        for (chain, codes) in left_out {
            for (code, count) in codes {
                self.by_reason.entry((chain, code)).or_default().left_out += count;
            }
        }
    }

    fn turn(&mut self, now: Timestamp) -> LeftOut {
        // A clock that was set back ends a window, too.
        if (self.since..self.since + WINDOW).contains(&now) {
            return LeftOut::new();
        }
        std::mem::replace(self, Window { since: now, ..Window::default() }).left_out()
    }

    fn left_out(self) -> LeftOut {
        let mut all = LeftOut::new();
        for ((chain, code), count) in self.by_reason.into_iter().filter(|(_, count)| count.left_out > 0) {
            all.entry(chain).or_default().insert(code, count.left_out);
        }
        all
    }
}

async fn write_counts(store: &Store, ended: &LeftOut) -> store::Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let tx = store.begin_write().await?;
    for (chain, left_out) in ended {
        let entry = Entry::new(*chain, "denials.left_out", "denials");
        tx.audit(entry.result(Outcome::Denied).after(json!(left_out)));
    }
    tx.commit().await
}

async fn write(store: &Store, origin: &Origin, entry: Entry) -> store::Result<()> {
    let tx = store.begin_write_for(origin).await?;
    tx.audit(entry);
    tx.commit().await
}

/// What is kept of a request in case it is refused.
pub struct Asked {
    method: Method,
    uri: Uri,
    id: RequestId,
    caller: Caller,
    address: IpAddr,
    agent: Option<HeaderValue>,
}

impl Asked {
    pub fn new<B>(request: &Request<B>, id: RequestId, caller: Caller, address: IpAddr) -> Asked {
        let agent = request.headers().get(header::USER_AGENT).cloned();
        Asked { method: request.method().clone(), uri: request.uri().clone(), id, caller, address, agent }
    }

    /// The same of a request that the router has not seen, from somebody not signed in.
    pub fn unrouted<H: Headers + ?Sized>(
        method: Method,
        path: &str,
        headers: &H,
        id: RequestId,
        address: IpAddr,
    ) -> Asked {
        let agent = headers.values(&header::USER_AGENT).next().and_then(|agent| HeaderValue::from_bytes(agent).ok());
        Asked { method, uri: path.parse().unwrap_or_default(), id, caller: Caller::NOBODY, address, agent }
    }

    pub fn method(&self) -> &Method {
        &self.method
    }
}

/// Whether an answer with this code may be a denial.
pub fn concerns(method: &Method, route: &str, code: Code) -> bool {
    match *method == Method::POST && [crate::holds::ROUTE, crate::bookings::ROUTE].contains(&route) {
        true => code.status() == 401 || code == Code::InvalidCsrfToken,
        false => matches!(code.status(), 401 | 403 | 404 | 429),
    }
}

/// Writes that `problem` was the answer, if it is a denial. Neither changes the answer: a log that
/// cannot be written now is told to the operator.
pub async fn record(app: &App, asked: &Asked, route: &str, problem: &Problem) {
    let code = problem.code;
    if !concerns(&asked.method, route, code) {
        return;
    }
    if let Err(error) = try_record(app, asked, route, problem, code).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a denial could not be written to the audit log");
    }
}

async fn try_record(app: &App, asked: &Asked, route: &str, problem: &Problem, code: Code) -> store::Result<()> {
    let denied = match problem.denied() {
        Some(denied) => Some(denied.clone()),
        None => denied(app, asked, route, code).await?,
    };
    let Some(Denied { chain, action, subject, about }) = denied else { return Ok(()) };
    let who = match asked.caller.actor() {
        // An IPv6 subscriber has a whole network.
        (Actor::Nobody, _) => subscriber(asked.address).to_string(),
        (known, _) => known.text(),
    };
    let method = asked.method.as_str();
    let what = format!("{method} {route} {subject}");
    let (is_written, ended) = app.denials.admit(app.env.now(), chain, &who, code, &what);
    if is_written {
        let after = json!({ "code": code.text(), "method": method, "route": route });
        let entry = Entry::new(chain, action, subject).result(Outcome::Denied).after(after);
        let entry = match about {
            Some(person) => entry.about(person),
            None => entry,
        };
        let origin = origin(asked.caller, asked.address, asked.agent.as_ref().map(HeaderValue::as_bytes), asked.id);
        if let Err(error) = write(&app.store, &origin, entry).await {
            let lost = LeftOut::from([(chain, BTreeMap::from([(code.text(), 1)]))]);
            app.denials.0.lock().count_again(lost);
            app.denials.0.lock().count_again(ended);
            return Err(error);
        }
    }
    app.denials.write_counts(&app.store, ended).await
}

/// What a refusal is about, as far as its address tells. `None` for what is no denial.
async fn denied(app: &App, asked: &Asked, route: &str, code: Code) -> store::Result<Option<Denied>> {
    let part = |name: &str| {
        let at = route.split('/').position(|segment| segment == name)?;
        asked.uri.path().split('/').nth(at)
    };
    let request =
        |chain, subject: &str| Some(Denied { chain, action: "request", subject: subject.to_owned(), about: None });
    let (actor, _) = asked.caller.actor();
    Ok(match (code, actor) {
        (Code::NotSignedIn | Code::InvalidToken, _) => request(Chain::Platform, "access token"),
        (Code::InvalidCsrfToken, _) => request(Chain::Platform, "cookies"),
        (Code::AccountNeeded, _) => request(Chain::Platform, "account"),
        (Code::RateLimited, _) => request(Chain::Platform, "requests"),
        // A program that has no leave for what is its person's own.
        (Code::InsufficientScope, _) => request(Chain::Platform, "scope"),
        // Whoever is signed in is asked for the password again before some changes.
        (Code::InvalidCredentials, Actor::User(user)) => Some(Denied {
            chain: Chain::Platform,
            action: "password.confirm",
            subject: user.to_string(),
            about: Some(user),
        }),
        // Somebody asks about what is absent or another's.
        (Code::NotFound, Actor::User(_) | Actor::Client(_) | Actor::ApiKey(_)) => {
            let ids = ["{event}", "{venue}", "{order}", "{ticket}", "{user}", "{client}", "{key}"];
            match part("{org}").map(|organizer| organizer.parse::<OrganizerId>()) {
                Some(Ok(organizer)) if is_staff(app, asked.caller, organizer).await? => {
                    ids.into_iter().find_map(part).and_then(|id| request(organizer.into(), &shown(id)))
                }
                Some(_) => request(Chain::Platform, "organizer"),
                None => ["{order}", "{ticket}", "{session}", "{check}", "{grant}"]
                    .into_iter()
                    .find_map(part)
                    .and_then(|id| request(Chain::Platform, &shown(id))),
            }
        }
        _ => None,
    })
}

/// Whether the caller works for the organizer, as a member or as a program of its own.
async fn is_staff(app: &App, caller: Caller, organizer: OrganizerId) -> store::Result<bool> {
    match caller.actor() {
        (Actor::User(user), _) => Ok(app.identity.role_of(user, organizer).await?.is_some()),
        _ => Ok(caller.organizer() == Some(organizer)),
    }
}

/// What a stranger calls an id, if it looks like one.
fn shown(text: &str) -> String {
    let is_id = text.len() <= 30 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_id { text.to_owned() } else { "no id".to_owned() }
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;

    use super::*;

    const PLATFORM: Chain = Chain::Platform;

    #[test]
    fn the_ways_to_a_hold_are_routes_that_there_are() {
        let document = crate::document();
        for route in [crate::holds::ROUTE, crate::bookings::ROUTE] {
            let path = document.paths.paths.get(route).unwrap_or_else(|| panic!("no route is called {route}"));
            assert!(path.post.is_some(), "{route}");
            assert!(
                !concerns(&Method::POST, route, Code::RateLimited) && !concerns(&Method::POST, route, Code::NotFound)
            );
            assert!(
                concerns(&Method::POST, route, Code::InvalidToken) && concerns(&Method::GET, route, Code::RateLimited)
            );
        }
    }

    #[test]
    fn the_same_denial_is_written_once_in_a_window_and_the_rest_is_counted() {
        let (env, denials) = (Env::seeded(1), Denials::default());
        let admit = |who: &str| denials.admit(env.now(), PLATFORM, who, Code::InvalidToken, "GET /me");
        let nothing = LeftOut::new();
        assert_eq!(admit("ann"), (true, nothing.clone()));
        assert_eq!(admit("ann"), (false, nothing.clone()));
        assert_eq!(admit("bob"), (true, nothing.clone()));
        env.clock.advance(WINDOW);
        let counted = LeftOut::from([(PLATFORM, BTreeMap::from([("invalid_token", 1)]))]);
        assert_eq!(admit("ann"), (true, counted));
        env.clock.advance(WINDOW);
        assert_eq!(admit("ann"), (true, nothing));
    }

    #[test]
    fn however_many_ask_a_window_has_an_end() {
        let (env, denials) = (Env::seeded(1), Denials::default());
        let written = |chain: Chain, code: Code| {
            let admit = |who: u32| denials.admit(env.now(), chain, &who.to_string(), code, &format!("{chain}")).0;
            // So many callers that each has room.
            (0..1_000).filter(|who| admit(*who)).count()
        };
        assert_eq!(written(PLATFORM, Code::InvalidToken), PER_REASON_MAX as usize);
        assert_eq!(written(PLATFORM, Code::InvalidCredentials), PER_REASON_MAX as usize, "another reason has its own");
        let tenants = (0..100).map(|_| Chain::Organizer(env.id()));
        let most: Vec<usize> = tenants
            .map(|chain| {
                let offset = denials.0.lock().by_caller.len();
                let admit =
                    |who: usize| denials.admit(env.now(), chain, &format!("{offset}/{who}"), Code::NotAllowed, "").0;
                (0..1_000).filter(|who| admit(*who)).count()
            })
            .collect();
        assert_eq!(most[0], PER_REASON_MAX as usize);
        assert_eq!(most.iter().sum::<usize>(), TENANTS_MAX as usize);
        assert_eq!(
            written(PLATFORM, Code::RateLimited),
            PER_REASON_MAX as usize,
            "tenants leave the platform its room"
        );
    }

    #[test]
    fn one_caller_does_not_take_the_room_of_others() {
        let (env, denials) = (Env::seeded(1), Denials::default());
        let admit = |who: &str, what: u32| denials.admit(env.now(), PLATFORM, who, Code::NotFound, &what.to_string()).0;
        assert_eq!((0..1_000).filter(|what| admit("ann", *what)).count(), PER_CALLER_MAX as usize);
        assert!(admit("bob", 0));
    }
}
