//! Which sessions are signed in on live seat maps, so that these hear when one ends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::Mutex;
use stagedoor_core::SessionId;
use tokio::sync::{broadcast, oneshot};
use uuid::Uuid;

/// The sockets of each session that has any.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<SessionId, Vec<oneshot::Sender<()>>>>);

/// Resolves once the session may have ended: whoever waits asks, and watches again if it has not. Dropping
/// it stops the watch.
pub struct MayHaveEnded {
    sessions: Arc<Sessions>,
    session: SessionId,
    receiver: oneshot::Receiver<()>,
}

impl Sessions {
    /// Tells sockets what `ended` says: each session by its id, all of them after a gap. Returns when nobody
    /// is left to say it.
    pub async fn follow(self: Arc<Self>, mut ended: broadcast::Receiver<Uuid>) {
        loop {
            match ended.recv().await {
                Ok(session) => drop(self.0.lock().remove(&SessionId::from(session))),
                Err(broadcast::error::RecvError::Lagged(_)) => self.0.lock().clear(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    pub fn watch(self: &Arc<Self>, session: SessionId) -> MayHaveEnded {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().entry(session).or_default().push(sender);
        MayHaveEnded { sessions: self.clone(), session, receiver }
    }
}

impl Future for MayHaveEnded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Nothing is ever sent: the other end is dropped.
        Pin::new(&mut self.receiver).poll(context).map(drop)
    }
}

impl Drop for MayHaveEnded {
    fn drop(&mut self) {
        self.receiver.close();
        if let Entry::Occupied(mut sockets) = self.sessions.0.lock().entry(self.session) {
            sockets.get_mut().retain(|socket| !socket.is_closed());
            if sockets.get().is_empty() {
                sockets.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use stagedoor_core::Env;

    use super::*;

    #[tokio::test]
    async fn each_hears_of_its_own_session_and_all_after_a_gap() {
        let (env, sessions, sender) = (Env::seeded(1), Arc::new(Sessions::default()), broadcast::Sender::new(4));
        let following = tokio::spawn(sessions.clone().follow(sender.subscribe()));
        let (one, other): (SessionId, SessionId) = (env.id(), env.id());
        let (first, second, others) = (sessions.watch(one), sessions.watch(one), sessions.watch(other));
        sender.send(one.into()).unwrap();
        first.await;
        second.await;
        let mut others = others;
        assert!((&mut others).now_or_never().is_none());
        for _ in 0..5 {
            sender.send(env.id::<SessionId>().into()).unwrap();
        }
        others.await;
        drop(sender);
        following.await.unwrap();
        let watched = sessions.watch(one);
        drop(watched);
        assert!(sessions.0.lock().is_empty(), "nobody watches any more");
    }
}
