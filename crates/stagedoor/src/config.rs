//! The settings: from the command line, else the environment, else `stagedoor.toml`, else the
//! defaults.
//!
//! A setting has one name everywhere: `--database-url`, `STAGEDOOR_DATABASE_URL`, `database_url`.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use api::client::ForwardedHeader;
use api::limits::RouteLimit;
use api::origin::WebOrigin;
use clap::ValueEnum;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use gate::Quota;
use serde::{Deserialize, Serialize};
use stagedoor_core::Network;
use stagedoor_core::limits::{HOLD_ATTEMPTS_PER_MINUTE, HOLDS_PER_FAN_MAX};

use crate::fault::{Fault, because};

/// Read when `--config` names no other file; may be absent.
const FILE: &str = "stagedoor.toml";
/// Writer threads of the seat engine; each needs a core of its own under load.
const PARTITIONS_MAX: u32 = 64;
/// HTTP threads; each has a runtime and a listening socket.
const WORKERS_MAX: usize = 256;

/// What the command line and the environment say; what they leave open is `None`.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(next_help_heading = "Settings (also in stagedoor.toml)")]
pub struct Flags {
    /// Settings file [default: stagedoor.toml, when there is one]
    #[arg(long, global = true, env = "STAGEDOOR_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Folder of the database, the seat journal and the master key [default: ./data]
    #[arg(long, global = true, env = "STAGEDOOR_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// PostgreSQL to use instead of the embedded database: postgres://user@host/database
    #[arg(long, global = true, env = "STAGEDOOR_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// Whether PostgreSQL itself keeps organizers apart, behind the server's own checks [default: true]
    #[arg(long, global = true, env = "STAGEDOOR_ROW_SECURITY", value_name = "BOOL")]
    row_security: Option<bool>,

    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "STAGEDOOR_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// File with the server's certificate and those that lead to its authority (PEM); with it the server speaks TLS
    #[arg(long, global = true, env = "STAGEDOOR_TLS_CERTIFICATE_FILE", value_name = "FILE")]
    tls_certificate_file: Option<PathBuf>,

    /// File with the key of this certificate (PEM)
    #[arg(long, global = true, env = "STAGEDOOR_TLS_KEY_FILE", value_name = "FILE")]
    tls_key_file: Option<PathBuf>,

    /// Where clients reach this server, for links and tokens [default: http://ADDRESS, or https with TLS]
    #[arg(long, global = true, env = "STAGEDOOR_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// Other origins whose web pages may open live seat maps, as https://app.example [default: none but public_url]
    #[arg(long, global = true, env = "STAGEDOOR_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    allowed_origins: Option<Vec<String>>,

    /// HTTP threads [default: one per core]
    #[arg(long, global = true, env = "STAGEDOOR_WORKERS", value_name = "N")]
    workers: Option<usize>,

    /// Seat writers and journals; fixed once a database has any [default: 1]
    #[arg(long, global = true, env = "STAGEDOOR_PARTITIONS", value_name = "N")]
    partitions: Option<u32>,

    /// File with the master key, 64 hexadecimal digits [default: master.key in the data folder]
    #[arg(long, global = true, env = "STAGEDOOR_MASTER_KEY_FILE", value_name = "FILE")]
    master_key_file: Option<PathBuf>,

    /// Command that prints the master key, as a key service's program does
    #[arg(long, global = true, env = "STAGEDOOR_MASTER_KEY_COMMAND", value_name = "COMMAND")]
    master_key_command: Option<String>,

    /// Only from STAGEDOOR_MASTER_KEY or the file: other users of a machine see command lines.
    #[arg(skip)]
    master_key: Option<String>,

    /// Holds a fan may have at a time, over all events [default: 3]
    #[arg(long, global = true, env = "STAGEDOOR_ACTIVE_HOLDS_MAX", value_name = "N")]
    active_holds_max: Option<u32>,

    /// Hold attempts of a fan in a minute [default: 10]
    #[arg(long, global = true, env = "STAGEDOOR_HOLD_ATTEMPTS_PER_MINUTE", value_name = "N")]
    hold_attempts_per_minute: Option<u32>,

    /// Memory of one password hash, in KiB [default: 19456]
    #[arg(long, global = true, env = "STAGEDOOR_PASSWORD_MEMORY_KIB", value_name = "KIB")]
    password_memory_kib: Option<u32>,

