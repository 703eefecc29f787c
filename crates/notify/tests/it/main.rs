//! One suite over the database of the run: SQLite, or PostgreSQL with `STAGEDOOR_TEST_POSTGRES`.
//! Every way out passes it: files in a folder, and a mail server that speaks SMTP.

mod sink;

use std::path::PathBuf;
use std::time::Duration;

use jobs::Jobs;
use notify::{Address, Message, Notify, Outlets, Smtp, Spool, Text};
use sink::{Behaviour, Sink};
use stagedoor_core::{MessageId, UserId};
use store::PersonKey;
use testkit::{Log, TestStore};

const FROM: &str = "Box office <box-office@example.org>";
const MINUTE: Duration = Duration::from_secs(60);

/// A database with a person in it, and a way out.
struct Post {
    db: TestStore,
    notify: Notify,
    worker: Jobs,
    person: UserId,
    key: PersonKey,
}

impl Post {
    async fn new(outlets: impl FnOnce(Spool) -> Outlets) -> Self {
        let db = TestStore::new().await;
        let spool = Spool::new(db.folder.path().join("spool"), FROM).unwrap();
        let notify = Notify::new(db.store.clone(), db.keyring.clone(), outlets(spool));
        let worker = notify.handle(Jobs::new(db.store.clone()));
        let person: UserId = db.env.id();
        let key = db.keyring.fresh_person_key(person);
        let tx = db.begin_write().await.unwrap();
        key.keep(&tx).await.unwrap();
        tx.commit().await.unwrap();
        Self { db, notify, worker, person, key }
    }

    async fn spooling() -> Self {
        Self::new(Outlets::spool).await
    }

    async fn mailing(sink: &Sink) -> Self {
        Self::new(|spool| Outlets::smtp(Smtp::new(&sink.url(), FROM).unwrap(), spool)).await
    }

    fn message(&self, to: Address, body: &str) -> Message {
        let text = Text { subject: "Grüße".into(), body: body.into() };
        Message { person: self.person, to, text, expires_at: self.db.env.now() + 10 * MINUTE }
    }

    async fn send(&self, to: Address, body: &str) -> MessageId {
        let tx = self.db.begin_write().await.unwrap();
        let id = notify::enqueue(&tx, &self.key, self.message(to, body)).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn run(&self) {
        self.worker.run_due().await.unwrap();
    }

    /// Messages that wait, and jobs.
    async fn waiting(&self) -> (i64, i64) {
        let sql = "SELECT (SELECT COUNT(*) FROM message), (SELECT COUNT(*) FROM job)";
        self.db.begin_read().await.unwrap().one(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).await.unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let Ok(folder) = std::fs::read_dir(self.db.folder.path().join("spool")) else { return Vec::new() };
        folder.map(|entry| entry.unwrap().path()).collect()
    }
}

fn ann() -> Address {
    Address::Email("ann@example.org".into())
}

#[tokio::test]
async fn a_message_is_sent_if_and_only_if_its_transaction_commits() {
    let post = Post::spooling().await;
    let tx = post.db.begin_write().await.unwrap();
    notify::enqueue(&tx, &post.key, post.message(ann(), "never")).await.unwrap();
    drop(tx);
    post.run().await;
    assert_eq!(post.files(), Vec::<PathBuf>::new());
    let id = post.send(ann(), "now").await;
    assert_eq!(post.waiting().await, (1, 1));
    post.run().await;
    assert_eq!(post.waiting().await, (0, 0));
    let files = post.files();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].file_name().unwrap().to_str().unwrap(), format!("{id}.{}.eml", post.person));
}

