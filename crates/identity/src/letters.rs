//! What an account's person is told, in their language.

use std::time::Duration;

use notify::{Address, Locale, Message, Text};
use stagedoor_core::Timestamp;
use store::{PersonKey, Tx};

use crate::contact::{self, Channel};
use crate::device::Device;
use crate::role::Role;
use crate::sql::AccountRow;

/// News that was not delivered for so long is not worth sending.
const NEWS_TTL: Duration = Duration::from_secs(3 * 24 * 60 * 60);

pub(crate) enum Letter<'a> {
    /// A code that proves an address.
    Code {
        code: &'a str,
        minutes: u64,
    },
    /// A token that sets a new password; see [`way_in`].
    Reset {
        token: &'a str,
        minutes: u64,
    },
    NewDevice {
        device: &'a Device,
        at: Timestamp,
    },
    PasswordChanged,
    ContactChanged {
        channel: Channel,
    },
    FactorOn,
    FactorOff,
    RecoveryCodeUsed {
        left: i64,
    },
    PasskeyAdded {
        name: &'a str,
    },
    PasskeyRemoved {
        name: &'a str,
    },
    /// Its counter went back.
    PasskeyCopied {
        name: &'a str,
    },
    /// It signs in from now on.
    ProviderLinked {
        name: &'a str,
    },
    ProviderUnlinked {
        name: &'a str,
    },
    /// The password was right, and too many codes were wrong.
    FactorGuessed,
    /// The document was found good, or not and why.
    CheckDecided {
        reason: Option<&'a str>,
    },
}

/// Sends news of the account to a verified address of its person. Who has none is sent nothing: an
/// address that nobody proved may be a stranger's.
pub(crate) async fn tell(tx: &Tx, key: &PersonKey, account: &AccountRow, letter: &Letter<'_>) -> store::Result<()> {
    let verified = |channel| account.contact(channel).filter(|(_, verified_at)| verified_at.is_some()).is_some();
    let Some(channel) = [Channel::Email, Channel::Phone].into_iter().find(|channel| verified(*channel)) else {
        return Ok(());
    };
    let to = crate::account::open_contact(key, account, channel)?.expect("it is there");
    send(tx, key, account, contact::address(channel, to), letter, tx.now() + NEWS_TTL).await
}

/// Sends a letter to `to`, unless `expires_at` comes first.
pub(crate) async fn send(
    tx: &Tx,
    key: &PersonKey,
    account: &AccountRow,
    to: Address,
    letter: &Letter<'_>,
    expires_at: Timestamp,
) -> store::Result<()> {
    let text = text(letter, crate::account::locale_of(account)?);
    notify::enqueue(tx, key, Message { person: account.id, to, text, expires_at }).await.map(drop)
}

fn text(letter: &Letter<'_>, locale: Locale) -> Text {
    let (subject, body) = match locale {
        Locale::English => english(letter),
        Locale::German => german(letter),
    };
    Text { subject: subject.to_owned(), body }
}

/// What a message shows of a token: the page of the web app that uses it, where there is one. What follows
/// the `#` stays in the browser, and so out of every log on the way.
pub(crate) fn way_in(public_url: &str, page: &str, token: &str) -> String {
    match public_url.starts_with("http") {
        true => format!("{}/{page}#token={token}", public_url.trim_end_matches('/')),
        false => token.to_owned(),
    }
}

/// Asks whoever has an address to become a member. Says the same with an account and without.
pub(crate) fn invitation(locale: Locale, organizer: &str, role: Role, token: &str, days: u64) -> Text {
    let (subject, body) = match locale {
        Locale::English => (
            "Invitation",
            format!(
                "\"{organizer}\" asks you to work with them on Stagedoor, as {role}.\n\n\
                 Sign in, or register with this address first, and accept or decline with this within {days} \
                 days:\n\n{token}\n\nIf you do not know them, ignore this message: nothing will happen.\n"
            ),
        ),
        Locale::German => (
            "Einladung",
            format!(
                "\"{organizer}\" lädt Sie ein, auf Stagedoor mitzuarbeiten, als {role}.\n\n\
                 Melden Sie sich an oder registrieren Sie sich zuerst mit dieser Adresse. Hiermit nehmen \
                 Sie innerhalb von {days} Tagen an oder lehnen ab:\n\n{token}\n\n\
                 Wenn Sie den Absender nicht kennen, ignorieren Sie diese Nachricht: Es geschieht nichts.\n"
            ),
        ),
    };
    Text { subject: subject.to_owned(), body }
}

