//! One who watches.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::response::Response;
use hashbrown::hash_map::Entry;
use identity::{Bearer, Guest, Principal};
use inventory::Warned;
use serde::Deserialize;
use stagedoor_core::limits::HOLD_WARNING;
use stagedoor_core::{Code, EventId, HoldId, SessionId, Timestamp, UserId};
use tokio::sync::{broadcast, mpsc};

use super::sessions::MayHaveEnded;
use super::{Channel, Frame, Wire};
use crate::auth::caller;
use crate::client::client;
use crate::crowd::Place;
use crate::edge::{Open, stopped};
use crate::extract::{Params, Path};
use crate::websocket::{self, CloseCode, End, Heard, Upgrade, WebSocket};
use crate::{App, Problem};

/// When who has too many live maps open may come again.
const CROWDED_FOR: Duration = Duration::from_secs(2);
/// Expiry warnings waiting for one signed-in viewer.
const WARNINGS_MAX: usize = 8;
/// A token is good for minutes; who signs in anew on the same socket more often than this wants
/// nothing but work done.
const SIGN_IN_EVERY: Duration = Duration::from_secs(1);

const INVALID_TOKEN: Wire<'static> = Wire::Error { code: Code::InvalidToken.text() };

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveParams {
    /// The last version the viewer has; without it, or when it is too old, a snapshot comes first.
    since: Option<u64>,
}

/// Watch an event's seat map: upgrades to a WebSocket. Source: document 004, FR-3.1 to FR-3.3.
///
/// The server sends text frames, each a JSON object with a `type`:
///
/// - `snapshot`: `version`, `map`, and `seats` and `areas` as `GET /events/{event}/availability`
///   gives them. `map` is the `version` of the seat map that the seats are numbered in; if the
///   geometry at hand has another, fetch `GET /events/{event}/seat-map` again.
/// - `delta`: `version`, which is the one before plus 1, `seats` as pairs of a seat's place in map
///   order and its status, and `areas`: what changed.
/// - `event`: the event's `status`: once the viewer is up to date, and whenever it changes.
/// - `hold`: a `hold` of the viewer's is `expiring` in `secondsLeft`, for those who signed in.
/// - `auth`: who has signed in, as `user`.
/// - `error`: a `code` for what the viewer sent; `invalid_token` also when the session that it signed in
///   with has ended. It goes on watching then, as one who has not signed in.
///
/// The viewer may sign in with `{"type": "auth", "token": "<access token>"}` at any time, and says
/// nothing else: other text is answered with the error `malformed_json` and a token that is not
/// good with `invalid_token`; who signs in again within a second gets `rate_limited`. Frames over
/// 4 KiB close the socket with 1009. Who is signed in when the socket opens, as this server's own pages
/// are by their cookies, need not, and is told `auth` at once.
///
/// A browser's page must come from this server or from one of its `allowed_origins`: 403
/// `origin_not_allowed` for others. Programs send no `Origin` and are let in. One address may have a few
/// hundred live maps open at a time: 503 for one more.
#[utoipa::path(get, path = "/api/v1/events/{event}/live", tag = "events",
    params(("event" = String, Path, description = "id of the event"), LiveParams),
    responses((status = 101, description = "frames as described above"),
        (status = 400, body = crate::problem::Envelope), (status = 403, body = crate::problem::Envelope),
        (status = 404, body = crate::problem::Envelope), (status = 503, body = crate::problem::Envelope)))]
pub async fn watch(
    State(app): State<App>,
    Path(event): Path<EventId>,
    Params(params): Params<LiveParams>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    parts: Parts,
    upgrade: Option<Upgrade>,
) -> Result<Response, Problem> {
    let page = app.catalog.event(event).await?;
    let seats = app.live.seats(event).await?;
    let no_upgrade = || Problem::new(Code::InvalidUpgrade, "this address speaks WebSocket only");
    let upgrade = upgrade.ok_or_else(no_upgrade)?;
    app.origins.check(&parts.headers)?;
    let crowded = || Problem::new(Code::Unavailable, "too many live seat maps are open from your address");
    let place = app.crowd.live(client(&app.proxies, peer.ip(), &parts.headers));
    let place = place.ok_or_else(|| crowded().retry_after(CROWDED_FOR))?;
    let (channel, frames) = app.live.join(seats, page.event.status_at(app.env.now()));
    let already = caller(&parts).known().and_then(Owner::of).filter(|_| app.origins.is_own(&parts.headers));
    let version = params.since;
    let open = parts.extensions.get::<Open>().cloned();
    Ok(upgrade.with(move |socket| {
        let viewer = Viewer { app, channel, frames, socket, version, signed_in: None, _open: open, _place: place };
        viewer.run(already.map(Box::new))
    }))
}

