//! A mail server that keeps what it is given. Source: RFC 5321.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How it answers to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Behaviour {
    Takes,
    /// With the address in its words, as servers do.
    Later,
    Never,
}

#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
}

#[derive(Clone)]
pub struct Sink(Arc<State>);

struct State {
    port: u16,
    behaviour: AtomicU8,
    tries: AtomicUsize,
    mails: Mutex<Vec<Mail>>,
}

impl Sink {
    pub async fn start(behaviour: Behaviour) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { port, behaviour: (behaviour as u8).into(), tries: 0.into(), mails: Mutex::default() };
        let sink = Sink(Arc::new(state));
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = serving.clone();
                tokio::spawn(async move { sink.talk(stream).await });
            }
        });
        sink
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.0.port)
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.0.behaviour.store(behaviour as u8, Ordering::SeqCst);
    }

    /// Recipients named so far.
    pub fn tries(&self) -> usize {
        self.0.tries.load(Ordering::SeqCst)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.0.mails.lock().unwrap().clone()
    }

    async fn talk(&self, stream: TcpStream) {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        let mut mail = Mail { from: String::new(), to: String::new(), text: String::new() };
        let path = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        writing.write_all(b"220 sink\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250-sink\r\n250 8BITMIME".to_owned(),
                "MAIL" => {
                    mail.from = path(&line);
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    mail.to = path(&line);
                    self.0.tries.fetch_add(1, Ordering::SeqCst);
                    match self.0.behaviour.load(Ordering::SeqCst) {
                        later if later == Behaviour::Later as u8 => format!("451 <{}> is over quota", mail.to),
                        never if never == Behaviour::Never as u8 => format!("550 <{}> is unknown here", mail.to),
                        _ => "250 ok".to_owned(),
                    }
                }
                "DATA" => {
                    writing.write_all(b"354 go on\r\n").await.unwrap();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        mail.text += &line;
                        mail.text.push('\n');
                    }
                    self.0.mails.lock().unwrap().push(mail.clone());
                    mail.text.clear();
                    "250 kept".to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 ok".to_owned(),
            };
            if writing.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
