//! The server's configuration as its users meet it: what is said where, which source wins, and what is refused.

use crate::program::Place;

/// Names and values.
type Variables = &'static [(&'static str, &'static str)];

#[test]
fn every_value_is_shown_with_its_source() {
    let place = Place::new();
    place.write(
        "a.toml",
        "body_mib = 5\ndrain_s = 6\nconnections = 7\n\n[runs]\nparallel = 8\n\n[root]\nemail = \"a@b.c\"\n\
         password = \"correct horse\"\n",
    );
    let flags = ["--config", "a.toml", "--listen", "[::1]:81", "--data-dir", "data"];
    let start = place.start("config", &flags).env("ACTIOND_DRAIN_S", "60").env("ACTIOND_LISTEN", "[::1]:90");
    let ended = start.end();
    assert_eq!((ended.code, &*ended.stderr), (0, ""));
    for line in [
        "listen = \"[::1]:81\"  # flag --listen",
        "public_url = \"http://[::1]:81\"  # default",
        "data_dir = \"data\"  # flag --data-dir",
        "body_mib = 5  # file a.toml",
        "drain_s = 60  # env ACTIOND_DRAIN_S",
        "root.password = \"***\"  # file a.toml",
        "runs.parallel = 8  # file a.toml",
        "runs.wall_s = 30  # default",
        "action_server.token = \"\"  # default",
    ] {
        assert!(ended.stdout.lines().any(|shown| shown == line), "{line}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("correct horse"));
}

#[test]
fn a_wrong_configuration_is_one_line_and_code_2() {
    let rows: &[(&str, &[&str], Variables, &str)] = &[
        (
            "",
            &["--config", "gone.toml"],
            &[],
            "cannot read the configuration gone.toml: No such file or directory (os error 2)",
        ),
        (
            "paralel = 1\n",
            &["--config", "a.toml"],
            &[],
            "unknown setting paralel (file a.toml): `actiond config` lists all",
        ),
        (
            "[runs]\nparalel = 1\n",
            &["--config", "a.toml"],
            &[],
            "unknown setting runs.paralel (file a.toml): is it runs.parallel?",
        ),
        (
            "[runs]\nparallel = 0\n",
            &["--config", "a.toml"],
            &[],
            "runs.parallel (file a.toml) is 0: it is a whole number from 1 to 1500",
        ),
        (
            "",
            &["--listen", "80"],
            &[],
            "listen (flag --listen) is \"80\": it is an address and a port, as 127.0.0.1:5080 or [::1]:5080",
        ),
        (
            "",
            &[],
            &[("ACTIOND_LISTN", "[::1]:80")],
            "unknown setting ACTIOND_LISTN (environment): is it ACTIOND_LISTEN?",
        ),
        (
            "",
            &[],
            &[("ACTIOND_STORAGE_FLUSH_MS", "often")],
            "storage.flush_ms (env ACTIOND_STORAGE_FLUSH_MS) is \"often\": it is a whole number from 1 to 60000",
        ),
    ];
    for (file, flags, variables, line) in rows {
        let place = Place::new();
        place.write("a.toml", file);
        let start =
            variables.iter().fold(place.start("config", flags), |start, (key, value)| start.env(key, value));
        start.end().is_refused(line);
    }
}
