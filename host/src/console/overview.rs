//! What an organisation's runs have come to lately, in pictures. Nothing of it is read from the runs themselves: see
//! `runner/tally.rs`.

use axum::{
    extract::State,
    http::Uri,
    response::{Html, IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::{
    chart::{self, Curve, Slots},
    fault::Fault,
    form::Form,
    layout::{Page, Section},
    parts,
    session::Visitor,
    words,
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::Permission,
        action::Action,
        id::{ActionId, OrgId},
    },
    runner::{Histogram, Hour, Lately, Outcomes},
    store,
};

/// Actions that are listed by what they cost.
const COSTLIEST: usize = 10;
/// Dead letters are counted up to this.
const DEAD_MAX: usize = 1_000;

/// How far back a page looks, and in which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Day,
    Week,
}

/// What a page shows.
struct Shown {
    range: Range,
    /// When the latest slot ends.
    end: Timestamp,
    /// Oldest first.
    slots: Vec<Hour>,
    costliest: Vec<(Option<Action>, ActionId, Lately)>,
    dead: usize,
    actions: bool,
    whole: bool,
}

impl Range {
    fn of(text: &str) -> Self {
        if text == "week" { Self::Week } else { Self::Day }
    }

    /// Slots, and hours of each.
    fn steps(self) -> (usize, usize) {
        match self {
            Self::Day => (24, 1),
            Self::Week => (28, 6),
        }
    }
}

/// `GET /console/{org}/overview`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    uri: Uri,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadActions)?;
    let range = Range::of(Form::of(uri.query().unwrap_or_default().as_bytes())?.text("range"));
    let shown = gather(&app, &org, range).await?;
    let body = body(&visitor, &org, &shown);
    if visitor.partial {
        return Ok(Html(body.into_string()).into_response());
    }
    let page =
        Page { visitor: &visitor, org: &org, section: Section::Overview, title: "Overview", nonce: None };
    Ok(page.show(&body))
}

async fn gather(app: &App, org: &OrgId, range: Range) -> Result<Shown, Fault> {
    let now = clock::now();
    let tally = app.runner().tally();
    let (count, hours) = range.steps();
    let all = tally.hours(org, now);
    let latest = all.get(all.len() - count * hours..).unwrap_or_default();
    let slots = latest.chunks(hours).map(merged).collect();
    let costly = tally.costliest(org, now, COSTLIEST);
    let read_org = org.clone();
    let (names, dead, actions) = app
        .store()
        .read(move |view| {
            let names: Vec<Option<Action>> =
                costly.iter().map(|(id, _)| view.action(&read_org, id)).collect::<store::Result<_>>()?;
            let dead = view.dead(&read_org, None).take(DEAD_MAX + 1).count();
            let named = names.into_iter().zip(costly).map(|(action, (id, lately))| (action, id, lately));
            Ok::<_, store::Error>((named.collect(), dead, view.actions(&read_org).next().is_some()))
        })
        .await?;
    let end = Timestamp::from_second((now.as_second() / 3_600 + 1) * 3_600).unwrap_or(now);
    Ok(Shown { range, end, slots, costliest: names, dead, actions, whole: tally.is_whole() })
}

fn merged(hours: &[Hour]) -> Hour {
    let mut sum = Hour::default();
    for hour in hours {
        sum.outcomes.merge(hour.outcomes);
        sum.fuel = sum.fuel.saturating_add(hour.fuel);
        sum.wall.merge(&hour.wall);
        sum.lateness.merge(&hour.lateness);
    }
    sum
}

fn body(visitor: &Visitor, org: &OrgId, shown: &Shown) -> Markup {
    let at = |range: &str| visitor.at(org, &format!("/overview?range={range}"));
    let here = if shown.range == Range::Day { "day" } else { "week" };
    let sum = merged(&shown.slots);
    html! {
        div #overview hx-get=(at(here)) hx-trigger="every 15s" hx-swap="outerHTML" {
            (parts::heading("Overview", Some("What the runs of this organisation have come to."), &html! {
                nav.switch aria-label="Time" {
                    a href=(at("day")) aria-current=[(here == "day").then_some("page")] { "24 hours" }
                    a href=(at("week")) aria-current=[(here == "week").then_some("page")] { "7 days" }
                }
            }))
            @if !shown.whole {
                p.flash { "Runs from before the server's start are still being counted." }
            }
            @if !shown.actions && sum.outcomes.all() == 0 {
                (parts::empty("Nothing has run yet", "Once there is an action and it runs, this page shows how its runs end, how long they take and what they cost.", &html! {
                    @if visitor.can(org, Permission::EditActions) {
                        a.button.primary href=(visitor.at(org, "/actions/new")) { "New action" }
                    }
                }))
            } @else {
                (figures(visitor, org, shown, &sum))
                (charts(shown, &sum))
                (costliest(visitor, org, shown))
            }
        }
    }
}

