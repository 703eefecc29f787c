//! Messages as people read them.

/// The text of a message whose lines were folded and whose signs were written as quoted-printable, as far as
/// ours need it: ASCII. Source: RFC 2045, section 6.7.
pub fn plain(message: &str) -> String {
    message.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}
