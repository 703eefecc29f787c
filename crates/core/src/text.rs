//! Text people type: checked once at the edge, then trusted.

/// A field that does not fit, and why; becomes code `invalid_field` with `details.field`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct FieldError {
    pub field: &'static str,
    pub reason: String,
}

impl FieldError {
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

/// A human-readable name: trimmed, 1..=`Name::MAX` characters, no control or invisible
/// direction-changing characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    pub const MAX: usize = 200;

    pub fn parse(field: &'static str, text: &str) -> Result<Name, FieldError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > Self::MAX {
            return Err(FieldError::new(field, format!("must be 1 to {} characters", Self::MAX)));
        }
        if text.chars().any(is_hidden) {
            return Err(FieldError::new(field, "must not contain control or direction characters"));
        }
        Ok(Name(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// Control characters, direction overrides and other marks that make two names look alike.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Bytes of an e-mail address. Source: RFC 5321, 4.5.3.1.3 (a path, without its brackets).
pub const EMAIL_MAX: usize = 254;

/// The form of an e-mail address that accounts are found by: trimmed and in lower case. The
/// local part is lowered too, because no provider in use tells `Ann@` from `ann@`.
pub fn email_normal(field: &'static str, text: &str) -> Result<String, FieldError> {
    let text = text.trim().to_lowercase();
    let wrong = || FieldError::new(field, "must be an e-mail address");
    let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|letter| letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter));
    let domain_ok = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label_ok);
    if local_ok && domain_ok && text.len() <= EMAIL_MAX { Ok(text) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_hidden_characters_refused() {
        assert_eq!(Name::parse("name", "  Ann  ").unwrap().as_str(), "Ann");
        for wrong in ["", "   ", "a\u{202e}b", "a\0b", "a\nb", "a\u{200b}b"] {
            assert_eq!(Name::parse("name", wrong).unwrap_err().field, "name", "{wrong:?}");
        }
        assert!(Name::parse("name", &"x".repeat(Name::MAX)).is_ok());
        assert!(Name::parse("name", &"x".repeat(Name::MAX + 1)).is_err());
    }

    #[test]
    fn addresses_have_one_spelling() {
        assert_eq!(email_normal("email", " Ann+x@Example.ORG ").unwrap(), "ann+x@example.org");
        for wrong in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a b@example.org",
            "a..b@example.org",
            "ann@-x.org",
            "ann@x.org\r\nbcc: y",
        ] {
            assert!(email_normal("email", wrong).is_err(), "{wrong:?}");
        }
    }
}