/// The numbers at the top.
fn figures(visitor: &Visitor, org: &OrgId, shown: &Shown, sum: &Hour) -> Markup {
    let Outcomes { errored, interrupted, .. } = sum.outcomes;
    let failed = errored + interrupted;
    let dead = if shown.dead > DEAD_MAX {
        format!("over {}", words::number(DEAD_MAX as u64))
    } else {
        shown.dead.to_string()
    };
    let runs = |query: &str| visitor.at(org, &format!("/runs{query}"));
    let figure = |name: &str, value: &str, to: Option<String>| {
        html! {
            div.figure {
                dt { (name) }
                dd { @match &to { Some(to) => { a href=(to) { (value) } } None => { (value) } } }
            }
        }
    };
    html! {
        dl.figures {
            (figure("Runs", &words::number(sum.outcomes.all()), Some(runs(""))))
            (figure("Failed", &words::number(failed), Some(runs("?status=errored"))))
            (figure("Half take up to", &took(&sum.wall, 50), None))
            (figure("99 % take up to", &took(&sum.wall, 99), None))
            (figure("Fuel", &words::fuel(sum.fuel), None))
            (figure("Dead letters", &dead, Some(runs("/dead"))))
        }
    }
}

fn took(wall: &Histogram, percent: u64) -> String {
    wall.quantile(percent).map_or_else(|| "–".to_owned(), words::duration)
}

fn charts(shown: &Shown, sum: &Hour) -> Markup {
    let slots = names(shown);
    let counts: Vec<Outcomes> = shown.slots.iter().map(|slot| slot.outcomes).collect();
    let quantiles = |of: fn(&Hour) -> &Histogram| {
        [("p50", 50), ("p99", 99)].map(|(name, percent)| Curve {
            class: name,
            name,
            values: shown.slots.iter().map(|slot| of(slot).quantile(percent)).collect(),
        })
    };
    let said = |histogram: &Histogram| match histogram.count() {
        0 => "none in this time".to_owned(),
        _ => format!("half up to {}, 99 % up to {}", took(histogram, 50), took(histogram, 99)),
    };
    let outcomes = [
        ("completed", "completed"),
        ("errored", "errored"),
        ("cancelled", "cancelled"),
        ("interrupted", "interrupted"),
    ];
    let lines = [("p50", "p50"), ("p99", "p99")];
    html! {
        div.charts {
            div {
                (parts::chart("Runs by outcome", &chart::said(sum.outcomes), &chart::stacked(&slots, &counts)))
                (chart::legend(&outcomes))
            }
            div {
                (parts::chart("How long runs took", &said(&sum.wall), &chart::curves(&slots, &quantiles(|hour| &hour.wall))))
                (chart::legend(&lines))
            }
            div {
                @if sum.lateness.count() == 0 {
                    figure.chart { figcaption { "How late due runs began" } p.none { "No run was due in this time." } }
                } @else {
                    (parts::chart("How late due runs began", &said(&sum.lateness), &chart::curves(&slots, &quantiles(|hour| &hour.lateness))))
                    (chart::legend(&lines))
                }
            }
        }
    }
}

/// What the slots are called: by when they begin, in UTC.
fn names(shown: &Shown) -> Slots {
    let (count, hours) = shown.range.steps();
    let begins = |slot: usize| {
        let back = SignedDuration::from_hours(((count - slot) * hours) as i64);
        shown.end.checked_sub(back).unwrap_or(shown.end)
    };
    let names = (0..count).map(|slot| begins(slot).strftime("%-d %b %H:%M UTC").to_string()).collect();
    let (every, form) = match shown.range {
        Range::Day => (6, "%H:%M"),
        Range::Week => (4, "%-d %b"),
    };
    let ticks =
        (0..count).step_by(every).map(|slot| (slot, begins(slot).strftime(form).to_string())).collect();
    Slots { names, ticks }
}

fn costliest(visitor: &Visitor, org: &OrgId, shown: &Shown) -> Markup {
    let most = shown.costliest.first().map_or(0, |(_, _, lately)| lately.fuel);
    let rows = html! {
        @for (action, id, lately) in &shown.costliest {
            tr {
                td data-label="Action" {
                    a href=(visitor.at(org, &format!("/actions/{id}"))) {
                        (action.as_ref().map_or_else(|| id.to_string(), |action| action.name.to_string()))
                    }
                }
                td data-label="Fuel of 7 days" { span.measure { (chart::bar(lately.fuel, most)) (words::fuel(lately.fuel)) } }
                td data-label="Today" { (words::fuel(lately.fuel_today)) }
                td data-label="Runs" { (words::number(lately.outcomes.all())) }
                td data-label="Errored" { (words::number(lately.outcomes.errored)) }
                td data-label="p50" { (took(&lately.wall, 50)) }
                td data-label="p99" { (took(&lately.wall, 99)) }
            }
        }
    };
    let heads = ["Action", "Fuel of 7 days", "Today", "Runs", "Errored", "p50", "p99"];
    parts::panel(
        "Costliest actions",
        &html! {
            @if shown.costliest.is_empty() { p.hint { "No action has used any fuel in the last seven days." } }
            @else { (parts::table("Costliest actions", &heads, &rows)) }
        },
    )
}