#[tokio::test]
async fn a_file_is_a_whole_mail_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let post = Post::spooling().await;
    let id = post.send(ann(), "Your code is 123456.\n").await;
    post.run().await;
    let file = &post.files()[0];
    let mail = std::fs::read_to_string(file).unwrap();
    for line in [
        "From: \"Box office\" <box-office@example.org>",
        "To: ann@example.org",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000",
        &format!("Message-ID: <{id}@example.org>"),
        "Auto-Submitted: auto-generated",
        "Your code is 123456.",
    ] {
        assert!(mail.lines().any(|known| known.trim_end() == line), "{line} in {mail}");
    }
    assert!(mail.contains("Subject: =?utf-8?b?"), "{mail}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_text_message_goes_to_a_file_of_its_own_kind() {
    let sink = Sink::start(Behaviour::Takes).await;
    for post in [Post::spooling().await, Post::mailing(&sink).await] {
        let id = post.send(Address::Phone("+4930901820".into()), "123456 is your code.\n").await;
        post.run().await;
        let file = &post.files()[0];
        assert_eq!(file.file_name().unwrap().to_str().unwrap(), format!("{id}.{}.sms.txt", post.person));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "To: +4930901820\n\n123456 is your code.\n");
    }
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn a_mail_server_takes_the_mail() {
    let sink = Sink::start(Behaviour::Takes).await;
    let post = Post::mailing(&sink).await;
    let id = post.send(ann(), "Your code is 123456.\n").await;
    post.run().await;
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].from.as_str(), mails[0].to.as_str()), ("box-office@example.org", "ann@example.org"));
    assert!(mails[0].text.contains(&format!("<{id}@example.org>")), "{}", mails[0].text);
    assert!(mails[0].text.contains("Your code is 123456."), "{}", mails[0].text);
    assert_eq!((post.waiting().await, post.files()), ((0, 0), Vec::new()));
}

