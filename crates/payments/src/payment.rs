//! The states of a payment and what moves it from one to the next; no I/O.

use stagedoor_core::{Money, OrderId, PaymentId};

use crate::gateway::{NextAction, Standing};
use crate::{Token, payments::PaymentError};

/// A payment to be made; see [`create`](crate::create).
#[derive(Debug, Clone)]
pub struct NewPayment {
    pub order: OrderId,
    /// Zero or more.
    pub amount: Money,
    pub token: Token,
}

/// The payment of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub order: OrderId,
    pub amount: Money,
    pub state: PaymentState,
    /// The gateway's own name for it, once it has one.
    pub reference: Option<String>,
    /// Taken from the buyer.
    pub captured: Money,
    /// Given back, or claimed by a refund that is under way.
    pub refunded: Money,
    /// There as long as the gateway may need it.
    pub(crate) token: Option<Token>,
    pub(crate) version: i64,
}

/// Where a payment stands. The states that end in -ing were written before the gateway was asked:
/// until its answer is written too, what it did is unknown, and the next step asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// Nobody was asked yet.
    Created,
    Authorizing,
    /// The buyer must do something at the gateway first.
    NeedsBuyer {
        next_action: NextAction,
    },
    /// The whole amount is set aside.
    Authorized,
    /// `reason` is a word such as `insufficient_funds`.
    Declined {
        reason: String,
    },
    Capturing,
    /// The whole amount was taken.
    Captured,
    /// Less than the amount was taken; it is being given back.
    Reversing,
    /// It was set aside but could not be taken in full; nothing is kept. `reason` is
    /// `authorization_lapsed` or `short_capture`.
    Failed {
        reason: String,
    },
    Voiding,
    /// Nothing is set aside, nothing was taken.
    Voided,
}

impl PaymentState {
    pub(crate) const fn text(&self) -> &'static str {
        match self {
            PaymentState::Created => "created",
            PaymentState::Authorizing => "authorizing",
            PaymentState::NeedsBuyer { .. } => "needs_buyer",
            PaymentState::Authorized => "authorized",
            PaymentState::Declined { .. } => "declined",
            PaymentState::Capturing => "capturing",
            PaymentState::Captured => "captured",
            PaymentState::Reversing => "reversing",
            PaymentState::Failed { .. } => "failed",
            PaymentState::Voiding => "voiding",
            PaymentState::Voided => "voided",
        }
    }

    /// Nothing of the buyer's money is held, and nothing will be.
    pub const fn holds_nothing(&self) -> bool {
        matches!(self, PaymentState::Declined { .. } | PaymentState::Failed { .. } | PaymentState::Voided)
    }

    /// The gateway may still be told the token.
    pub(crate) const fn needs_token(&self) -> bool {
        matches!(self, PaymentState::Created | PaymentState::Authorizing | PaymentState::NeedsBuyer { .. })
    }
}

/// What a caller wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Authorize,
    Capture,
    Void,
}

/// How a step begins from a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Write this state, then ask the gateway.
    Ask(PaymentState),
    /// It was asked before: find out what came of it, and ask again only if it did nothing.
    Resume,
    /// Write this state; the gateway has no part in it.
    Finish(PaymentState),
    /// There is nothing left to do.
    Settled,
    /// The state does not allow the step.
    Wrong,
}

impl Step {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Step::Authorize => "authorize",
            Step::Capture => "capture",
            Step::Void => "void",
        }
    }

    pub(crate) fn begin(self, state: &PaymentState) -> Begin {
        use PaymentState::*;
        match (self, state) {
            (Step::Authorize, Created) => Begin::Ask(Authorizing),
            (Step::Authorize, Authorizing | NeedsBuyer { .. }) => Begin::Resume,
            (Step::Authorize, _) => Begin::Settled,

            (Step::Capture, Authorized) => Begin::Ask(Capturing),
            (Step::Capture, Capturing | Reversing) => Begin::Resume,
            (Step::Capture, Captured | Failed { .. }) => Begin::Settled,
            (Step::Capture, Created | Authorizing | NeedsBuyer { .. } | Declined { .. } | Voiding | Voided) => {
                Begin::Wrong
            }

            (Step::Void, Created) => Begin::Finish(Voided),
            (Step::Void, Authorizing | NeedsBuyer { .. } | Authorized) => Begin::Ask(Voiding),
            (Step::Void, Voiding) => Begin::Resume,
            (Step::Void, Declined { .. } | Failed { .. } | Voided) => Begin::Settled,
            (Step::Void, Capturing | Captured | Reversing) => Begin::Wrong,
        }
    }

    /// Whether the gateway, standing so, has not done the step.
    pub(crate) fn is_undone(self, standing: &Standing) -> bool {
        match self {
            Step::Authorize => matches!(standing, Standing::Absent),
            Step::Capture => matches!(standing, Standing::Authorized { .. }),
            Step::Void => {
                matches!(standing, Standing::Absent | Standing::NeedsBuyer { .. } | Standing::Authorized { .. })
            }
        }
    }

    /// The answer for a payment of nothing, which no gateway is asked about.
    pub(crate) fn free(self, payment: &Payment) -> Standing {
        match self {
            Step::Authorize => Standing::Authorized { reference: "free".to_owned() },
            Step::Capture => Standing::Captured { amount: payment.amount },
            Step::Void => Standing::Voided,
        }
    }
}

