//! What a person sees who is asked to let a program in: plain HTML that works without scripts.

use std::fmt::Write;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use identity::Asked;
use url::{Host, Url};

use crate::html::{escape, page};

/// Why the page is shown again.
pub enum Said {
    /// The form was not made for this browser, or is older than its cookie.
    Stale,
    WrongPassword,
    FactorWanted,
    WrongFactor,
    Wait(Duration),
    /// Nobody vouched for the client, and it asks for more than such a one may ask of this person.
    Unapproved,
}

impl Said {
    fn text(&self) -> String {
        match self {
            Said::Stale => "This page had been open for too long. Please try again.".to_owned(),
            Said::WrongPassword => "Address or password is wrong. Nothing was allowed.".to_owned(),
            Said::Unapproved => "This program is not verified by the operator of this site, so it may not be given \
                leave for all of this. Nothing was allowed."
                .to_owned(),
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
    let mut body = format!("<h1>Let {program} by {organizer} in?</h1>");
    if let Some(said) = said {
        let _ = write!(body, "<p class=\"said\" role=\"alert\">{}</p>", escape(&said.text()));
    }
    if asked.client.approved_at.is_none() {
        // Anybody can register a program, under any name.
        let _ = write!(
            body,
            "<p class=\"said\"><strong>Not verified by the operator of this site.</strong> Anybody may have called it \
             {program}, and themselves {organizer}. Go on only if you know them.</p>"
        );
    }
    let _ = write!(
        body,
        "<p><strong>{program}</strong>, a program of <strong>{organizer}</strong>, asks for leave to:</p><ul>"
    );
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
        Some(Said::Unapproved) => StatusCode::FORBIDDEN,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    page("en", status, "Let a program in", &body, &target(&back))
}

/// The page for a request that leads nowhere.
pub fn refusal(why: &str) -> Response {
    let body = format!(
        "<h1>This does not work</h1><p>{}</p><p>Nothing was allowed. Please tell whoever made the program.</p>",
        escape(why)
    );
    page("en", StatusCode::BAD_REQUEST, "This does not work", &body, "")
}

/// The page for a mistake of a program that nobody vouched for: no browser goes there by itself.
/// Source: RFC 9700, section 4.11.2.
pub fn mistake(why: &str, answer: &Url) -> Response {
    let host = escape(answer.host_str().unwrap_or_default());
    let body = format!(
        "<h1>This does not work</h1><p>The program asked for something that it cannot have: {}. Nothing was \
         allowed.</p><p>It is not verified by the operator of this site. If you trust it, you can go on to \
         <strong>{host}</strong>:</p><p><a rel=\"noreferrer\" href=\"{}\">Continue to {host}</a></p>",
        escape(why),
        escape(answer.as_str())
    );
    page("en", StatusCode::BAD_REQUEST, "This does not work", &body, "")
}

/// Where the form leads in the end: browsers hold redirects to the policy, too.
fn target(back: &Url) -> String {
    match back.host() {
        // The policy has no way to write such an address.
        Some(Host::Ipv6(_)) => format!("{}:", back.scheme()),
        _ => back.origin().ascii_serialization(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_answer_go_where_it_is_for() {
        let target = |text: &str| target(&Url::parse(text).unwrap());
        assert_eq!(target("https://app.example:8443/back?a=1"), "https://app.example:8443");
        assert_eq!(target("http://127.0.0.1:5000/back"), "http://127.0.0.1:5000");
        assert_eq!(target("http://[::1]:5000/back"), "http:");
    }
}
