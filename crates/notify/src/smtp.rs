//! E-mail to a mail server.

use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::delivery::Outgoing;
use crate::{DeliveryError, SetupError};

/// For each step of the conversation.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Answers that speak of the receiver's address. Source: RFC 5321, 4.2.3, and RFC 7504.
const NO_SUCH_MAILBOX: [&str; 4] = ["550", "551", "553", "556"];

/// A mail server and whom its mail is from.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// `url`: `smtps://user:password@host` for TLS from the start, `smtp://user:password@host?tls=required`
    /// for TLS by STARTTLS, `smtp://host` for none. `from`: as in `Stagedoor <no-reply@example.org>`.
    pub fn new(url: &str, from: &str) -> Result<Self, SetupError> {
        // The library's own text could quote the password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| SetupError("smtp_url is no URL such as smtps://user:password@host".to_owned()))?;
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), from: mailbox(from)? })
    }

    pub(crate) async fn send(&self, to: &str, message: &Outgoing<'_>) -> Result<(), DeliveryError> {
        let mail = mail(&self.from, to, message)?;
        self.transport.send(mail).await.map(drop).map_err(|error| {
            // The server's words may repeat the address; its number says enough.
            let status = error.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            // What a server has against us, such as a wrong password of ours, passes.
            if error.is_permanent() && NO_SUCH_MAILBOX.contains(&&*status) {
                DeliveryError::Refused(status)
            } else {
                DeliveryError::Unavailable(status)
            }
        })
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Smtp(..)")
    }
}

pub(crate) fn mailbox(from: &str) -> Result<Mailbox, SetupError> {
    from.parse()
        .map_err(|_| SetupError(format!("mail_from {from:?} is no address such as Stagedoor <no-reply@example.org>")))
}

/// The message as Internet mail; the same id gives the same `Message-ID`.
pub(crate) fn mail(from: &Mailbox, to: &str, message: &Outgoing<'_>) -> Result<Message, DeliveryError> {
    let refused = |what: &str| DeliveryError::Refused(what.to_owned());
    let at = SystemTime::UNIX_EPOCH + Duration::from_micros(message.at.micros().max(0) as u64);
    let to: Mailbox = to.parse().map_err(|_| refused("not an address that mail can be sent to"))?;
    Message::builder()
        .from(from.clone())
        .to(to)
        .date(at)
        .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
        .subject(message.text.subject.clone())
        // Answers of machines to machines help nobody. Source: RFC 3834, section 5.
        .raw_header(auto_submitted())
        .header(ContentType::TEXT_PLAIN)
        .body(message.text.body.clone())
        .map_err(|_| refused("the message cannot be written as mail"))
}

fn auto_submitted() -> lettre::message::header::HeaderValue {
    use lettre::message::header::{HeaderName, HeaderValue};
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}
