//! The engine with its threads and a real journal, through the handle everyone else uses.

mod by_hand;
mod many;
mod runtime;
mod simulation;