    /// Wrong passwords for one account in 15 minutes [default: 10]
    #[arg(long, global = true, env = "STAGEDOOR_LOGIN_FAILURES_PER_ACCOUNT", value_name = "N")]
    login_failures_per_account: Option<u32>,

    /// Wrong passwords from one address in 15 minutes [default: 50]
    #[arg(long, global = true, env = "STAGEDOOR_LOGIN_FAILURES_PER_ADDRESS", value_name = "N")]
    login_failures_per_address: Option<u32>,

    /// Attempts to register from one address in 15 minutes [default: 100]
    #[arg(long, global = true, env = "STAGEDOOR_REGISTRATIONS_PER_ADDRESS", value_name = "N")]
    registrations_per_address: Option<u32>,

    /// Guests who come from one address in 15 minutes [default: 100]
    #[arg(long, global = true, env = "STAGEDOOR_GUESTS_PER_ADDRESS", value_name = "N")]
    guests_per_address: Option<u32>,

    /// Mail server: smtps://user:password@host [default: messages go to files in spool]
    #[arg(long, global = true, env = "STAGEDOOR_SMTP_URL", value_name = "URL", hide_env_values = true)]
    smtp_url: Option<String>,

    /// Whom messages are from, as Stagedoor <no-reply@example.org> [default: Stagedoor <no-reply@stagedoor.invalid>]
    #[arg(long, global = true, env = "STAGEDOOR_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,

    /// Folder for messages that no server takes [default: spool in the data folder]
    #[arg(long, global = true, env = "STAGEDOOR_SPOOL", value_name = "FOLDER")]
    spool: Option<PathBuf>,

    /// Days that messages stay in spool [default: 7]
    #[arg(long, global = true, env = "STAGEDOOR_SPOOL_DAYS", value_name = "DAYS")]
    spool_days: Option<u32>,

    /// Days that the audit log says where people came from who were not signed in [default: 90]
    #[arg(long, global = true, env = "STAGEDOOR_STRANGER_ADDRESS_DAYS", value_name = "DAYS")]
    stranger_address_days: Option<u32>,

    /// Proxies whose word on who the client is counts, as 10.0.0.0/8,192.0.2.1 [default: none]
    #[arg(long, global = true, env = "STAGEDOOR_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',')]
    trusted_proxies: Option<Vec<String>>,

    /// Networks off the public internet that calls to typed addresses may reach [default: none]
    #[arg(
        long,
        global = true,
        env = "STAGEDOOR_OUTBOUND_ALLOW_NETWORKS",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    outbound_allow_networks: Option<Vec<String>>,

    /// Ports that calls to typed addresses may reach [default: 80,443,8443]
    #[arg(long, global = true, env = "STAGEDOOR_OUTBOUND_PORTS", value_name = "PORTS", value_delimiter = ',')]
    outbound_ports: Option<Vec<String>>,

