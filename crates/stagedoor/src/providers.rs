//! Outside providers that sign people in, as the settings name them.

use identity::{Provider, Providers};
use outbound::{Http, Outbound, Policy};
use stagedoor_core::Env;

use crate::config::{Settings, SignInProvider};
use crate::fault::{Fault, because};

/// None when the operator names none.
pub fn of(settings: &Settings) -> Result<Option<Providers>, Fault> {
    let named = &settings.sign_in_providers;
    if named.is_empty() {
        return Ok(None);
    }
    let provider = |named: &SignInProvider| {
        let read = |file: &std::path::PathBuf| {
            let what = format!("read the client secret of {} in {}", named.id, file.display());
            std::fs::read_to_string(file).map(|text| text.trim().to_owned()).map_err(because(what))
        };
        let from_file = named.client_secret_file.as_ref().map(read).transpose()?;
        Ok::<_, Fault>(Provider {
            id: named.id.clone(),
            name: named.name.clone(),
            issuer: named.issuer.clone(),
            client_id: named.client_id.clone(),
            client_secret: named.client_secret.clone().or(from_file).map(Into::into),
            scopes: named.scopes.clone(),
        })
    };
    // The operator typed these addresses, and may have a provider beside the server, without TLS.
    let is_plain = named.iter().any(|provider| provider.issuer.starts_with("http://"));
    let http = if is_plain { Http::Allowed } else { Http::Refused };
    let policy = Policy { http, ..crate::outbound::policy(settings, "sign_in")? };
    let outbound = Outbound::new(policy, Env::system()).map_err(because("prepare calls to providers of sign-in"))?;
    let own = settings.public_url.as_ref().map(|url| format!("{url}/sign-in"));
    let return_url = settings.sign_in_return_url.clone().or(own).expect("one of them was asked for");
    let providers = named.iter().map(provider).collect::<Result<_, _>>()?;
    Ok(Some(Providers::new(providers, outbound, &return_url).map_err(because("use the providers of sign-in"))?))
}
