//! The limits in process, and in several processes that share a Redis or a Redis Cluster: one suite
//! over all stores, and what only sharing has to promise.

mod cluster;
mod redis;
mod suite;
