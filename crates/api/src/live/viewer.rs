//! One who watches.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use inventory::Warned;
use serde::Deserialize;
use stagedoor_core::limits::HOLD_WARNING;
use stagedoor_core::{Code, EventId, HoldId, Timestamp, UserId};
use tokio::sync::{broadcast, mpsc};

use super::{Channel, Frame, Wire};
use crate::edge::{Open, stopped};
use crate::extract::{Params, Path};
use crate::websocket::{self, CloseCode, End, Heard, Upgrade, WebSocket};
use crate::{App, Problem};

/// Expiry warnings waiting for one signed-in viewer.
const WARNINGS_MAX: usize = 8;

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
/// - `error`: a `code` for what the viewer sent.
///
/// The viewer may sign in with `{"type": "auth", "token": "<access token>"}` at any time, and says
/// nothing else: other text is answered with the error `malformed_json` and a token that is not
/// good with `invalid_token`. Frames over 4 KiB close the socket with 1009.
#[utoipa::path(get, path = "/api/v1/events/{event}/live", tag = "events",
    params(("event" = String, Path, description = "id of the event"), LiveParams),
    responses((status = 101, description = "frames as described above"),
        (status = 400, body = crate::problem::Envelope), (status = 404, body = crate::problem::Envelope),
        (status = 503, body = crate::problem::Envelope)))]
pub async fn watch(
    State(app): State<App>,
    Path(event): Path<EventId>,
    Params(params): Params<LiveParams>,
    open: Option<Extension<Open>>,
    upgrade: Option<Upgrade>,
) -> Result<Response, Problem> {
    let page = app.catalog.event(event).await?;
    let seats = app.live.seats(event).await?;
    let no_upgrade = || Problem::new(Code::InvalidUpgrade, "this address speaks WebSocket only");
    let upgrade = upgrade.ok_or_else(no_upgrade)?;
    let (channel, frames) = app.live.join(seats, page.event.status_at(app.env.now()));
    let version = params.since;
    Ok(upgrade.with(move |socket| {
        let viewer = Viewer { app, channel, frames, socket, version, signed_in: None, _open: open };
        viewer.run()
    }))
}

struct Viewer {
    app: App,
    channel: Arc<Channel>,
    frames: broadcast::Receiver<Frame>,
    socket: WebSocket,
    /// The last version sent.
    version: Option<u64>,
    signed_in: Option<SignedIn>,
    /// The socket counts as long as somebody has it.
    _open: Option<Extension<Open>>,
}

struct SignedIn {
    warnings: mpsc::Receiver<Warned>,
    /// Holds that the viewer was told of before their warning came, with the time each expires.
    told: Vec<(HoldId, Timestamp)>,
    until: Timestamp,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Incoming {
    Auth { token: String },
}

impl Viewer {
    async fn run(mut self) {
        let Err(end) = self.watch().await;
        match end {
            End::Broken(code) => Box::pin(self.socket.refuse(code)).await,
            End::Gone => {}
        }
    }

    async fn watch(&mut self) -> Result<Infallible, End> {
        let mut stop = self.app.stop.clone();
        self.catch_up().await?;
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
                warning = next_warning(&mut self.signed_in) => self.warn(warning).await?,
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
        let Ok(principal) = self.app.identity.verify(&token) else {
            return self.say(Wire::Error { code: "invalid_token" }).await;
        };
        let (user, warnings) = (principal.user, self.channel.sign_in(principal.user));
        self.say(Wire::Auth { user }).await?;
        // Warnings that nobody heard before come at once.
        let (mut told, now) = (self.app.inventory.holds_of(user, self.channel.event()), self.app.env.now());
        told.retain(|(_, expires_at)| *expires_at <= now + HOLD_WARNING);
        for (hold, expires_at) in &told {
            self.say(Wire::expiring(*hold, *expires_at, now)).await?;
        }
        self.signed_in = Some(SignedIn { warnings, told, until: principal.expires_at });
        Ok(())
    }

    async fn say(&mut self, wire: Wire<'_>) -> Result<(), End> {
        self.socket.send(&wire.bytes()).await
    }

    /// Passes a warning on, if it is still true and news, as long as the viewer's token is good.
    async fn warn(&mut self, warned: Warned) -> Result<(), End> {
        let (Warned { hold, fan, expires_at }, now) = (warned, self.app.env.now());
        self.signed_in = self.signed_in.take().filter(|signed_in| signed_in.until > now);
        let is_news = self.signed_in.as_ref().is_some_and(|signed_in| !signed_in.told.contains(&(hold, expires_at)));
        if is_news && self.app.inventory.holds_of(fan, self.channel.event()).contains(&(hold, expires_at)) {
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
    fn sign_in(&self, user: UserId) -> mpsc::Receiver<Warned> {
        let (sender, warnings) = mpsc::channel(WARNINGS_MAX);
        let mut signed_in = self.signed_in.lock();
        // Those who left are forgotten when someone comes.
        signed_in.retain(|_, sockets| {
            sockets.retain(|socket| !socket.is_closed());
            !sockets.is_empty()
        });
        signed_in.entry(user).or_default().push(sender);
        warnings
    }
}

/// The next warning for the viewer; never when it has not signed in.
async fn next_warning(signed_in: &mut Option<SignedIn>) -> Warned {
    match signed_in {
        Some(SignedIn { warnings, .. }) => match warnings.recv().await {
            Some(warned) => warned,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_at_rest_is_small() {
        fn task<F>(_: impl FnOnce(Viewer) -> F) -> usize {
            size_of::<F>()
        }
        let bytes = task(Viewer::run);
        assert!(bytes <= 1_024, "{bytes} bytes for each of ten thousand viewers");
    }
}
