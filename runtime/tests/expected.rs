//! What is expected of the tests that others wrote for what is in the guests: reads a list and compares a report with it, both
//! ways. Each complaint says which line to add, remove or change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A list such as `cpython/expected.txt`, whose beginning explains its lines.
#[derive(Debug)]
pub(crate) struct Expected {
    totals: Totals,
    reasons: BTreeSet<String>,
    /// (what a test says when it skips itself, the reason's word)
    skips: Vec<(String, String)>,
    /// The same for what a test fails with.
    raises: Vec<(String, String)>,
    pub(crate) suites: Vec<Suite>,
}

/// What the numbers of a suite's line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Totals {
    /// More tests and fewer skips are welcome: a security update may bring them.
    Bounds,
    /// Of a version that is pinned.
    Exact,
}

/// One test module, or a folder of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suite {
    /// What it tests.
    pub(crate) library: String,
    pub(crate) module: String,
    run: usize,
    /// Reason to how many tests skip themselves for it, or fail with what that reason is known by.
    counts: BTreeMap<String, usize>,
    /// Test id to reason. One that ends with … is of many tests, which are counted.
    fails: BTreeMap<String, String>,
    left_out: BTreeMap<String, String>,
}

/// What became of the tests of a suite.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Report {
    pub(crate) run: usize,
    /// Test id to message.
    pub(crate) failed: BTreeMap<String, String>,
    /// Test id to what it said.
    pub(crate) skipped: BTreeMap<String, String>,
}

impl Expected {
    /// Reads the list; panics at a line that it cannot read, saying which.
    pub(crate) fn parse(text: &str, totals: Totals) -> Self {
        let (reasons, skips, raises, suites) = Default::default();
        let mut expected = Self { totals, reasons, skips, raises, suites };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            expected.add(line).unwrap_or_else(|| panic!("not understood: {line}"));
        }
        expected
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (keyword, rest) = line.split_once(' ')?;
        if keyword == "suite" {
            self.suites.push(self.suite(rest)?);
            return Some(());
        }
        let (reason, rest) = rest.split_once(": ")?;
        let (reason, rest) = (reason.to_owned(), rest.to_owned());
        if keyword == "reason" {
            return self.reasons.insert(reason).then_some(());
        }
        self.reasons.contains(&reason).then_some(())?;
        match keyword {
            "skip" => self.skips.push((rest, reason)),
            "raises" => self.raises.push((rest, reason)),
            "fails" => self.suites.last_mut()?.fails.insert(rest, reason).is_none().then_some(())?,
            "left-out" => self.suites.last_mut()?.left_out.insert(rest, reason).is_none().then_some(())?,
            _ => return None,
        }
        Some(())
    }

    fn suite(&self, rest: &str) -> Option<Suite> {
        let mut words = rest.split(' ');
        let (library, module) = (words.next()?.to_owned(), words.next()?.to_owned());
        let run = words.next()?.strip_prefix("run=")?.parse().ok()?;
        let counts = words.map(|word| {
            let (reason, count) = word.split_once('=')?;
            self.reasons.contains(reason).then(|| Some((reason.to_owned(), count.parse().ok()?)))?
        });
        let counts = counts.collect::<Option<_>>()?;
        Some(Suite { library, module, run, counts, ..Suite::default() })
    }

    /// What in `report` is not as expected.
    pub(crate) fn complaints(&self, suite: &Suite, report: &Report) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut counts = BTreeMap::<String, usize>::new();
        let mut count = |reason: &str| *counts.entry(reason.to_owned()).or_default() += 1;
        for (id, message) in &report.failed {
            match suite.fails.iter().find(|(listed, _)| fits(listed, id)) {
                Some((listed, reason)) if listed != id => count(reason),
                Some(_) => {}
                None => match reason(&self.raises, message) {
                    Some(reason) => count(reason),
                    None => complaints.push(format!("add `fails REASON: {id}` or mend it: {message}")),
                },
            }
        }
        for (listed, reason) in &suite.fails {
            if !report.failed.keys().any(|id| fits(listed, id)) {
                complaints.push(format!("remove `fails {reason}: {listed}`: it did not fail"));
            }
        }
        let mut unknown = BTreeMap::<&str, (usize, &str)>::new();
        for (id, said) in &report.skipped {
            match reason(&self.skips, said) {
                Some(reason) => count(reason),
                None => unknown.entry(said).or_insert((0, id)).0 += 1,
            }
        }
        complaints.extend(unknown.into_iter().map(|(said, (tests, id))| {
            format!("add `skip REASON: {said}`: {id} was skipped, and {} others", tests - 1)
        }));
        if !self.allow(suite, report.run, &counts) {
            let line = suite_line(&suite.library, &suite.module, report.run, &counts);
            let was = suite_line(&suite.library, &suite.module, suite.run, &suite.counts);
            complaints.push(format!("change `{was}` to `{line}`, or find out why other tests ran"));
        }
        complaints
    }

    fn allow(&self, suite: &Suite, run: usize, counts: &BTreeMap<String, usize>) -> bool {
        match self.totals {
            Totals::Exact => run == suite.run && *counts == suite.counts,
            Totals::Bounds => {
                let more = |(reason, count): (&String, &usize)| {
                    suite.counts.get(reason).is_none_or(|max| count > max)
                };
                run >= suite.run && !counts.iter().any(more)
            }
        }
    }

    /// The reasons that no line gives.
    pub(crate) fn unused_reasons(&self) -> Vec<&String> {
        let suites = self.suites.iter().flat_map(|suite| suite.fails.values().chain(suite.left_out.values()));
        let used: BTreeSet<_> =
            self.skips.iter().chain(&self.raises).map(|(_, reason)| reason).chain(suites).collect();
        self.reasons.iter().filter(|reason| !used.contains(reason)).collect()
    }

    /// What the suites test.
    pub(crate) fn libraries(&self) -> BTreeSet<&str> {
        self.suites.iter().map(|suite| suite.library.as_str()).collect()
    }

    /// The lines about skips and failures that no test of any suite needed.
    pub(crate) fn unsaid(&self, said: &BTreeSet<String>) -> Vec<String> {
        let skips = self.skips.iter().map(|line| ("skip", line));
        let lines = skips.chain(self.raises.iter().map(|line| ("raises", line)));
        let unsaid = lines.filter(|(_, (text, _))| !said.iter().any(|said| fits(text, said)));
        unsaid
            .map(|(keyword, (text, reason))| format!("remove `{keyword} {reason}: {text}`: no test says so"))
            .collect()
    }
}

