//! Rules for the network, as they are written.

use actiond_runtime::Rule;

use crate::answer::Problem;

/// The rules, or which of them is none.
pub(super) fn rules(texts: &[String]) -> Result<Vec<Rule>, Problem> {
    let rules = texts.iter().map(|text| text.parse::<Rule>());
    rules.collect::<Result<_, _>>().map_err(|error| Problem::bad_request(format!("egress: {error}")))
}

pub(super) fn texts(rules: &[Rule]) -> Vec<String> {
    rules.iter().map(ToString::to_string).collect()
}
