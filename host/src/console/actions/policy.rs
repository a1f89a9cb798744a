//! How runs are bounded, queued and retried, as a form's fields: from a policy, and back.

use std::time::Duration;

use actiond_runtime::Rule;
use maud::{Markup, html};

use super::super::{
    fault::Fault,
    form::Form,
    parts::{checkbox, choice, field},
};
use crate::model::{
    guest::MemoryDefaults,
    policy::{Missed, Overlap, Policy, Rate},
};

/// What `all` makes up for when nobody says how many.
const MISSED_RUNS: u32 = 10;
const OVERLAPS: [(&str, &str); 3] =
    [("skip", "Skip the new one"), ("queue", "Let it wait"), ("allow", "Run both")];
const MISSED: [(&str, &str); 3] =
    [("skip", "Skip them"), ("once", "Run the latest once"), ("all", "Run all of the latest")];
const MIB: usize = 1 << 20;

/// The policy that a form says, over the one that was there. A form without the fields leaves it as it is.
pub(super) fn read(form: &Form, before: &Policy) -> Result<Policy, Fault> {
    let mut policy = before.clone();
    if !form.has("policy") {
        return Ok(policy);
    }
    policy.fuel = form.number("fuel", "Fuel")?.unwrap_or(policy.fuel);
    policy.wall = seconds(form, "wall", "Time")?.unwrap_or(policy.wall);
    // The form shows whole MiB: a finer limit stays when they are the same.
    let mib: Option<usize> = form.number("memory", "Memory")?;
    if mib != policy.memory_bytes.map(|bytes| bytes / MIB) {
        policy.memory_bytes = mib.map(|mib| mib.saturating_mul(MIB));
    }
    policy.parallel = form.number("parallel", "Runs at one time")?.unwrap_or(policy.parallel);
    policy.queue = form.number("queue", "Runs that wait")?.unwrap_or(policy.queue);
    policy.overlap = Overlap::parse(form.text("overlap")).unwrap_or(policy.overlap);
    policy.missed = match (form.text("missed"), policy.missed) {
        ("skip", _) => Missed::Skip,
        ("once", _) => Missed::Once,
        ("all", Missed::All { runs_max }) => Missed::All { runs_max },
        ("all", Missed::Skip | Missed::Once) => Missed::All { runs_max: MISSED_RUNS },
        (_, missed) => missed,
    };
    policy.retry.attempts = form.number("attempts", "Attempts")?.unwrap_or(policy.retry.attempts);
    policy.rate = match form.number::<u32>("rate_runs", "Runs in a stretch")? {
        None | Some(0) => None,
        Some(runs) => {
            let per = seconds(form, "rate_per", "The stretch")?;
            Some(Rate { runs, per: per.unwrap_or(Duration::from_secs(60)) })
        }
    };
    policy.coalesce = seconds(form, "coalesce", "Equal payloads")?.filter(|time| !time.is_zero());
    policy.stateful = form.has("stateful");
    policy.unverified_tls = form.has("unverified_tls");
    policy.egress = match form.text("egress_from") {
        "some" => Some(rules(form.text("egress"))?),
        _ => None,
    };
    Ok(policy)
}

fn seconds(form: &Form, name: &str, what: &str) -> Result<Option<Duration>, Fault> {
    let read: Option<f64> = form.number(name, what)?;
    let bad = |_| Fault::bad(format!("{what}: write seconds, 0 or more."));
    read.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(bad)).transpose()
}

fn rules(text: &str) -> Result<Vec<Rule>, Fault> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let rules = lines.map(str::parse::<Rule>);
    rules.collect::<Result<_, _>>().map_err(|error| Fault::bad(format!("Network: {error}")))
}

/// What one run may use. `memory`: what it has where the policy does not say.
pub(super) fn limits(policy: &Policy, memory: &MemoryDefaults) -> Markup {
    let number = |id: &str, value: String, step: &str| {
        html! { input id=(id) name=(id) type="number" min="0" step=(step) value=(value) inputmode="decimal"; }
    };
    let seconds = |time: Duration| time.as_secs_f64().to_string();
    let rate = policy.rate.map_or(String::new(), |rate| rate.runs.to_string());
    let per = policy.rate.map_or(String::new(), |rate| seconds(rate.per));
    let coalesce = policy.coalesce.map_or(String::new(), seconds);
    let mib = policy.memory_bytes.map_or(String::new(), |bytes| (bytes / MIB).to_string());
    let usual = format!(
        "Empty for the usual {}, or {} with NumPy and pandas.",
        memory.base_bytes / MIB,
        memory.data_bytes / MIB
    );
    html! {
        input type="hidden" name="policy" value="1";
        div.grid {
            (field("wall", "Time, in seconds", Some("A run is stopped after it."), &number("wall", seconds(policy.wall), "any")))
            (field("fuel", "Fuel", Some("About 10 G for a second of computing."), &html! { input #fuel name="fuel" inputmode="numeric" value=(super::super::words::number(policy.fuel)); }))
            (field("memory", "Memory, in MiB", Some(&usual), &number("memory", mib, "1")))
            (field("parallel", "Runs at one time", None, &number("parallel", policy.parallel.to_string(), "1")))
            (field("queue", "Runs that may wait", None, &number("queue", policy.queue.to_string(), "1")))
            (field("attempts", "Attempts", Some("For runs that nobody waits for. 1 is no retry."),
                &number("attempts", policy.retry.attempts.to_string(), "1")))
            (field("rate_runs", "At most so many runs", Some("Empty for no bound."), &number("rate_runs", rate, "1")))
            (field("rate_per", "… in so many seconds", None, &number("rate_per", per, "any")))
            (field("coalesce", "Equal payloads count once in", Some("Seconds; of those that come by hook."),
                &number("coalesce", coalesce, "any")))
        }
        (checkbox("stateful", "Stateful: module globals live on from run to run",
            Some("Runs go one after another, each from the memory that the last one left."), policy.stateful))
    }
}

/// What happens when due times and runs collide.
pub(super) fn collisions(policy: &Policy) -> Markup {
    let missed = match policy.missed {
        Missed::Skip => "skip",
        Missed::Once => "once",
        Missed::All { .. } => "all",
    };
    html! {
        (field("overlap", "When the last run has not ended", None, &choice("overlap", "overlap", &OVERLAPS, policy.overlap.as_str())))
        (field("missed", "Times that passed while the server was away", None, &choice("missed", "missed", &MISSED, missed)))
    }
}

/// What runs may reach.
pub(super) fn network(policy: &Policy) -> Markup {
    let rules = policy
        .egress
        .as_ref()
        .map(|rules| rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    html! {
        fieldset.options {
            legend { "Runs may reach" }
            label { input type="radio" name="egress_from" value="all" checked[rules.is_none()]; span { "all that the organisation may" } }
            label { input type="radio" name="egress_from" value="some" checked[rules.is_some()]; span { "only these:" } }
        }
        (field("egress", "Rules", Some("One to a line: api.example.com:443, *.example.com:443, 10.0.0.0/8:5432. Nothing at all: leave it empty."), &html! {
            textarea #egress name="egress" rows="3" spellcheck="false" aria-describedby="egress-hint" { (rules.unwrap_or_default()) }
        }))
        (checkbox("unverified_tls", "The script may turn off that certificates are checked",
            Some("Counts where the operator and the organisation allow it too."), policy.unverified_tls))
    }
}
