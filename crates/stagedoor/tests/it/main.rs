//! The product as a whole: the shape of its source, and the real binary as a process.

mod architecture;
mod audit;
mod box_office;
mod canaries;
mod commands;
mod crash;
mod disk;
mod keys;
mod limits;
mod messages;
mod oauth_clients;
mod process;
mod row_security;
mod sign_in_providers;
mod tenants;
mod verify;
mod wallets;
