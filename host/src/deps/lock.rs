//! The lock: each package with the one version that was found for it, and the hashes of its files.

use std::fmt::Write as _;

use super::{
    declared::Requirements,
    refusal::Error,
    requirement::{Requirement, normalized},
};

const HASH: &str = "--hash=sha256:";

/// A package, its version, and what its files hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) hashes: Vec<String>,
}

/// Reads what `uv pip compile --generate-hashes` wrote.
pub(super) fn parse(text: &str) -> Vec<Pin> {
    let mut pins: Vec<Pin> = Vec::new();
    for line in text.lines() {
        let written = line.trim().trim_end_matches('\\').trim_end();
        if let Some(hash) = written.strip_prefix(HASH) {
            if let Some(pin) = pins.last_mut() {
                pin.hashes.push(hash.to_owned());
            }
        } else if !line.starts_with([' ', '#'])
            && let Some((name, version)) = written.split_once("==")
        {
            pins.push(Pin { name: normalized(name), version: version.to_owned(), hashes: Vec::new() });
        }
    }
    pins
}

/// Leaves to each package the hashes that its requirement names, if it names any.
pub(super) fn narrow(pins: &mut [Pin], requirements: &Requirements) -> Result<(), Error> {
    let hashed = |pin: &Pin| -> Option<&Requirement> {
        let mut all = requirements.lines.iter();
        all.find(|line| line.name == pin.name && !line.hashes.is_empty())
    };
    for pin in pins {
        let Some(line) = hashed(pin) else { continue };
        pin.hashes.retain(|hash| line.hashes.contains(hash));
        if pin.hashes.is_empty() {
            return Err(Error::Hash { name: pin.name.clone(), file: requirements.file });
        }
    }
    Ok(())
}

/// As `uv pip install --require-hashes` reads it.
pub(super) fn written(pins: &[Pin]) -> String {
    let mut text = String::new();
    for pin in pins {
        let _ = write!(text, "{}=={}", pin.name, pin.version);
        for hash in &pin.hashes {
            let _ = write!(text, " \\\n    {HASH}{hash}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a-b==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via c\nc==2\n";

    #[test]
    fn a_lock_is_read_and_written() {
        let pins = parse(TEXT);
        assert_eq!(written(&pins), TEXT.replace("    # via c\n", ""));
        assert_eq!((pins[0].name.as_str(), pins[0].hashes.len(), pins.len()), ("a-b", 2, 2));
    }

    #[test]
    fn a_requirement_may_name_the_files_that_it_takes() {
        let (good, bad) = ("b".repeat(64), "c".repeat(64));
        let lines = |hash: &str| {
            let line = Requirement::parse(&format!("a --hash=sha256:{hash}")).unwrap();
            Requirements { file: "requirements.txt", lines: vec![line] }
        };
        let mut pins =
            parse(&format!("a==1 \\\n    --hash=sha256:{}\n    --hash=sha256:{good}\n", "a".repeat(64)));
        assert!(narrow(&mut pins.clone(), &lines(&bad)).is_err());
        narrow(&mut pins, &lines(&good)).unwrap();
        assert_eq!(pins[0].hashes, [good]);
    }
}
