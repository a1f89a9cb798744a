//! When an action is due: in words, and the next times, also while the expression is being written.

use axum::{
    extract::State,
    response::{Html, IntoResponse as _, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::{fault::Fault, parts, query::Query, session::Visitor, words};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::Permission,
        action::{Action, Activity, Kind},
        schedule::{Schedule, Zone},
    },
};

/// Due times that are shown.
const NEXT: usize = 5;

/// What a form says so far.
#[derive(Debug, Deserialize)]
pub(in crate::console) struct Asked {
    #[serde(default)]
    cron: String,
    #[serde(default)]
    zone: String,
}

/// When an action with a schedule is due.
pub(super) struct Timing {
    pub(super) words: String,
    /// `None` when it never is any more.
    pub(super) next: Option<Timestamp>,
}

impl Timing {
    /// `None` when it has no schedule.
    pub(super) fn of(action: &Action, activity: &Activity, now: Timestamp) -> Option<Self> {
        if action.kind != Kind::Repeat {
            return None;
        }
        let zone = Zone::parse(&action.zone).unwrap_or_default();
        let is_utc = zone == Zone::UTC;
        let schedule = Schedule::parse(action.cron.as_deref()?, zone).ok()?;
        let next = schedule.next(activity.decided_until.map_or(now, |until| until.max(now)));
        let place = if is_utc { String::new() } else { format!(" ({})", action.zone) };
        Some(Self { words: format!("{}{place}", schedule.in_words()), next })
    }
}

/// `GET /console/{org}/schedule?cron=…&zone=…`: what an expression means.
pub(in crate::console) async fn preview(
    State(_app): State<App>,
    Path(org): Path<String>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    visitor.may(&org, Permission::ReadActions)?;
    Ok(Html(shown(&asked.cron, &asked.zone, clock::now()).into_string()).into_response())
}

/// The words and next times of an expression, or what is wrong with it.
pub(super) fn shown(cron: &str, zone: &str, now: Timestamp) -> Markup {
    if cron.trim().is_empty() {
        return html! { p.hint { "Write an expression to see when it is due." } };
    }
    let zone = if zone.trim().is_empty() { Ok(Zone::UTC) } else { Zone::parse(zone.trim()) };
    match zone.and_then(|zone| Schedule::parse(cron, zone)) {
        Err(error) => parts::flash(parts::Tone::Bad, &html! { (error) }),
        Ok(schedule) => {
            let due: Vec<_> = schedule.due(now, Timestamp::MAX).take(NEXT).collect();
            html! {
                p.says { (schedule.in_words()) }
                ol.due {
                    @for due in due {
                        li { time datetime=(due) { (schedule.zone().shown(due)) } " " span.hint { (words::since(due, now)) } }
                    }
                }
            }
        }
    }
}