    /// DNS servers to ask for typed addresses, as 192.0.2.53:53 [default: the system's]
    #[arg(
        long,
        global = true,
        env = "STAGEDOOR_OUTBOUND_NAME_SERVERS",
        value_name = "ADDRESSES",
        value_delimiter = ','
    )]
    outbound_name_servers: Option<Vec<String>>,

    /// File with certificates (PEM) of authorities to trust in calls, besides the system's
    #[arg(long, global = true, env = "STAGEDOOR_OUTBOUND_CERTIFICATES_FILE", value_name = "FILE")]
    outbound_certificates_file: Option<PathBuf>,

    /// Where these proxies say it: x-forwarded-for or forwarded [default: x-forwarded-for]
    #[arg(long, global = true, env = "STAGEDOOR_FORWARDED_HEADER", value_name = "NAME")]
    forwarded_header: Option<String>,

    /// Requests from one address, as 20/s or 100/5s [default: 20/s]
    #[arg(long, global = true, env = "STAGEDOOR_ADDRESS_LIMIT", value_name = "COUNT/TIME")]
    address_limit: Option<String>,

    /// Connections that one address may keep open; trusted proxies have no such limit [default: 1000]
    #[arg(long, global = true, env = "STAGEDOOR_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    connections_per_address: Option<u32>,

    /// Live seat maps that one address may keep open [default: 500]
    #[arg(long, global = true, env = "STAGEDOOR_LIVE_MAPS_PER_ADDRESS", value_name = "N")]
    live_maps_per_address: Option<u32>,

    /// Requests of one account [default: 100/min]
    #[arg(long, global = true, env = "STAGEDOOR_USER_LIMIT", value_name = "COUNT/TIME")]
    user_limit: Option<String>,

    /// Requests of one account in a surge [default: 10/min]
    #[arg(long, global = true, env = "STAGEDOOR_USER_LIMIT_IN_SURGE", value_name = "COUNT/TIME")]
    user_limit_in_surge: Option<String>,

    /// Other limits of routes than the API's description says, as login=30/min [default: none]
    #[arg(long, global = true, env = "STAGEDOOR_ROUTE_LIMITS", value_name = "LIMITS", value_delimiter = ',')]
    route_limits: Option<Vec<String>>,

    /// Whether a surge is on, a rush in which fans get the smaller limit [default: false]
    #[arg(long, global = true, env = "STAGEDOOR_SURGE", value_name = "BOOL")]
    surge: Option<bool>,

    /// Redis through which servers share these limits: redis://host, rediss://host by TLS, redis-cluster://host,host [default: each counts alone]
    #[arg(long, global = true, env = "STAGEDOOR_REDIS_URL", value_name = "URL", hide_env_values = true)]
    redis_url: Option<String>,

    /// PEM file of the authorities that the Redis's certificate leads to [default: the system's]
    #[arg(long, global = true, env = "STAGEDOOR_REDIS_CERTIFICATES_FILE", value_name = "FILE")]
    redis_certificates_file: Option<PathBuf>,

    /// Page of the front end that outside providers send browsers back to [default: public_url + /sign-in]
    #[arg(long, global = true, env = "STAGEDOOR_SIGN_IN_RETURN_URL", value_name = "URL")]
    sign_in_return_url: Option<String>,

    /// Pass type id of Apple, as pass.org.example.tickets; with the four below there are passes for its wallet
    #[arg(long, global = true, env = "STAGEDOOR_APPLE_WALLET_PASS_TYPE_ID", value_name = "ID")]
    apple_wallet_pass_type_id: Option<String>,

    /// Team id of Apple
    #[arg(long, global = true, env = "STAGEDOOR_APPLE_WALLET_TEAM_ID", value_name = "ID")]
    apple_wallet_team_id: Option<String>,

    /// File with the certificate that passes are signed with (PEM)
    #[arg(long, global = true, env = "STAGEDOOR_APPLE_WALLET_CERTIFICATE_FILE", value_name = "FILE")]
    apple_wallet_certificate_file: Option<PathBuf>,

    /// File with the key of this certificate (PEM, without a password)
    #[arg(long, global = true, env = "STAGEDOOR_APPLE_WALLET_KEY_FILE", value_name = "FILE")]
    apple_wallet_key_file: Option<PathBuf>,

    /// File with Apple's certificate that issued it (PEM)
    #[arg(long, global = true, env = "STAGEDOOR_APPLE_WALLET_INTERMEDIATE_FILE", value_name = "FILE")]
    apple_wallet_intermediate_file: Option<PathBuf>,

    /// Issuer id of Google's wallet; with the one below there are passes for it
    #[arg(long, global = true, env = "STAGEDOOR_GOOGLE_WALLET_ISSUER_ID", value_name = "ID")]
    google_wallet_issuer_id: Option<String>,

    /// File with the key of a service account of Google's (JSON)
    #[arg(long, global = true, env = "STAGEDOOR_GOOGLE_WALLET_ACCOUNT_FILE", value_name = "FILE")]
    google_wallet_account_file: Option<PathBuf>,

    /// How long the simulated gateway takes for tok_slow, in milliseconds [default: 2500]
    #[arg(long, global = true, env = "STAGEDOOR_GATEWAY_LATENCY_MS", value_name = "MS")]
    gateway_latency_ms: Option<u64>,

    /// What to log: a level, or levels by module as in info,sales=debug [default: info; warn for commands that end by themselves]
    #[arg(long, global = true, env = "STAGEDOOR_LOG", value_name = "FILTER")]
    log: Option<String>,

    /// Shape of log lines [default: text]
    #[arg(long, global = true, env = "STAGEDOOR_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    /// One JSON object a line.
    Json,
}

/// A number in the file, text in the environment and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PortText")]
pub struct Port(pub u16);

#[derive(Deserialize)]
#[serde(untagged)]
enum PortText {
    Number(i64),
    Text(String),
}

