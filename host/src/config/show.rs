//! Settings as people see them: a line each, which a configuration file may hold too, with who said so behind it.

use std::fmt;

use figment::value::{Num, Value};

use super::table::{Kind, Setting};

/// Stands for a secret.
pub(super) const MASK: &str = "***";

/// A setting, its value and its origin.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) setting: &'static Setting,
    /// As the file has it; a secret is masked.
    pub(crate) value: String,
    /// `default`, `file …`, `env …` or `flag …`.
    pub(crate) origin: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} = {}  # {}", self.setting.key, self.value, self.origin)
    }
}

impl Shown {
    /// The same below a comment that says what it is for.
    pub(crate) fn explained(&self) -> String {
        format!("# {}\n{self}", self.setting.about)
    }
}

/// A value as the file has it. A wrong one may be of any shape.
pub(super) fn shown(kind: Kind, value: &Value) -> String {
    let is_set = value.as_str() != Some("");
    match (kind, value) {
        (Kind::Secret | Kind::DerivedSecret(_), _) if is_set => format!("{MASK:?}"),
        (_, Value::String(_, text)) => format!("{text:?}"),
        (_, Value::Char(_, char)) => format!("{:?}", char.to_string()),
        (_, Value::Bool(_, bool)) => bool.to_string(),
        (_, Value::Num(_, number)) => shown_number(*number),
        (_, Value::Dict(..)) => "a section".to_owned(),
        (_, Value::Array(..)) => "a list".to_owned(),
        (_, Value::Empty(..)) => "nothing".to_owned(),
    }
}

fn shown_number(number: Num) -> String {
    let whole = number.to_u128().map(|number| number.to_string());
    let whole = whole.or_else(|| number.to_i128().map(|number| number.to_string()));
    whole.or_else(|| number.to_f64().map(|number| number.to_string())).unwrap_or_default()
}
