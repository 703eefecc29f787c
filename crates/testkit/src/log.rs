//! What is logged, for tests about what a log says and what it must not.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;

/// Keeps what this thread logs, at every level, from [`Log::start`] to [`Log::end`].
pub struct Log {
    kept: Kept,
    guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn start() -> Log {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        Log { kept, guard: tracing::subscriber::set_default(subscriber) }
    }

    /// All of it, a line each.
    pub fn end(self) -> String {
        drop(self.guard);
        let bytes = self.kept.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("a log is text")
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
