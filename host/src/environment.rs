//! An action's environment: variables as a user writes them, checked.

/// The bounds of an action's environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) variables: usize,
    pub(crate) key_bytes: usize,
    pub(crate) value_bytes: usize,
}

/// Checked variables, in the order of their keys: the order in which they are given makes no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment(Vec<(String, String)>);

/// What is wrong with a variable. Values are never shown: they may be secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0:?} has no \"=\": write KEY=VALUE")]
    NoValue(String),
    #[error(
        "the key {0:?} is not allowed: begin with a capital letter, go on with capitals, digits and underscores"
    )]
    Key(String),
    #[error("the key {key:?} is longer than {bytes_max} bytes: shorten it")]
    KeyTooLong { key: String, bytes_max: usize },
    #[error("{0} is given twice: keep one of them")]
    Twice(String),
    #[error(
        "the value of {key} has {bytes} bytes, the limit is {bytes_max}: put it into a file of the bundle"
    )]
    ValueTooLong { key: String, bytes: usize, bytes_max: usize },
    #[error("the value of {0} holds a NUL character: leave it out")]
    Nul(String),
    #[error("there are more than {variables_max} variables: put them into a file of the bundle")]
    TooMany { variables_max: usize },
}

impl Environment {
    /// Parses `KEY=VALUE` each.
    pub(crate) fn parse(written: &[String], limits: &Limits) -> Result<Self, Error> {
        if written.len() > limits.variables {
            return Err(Error::TooMany { variables_max: limits.variables });
        }
        let split = |written: &String| match written.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(Error::NoValue(written.clone())),
        };
        Self::of(written.iter().map(split).collect::<Result<_, _>>()?, limits)
    }

    /// Checks keys and values.
    pub(crate) fn of(mut variables: Vec<(String, String)>, limits: &Limits) -> Result<Self, Error> {
        if variables.len() > limits.variables {
            return Err(Error::TooMany { variables_max: limits.variables });
        }
        variables.iter().try_for_each(|(key, value)| check(key, value, limits))?;
        variables.sort_unstable();
        match variables.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Error::Twice(pair[0].0.clone())),
            None => Ok(Self(variables)),
        }
    }

    /// Key and value of each variable.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Whether a variable may have that name.
pub(crate) fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    key.starts_with(|first: char| first.is_ascii_uppercase()) && key.bytes().all(plain)
}

fn check(key: &str, value: &str, limits: &Limits) -> Result<(), Error> {
    let (key_of, bytes) = (|| key.to_owned(), value.len());
    if !is_key(key) {
        return Err(Error::Key(key_of()));
    }
    if key.len() > limits.key_bytes {
        return Err(Error::KeyTooLong { key: key_of(), bytes_max: limits.key_bytes });
    }
    if bytes > limits.value_bytes {
        return Err(Error::ValueTooLong { key: key_of(), bytes, bytes_max: limits.value_bytes });
    }
    if value.contains('\0') {
        return Err(Error::Nul(key_of()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { variables: 2, key_bytes: 8, value_bytes: 4 };

    #[test]
    fn variables_are_checked() {
        let rows: &[(&[&str], Result<usize, Error>)] = &[
            (&[], Ok(0)),
            (&["A=1", "B_2="], Ok(2)),
            (&["A==x="], Ok(1)),
            (&["ABCDEFGH=1234"], Ok(1)),
            (&["A=1", "B=2", "C=3"], Err(Error::TooMany { variables_max: 2 })),
            (&["A"], Err(Error::NoValue("A".to_owned()))),
            (&["=1"], Err(Error::Key(String::new()))),
            (&["a=1"], Err(Error::Key("a".to_owned()))),
            (&["Ab=1"], Err(Error::Key("Ab".to_owned()))),
            (&["_A=1"], Err(Error::Key("_A".to_owned()))),
            (&["1A=1"], Err(Error::Key("1A".to_owned()))),
            (&["A B=1"], Err(Error::Key("A B".to_owned()))),
            (&["\u{c4}=1"], Err(Error::Key("\u{c4}".to_owned()))),
            (&["ABCDEFGHI=1"], Err(Error::KeyTooLong { key: "ABCDEFGHI".to_owned(), bytes_max: 8 })),
            (&["A=12345"], Err(Error::ValueTooLong { key: "A".to_owned(), bytes: 5, bytes_max: 4 })),
            (&["A=1\0"], Err(Error::Nul("A".to_owned()))),
            (&["A=1", "A=1"], Err(Error::Twice("A".to_owned()))),
        ];
        for (written, expected) in rows {
            let written: Vec<String> = written.iter().map(|&text| text.to_owned()).collect();
            let parsed = Environment::parse(&written, &LIMITS).map(|parsed| parsed.0.len());
            assert_eq!(&parsed, expected, "{written:?}");
        }
    }

    #[test]
    fn the_order_of_writing_makes_no_difference() {
        let parse = |written: [&str; 2]| Environment::parse(&written.map(str::to_owned), &LIMITS).unwrap();
        assert_eq!(parse(["A=1", "B=2"]), parse(["B=2", "A=1"]));
    }
}
