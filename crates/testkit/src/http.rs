//! The least HTTP client that tests of a real server need.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// One keep-alive connection, opened when first used and again after it broke.
pub struct Client {
    address: SocketAddr,
    bearer: Option<String>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A whole answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; `Value::Null` when it is empty.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, bearer: None, connection: None }
    }

    /// Sends this access token with every request from here on.
    pub fn signed_in(mut self, token: &str) -> Self {
        self.bearer = Some(format!("Bearer {token}"));
        self
    }

    /// A connection of its own to the same server, signed in as nobody.
    pub fn another(&self) -> Self {
        Self::new(self.address)
    }

    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(Method::GET, path, None, None).await
    }

    /// `key`: the `Idempotency-Key`.
    pub async fn post(&mut self, path: &str, key: Option<&str>, body: &Value) -> io::Result<Answer> {
        self.send(Method::POST, path, key, Some(body)).await
    }

    pub async fn patch(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send(Method::PATCH, path, None, Some(body)).await
    }

    pub async fn delete(&mut self, path: &str) -> io::Result<Answer> {
        self.send(Method::DELETE, path, None, None).await
    }

    /// What a browser sends when a form is submitted: `name=value&...`.
    pub async fn post_form(&mut self, path: &str, form: &str) -> io::Result<Answer> {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.exchange(request, Full::from(form.to_owned())).await
    }

    /// An error means that no whole answer came: what the server did with the request is unknown.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> io::Result<Answer> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Some(json) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Full::from(json.to_string())
            }
            None => Full::default(),
        };
        self.exchange(request, body).await
    }

    async fn exchange(&mut self, mut request: Builder, body: Full<Bytes>) -> io::Result<Answer> {
        request = request.header(HOST, self.address.to_string());
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        let request = request.body(body).map_err(io::Error::other)?;
        let mut connection = match self.connection.take() {
            Some(open) if open.is_ready() => open,
            _ => self.connect().await?,
        };
        let (head, body) = connection.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        self.connection = Some(connection);
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Its failure reaches us as the failure of the request it carried.
        tokio::spawn(async { drop(connection.await) });
        Ok(sender)
    }
}