struct Viewer {
    app: App,
    channel: Arc<Channel>,
    frames: broadcast::Receiver<Frame>,
    socket: WebSocket,
    /// The last version sent.
    version: Option<u64>,
    /// Boxed: most have not, and would pay for the room.
    signed_in: Option<Box<SignedIn>>,
    /// The socket counts as long as somebody has it.
    _open: Option<Open>,
    _place: Place,
}

struct SignedIn {
    session: SessionId,
    may_have_ended: MayHaveEnded,
    warnings: Warnings,
    at: Timestamp,
    /// Holds that the viewer was told of before their warning came, with the time each expires.
    told: Vec<(HoldId, Timestamp)>,
    until: Timestamp,
}

/// What a signed-in viewer is warned of; dropping it signs out.
struct Warnings {
    channel: Arc<Channel>,
    user: UserId,
    receiver: mpsc::Receiver<Warned>,
}

impl Drop for Warnings {
    fn drop(&mut self) {
        self.receiver.close();
        if let Entry::Occupied(mut sockets) = self.channel.signed_in.lock().entry(self.user) {
            sockets.get_mut().retain(|socket| !socket.is_closed());
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Incoming {
    Auth { token: String },
}

/// Somebody with holds of their own, an account or a guest, and until when that is proven.
struct Owner {
    user: UserId,
    session: SessionId,
    until: Timestamp,
}

impl Owner {
    fn of(bearer: Bearer) -> Option<Self> {
        match bearer {
            Bearer::Person(Principal { user, session, expires_at: until, .. })
            | Bearer::Guest(Guest { id: user, session, expires_at: until }) => Some(Self { user, session, until }),
            Bearer::Program(_) => None,
        }
    }
}

impl Viewer {
    /// `already`: whom the request named.
    async fn run(mut self, already: Option<Box<Owner>>) {
        let Err(end) = self.watch(already).await;
        match end {
            End::Broken(code) => Box::pin(self.socket.refuse(code)).await,
            End::Gone => {}
        }
    }

    async fn watch(&mut self, already: Option<Box<Owner>>) -> Result<Infallible, End> {
        let mut stop = self.app.stop.clone();
        self.catch_up().await?;
        if let Some(owner) = already {
            // Boxed, as below.
            Box::pin(self.sign_in(*owner)).await?;
        }
        loop {
            tokio::select! {
                frame = self.frames.recv() => match frame {
                    Ok(frame) => self.show(frame).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        self.frames = self.frames.resubscribe();
                        self.version = None;
                        self.catch_up().await?;
                    }
                    Err(broadcast::error::RecvError::Closed) => return Err(End::Gone),
                },
                word = next_word(&mut self.signed_in) => match word {
                    Word::Warning(warned) => self.warn(warned).await?,
                    // Boxed: rare, as what the viewer says.
                    Word::MayHaveEnded => Box::pin(self.check_session()).await?,
                },
                // Boxed: rare, and room for it would double what a viewer costs.
                heard = self.socket.recv() => Box::pin(self.answer(heard?)).await?,
                _ = stopped(&mut stop) => {
                    self.socket.close(Some(CloseCode::GoingAway)).await;
                    return Err(End::Gone);
                }
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), End> {
        for frame in self.channel.catch_up(self.version) {
            self.version = frame.version.or(self.version);
            self.socket.send(&frame.bytes).await?;
        }
        Ok(())
    }

    /// Sends a frame unless the viewer has it; a gap is closed first.
    async fn show(&mut self, frame: Frame) -> Result<(), End> {
        if let (true, Some(version), Some(known)) = (frame.is_delta, frame.version, self.version) {
            if version <= known {
                return Ok(());
            }
            if version > known + 1 {
                return self.catch_up().await;
            }
        }
        self.version = frame.version.or(self.version);
        self.socket.send(&frame.bytes).await
    }

    async fn answer(&mut self, heard: Heard) -> Result<(), End> {
        let text = match heard {
            Heard::Text(text) => text,
            Heard::Binary => return self.say(Wire::Error { code: "malformed_json" }).await,
            Heard::Ping(payload) => return self.socket.send(&websocket::pong(&payload)).await,
            Heard::Close => {
                self.socket.close(None).await;
                return Err(End::Gone);
            }
        };
        let Ok(Incoming::Auth { token }) = serde_json::from_str(&text) else {
            return self.say(Wire::Error { code: "malformed_json" }).await;
        };
        let now = self.app.env.now();
        let is_new = |signed_in: &SignedIn| (signed_in.at..signed_in.at + SIGN_IN_EVERY).contains(&now);
        if self.signed_in.as_deref().is_some_and(is_new) {
            return self.say(Wire::Error { code: Code::RateLimited.text() }).await;
        }
        match self.app.identity.bearer(&token).ok().flatten().and_then(Owner::of) {
            Some(owner) => self.sign_in(owner).await,
            None => self.say(INVALID_TOKEN).await,
        }
    }

    async fn sign_in(&mut self, owner: Owner) -> Result<(), End> {
        let Owner { user, session, until } = owner;
        let now = self.app.env.now();
        // In this order no end is missed.
        let may_have_ended = self.app.live.sessions.watch(session);
        if self.app.identity.has_ended(session) {
            return self.say(INVALID_TOKEN).await;
        }
        let warnings = Channel::sign_in(&self.channel, user);
        self.say(Wire::Auth { user }).await?;
        // Warnings that nobody heard before come at once.
        let here = self.channel.event();
        let soon = |expires_at: Timestamp| expires_at <= now + HOLD_WARNING;
        let holds = self.app.inventory.holds_of(user).into_iter();
        let told = holds.filter(|(_, event, expires_at)| *event == here && soon(*expires_at));
        let told: Vec<_> = told.map(|(hold, _, expires_at)| (hold, expires_at)).collect();
        for (hold, expires_at) in &told {
            self.say(Wire::expiring(*hold, *expires_at, now)).await?;
        }
        let signed_in = SignedIn { session, may_have_ended, warnings, at: now, told, until };
        self.signed_in = Some(Box::new(signed_in));
        Ok(())
    }

    /// Signs the viewer out if its session has ended.
    async fn check_session(&mut self) -> Result<(), End> {
        let Some(signed_in) = &mut self.signed_in else { return Ok(()) };
        // In this order no end is missed.
        signed_in.may_have_ended = self.app.live.sessions.watch(signed_in.session);
        if !self.app.identity.has_ended(signed_in.session) {
            return Ok(());
        }
        self.signed_in = None;
        self.say(INVALID_TOKEN).await
    }

    async fn say(&mut self, wire: Wire<'_>) -> Result<(), End> {
        self.socket.send(&wire.bytes()).await
    }

    /// Passes a warning on, if it is still true and news, as long as the viewer's token is good.
    async fn warn(&mut self, warned: Warned) -> Result<(), End> {
        let (Warned { hold, fan, expires_at }, now) = (warned, self.app.env.now());
        self.signed_in = self.signed_in.take().filter(|signed_in| signed_in.until > now);
        let is_news = self.signed_in.as_ref().is_some_and(|signed_in| !signed_in.told.contains(&(hold, expires_at)));
        let active = (hold, self.channel.event(), expires_at);
        if is_news && self.app.inventory.holds_of(fan).contains(&active) {
            self.say(Wire::expiring(hold, expires_at, now)).await?;
        }
        Ok(())
    }
}

impl Channel {
    fn event(&self) -> EventId {
        self.seats.lock().view.event
    }

    /// The warnings that `user` gets from now on.
    fn sign_in(channel: &Arc<Channel>, user: UserId) -> Warnings {
        let (sender, receiver) = mpsc::channel(WARNINGS_MAX);
        channel.signed_in.lock().entry(user).or_default().push(sender);
        Warnings { channel: channel.clone(), user, receiver }
    }
}

/// What happens to the viewer as the one it signed in as.
enum Word {
    Warning(Warned),
    MayHaveEnded,
}

/// The next word for the viewer; never one when it has not signed in.
async fn next_word(signed_in: &mut Option<Box<SignedIn>>) -> Word {
    let Some(signed_in) = signed_in else { return std::future::pending().await };
    tokio::select! {
        Some(warned) = signed_in.warnings.receiver.recv() => Word::Warning(warned),
        () = &mut signed_in.may_have_ended => Word::MayHaveEnded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_at_rest_is_small() {
        fn task<F>(_: impl FnOnce(Viewer, Option<Box<Owner>>) -> F) -> usize {
            size_of::<F>()
        }
        let bytes = task(Viewer::run);
        assert!(bytes <= 1_024, "{bytes} bytes for each of ten thousand viewers");
    }
}
