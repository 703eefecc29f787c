//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.

mod accounts;
mod api_keys;
mod approval;
mod audit;
mod clients;
mod codes;
mod device;
mod elsewhere;
mod factors;
mod guests;
mod invitations;
mod kyc;
mod oauth;
mod organizers;
mod passkeys;
mod passwords;
mod platform;
mod profiles;
mod providers;
mod sessions;
mod signing;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;
use std::sync::LazyLock;
use std::time::Duration;

use identity::{
    AccountError, Config, Contact, Credentials, Events, Identity, Locale, NewAccount, NewInvitation, ProfileChange,
    Role, SignedIn, User,
};
use jobs::Jobs;
use notify::{Notify, Outlets, Spool};
use stagedoor_core::{OrganizerId, UserId};
use store::Origin;
use testkit::TestStore;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

static HOME: LazyLock<Origin> = LazyLock::new(|| Origin {
    agent: Some("Firefox/141.0".into()),
    ..Origin::address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)))
});
const PASSWORD: &str = "an old mill by the sea";

/// A database and the identity over it, with cheap password hashes.
struct Office {
    db: TestStore,
    identity: Identity,
}

impl Deref for Office {
    type Target = Identity;
    fn deref(&self) -> &Identity {
        &self.identity
    }
}

fn config() -> Config {
    Config { password_memory_kib: 8, ..Config::default() }
}

fn newcomer<'a>(email: &'a str, name: &'a str) -> NewAccount<'a> {
    NewAccount { contact: Contact::Email(email), password: PASSWORD, name, locale: Locale::English }
}

impl Office {
    async fn new() -> Self {
        Self::with(config()).await
    }

    async fn with(config: Config) -> Self {
        let db = TestStore::new().await;
        let identity = Identity::new(db.store.clone(), db.keyring.clone(), config);
        Self { db, identity }
    }

    /// Another process on the same database.
    fn elsewhere(&self) -> Identity {
        Identity::new(self.db.store.clone(), self.db.keyring.clone(), config())
    }

    async fn fan(&self, name: &str) -> SignedIn {
        let email = format!("{name}@example.org");
        self.register(newcomer(&email, name), &HOME).await.unwrap()
    }

    async fn try_login(&self, email: &str, password: &str) -> Result<SignedIn, AccountError> {
        self.login(Credentials { contact: Contact::Email(email), password, otp: None, origin: &HOME }).await
    }

    async fn rename(&self, id: UserId, name: &str) -> Result<User, AccountError> {
        self.update_profile(&HOME, id, ProfileChange { name: Some(name), ..ProfileChange::default() }).await
    }

    /// Every message that was sent, the oldest first.
    async fn messages(&self) -> Vec<String> {
        let spool = self.db.folder.path().join("spool");
        let outlets = Outlets::spool(Spool::new(&spool, "Box office <box-office@example.org>").unwrap());
        let notify = Notify::new(self.db.store.clone(), self.db.keyring.clone(), outlets);
        let worker = self.identity.handle(notify.handle(Jobs::new(self.db.store.clone())));
        worker.run_due().await.unwrap();
        // Files are called by id, and ids sort by the clock: what comes later is the later one.
        self.advance(Duration::from_millis(1));
        let Ok(folder) = std::fs::read_dir(spool) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    /// The messages to `address`, the oldest first.
    async fn sent_to(&self, address: &str) -> Vec<String> {
        let to = format!("To: {address}");
        let messages = self.messages().await.into_iter();
        messages.filter(|message| message.lines().any(|line| line.trim_end() == to)).collect()
    }

    /// Whether a message to `address` says this.
    async fn told(&self, address: &str, text: &str) -> bool {
        self.sent_to(address).await.iter().any(|message| message.contains(text))
    }

    /// The last word of this kind in the messages to `address`.
    async fn word_to(&self, address: &str, is_it: impl Fn(&str) -> bool) -> String {
        let messages = self.sent_to(address).await;
        // Where there is a web app, tokens come as links to the page that uses them.
        let token = |word: &'_ str| word.rsplit("#token=").next().expect("there is always a last part").to_owned();
        let plain: Vec<String> = messages.iter().map(|message| testkit::mail::plain(message)).collect();
        let words = plain.iter().flat_map(|message| message.split_whitespace()).map(token);
        words.filter(|word| is_it(word)).last().unwrap_or_else(|| panic!("not in {messages:#?}"))
    }

    /// The code in the last message with one to `address`.
    async fn code_to(&self, address: &str) -> String {
        self.word_to(address, |word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit())).await
    }

    /// The token in the last message with one to `address`.
    async fn token_to(&self, address: &str) -> String {
        self.word_to(address, |word| word.starts_with("sdp_")).await
    }

    /// A fan whose e-mail address is verified.
    async fn verified_fan(&self, name: &str) -> SignedIn {
        let fan = self.fan(name).await;
        let code = self.code_to(&format!("{name}@example.org")).await;
        self.verify_contact(&HOME, fan.user.id, identity::Channel::Email, &code).await.unwrap();
        fan
    }

    /// Has `by` ask `member`, whose verified address this is, and `member` accept.
    async fn joins(&self, organizer: OrganizerId, by: UserId, member: UserId, email: &str, role: Role) {
        let new = NewInvitation { email, role, events: Events::All };
        self.invite(&HOME, organizer, by, new).await.unwrap();
        let token = self.invitation_to(email).await;
        self.accept_invitation(&HOME, member, &token).await.unwrap();
    }

    /// The token in the last invitation to `address`.
    async fn invitation_to(&self, address: &str) -> String {
        self.word_to(address, |word| word.starts_with("sdi_")).await
    }

    fn advance(&self, span: Duration) {
        self.db.env.clock.advance(span);
    }
}