fn english(letter: &Letter<'_>) -> (&'static str, String) {
    const NOT_YOU: &str = "If this was not you, set a new password now and end the other sessions.\n";
    match letter {
        Letter::Code { code, minutes } => (
            "Your code",
            format!(
                "{code} is your code for Stagedoor. It is good for {minutes} minutes.\n\n\
                 If you did not ask for it, ignore this message, and tell the code to nobody.\n"
            ),
        ),
        Letter::Reset { token, minutes } => (
            "Set a new password",
            format!(
                "Somebody asked for a new password for your Stagedoor account. Set one with this, \
                 within {minutes} minutes:\n\n{token}\n\nIf it was not you, ignore this message: \
                 nothing has changed.\n"
            ),
        ),
        Letter::NewDevice { device, at } => (
            "New sign-in",
            format!(
                "Your account was signed in to from a device or network that is new:\n\n{}\n{}\n{at}\n\n{NOT_YOU}",
                device.program.as_deref().unwrap_or("unknown program"),
                device.address,
            ),
        ),
        Letter::PasswordChanged => {
            ("Password changed", format!("The password of your account was changed.\n\n{NOT_YOU}"))
        }
        Letter::ContactChanged { channel: Channel::Email } => (
            "E-mail address changed",
            format!("Your account has another e-mail address now; this one is no longer used.\n\n{NOT_YOU}"),
        ),
        Letter::ContactChanged { channel: Channel::Phone } => {
            ("Telephone number changed", format!("Your account has another telephone number now.\n\n{NOT_YOU}"))
        }
        Letter::FactorOn => (
            "Second factor on",
            format!(
                "Signing in to your account now asks for a code of your authenticator app. Passkeys that were \
                 added before are removed; please add yours again.\n\n{NOT_YOU}"
            ),
        ),
        Letter::FactorOff => (
            "Second factor off",
            format!("Signing in to your account no longer asks for a second factor.\n\n{NOT_YOU}"),
        ),
        Letter::RecoveryCodeUsed { left } => {
            ("Recovery code used", format!("A recovery code of your account was used; {left} are left.\n\n{NOT_YOU}"))
        }
        Letter::ProviderLinked { name } => (
            "Sign-in linked",
            format!(
                "An account at {name} signs in to your account from now on, without a password.\n\n\
                 If this was not you, remove the link, set a new password and end the other sessions.\n"
            ),
        ),
        Letter::ProviderUnlinked { name } => {
            ("Sign-in unlinked", format!("The account at {name} no longer signs in to your account.\n\n{NOT_YOU}"))
        }
        Letter::PasskeyAdded { name } => (
            "Passkey added",
            format!(
                "The passkey “{name}” signs in to your account from now on, without a password.\n\n\
                 If this was not you, remove it, set a new password and end the other sessions.\n"
            ),
        ),
        Letter::PasskeyRemoved { name } => {
            ("Passkey removed", format!("The passkey “{name}” no longer signs in to your account.\n\n{NOT_YOU}"))
        }
        Letter::PasskeyCopied { name } => (
            "Passkey refused",
            format!(
                "A sign-in with your passkey “{name}” was refused: its counter went back, so there seems to \
                 be a copy of it. Remove the passkey and add another one.\n"
            ),
        ),
        Letter::CheckDecided { reason: None } => {
            ("Document accepted", "Your document was checked and accepted.\n".to_owned())
        }
        Letter::CheckDecided { reason: Some(reason) } => (
            "Document not accepted",
            format!("Your document was checked and not accepted:\n\n{reason}\n\nYou may hand in another one.\n"),
        ),
        Letter::FactorGuessed => (
            "Wrong codes",
            "Somebody has the password of your account and tried wrong codes for its second factor. If this was \
             not you, set a new password now.\n"
                .to_owned(),
        ),
    }
}