impl TryFrom<PortText> for Port {
    type Error = String;

    fn try_from(text: PortText) -> Result<Self, String> {
        let port = match &text {
            PortText::Number(number) => u16::try_from(*number).ok(),
            PortText::Text(text) => text.parse().ok(),
        };
        port.filter(|port| *port != 0).map(Port).ok_or_else(|| match text {
            PortText::Number(number) => format!("{number} is no port"),
            PortText::Text(text) => format!("{text:?} is no port"),
        })
    }
}

/// An outside OpenID Connect provider that signs people in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInProvider {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// This, or a file with it, or nothing for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// Besides `openid`.
    #[serde(default = "email_and_profile")]
    pub scopes: Vec<String>,
}

fn email_and_profile() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

/// Every setting, decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub data: PathBuf,
    pub database_url: Option<String>,
    pub row_security: bool,
    pub listen: SocketAddr,
    pub tls_certificate_file: Option<PathBuf>,
    pub tls_key_file: Option<PathBuf>,
    /// Without a slash at its end.
    pub public_url: Option<String>,
    pub allowed_origins: Vec<WebOrigin>,
    pub workers: usize,
    pub partitions: u32,
    pub master_key_file: Option<PathBuf>,
    pub master_key_command: Option<String>,
    pub master_key: Option<String>,
    pub active_holds_max: u32,
    pub hold_attempts_per_minute: u32,
    pub password_memory_kib: u32,
    pub login_failures_per_account: u32,
    pub login_failures_per_address: u32,
    pub registrations_per_address: u32,
    pub guests_per_address: u32,
    pub smtp_url: Option<String>,
    pub mail_from: String,
    pub spool: Option<PathBuf>,
    pub spool_days: u32,
    pub stranger_address_days: u32,
    pub trusted_proxies: Vec<Network>,
    pub forwarded_header: ForwardedHeader,
    pub address_limit: Quota,
    pub connections_per_address: u32,
    pub live_maps_per_address: u32,
    pub user_limit: Quota,
    pub user_limit_in_surge: Quota,
    pub route_limits: Vec<RouteLimit>,
    pub surge: bool,
    pub redis_url: Option<String>,
    pub redis_certificates_file: Option<PathBuf>,
    pub outbound_allow_networks: Vec<Network>,
    pub outbound_ports: Vec<Port>,
    pub outbound_name_servers: Vec<SocketAddr>,
    pub outbound_certificates_file: Option<PathBuf>,
    /// In the file alone, as `[[sign_in_providers]]`.
    pub sign_in_providers: Vec<SignInProvider>,
    /// Where providers send browsers back to; without a slash at its end.
    pub sign_in_return_url: Option<String>,
    pub apple_wallet_pass_type_id: Option<String>,
    pub apple_wallet_team_id: Option<String>,
    pub apple_wallet_certificate_file: Option<PathBuf>,
    pub apple_wallet_key_file: Option<PathBuf>,
    pub apple_wallet_intermediate_file: Option<PathBuf>,
    pub google_wallet_issuer_id: Option<String>,
    pub google_wallet_account_file: Option<PathBuf>,
    pub gateway_latency_ms: u64,
    pub log: Option<String>,
    pub log_format: LogFormat,
}

