//! The engine with its threads and a real journal, through the handle everyone else uses.

mod runtime;
mod simulation;