#[tokio::test]
async fn what_a_server_cannot_take_now_is_tried_again_until_it_expires() {
    let sink = Sink::start(Behaviour::Later).await;
    let post = Post::mailing(&sink).await;
    post.send(ann(), "123456").await;
    post.run().await;
    assert_eq!(post.waiting().await, (1, 1));
    post.run().await;
    assert_eq!(sink.tries(), 1, "not before its time");
    post.db.env.clock.advance(Duration::from_secs(2));
    sink.behave(Behaviour::Takes);
    post.run().await;
    assert_eq!((post.waiting().await, sink.mails().len()), ((0, 0), 1));

    sink.behave(Behaviour::Later);
    post.send(ann(), "234567").await;
    post.run().await;
    post.db.env.clock.advance(10 * MINUTE);
    sink.behave(Behaviour::Takes);
    post.run().await;
    assert_eq!((post.waiting().await, sink.mails().len()), ((0, 0), 1));
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_dropped() {
    let sink = Sink::start(Behaviour::Never).await;
    let post = Post::mailing(&sink).await;
    post.send(ann(), "123456").await;
    post.run().await;
    assert_eq!((post.waiting().await, sink.tries()), ((0, 0), 1));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let sink = Sink::start(Behaviour::Takes).await;
    let post = Post::new(|spool| Outlets::smtp(Smtp::new("smtp://127.0.0.1:9", FROM).unwrap(), spool)).await;
    post.send(ann(), "123456").await;
    post.run().await;
    assert_eq!((post.waiting().await, sink.tries()), ((1, 1), 0));
}

#[tokio::test]
async fn nothing_goes_to_who_was_erased() {
    let post = Post::spooling().await;
    for forget in [true, false] {
        post.send(ann(), "123456").await;
        let tx = post.db.begin_write().await.unwrap();
        if forget {
            notify::forget(&tx, post.person).await.unwrap();
        } else {
            post.db.keyring.destroy_person_key(&tx, post.person).await.unwrap();
        }
        tx.commit().await.unwrap();
        post.run().await;
        assert_eq!((post.waiting().await, post.files()), ((0, 0), Vec::new()));
    }
}

#[tokio::test]
async fn files_go_by_their_age() {
    let post = Post::spooling().await;
    post.send(ann(), "old").await;
    post.send(Address::Phone("+4930901820".into()), "old").await;
    post.run().await;
    let others = post.db.folder.path().join("spool/notes.txt");
    std::fs::write(&others, "somebody else's").unwrap();
    post.db.env.clock.advance(10 * MINUTE);
    let id = post.send(ann(), "new").await;
    post.run().await;
    assert_eq!(post.notify.empty_spool(10 * MINUTE).await.unwrap(), 0);
    post.db.env.clock.advance(MINUTE);
    assert_eq!(post.notify.empty_spool(10 * MINUTE).await.unwrap(), 2);
    let mut left = post.files();
    left.sort();
    let new = post.db.folder.path().join(format!("spool/{id}.{}.eml", post.person));
    assert_eq!(left, [new, others]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_empty() {
    let post = Post::spooling().await;
    assert_eq!(post.notify.empty_spool(MINUTE).await.unwrap(), 0);
}

#[tokio::test]
async fn who_is_erased_leaves_no_file() {
    let post = Post::spooling().await;
    post.send(ann(), "123456").await;
    post.send(Address::Phone("+4930901820".into()), "123456").await;
    let tx = post.db.begin_write().await.unwrap();
    let other: UserId = post.db.env.id();
    let key = post.db.keyring.fresh_person_key(other);
    key.keep(&tx).await.unwrap();
    let message = Message { person: other, ..post.message(Address::Email("bob@example.org".into()), "hello") };
    let kept = notify::enqueue(&tx, &key, message).await.unwrap();
    tx.commit().await.unwrap();
    post.run().await;
    assert_eq!(post.files().len(), 3);
    let tx = post.db.begin_write().await.unwrap();
    notify::forget(&tx, post.person).await.unwrap();
    post.db.keyring.destroy_person_key(&tx, post.person).await.unwrap();
    tx.commit().await.unwrap();
    post.run().await;
    assert_eq!(post.files(), [post.db.folder.path().join(format!("spool/{kept}.{other}.eml"))]);
}

#[tokio::test]
async fn an_address_that_is_none_writes_no_header() {
    let post = Post::spooling().await;
    post.send(Address::Email("ann@example.org\r\nBcc: eve@example.org".into()), "123456").await;
    post.run().await;
    assert_eq!((post.waiting().await, post.files()), ((0, 0), Vec::new()));
}

#[tokio::test]
async fn neither_log_nor_queue_nor_table_says_what_is_sent_or_to_whom() {
    let sink = Sink::start(Behaviour::Later).await;
    let post = Post::mailing(&sink).await;
    let log = Log::start();
    post.send(Address::Email("canary@example.org".into()), "canary 123456").await;
    post.run().await;
    let sql = "SELECT payload, COALESCE(error, ''), COALESCE(key, '') FROM job";
    let row = |row: &store::Row| Ok(row.get::<String>(0)? + &row.get::<String>(1)? + &row.get::<String>(2)?);
    let job = post.db.begin_read().await.unwrap().one(sql, (), row).await.unwrap();
    let sealed = "SELECT content FROM message";
    let content: Vec<u8> = post.db.begin_read().await.unwrap().one(sealed, (), |row| row.get(0)).await.unwrap();
    post.db.env.clock.advance(MINUTE);
    sink.behave(Behaviour::Never);
    post.run().await;
    let mut text = log.end();
    assert!(text.contains("job failed") && text.contains("a message was refused"), "{text}");
    text += &job;
    text += &String::from_utf8_lossy(&content);
    text += &format!("{:?}", post.message(Address::Email("canary@example.org".into()), "canary"));
    assert!(!text.contains("canary") && !text.contains("123456"), "{text}");
}

#[test]
fn settings_that_cannot_be_used_say_which_and_keep_the_password() {
    for url in ["", "mail.example.org", "http://ann:s3cret@mail.example.org"] {
        let error = Smtp::new(url, FROM).unwrap_err().to_string();
        assert!(error.contains("smtp_url") && !error.contains("s3cret"), "{error}");
    }
    assert!(Spool::new("spool", "nobody").unwrap_err().to_string().contains("mail_from"));
}