impl Default for Settings {
    fn default() -> Self {
        let (identity, limits) = (identity::Config::default(), gate::Config::default());
        Self {
            data: "data".into(),
            database_url: None,
            row_security: true,
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            tls_certificate_file: None,
            tls_key_file: None,
            public_url: None,
            allowed_origins: Vec::new(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            partitions: 1,
            master_key_file: None,
            master_key_command: None,
            master_key: None,
            active_holds_max: HOLDS_PER_FAN_MAX,
            hold_attempts_per_minute: HOLD_ATTEMPTS_PER_MINUTE,
            password_memory_kib: identity.password_memory_kib,
            login_failures_per_account: identity.login_failures_per_account,
            login_failures_per_address: identity.login_failures_per_address,
            registrations_per_address: identity.registrations_per_address,
            guests_per_address: identity.guests_per_address,
            smtp_url: None,
            mail_from: "Stagedoor <no-reply@stagedoor.invalid>".to_owned(),
            spool: None,
            spool_days: 7,
            stranger_address_days: 90,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            address_limit: limits.address,
            connections_per_address: 1_000,
            live_maps_per_address: 500,
            user_limit: limits.user,
            user_limit_in_surge: limits.user_in_surge,
            route_limits: Vec::new(),
            surge: false,
            redis_url: None,
            redis_certificates_file: None,
            outbound_allow_networks: Vec::new(),
            outbound_ports: outbound::PORTS.iter().map(|port| Port(*port)).collect(),
            outbound_name_servers: Vec::new(),
            outbound_certificates_file: None,
            sign_in_providers: Vec::new(),
            sign_in_return_url: None,
            apple_wallet_pass_type_id: None,
            apple_wallet_team_id: None,
            apple_wallet_certificate_file: None,
            apple_wallet_key_file: None,
            apple_wallet_intermediate_file: None,
            google_wallet_issuer_id: None,
            google_wallet_account_file: None,
            gateway_latency_ms: 2_500,
            log: None,
            log_format: LogFormat::Text,
        }
    }
}

impl Flags {
    /// Takes what the command line cannot say from the environment.
    pub fn with_secrets(mut self) -> Self {
        self.master_key = std::env::var("STAGEDOOR_MASTER_KEY").ok();
        self
    }
}

impl Settings {
    /// Puts the sources together. A file that is named but absent, a key that no setting has and a
    /// value out of range are errors that name it.
    pub fn load(flags: &Flags) -> Result<Settings, Fault> {
        let mut figment = Figment::from(Serialized::defaults(Settings::default()));
        let named = flags.config.as_deref();
        match named {
            Some(file) if !file.is_file() => {
                return Err(format!("the settings file {} does not exist", file.display()).into());
            }
            Some(file) => figment = figment.merge(Toml::file_exact(file)),
            None if Path::new(FILE).is_file() => figment = figment.merge(Toml::file_exact(FILE)),
            None => {}
        }
        let mut given = serde_json::to_value(flags).map_err(because("read the command line"))?;
        if let Some(given) = given.as_object_mut() {
            // An empty variable, as compose files leave them, is no setting.
            given.retain(|_, value| !value.is_null() && value != "" && *value != serde_json::json!([""]));
        }
        let settings: Settings = figment.merge(Serialized::defaults(given)).extract().map_err(|error| {
            // One line a fault; the library's own text is about profiles, which we do not have.
            let faults: Vec<_> = error.into_iter().map(|fault| fault.to_string().replace("default.", "")).collect();
            faults.join("; ")
        })?;
        settings.checked()
    }

