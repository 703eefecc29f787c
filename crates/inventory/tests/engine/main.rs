//! The seat engine from outside: rules as scripts, random runs against a second, naive model,
//! stored formats against files that must stay readable.

mod best;
mod bytes;
mod golden;
mod manifest;
mod model;
mod random;
mod rules;
mod script;
