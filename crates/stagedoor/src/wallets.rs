//! The wallets of phones that there are passes for, as the settings name them.

use std::path::Path;

use stagedoor_core::Env;
use tickets::{Apple, AppleParts, Google, Wallets};
use zeroize::Zeroizing;

use crate::config::Settings;
use crate::fault::{Fault, because};

/// None where nothing is set. Half of what one takes, and parts that do not fit each other, are errors: fans would
/// get passes that no phone takes.
pub fn of(settings: &Settings) -> Result<Wallets, Fault> {
    let (apple, google) = (apple(settings)?, google(settings)?);
    if let Some(apple) = &apple
        && apple.ends_at() <= Env::system().now()
    {
        let since = apple.ends_at();
        tracing::warn!(%since, "the certificate of passes for Apple's wallet, or the one that issued it, has run out: there are none until it is renewed");
    }
    Ok(Wallets { apple, google })
}

fn apple(settings: &Settings) -> Result<Option<Apple>, Fault> {
    let (pass_type, team) = (&settings.apple_wallet_pass_type_id, &settings.apple_wallet_team_id);
    let certificate = &settings.apple_wallet_certificate_file;
    let (key, intermediate) = (&settings.apple_wallet_key_file, &settings.apple_wallet_intermediate_file);
    let (Some(pass_type), Some(team), Some(certificate), Some(key), Some(intermediate)) =
        (pass_type, team, certificate, key, intermediate)
    else {
        let given = [pass_type.is_some(), team.is_some(), certificate.is_some(), key.is_some(), intermediate.is_some()];
        return match given.contains(&true) {
            false => Ok(None),
            true => Err("apple_wallet_pass_type_id, apple_wallet_team_id, apple_wallet_certificate_file, \
                         apple_wallet_key_file and apple_wallet_intermediate_file go together"
                .into()),
        };
    };
    let parts = AppleParts {
        pass_type,
        team,
        certificate: &read(certificate)?,
        key: &read(key)?,
        intermediate: &read(intermediate)?,
    };
    Ok(Some(Apple::new(&parts).map_err(because("prepare passes for Apple's wallet"))?))
}

fn google(settings: &Settings) -> Result<Option<Google>, Fault> {
    match (&settings.google_wallet_issuer_id, &settings.google_wallet_account_file) {
        (None, None) => Ok(None),
        (Some(issuer), Some(account)) => {
            let google = Google::new(issuer, &read(account)?);
            Ok(Some(google.map_err(because("prepare passes for Google's wallet"))?))
        }
        _ => Err("google_wallet_issuer_id and google_wallet_account_file go together".into()),
    }
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    std::fs::read(file).map(Zeroizing::new).map_err(because(format!("read {}", file.display())))
}