fn german(letter: &Letter<'_>) -> (&'static str, String) {
    const NOT_YOU: &str = "Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort und beenden Sie die anderen \
                           Sitzungen.\n";
    match letter {
        Letter::Code { code, minutes } => (
            "Ihr Code",
            format!(
                "{code} ist Ihr Code für Stagedoor. Er gilt {minutes} Minuten.\n\n\
                 Wenn Sie keinen Code angefordert haben, ignorieren Sie diese Nachricht und geben Sie ihn niemandem.\n"
            ),
        ),
        Letter::Reset { token, minutes } => (
            "Neues Passwort setzen",
            format!(
                "Für Ihr Konto bei Stagedoor wurde ein neues Passwort angefordert. Hiermit setzen Sie \
                 es, innerhalb von {minutes} Minuten:\n\n{token}\n\nWenn Sie das nicht waren, ignorieren Sie diese \
                 Nachricht: Es hat sich nichts geändert.\n"
            ),
        ),
        Letter::NewDevice { device, at } => (
            "Neue Anmeldung",
            format!(
                "Bei Ihrem Konto gab es eine Anmeldung mit einem neuen Gerät oder aus einem neuen Netz:\n\n\
                 {}\n{}\n{at}\n\n{NOT_YOU}",
                device.program.as_deref().unwrap_or("unbekanntes Programm"),
                device.address,
            ),
        ),
        Letter::PasswordChanged => {
            ("Passwort geändert", format!("Das Passwort Ihres Kontos wurde geändert.\n\n{NOT_YOU}"))
        }
        Letter::ContactChanged { channel: Channel::Email } => (
            "E-Mail-Adresse geändert",
            format!("Ihr Konto hat jetzt eine andere E-Mail-Adresse; diese wird nicht mehr verwendet.\n\n{NOT_YOU}"),
        ),
        Letter::ContactChanged { channel: Channel::Phone } => {
            ("Telefonnummer geändert", format!("Ihr Konto hat jetzt eine andere Telefonnummer.\n\n{NOT_YOU}"))
        }
        Letter::FactorOn => (
            "Zweiter Faktor eingeschaltet",
            format!(
                "Die Anmeldung bei Ihrem Konto verlangt jetzt einen Code Ihrer Authenticator-App. Passkeys von \
                 vorher sind entfernt; bitte fügen Sie Ihre wieder hinzu.\n\n{NOT_YOU}"
            ),
        ),
        Letter::FactorOff => (
            "Zweiter Faktor ausgeschaltet",
            format!("Die Anmeldung bei Ihrem Konto verlangt keinen zweiten Faktor mehr.\n\n{NOT_YOU}"),
        ),
        Letter::RecoveryCodeUsed { left } => (
            "Wiederherstellungscode verwendet",
            format!("Ein Wiederherstellungscode Ihres Kontos wurde verwendet; {left} sind übrig.\n\n{NOT_YOU}"),
        ),
        Letter::ProviderLinked { name } => (
            "Anmeldung verknüpft",
            format!(
                "Mit einem Konto bei {name} kann man sich ab jetzt ohne Passwort bei Ihrem Konto anmelden.\n\n\
                 Wenn Sie das nicht waren, entfernen Sie die Verknüpfung, setzen Sie ein neues Passwort und beenden \
                 Sie die anderen Sitzungen.\n"
            ),
        ),
        Letter::ProviderUnlinked { name } => (
            "Anmeldung getrennt",
            format!("Mit dem Konto bei {name} kann man sich nicht mehr bei Ihrem Konto anmelden.\n\n{NOT_YOU}"),
        ),
        Letter::PasskeyAdded { name } => (
            "Passkey hinzugefügt",
            format!(
                "Mit dem Passkey „{name}“ kann man sich ab jetzt ohne Passwort bei Ihrem Konto anmelden.\n\n\
                 Wenn Sie das nicht waren, entfernen Sie ihn, setzen Sie ein neues Passwort und beenden Sie die \
                 anderen Sitzungen.\n"
            ),
        ),
        Letter::PasskeyRemoved { name } => (
            "Passkey entfernt",
            format!("Mit dem Passkey „{name}“ kann man sich nicht mehr bei Ihrem Konto anmelden.\n\n{NOT_YOU}"),
        ),
        Letter::PasskeyCopied { name } => (
            "Passkey abgelehnt",
            format!(
                "Eine Anmeldung mit Ihrem Passkey „{name}“ wurde abgelehnt: Sein Zähler lief zurück, es scheint also \
                 eine Kopie zu geben. Entfernen Sie den Passkey und fügen Sie einen anderen hinzu.\n"
            ),
        ),
        Letter::CheckDecided { reason: None } => {
            ("Dokument anerkannt", "Ihr Dokument wurde geprüft und anerkannt.\n".to_owned())
        }
        Letter::CheckDecided { reason: Some(reason) } => (
            "Dokument nicht anerkannt",
            format!(
                "Ihr Dokument wurde geprüft und nicht anerkannt:\n\n{reason}\n\nSie können ein anderes einreichen.\n"
            ),
        ),
        Letter::FactorGuessed => (
            "Falsche Codes",
            "Jemand kennt das Passwort Ihres Kontos und hat falsche Codes für den zweiten Faktor versucht. Wenn Sie \
             das nicht waren, setzen Sie jetzt ein neues Passwort.\n"
                .to_owned(),
        ),
    }
}
