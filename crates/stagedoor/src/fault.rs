//! What a command says when it cannot do its work.

use std::error::Error;
use std::fmt;

/// Why a command failed. Its text and those of its sources are one line for whoever called it.
pub type Fault = Box<dyn Error + Send + Sync>;

/// A failure, and what was being done.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
struct Doing {
    doing: String,
    source: Fault,
}

/// Says what was being done: `.map_err(because("open the database"))`.
pub fn because<E: Into<Fault>>(doing: impl Into<String>) -> impl FnOnce(E) -> Fault {
    move |source| Doing { doing: doing.into(), source: source.into() }.into()
}

/// An error with all its sources, from the outside in, each said once.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        out.write_str(&said)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Some errors repeat their source's text in their own.
            if !said.contains(&text) {
                write!(out, ": {text}")?;
                said = text;
            }
            source = error.source();
        }
        Ok(())
    }
}
