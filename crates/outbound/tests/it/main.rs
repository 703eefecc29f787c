//! The client against real name servers and web servers on loopback addresses. Nothing here leaves
//! the machine: networks in 127.0.0.0/8 stand for the public internet and are let in by the policy,
//! `127.0.0.1` stands for what must not be reached.

mod answers;
mod calls;
mod name_server;
mod rebinding;
mod redirects;
mod secure;
mod server;
mod spellings;
mod urls;
