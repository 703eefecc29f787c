//! The limits in process, and in several processes that share a Redis: one suite over both
//! stores, and what only sharing has to promise.

mod redis;
mod suite;