/// The reason that `said` is known by.
fn reason<'a>(known: &'a [(String, String)], said: &str) -> Option<&'a str> {
    known.iter().find(|(text, _)| fits(text, said)).map(|(_, reason)| reason.as_str())
}

fn fits(text: &str, said: &str) -> bool {
    match text.strip_suffix('…') {
        Some(start) => said.starts_with(start),
        None => said == text,
    }
}

fn suite_line(library: &str, module: &str, run: usize, counts: &BTreeMap<String, usize>) -> String {
    let counts: String = counts.iter().map(|(reason, count)| format!(" {reason}={count}")).collect();
    format!("suite {library} {module} run={run}{counts}")
}

impl Suite {
    /// Tests that must not even start.
    pub(crate) fn left_out(&self) -> Vec<&str> {
        self.left_out.keys().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "reason threads: A sandbox runs one thread.\n\
        skip threads: no threads…\n\
        raises threads: E: no thread\n\
        suite a test.a run=3 threads=1\n\
        fails threads: test.a.T.one\n";

    /// (tests run, (failed, message), (skipped, what it said), the beginning of each complaint)
    type Row = (
        usize,
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    );

    const FAILED: &[(&str, &str)] = &[("test.a.T.one", "E: m")];
    const ROWS: &[Row] = &[
        (3, FAILED, &[("test.a.T.two", "no threads here")], &[]),
        (4, FAILED, &[], &[]),
        (3, &[], &[], &["remove `fails threads: test.a.T.one`"]),
        (
            3,
            &[("test.a.T.one", "E: m"), ("test.a.T.two", "E: n")],
            &[],
            &["add `fails REASON: test.a.T.two` or mend it: E: n"],
        ),
        (3, FAILED, &[("test.a.T.two", "no mood")], &["add `skip REASON: no mood`: test.a.T.two"]),
        (
            3,
            FAILED,
            &[("test.a.T.two", "no threads here"), ("test.a.T.three", "no threads")],
            &["change `suite a test.a run=3 threads=1` to `suite a test.a run=3 threads=2`"],
        ),
        (3, &[("test.a.T.one", "E: m"), ("test.a.T.two", "E: no thread")], &[], &[]),
        (
            3,
            &[("test.a.T.one", "E: m"), ("test.a.T.two", "E: no thread")],
            &[("test.a.T.three", "no threads")],
            &["change `suite a test.a run=3 threads=1` to `suite a test.a run=3 threads=2`"],
        ),
        (0, FAILED, &[], &["change `suite a test.a run=3 threads=1` to `suite a test.a run=0`"]),
    ];

    #[test]
    fn differences_are_told_both_ways() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(id, text)| ((*id).to_owned(), (*text).to_owned())).collect()
        };
        let expected = Expected::parse(LIST, Totals::Bounds);
        let said = |text: &str| expected.unsaid(&BTreeSet::from([text.to_owned()]));
        assert_eq!(said("no threads here"), ["remove `raises threads: E: no thread`: no test says so"]);
        assert_eq!(said("E: no thread"), ["remove `skip threads: no threads…`: no test says so"]);
        for (run, failed, skipped, starts) in ROWS {
            let report = Report { run: *run, failed: map(failed), skipped: map(skipped) };
            let complaints = expected.complaints(&expected.suites[0], &report);
            let as_said =
                complaints.iter().zip(*starts).all(|(complaint, start)| complaint.starts_with(start));
            assert!(complaints.len() == starts.len() && as_said, "{starts:?}: {complaints:?}");
        }
    }
}
