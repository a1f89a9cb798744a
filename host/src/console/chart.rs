//! Plots over time, drawn as SVG without any style of their own: classes say what each part is, and each part says in a
//! title what it shows.

use std::time::Duration;

use maud::{Markup, html};

use super::words;
use crate::runner::Outcomes;

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 170.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 148.0;

/// The stretches of time that a plot shows, oldest first.
pub(super) struct Slots {
    /// What each is called.
    pub(super) names: Vec<String>,
    /// Those that the axis names, and how.
    pub(super) ticks: Vec<(usize, String)>,
}

/// One line of a plot.
pub(super) struct Curve {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    /// One for each slot.
    pub(super) values: Vec<Option<Duration>>,
}

impl Slots {
    fn width(&self) -> f64 {
        (WIDTH - LEFT) / self.names.len().max(1) as f64
    }

    fn left(&self, slot: usize) -> f64 {
        LEFT + self.width() * slot as f64
    }

    fn axis(&self) -> Markup {
        html! {
            @for (slot, name) in &self.ticks {
                text.tick x=(at(self.left(*slot))) y=(at(HEIGHT - 6.0)) { (name) }
            }
        }
    }
}

/// How many there were of each, one above another.
pub(super) fn stacked(slots: &Slots, counts: &[Outcomes]) -> Markup {
    let most = counts.iter().map(|count| count.all()).max().unwrap_or(0);
    let top = round(most);
    let height = |count: u64| (BOTTOM - TOP) * count as f64 / top as f64;
    let width = slots.width();
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } xmlns="http://www.w3.org/2000/svg" focusable="false" {
            @for part in [0, top / 2, top] { (line(BOTTOM - height(part), &words::number(part))) }
            @for (slot, count) in counts.iter().enumerate() {
                g {
                    title { (slots.names.get(slot).map_or("", String::as_str)) ": " (said(*count)) }
                    // All of the slot's height can be pointed at.
                    rect.slot x=(at(slots.left(slot))) y=(at(TOP)) width=(at(width)) height=(at(BOTTOM - TOP)) {}
                    @for (class, from, count) in parts(*count) {
                        rect.(class) x=(at(slots.left(slot) + width * 0.1)) width=(at(width * 0.8))
                            y=(at(BOTTOM - height(from + count))) height=(at(height(count))) {}
                    }
                }
            }
            (slots.axis())
        }
    }
}

/// How long something took, on a scale that grows tenfold.
pub(super) fn curves(slots: &Slots, curves: &[Curve]) -> Markup {
    let all = curves.iter().flat_map(|curve| curve.values.iter().flatten()).map(|took| micros(*took).log10());
    let (least, most) = all.fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(one), most.max(one)));
    let (low, high) = if least > most { (3.0, 5.0) } else { (least.floor(), most.ceil()) };
    let high = high.max(low + 1.0);
    let height = |took: f64| BOTTOM - (BOTTOM - TOP) * (took.log10() - low) / (high - low);
    let middle = |slot: usize| slots.left(slot) + slots.width() / 2.0;
    // At most five lines.
    let step = (((high - low) / 4.0).ceil() as i32).max(1);
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } xmlns="http://www.w3.org/2000/svg" focusable="false" {
            @for power in (low as i32..=high as i32).step_by(step.unsigned_abs() as usize) {
                @let took = 10_f64.powi(power);
                (line(height(took), &decade(took)))
            }
            @for curve in curves {
                @let placed = curve.values.iter().enumerate().map(|(slot, value)| value.map(|took| (middle(slot), height(micros(took)))));
                path.curve.(curve.class) d=(path(placed)) {}
                @for (slot, took) in curve.values.iter().enumerate().filter_map(|(slot, took)| Some((slot, (*took)?))) {
                    circle.(curve.class) cx=(at(middle(slot))) cy=(at(height(micros(took)))) r="2.5" {
                        title { (slots.names.get(slot).map_or("", String::as_str)) ": " (curve.name) " " (words::duration(took)) }
                    }
                }
            }
            (slots.axis())
        }
    }
}

/// A bar as long as its part of the whole, for a cell of a table.
pub(super) fn bar(part: u64, whole: u64) -> Markup {
    let percent = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    html! {
        svg.bar-of viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.all width="100" height="8" {}
            rect.part width=(at(percent)) height="8" {}
        }
    }
}

