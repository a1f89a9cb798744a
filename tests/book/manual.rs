//! Blocks that no test does, each with the reason. They are marked `manual`.

/// The page, the block's first line, and why it is not done here.
pub(super) const MANUAL: &[(&str, &str, &str)] = &[
    (
        "docs/first-action.md",
        "scripts/setup",
        "installs into the machine and compiles for minutes; scripts/test does both",
    ),
    ("docs/hooks.md", "route:", "Alertmanager's own file"),
    ("docs/operating.md", "scripts/release", "builds for minutes, and installs into the machine"),
    ("docs/operating.md", "install -m 644", "systemd"),
    ("docs/operating.md", "podman build", "a container engine"),
    ("docs/operating.md", "location / {", "nginx's own file"),
    ("docs/openobserve.md", "curl -s -u \"$O2_LOGIN\"", "needs an OpenObserve"),
    (
        "docs/openobserve.md",
        "curl -s -u \"$LOGIN\" \"$API/_search\"",
        "needs an OpenObserve; tests/search.rs does it with a stand-in",
    ),
    (
        "docs/secrets.md",
        "mv data/secret.key old.key",
        "tests/rekey.rs does it, and waits for the server's end",
    ),
];

/// Why it is not done.
pub(super) fn reason(path: &str, text: &str) -> Option<&'static str> {
    let found = MANUAL.iter().find(|(of, line, _)| *of == path && text.starts_with(line));
    found.map(|(_, _, reason)| *reason)
}
