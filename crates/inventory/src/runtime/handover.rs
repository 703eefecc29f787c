//! How commands reach the writer and answers come back: in batches, with one wake per batch.
//!
//! A thread that serves requests owns a [`Port`]. What its tasks ask for within one round of the
//! executor travels as one message, and all answers of one writer round come back with one wake:
//! at a hundred thousand requests a second, waking across threads for each of them costs more
//! than the seat engine does. Callers without a port (jobs, tests) use a channel per command.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use stagedoor_core::EventId;
use tokio::sync::oneshot;

use super::fans::Fans;
use super::{Queue, Refused, Reply, Work};
use crate::engine::{Answer, Command};

/// One command on its way to the writer.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub event: EventId,
    pub work: Work,
    pub books: Books,
    pub reply_to: ReplyTo,
}

/// Lists that carried commands to a writer, emptied and ready for the next ones: at full speed the
/// memory of a thousand commands would be given to the system and asked back hundreds of times a
/// second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lists(Arc<Mutex<Vec<Vec<Envelope>>>>);

/// More than are under way at a time.
const LISTS_KEPT: usize = 16;

impl Lists {
    /// An empty list.
    pub fn take(&self) -> Vec<Envelope> {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Takes back an emptied list.
    pub fn give(&self, list: Vec<Envelope>) {
        let mut kept = self.0.lock();
        if kept.len() < LISTS_KEPT && list.is_empty() && list.capacity() > 0 {
            kept.push(list);
        }
    }
}

/// What the outcome of a hold means for its fan's books over all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Books {
    /// A place is reserved there and waits for the outcome.
    Reserved,
    /// The key is known there; should it turn out to be a new hold after all, it is admitted then.
    Known,
    /// Whoever sent the command keeps such books themselves.
    Apart,
}

impl Books {
    /// The command came to no hold of its own: a place that was reserved for it is free again.
    pub fn give_up(self, command: &Command, fans: &Fans) {
        if self == Books::Reserved
            && let Command::Hold { fan, .. } | Command::HandOver { to: fan, .. } = command
        {
            fans.refused(*fan);
        }
    }
}

#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// `mailbox`: its number among the [`Mailboxes`]. A shared pointer in every command would be
    /// counted up on one core and down on another.
    Slot {
        mailbox: u32,
        slot: u32,
    },
    Once(oneshot::Sender<Reply>),
}

/// Every mailbox of the process, by number; there are as many as threads that ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mailboxes(Arc<Mutex<Vec<Arc<Mailbox>>>>);

impl Mailboxes {
    fn add(&self) -> (u32, Arc<Mailbox>) {
        let (mut all, mailbox) = (self.0.lock(), Arc::new(Mailbox::default()));
        all.push(mailbox.clone());
        (all.len() as u32 - 1, mailbox)
    }

    pub fn get(&self, number: u32) -> Arc<Mailbox> {
        self.0.lock()[number as usize].clone()
    }
}

impl ReplyTo {
    /// For a command that no writer takes any more.
    pub fn refuse(self, mailboxes: &Mailboxes) {
        match self {
            ReplyTo::Slot { mailbox, slot } => {
                mailboxes.get(mailbox).deliver(&mut vec![(slot, Err(Refused::Unavailable))]);
            }
            ReplyTo::Once(sender) => drop(sender.send(Err(Refused::Unavailable))),
        }
    }
}

/// Where the writer leaves answers for one port.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Inbox>);

