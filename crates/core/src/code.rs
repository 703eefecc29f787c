//! Every error code a client can meet and the HTTP status it travels with: one table.

macro_rules! codes {
    ($($status:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)* })*) => {
        /// The machine-readable name of a refusal or fault. Source: API.md "Errors".
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($($(#[$doc])* $variant,)*)* }

        impl Code {
            pub const ALL: &'static [Code] = &[$($(Code::$variant,)*)*];

            pub const fn text(self) -> &'static str {
                match self { $($(Code::$variant => $text,)*)* }
            }

            /// The HTTP status of the answer.
            pub const fn status(self) -> u16 {
                match self { $($(Code::$variant => $status,)*)* }
            }
        }
    };
}

codes! {
    400 {
        MalformedJson = "malformed_json",
        InvalidField = "invalid_field",
        UnknownField = "unknown_field",
        InvalidQuery = "invalid_query",
        InvalidCursor = "invalid_cursor",
        IdempotencyKeyRequired = "idempotency_key_required",
        InvalidIdempotencyKey = "invalid_idempotency_key",
        TooManySeats = "too_many_seats",
        /// The pick would leave a lone seat that the event's policy forbids.
        OrphanSeat = "orphan_seat",
        UnknownSeat = "unknown_seat",
        InvalidSeatMap = "invalid_seat_map",
        InvalidUpgrade = "invalid_upgrade",
        /// A code from a message that is wrong, old or used.
        InvalidCode = "invalid_code",
    }
    401 {
        NotSignedIn = "not_signed_in",
        InvalidToken = "invalid_token",
        InvalidCredentials = "invalid_credentials",
        /// The password is right; the account asks for a code of its second factor, too.
        MfaRequired = "mfa_required",
        /// A code of the second factor that is wrong, old or used.
        InvalidOtp = "invalid_otp",
        /// A sign-in by an outside provider that is wrong, old or another browser's.
        ProviderRefused = "provider_refused",
        /// A passkey that is not known, or what it signed is wrong, old or used.
        InvalidPasskey = "invalid_passkey",
    }
    402 {
        PaymentDeclined = "payment_declined",
    }
    403 {
        NotAllowed = "not_allowed",
        /// A guest asks for what takes an account.
        AccountNeeded = "account_needed",
        /// Who acts for others must have a second factor, and has none.
        SecondFactorRequired = "second_factor_required",
        /// What a stolen session must not do, without the password or a code of the second factor again.
        ProofRequired = "proof_required",
        /// A program was not given the scope that this takes, or no program may do it.
        InsufficientScope = "insufficient_scope",
        /// A web page from elsewhere asks for what only known pages get.
        OriginNotAllowed = "origin_not_allowed",
        /// Who is signed in by cookies has to repeat one in a header, to show that a page of ours asks.
        InvalidCsrfToken = "invalid_csrf_token",
        /// Staff of the platform look into a tenant and do not say why.
        AccessReasonRequired = "access_reason_required",
        /// The platform has suspended the organizer: it puts nothing on sale.
        OrganizerSuspended = "organizer_suspended",
        /// Accessible places that are kept for those who need them.
        AccessibleOnly = "accessible_only",
    }
    404 {
        NotFound = "not_found",
    }
    405 {
        MethodNotAllowed = "method_not_allowed",
    }
    408 {
        RequestTimeout = "request_timeout",
    }
    409 {
        SeatUnavailable = "seat_unavailable",
        SoldOut = "sold_out",
        HoldLimit = "hold_limit",
        TicketLimit = "ticket_limit",
        NotOnSale = "not_on_sale",
        HoldEnded = "hold_ended",
        EmailTaken = "email_taken",
        PhoneTaken = "phone_taken",
        RefundWindowClosed = "refund_window_closed",
        CapacityBelowSold = "capacity_below_sold",
        WrongState = "wrong_state",
        Conflict = "conflict",
        TicketUsed = "ticket_used",
        /// The operator has no account with this wallet of phones.
        WalletNotConfigured = "wallet_not_configured",
    }
    410 {
        HoldExpired = "hold_expired",
    }
    413 {
        BodyTooLarge = "body_too_large",
    }
    414 {
        UriTooLong = "uri_too_long",
    }
    415 {
        UnsupportedMediaType = "unsupported_media_type",
    }
    422 {
        IdempotencyMismatch = "idempotency_mismatch",
    }
    429 {
        RateLimited = "rate_limited",
    }
    500 {
        Internal = "internal",
    }
    503 {
        Unavailable = "unavailable",
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
        assert!(texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        texts.sort_unstable();
        let before = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), before);
    }
}