    fn checked(mut self) -> Result<Settings, Fault> {
        let range = |name: &str, value: u64, from: u64, to: u64| {
            if (from..=to).contains(&value) {
                return Ok(());
            }
            Err(Fault::from(format!("{name} must be {from} to {to}, not {value}")))
        };
        range("workers", self.workers as u64, 1, WORKERS_MAX as u64)?;
        range("partitions", self.partitions.into(), 1, PARTITIONS_MAX.into())?;
        range("active_holds_max", self.active_holds_max.into(), 1, 1_000)?;
        range("hold_attempts_per_minute", self.hold_attempts_per_minute.into(), 1, 1_000_000)?;
        range("connections_per_address", self.connections_per_address.into(), 1, 1_000_000)?;
        range("live_maps_per_address", self.live_maps_per_address.into(), 1, 1_000_000)?;
        // Below 8 KiB the hash does not work; above 4 GiB one sign-in could take the machine.
        range("password_memory_kib", self.password_memory_kib.into(), 8, 4 * 1024 * 1024)?;
        range("gateway_latency_ms", self.gateway_latency_ms, 0, 60_000)?;
        if let Some(url) = &self.database_url
            && !(url.starts_with("postgres:") || url.starts_with("postgresql:"))
        {
            return Err("database_url must start with postgres://".into());
        }
        if let Some(url) = &mut self.public_url {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return Err("public_url must start with http:// or https://".into());
            }
            url.truncate(url.trim_end_matches('/').len());
            // Everything is served at the root, and clients look for the documents of an issuer there.
            let (_, host) = url.split_once("://").expect("it begins with one of two");
            if host.is_empty() || host.contains(['/', '?', '#']) {
                return Err("public_url must be a host, perhaps with a port, and no path".into());
            }
        }
        if self.tls_certificate_file.is_some() != self.tls_key_file.is_some() {
            return Err("tls_certificate_file and tls_key_file go together".into());
        }
        for provider in &self.sign_in_providers {
            if provider.client_secret.is_some() && provider.client_secret_file.is_some() {
                return Err(format!("{}: client_secret and client_secret_file exclude each other", provider.id).into());
            }
        }
        if !self.sign_in_providers.is_empty() && self.public_url.is_none() && self.sign_in_return_url.is_none() {
            return Err("sign_in_providers need public_url or sign_in_return_url, to send browsers back to".into());
        }
        let sources = [self.master_key.is_some(), self.master_key_file.is_some(), self.master_key_command.is_some()];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            return Err("master_key, master_key_file and master_key_command exclude each other".into());
        }
        Ok(self)
    }

    /// The settings as a file that gives them again, but for the secrets.
    pub fn to_toml(&self) -> String {
        let mut shown = self.clone();
        shown.database_url = self.database_url.as_deref().map(without_password);
        shown.smtp_url = self.smtp_url.as_deref().map(without_password);
        shown.redis_url = self.redis_url.as_deref().map(without_password);
        shown.master_key = self.master_key.as_ref().map(|_| HIDDEN.to_owned());
        let providers = std::mem::take(&mut shown.sign_in_providers);
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(&shown) else {
            unreachable!("settings have named fields that are plain data");
        };
        if !providers.is_empty() {
            fields.remove("sign_in_providers");
        }
        let mut text = String::new();
        for (name, value) in fields {
            // TOML writes numbers and quoted text as JSON does.
            let line = match value {
                serde_json::Value::Null => writeln!(text, "# {name} is not set"),
                value => writeln!(text, "{name} = {value}"),
            };
            line.expect("memory takes everything");
        }
        // Tables stand at the end of a file.
        for mut provider in providers {
            provider.client_secret = provider.client_secret.map(|_| HIDDEN.to_owned());
            let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(&provider) else {
                unreachable!("a provider has named fields that are plain data");
            };
            text.push_str("\n[[sign_in_providers]]\n");
            fields.iter().for_each(|(name, value)| {
                writeln!(text, "{name} = {value}").expect("memory takes everything");
            });
        }
        text
    }
}

const HIDDEN: &str = "(hidden)";

/// The URL of a server fit to be shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return HIDDEN.to_owned() };
    let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
    let address = match address.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:{HIDDEN}@{host}"),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    };
    let query = query.map(|query| {
        let shown = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.contains("password") => format!("{name}={HIDDEN}"),
            _ => pair.to_owned(),
        });
        format!("?{}", shown.collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{address}{}", query.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_database_urls_are_not_shown() {
        for (url, shown) in [
            ("postgres://ann@db/tickets", "postgres://ann@db/tickets"),
            ("postgres://ann:s3cret@db:5432/tickets", "postgres://ann:(hidden)@db:5432/tickets"),
            ("postgres://ann:a@b@db/t?sslmode=require", "postgres://ann:(hidden)@db/t?sslmode=require"),
            ("postgres://db/t?user=ann&password=s3cret", "postgres://db/t?user=ann&password=(hidden)"),
            ("redis://:s3cret@cache/1", "redis://:(hidden)@cache/1"),
            ("redis-cluster://app:s3cret@a:7000,b:7000", "redis-cluster://app:(hidden)@a:7000,b:7000"),
            ("s3cret", "(hidden)"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn settings_written_out_are_read_back() {
        let provider = SignInProvider {
            id: "example".into(),
            name: "Example \"Inc\"".into(),
            issuer: "https://accounts.example".into(),
            client_id: "a".into(),
            client_secret: Some("s3cret".into()),
            client_secret_file: None,
            scopes: email_and_profile(),
        };
        let named = Settings { sign_in_providers: vec![provider.clone(), provider], ..Settings::default() }.to_toml();
        let read: Settings =
            Figment::from(Serialized::defaults(Settings::default())).merge(Toml::string(&named)).extract().unwrap();
        assert_eq!((read.to_toml(), named.contains("s3cret")), (named, false));
        let text = Settings::default().to_toml();
        let read: Settings =
            Figment::from(Serialized::defaults(Settings::default())).merge(Toml::string(&text)).extract().unwrap();
        assert_eq!(read.to_toml(), text);
        assert!(text.contains("listen = \"127.0.0.1:8080\"\n"), "{text}");
        assert!(text.contains("# database_url is not set\n"), "{text}");
    }
}
