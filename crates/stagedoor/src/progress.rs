//! Progress of long work on standard error; silent when that is not a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `total` steps of `what`. Without a terminal it draws nothing.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg:>22} {wide_bar} {human_pos}/{human_len} {eta:>4}");
    bar.with_style(style.expect("the template is well formed")).with_message(what)
}

/// A count of `what` whose end is not known.
pub fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg:>22} {spinner} {human_pos} {per_sec}");
    bar.with_style(style.expect("the template is well formed")).with_message(what)
}