#[derive(Debug, Default)]
struct Inbox {
    replies: Vec<(u32, Reply)>,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Hands over `replies` (which is left empty) and wakes the port.
    pub fn deliver(&self, replies: &mut Vec<(u32, Reply)>) {
        let mut inbox = self.0.lock();
        if inbox.replies.is_empty() {
            std::mem::swap(&mut inbox.replies, replies);
        } else {
            inbox.replies.append(replies);
        }
        let waker = inbox.waker.take();
        drop(inbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Commands in batches from a plain thread, without an executor: what a node that forwards
/// others' commands does. Limits over all events are the sender's business, and so is that the
/// numbers of places are of the map the event has.
pub struct Batches {
    queue: Queue,
    number: u32,
    mailbox: Arc<Mailbox>,
    waker: Waker,
    replies: Vec<(u32, Reply)>,
}

struct Unpark(std::thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Batches {
    /// For the thread that calls this.
    pub(crate) fn new(queue: Queue) -> Self {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let (number, mailbox) = queue.mailboxes.add();
        Self { queue, number, mailbox, waker, replies: Vec::new() }
    }

    /// Sends commands, each with a number that its answer will carry.
    pub fn send(&mut self, commands: impl IntoIterator<Item = (u32, EventId, Command)>) {
        let mut list = self.queue.lists.take();
        list.extend(commands.into_iter().map(|(slot, event, command)| Envelope {
            event,
            work: Work::Command { command, map: None },
            books: Books::Apart,
            reply_to: ReplyTo::Slot { mailbox: self.number, slot },
        }));
        self.queue.send(list);
    }

    /// Waits until there are answers and hands them over, in the order they came.
    pub fn receive(&mut self, mut take: impl FnMut(u32, Result<Answer, Refused>)) {
        loop {
            {
                let mut inbox = self.mailbox.0.lock();
                std::mem::swap(&mut inbox.replies, &mut self.replies);
                inbox.waker = Some(self.waker.clone());
            }
            if !self.replies.is_empty() {
                break;
            }
            std::thread::park();
        }
        for (number, reply) in self.replies.drain(..) {
            take(number, reply.map(|done| done.answer));
        }
    }
}

thread_local! {
    static PORT: RefCell<Option<Port>> = const { RefCell::new(None) };
}

struct Port {
    queue: Queue,
    number: u32,
    mailbox: Arc<Mailbox>,
    outgoing: Vec<Envelope>,
    incoming: Vec<(u32, Reply)>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    pump: Option<Waker>,
}

enum Slot {
    Free,
    Waiting(Option<Waker>),
    Ready(Reply),
    /// Whoever asked has gone; the answer is dropped when it comes.
    Abandoned,
}

/// Makes this thread a port and carries its messages until dropped. Spawn it once on a
/// current-thread runtime, before the first request.
pub(crate) async fn pump(queue: Queue) {
    PORT.with_borrow_mut(|port| {
        assert!(port.is_none(), "a thread has one port");
        let (number, mailbox) = queue.mailboxes.add();
        let (outgoing, incoming, slots, free) = Default::default();
        *port = Some(Port { queue, number, mailbox, outgoing, incoming, slots, free, pump: None });
    });
    let _port = ClosePort;
    poll_fn(|context| {
        PORT.with_borrow_mut(|port| {
            let port = port.as_mut().expect("the port is open while the pump runs");
            port.turn(context.waker());
        });
        Poll::<()>::Pending
    })
    .await;
}

struct ClosePort;

impl Drop for ClosePort {
    fn drop(&mut self) {
        PORT.with_borrow_mut(|port| *port = None);
    }
}

impl Port {
    fn turn(&mut self, waker: &Waker) {
        if !self.pump.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.pump = Some(waker.clone());
        }
        {
            let mut inbox = self.mailbox.0.lock();
            std::mem::swap(&mut inbox.replies, &mut self.incoming);
            inbox.waker = Some(waker.clone());
        }
        for (slot, reply) in self.incoming.drain(..) {
            let place = &mut self.slots[slot as usize];
            match std::mem::replace(place, Slot::Ready(reply)) {
                Slot::Waiting(waker) => waker.into_iter().for_each(Waker::wake),
                Slot::Abandoned => {
                    *place = Slot::Free;
                    self.free.push(slot);
                }
                Slot::Free | Slot::Ready(_) => unreachable!("slot {slot} was answered twice"),
            }
        }
        if !self.outgoing.is_empty() {
            let next = self.queue.lists.take();
            self.queue.send(std::mem::replace(&mut self.outgoing, next));
        }
    }

    fn submit(&mut self, event: EventId, work: Work, books: Books) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize] = Slot::Waiting(None);
        if self.outgoing.is_empty()
            && let Some(pump) = &self.pump
        {
            // Runs after every task that is ready now, so their commands join this message.
            pump.wake_by_ref();
        }
        let reply_to = ReplyTo::Slot { mailbox: self.number, slot };
        self.outgoing.push(Envelope { event, work, books, reply_to });
        slot
    }
}

/// Sends `work` to the writer of `event`; what comes back is the answer.
pub(crate) fn ask(queue: &Queue, event: EventId, work: Work, books: Books) -> Asked {
    PORT.with_borrow_mut(|port| match port {
        Some(port) => Asked::Slot(Waiting { slot: Some(port.submit(event, work, books)) }),
        None => {
            let (sender, receiver) = oneshot::channel();
            queue.send(vec![Envelope { event, work, books, reply_to: ReplyTo::Once(sender) }]);
            Asked::Once(receiver)
        }
    })
}

/// The answer to what was asked.
#[derive(Debug)]
pub(crate) enum Asked {
    Slot(Waiting),
    Once(oneshot::Receiver<Reply>),
}

impl Future for Asked {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        match self.get_mut() {
            Asked::Slot(waiting) => waiting.poll(context),
            Asked::Once(receiver) => {
                Pin::new(receiver).poll(context).map(|reply| reply.unwrap_or(Err(Refused::Unavailable)))
            }
        }
    }
}

/// A slot that is being waited for. It never leaves the thread of its port, because tasks of a
/// current-thread runtime do not.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// None once the answer was taken.
    slot: Option<u32>,
}

impl Waiting {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Reply> {
        let slot = self.slot.expect("an answer is taken once");
        PORT.with_borrow_mut(|port| {
            let Some(port) = port.as_mut() else {
                self.slot = None;
                return Poll::Ready(Err(Refused::Unavailable));
            };
            let place = &mut port.slots[slot as usize];
            match place {
                Slot::Waiting(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                Slot::Ready(_) => {
                    let Slot::Ready(reply) = std::mem::replace(place, Slot::Free) else { unreachable!() };
                    port.free.push(slot);
                    self.slot = None;
                    Poll::Ready(reply)
                }
                Slot::Free | Slot::Abandoned => unreachable!("slot {slot} is waited for"),
            }
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        PORT.with_borrow_mut(|port| {
            let Some(port) = port.as_mut() else { return };
            let place = &mut port.slots[slot as usize];
            if matches!(place, Slot::Ready(_)) {
                *place = Slot::Free;
                port.free.push(slot);
            } else {
                *place = Slot::Abandoned;
            }
        });
    }
}