impl Payment {
    /// The payment after the gateway said how it stands; `None` when that changes nothing.
    /// Errors: [`PaymentError::Contradiction`] when the gateway did what it was never asked for.
    pub(crate) fn after(&self, standing: &Standing) -> Result<Option<Payment>, PaymentError> {
        use PaymentState::*;
        let contradiction = || PaymentError::Contradiction { payment: self.id, state: self.state.text() };
        let mut next = self.clone();
        next.state = match (&self.state, standing) {
            (Authorizing | NeedsBuyer { .. }, Standing::Absent) => return Ok(None),
            (Authorizing | NeedsBuyer { .. }, Standing::NeedsBuyer { next_action }) => {
                NeedsBuyer { next_action: next_action.clone() }
            }
            (Authorizing | NeedsBuyer { .. }, Standing::Authorized { reference }) => {
                next.reference = Some(reference.clone());
                Authorized
            }
            (Authorizing | NeedsBuyer { .. }, Standing::Declined { reason }) => Declined { reason: reason.clone() },
            (Authorizing | NeedsBuyer { .. }, Standing::Voided) => Declined { reason: LAPSED.to_owned() },

            (Capturing, Standing::Authorized { .. }) => return Ok(None),
            (Capturing, Standing::Captured { amount }) => {
                if amount.currency != self.amount.currency || !(0..=self.amount.minor).contains(&amount.minor) {
                    return Err(contradiction());
                }
                next.captured = *amount;
                match amount.minor {
                    taken if taken == self.amount.minor => Captured,
                    0 => Failed { reason: LAPSED.to_owned() },
                    _ => Reversing,
                }
            }
            (Capturing, Standing::Voided | Standing::Declined { .. }) => Failed { reason: LAPSED.to_owned() },

            (Voiding, Standing::Absent | Standing::NeedsBuyer { .. } | Standing::Authorized { .. }) => return Ok(None),
            (Voiding, Standing::Voided | Standing::Declined { .. }) => Voided,

            // Another caller was faster and wrote more than this one learnt.
            (Created | Authorized | Declined { .. } | Captured | Reversing | Failed { .. } | Voided, _) => {
                return Ok(None);
            }
            (Authorizing | NeedsBuyer { .. } | Voiding, Standing::Captured { .. })
            | (Capturing, Standing::Absent | Standing::NeedsBuyer { .. }) => return Err(contradiction()),
        };
        Ok((next != *self).then_some(next))
    }

    /// After the gateway gave a short capture back.
    pub(crate) fn reversed(&self) -> Payment {
        let state = PaymentState::Failed { reason: "short_capture".to_owned() };
        Payment { state, refunded: self.captured, ..self.clone() }
    }
}

const LAPSED: &str = "authorization_lapsed";

#[cfg(test)]
mod tests {
    use stagedoor_core::{Currency, Env};

    use super::*;

    fn state(text: &str) -> PaymentState {
        use PaymentState::*;
        let reason = || "declined".to_owned();
        let all = [
            Created,
            Authorizing,
            NeedsBuyer { next_action: NextAction { url: "/x".to_owned() } },
            Authorized,
            Declined { reason: reason() },
            Capturing,
            Captured,
            Reversing,
            Failed { reason: reason() },
            Voiding,
            Voided,
        ];
        all.into_iter().find(|state| state.text() == text).unwrap_or_else(|| panic!("no state {text}"))
    }

