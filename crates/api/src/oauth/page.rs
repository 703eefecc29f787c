//! What a person sees who is asked to let a program in: plain HTML that works without scripts.

use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Asked;
use sha2::{Digest, Sha256};
use url::{Host, Url};

const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:30rem;margin:3rem auto;padding:0 1rem;\
    color:#1d1d2b;background:#fff}label{display:block;margin-top:1rem}input{font:inherit;width:100%;\
    box-sizing:border-box;padding:.5rem;border:1px solid #595966;border-radius:.25rem}button{font:inherit;\
    margin:1.5rem 1rem 0 0;padding:.5rem 1.5rem;border:1px solid #1d1d2b;border-radius:.25rem;background:#fff}\
    button[value=allow]{background:#1d1d2b;color:#fff}.said{border-left:.25rem solid #b3261e;padding-left:1rem}";

/// The policy names the style by its hash, so that nothing else that looks like one is taken.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// Why the page is shown again.
pub enum Said {
    /// The form was not made for this browser, or is older than its cookie.
    Stale,
    WrongPassword,
    FactorWanted,
    WrongFactor,
    Wait(Duration),
}

impl Said {
    fn text(&self) -> String {
        match self {
            Said::Stale => "This page had been open for too long. Please try again.".to_owned(),
            Said::WrongPassword => "Address or password is wrong. Nothing was allowed.".to_owned(),
            Said::FactorWanted => {
                "This account has a second factor: please give a code of it, and your password again.".to_owned()
            }
            Said::WrongFactor => "The code is wrong or was used before. Nothing was allowed.".to_owned(),
            Said::Wait(wait) => {
                format!("Too many attempts. Please wait {} minutes.", wait.as_secs().div_ceil(60).max(1))
            }
        }
    }
}

/// The page that asks. `hidden`: what the form carries along.
pub fn ask(asked: &Asked, hidden: &[(&str, &str)], account: Option<&str>, said: Option<&Said>) -> Response {
    let (program, organizer) = (escape(&asked.client.name), escape(&asked.organizer));
    let back = Url::parse(&asked.redirect_uri).expect("a registered address is one");
    let mut body = format!("<h1>Let {program} in?</h1>");
    if let Some(said) = said {
        let _ = write!(body, "<p class=\"said\" role=\"alert\">{}</p>", escape(&said.text()));
    }
    let _ = write!(body, "<p><strong>{program}</strong>, a program of {organizer}, asks for leave to:</p><ul>");
    for scope in asked.scopes.iter() {
        let _ = write!(body, "<li>{}</li>", escape(scope.question()));
    }
    let _ = write!(
        body,
        "</ul><p>It can do no more than you may yourself, and you can take this back at any time. \
         Afterwards you go on to <strong>{}</strong>.</p><form method=\"post\" action=\"/oauth/authorize\">",
        escape(back.host_str().unwrap_or_default())
    );
    for (name, value) in hidden {
        let _ = write!(body, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value));
    }
    let _ = write!(
        body,
        "<label for=\"account\">E-mail address or telephone number</label>\
         <input id=\"account\" name=\"account\" autocomplete=\"username\" required maxlength=\"254\" value=\"{}\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
         <label for=\"otp\">Code of your authenticator app, or a recovery code, if your account has a second factor</label>\
         <input id=\"otp\" name=\"otp\" autocomplete=\"one-time-code\" maxlength=\"64\">\
         <button name=\"decision\" value=\"allow\">Sign in and allow</button>\
         <button name=\"decision\" value=\"deny\" formnovalidate>Do not allow</button></form>",
        escape(account.unwrap_or_default())
    );
    let status = match said {
        None => StatusCode::OK,
        Some(Said::Wait(_)) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    page(status, "Let a program in", &body, &target(&back))
}

/// The page for a request that leads nowhere.
pub fn refusal(why: &str) -> Response {
    let body = format!(
        "<h1>This does not work</h1><p>{}</p><p>Nothing was allowed. Please tell whoever made the program.</p>",
        escape(why)
    );
    page(StatusCode::BAD_REQUEST, "This does not work", &body, "")
}

/// Where the form leads in the end: browsers hold redirects to the policy, too.
fn target(back: &Url) -> String {
    match back.host() {
        // The policy has no way to write such an address.
        Some(Host::Ipv6(_)) => format!("{}:", back.scheme()),
        _ => back.origin().ascii_serialization(),
    }
}

fn page(status: StatusCode, title: &str, body: &str, target: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self' {target}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH
    );
    let text = HeaderValue::from_static;
    let headers = [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).expect("an origin is visible ASCII")),
        (X_FRAME_OPTIONS, text("DENY")),
        (CACHE_CONTROL, text("no-store")),
        (REFERRER_POLICY, text("no-referrer")),
    ];
    (status, headers, Html(html)).into_response()
}

/// A text that means nothing but itself, between tags and in quotation marks.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_text() {
        assert_eq!(escape("<b a=\"x\" c='y'>&amp;</b>"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
    }

    #[test]
    fn the_policy_lets_the_answer_go_where_it_is_for() {
        let target = |text: &str| target(&Url::parse(text).unwrap());
        assert_eq!(target("https://app.example:8443/back?a=1"), "https://app.example:8443");
        assert_eq!(target("http://127.0.0.1:5000/back"), "http://127.0.0.1:5000");
        assert_eq!(target("http://[::1]:5000/back"), "http:");
    }
}