/// What the colours of a plot mean.
pub(super) fn legend(entries: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in entries {
                li {
                    svg.key viewBox="0 0 10 10" aria-hidden="true" focusable="false" { rect.(class) width="10" height="10" rx="2" {} }
                    (name)
                }
            }
        }
    }
}

fn line(y: f64, name: &str) -> Markup {
    html! {
        line.grid x1=(LEFT) x2=(WIDTH) y1=(at(y)) y2=(at(y)) {}
        text.tick.side x=(at(LEFT - 5.0)) y=(at(y + 3.5)) { (name) }
    }
}

fn parts(count: Outcomes) -> Vec<(&'static str, u64, u64)> {
    let mut from = 0;
    let all = [
        ("completed", count.completed),
        ("errored", count.errored),
        ("cancelled", count.cancelled),
        ("interrupted", count.interrupted),
    ];
    let placed = all.into_iter().map(|(class, count)| {
        from += count;
        (class, from - count, count)
    });
    placed.filter(|(_, _, count)| *count > 0).collect()
}

/// How runs ended, in words.
pub(super) fn said(count: Outcomes) -> String {
    let said: Vec<_> =
        parts(count).iter().map(|(class, _, count)| format!("{} {class}", words::number(*count))).collect();
    if said.is_empty() { "no runs".to_owned() } else { said.join(", ") }
}

fn path(places: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let (mut path, mut joined) = (String::new(), false);
    for place in places {
        if let Some((x, y)) = place {
            path.push_str(&format!("{}{} {}", if joined { "L" } else { "M" }, at(x), at(y)));
        }
        joined = place.is_some();
    }
    path
}

fn at(place: f64) -> String {
    format!("{place:.1}")
}

fn micros(took: Duration) -> f64 {
    (took.as_micros() as f64).max(1.0)
}

/// A power of ten as an axis names it.
fn decade(micros: f64) -> String {
    let (count, unit) = match micros {
        micros if micros < 1e3 => (micros, "µs"),
        micros if micros < 1e6 => (micros / 1e3, "ms"),
        micros => (micros / 1e6, "s"),
    };
    format!("{count:.0} {unit}")
}

/// The next number of the form 2, 4, 10, 20, 40, 100: half of it is whole.
fn round(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [2, 4, 10] {
            let top = power.saturating_mul(factor);
            if top >= most || top == u64::MAX {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(count: usize) -> Slots {
        Slots {
            names: (0..count).map(|slot| format!("<{slot}>")).collect(),
            ticks: vec![(0, "first".to_owned())],
        }
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, top) in [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (41, 100), (u64::MAX, u64::MAX)] {
            assert_eq!(round(most), top, "{most}");
        }
        for (micros, name) in [(10.0, "10 µs"), (1e4, "10 ms"), (1e7, "10 s")] {
            assert_eq!(decade(micros), name);
        }
    }

    #[test]
    fn each_slot_says_what_it_shows() {
        let counts = [Outcomes { completed: 3, errored: 1, ..Outcomes::default() }, Outcomes::default()];
        let plot = stacked(&slots(2), &counts).into_string();
        assert!(plot.contains("<title>&lt;0&gt;: 3 completed, 1 errored</title>"), "{plot}");
        assert!(plot.contains("<title>&lt;1&gt;: no runs</title>"), "{plot}");
        // Three of four parts of the plot's height.
        assert!(
            plot.contains(r#"<rect class="completed" x="61.8" width="142.4" y="44.5" height="103.5">"#),
            "{plot}"
        );
        assert!(!plot.contains("style"), "{plot}");
    }

    #[test]
    fn a_curve_has_a_gap_where_nothing_ran() {
        let ms = |ms: u64| Some(Duration::from_millis(ms));
        let values = vec![ms(10), ms(100), None, ms(10)];
        let plot = curves(&slots(4), &[Curve { class: "p50", name: "p50", values }]).into_string();
        assert!(plot.contains(r#"d="M88.5 148.0L177.5 10.0M355.5 148.0""#), "{plot}");
        assert!(
            plot.contains("<title>&lt;1&gt;: p50 100 ms</title>") && plot.contains("10 ms</text>"),
            "{plot}"
        );
        // Of nothing there is a plot too.
        let plot =
            curves(&slots(1), &[Curve { class: "p50", name: "p50", values: vec![None] }]).into_string();
        assert!(plot.contains("1 ms</text>") && !plot.contains("circle"), "{plot}");
    }
}
