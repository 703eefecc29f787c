//! What a round answers, and when.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::handover::{Mailbox, Mailboxes, ReplyTo};
use super::super::{Refused, Reply};

/// Answers with the slots that wait for them.
type Slots = Vec<(u32, Reply)>;

/// Answers by where they go.
pub(super) struct Outgoing {
    /// By the mailbox's number.
    mailboxes: Vec<(Arc<Mailbox>, Slots)>,
    registry: Mailboxes,
    once: Vec<(oneshot::Sender<Reply>, Reply)>,
}

impl Outgoing {
    pub fn new(registry: &Mailboxes) -> Self {
        Self { mailboxes: Vec::new(), registry: registry.clone(), once: Vec::new() }
    }

    pub fn push(&mut self, to: ReplyTo, reply: Reply) {
        match to {
            ReplyTo::Once(sender) => self.once.push((sender, reply)),
            ReplyTo::Slot { mailbox, slot } => {
                while self.mailboxes.len() <= mailbox as usize {
                    let next = self.registry.get(self.mailboxes.len() as u32);
                    self.mailboxes.push((next, Vec::new()));
                }
                self.mailboxes[mailbox as usize].1.push((slot, reply));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.once.is_empty() && self.mailboxes.iter().all(|(_, replies)| replies.is_empty())
    }

    pub fn deliver(&mut self) {
        for (mailbox, replies) in &mut self.mailboxes {
            if !replies.is_empty() {
                mailbox.deliver(replies);
            }
        }
        for (sender, reply) in self.once.drain(..) {
            // Whoever asked may be gone.
            let _ = sender.send(reply);
        }
    }

    pub fn refuse_all(&mut self) {
        let unavailable = |reply: &mut Reply| *reply = Err(Refused::Unavailable);
        self.mailboxes.iter_mut().for_each(|(_, replies)| replies.iter_mut().for_each(|(_, reply)| unavailable(reply)));
        self.once.iter_mut().for_each(|(_, reply)| unavailable(reply));
        self.deliver();
    }
}
