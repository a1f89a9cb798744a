//! What an action's latest runs came to, as a row of small squares, and how long they took.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{
    app::App,
    model::{action::Action, run::Status},
};

/// Of one run's mark, and from one to the next.
const WIDTH: usize = 6;
const STEP: usize = 8;
const HEIGHT: usize = 14;

/// An action's latest runs, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse {
    latest: Vec<Status>,
    p50: Option<Duration>,
    p99: Option<Duration>,
}

impl Pulse {
    /// What the tally of the last seven days knows of them.
    pub(super) fn of(app: &App, action: &Action, now: Timestamp) -> Self {
        let lately = app.runner().tally().lately(&action.id, now);
        let latest = lately.last.into_iter().map(|(_, status)| status).collect();
        Self { latest, p50: lately.wall.quantile(50), p99: lately.wall.quantile(99) }
    }

    /// The squares, for ears too.
    pub(super) fn strip(&self) -> Markup {
        let count = self.latest.len();
        if count == 0 {
            return html! { span.none { "none lately" } };
        }
        let failed = self.latest.iter().filter(|status| class(**status) == "bad").count();
        let says = if count == 1 {
            format!("one run, {}", if failed == 1 { "which failed" } else { "which did not fail" })
        } else {
            format!("the latest {count} runs, {failed} of which failed")
        };
        let width = count * STEP;
        html! {
            svg.strip role="img" aria-label=(says) width=(width) height=(HEIGHT) viewBox={ "0 0 " (width) " " (HEIGHT) } {
                @for (place, status) in self.latest.iter().enumerate() {
                    rect.(class(*status)) x=(place * STEP) y="0" width=(WIDTH) height=(HEIGHT) rx="1.5" {
                        title { (status.as_str()) }
                    }
                }
            }
        }
    }

    pub(super) fn times(&self) -> Markup {
        if self.p50.is_none() {
            return html! { span.none { "–" } };
        }
        let shown = |time: Option<Duration>| time.map_or("–".to_owned(), super::super::words::duration);
        html! { span.num { (shown(self.p50)) " / " (shown(self.p99)) } }
    }
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Completed => "good",
        Status::Errored | Status::Interrupted => "bad",
        Status::Queued | Status::Running | Status::Cancelled => "idle",
    }
}