    fn payment(text: &str) -> Payment {
        let env = Env::seeded(1);
        let amount = Money::new(4500, Currency::EUR);
        let zero = Money::zero(Currency::EUR);
        Payment {
            id: env.id(),
            order: env.id(),
            amount,
            state: state(text),
            reference: None,
            captured: zero,
            refunded: zero,
            token: None,
            version: 3,
        }
    }

    fn standing(text: &str) -> Standing {
        let captured = |minor| Standing::Captured { amount: Money::new(minor, Currency::EUR) };
        match text {
            "absent" => Standing::Absent,
            "needs_buyer" => Standing::NeedsBuyer { next_action: NextAction { url: "/y".to_owned() } },
            "authorized" => Standing::Authorized { reference: "ref".to_owned() },
            "declined" => Standing::Declined { reason: "declined".to_owned() },
            "captured" => captured(4500),
            "short" => captured(4499),
            "nothing" => captured(0),
            "over" => captured(4501),
            "other_currency" => Standing::Captured { amount: Money::new(4500, Currency::JPY) },
            "voided" => Standing::Voided,
            other => panic!("no standing {other}"),
        }
    }

    #[test]
    fn every_state_takes_every_answer_of_the_gateway() {
        // A row is a state, a column what the gateway says. `-` changes nothing, `!` contradicts.
        let table = "
                         absent  needs_buyer  authorized  declined  captured  voided
            created      -       -            -           -         -         -
            authorizing  -       needs_buyer  authorized  declined  !         declined
            needs_buyer  -       needs_buyer  authorized  declined  !         declined
            authorized   -       -            -           -         -         -
            declined     -       -            -           -         -         -
            capturing    !       !            -           failed    captured  failed
            captured     -       -            -           -         -         -
            reversing    -       -            -           -         -         -
            failed       -       -            -           -         -         -
            voiding      -       -            -           voided    !         voided
            voided       -       -            -           -         -         -";
        let mut rows = table.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split_whitespace());
        let answers: Vec<_> = rows.next().unwrap().collect();
        let mut checked = 0;
        for mut row in rows {
            let from = row.next().unwrap();
            for (answer, expected) in answers.iter().zip(row) {
                let after = match payment(from).after(&standing(answer)) {
                    Ok(Some(next)) => next.state.text(),
                    Ok(None) => "-",
                    Err(_) => "!",
                };
                assert_eq!(after, expected, "{from} told {answer}");
                checked += 1;
            }
        }
        assert_eq!(checked, 66);
    }

    #[test]
    fn only_the_whole_amount_counts_as_captured() {
        for (answer, expected, taken) in [("short", "reversing", 4499), ("nothing", "failed", 0)] {
            let next = payment("capturing").after(&standing(answer)).unwrap().unwrap();
            assert_eq!((next.state.text(), next.captured.minor), (expected, taken), "{answer}");
        }
        assert!(payment("capturing").after(&standing("over")).is_err());
        assert!(payment("capturing").after(&standing("other_currency")).is_err());
    }

    #[test]
    fn steps_begin_only_where_they_may() {
        let table = "
                         authorize         capture         void
            created      ask:authorizing   wrong           finish:voided
            authorizing  resume            wrong           ask:voiding
            needs_buyer  resume            wrong           ask:voiding
            authorized   settled           ask:capturing   ask:voiding
            declined     settled           wrong           settled
            capturing    settled           resume          wrong
            captured     settled           settled         wrong
            reversing    settled           resume          wrong
            failed       settled           settled         settled
            voiding      settled           wrong           resume
            voided       settled           wrong           settled";
        for line in
            table.lines().filter(|line| line.contains("settled") || line.contains("resume") || line.contains("ask"))
        {
            let mut row = line.split_whitespace();
            let from = row.next().unwrap();
            for (step, expected) in [Step::Authorize, Step::Capture, Step::Void].into_iter().zip(row) {
                let begin = match step.begin(&state(from)) {
                    Begin::Ask(next) => format!("ask:{}", next.text()),
                    Begin::Finish(next) => format!("finish:{}", next.text()),
                    Begin::Resume => "resume".to_owned(),
                    Begin::Settled => "settled".to_owned(),
                    Begin::Wrong => "wrong".to_owned(),
                };
                assert_eq!(begin, expected, "{step:?} from {from}");
            }
        }
    }
}
