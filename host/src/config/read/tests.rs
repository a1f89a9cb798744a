//! Reading by tables: what is said goes in as text, what holds or what is refused comes out.

use std::{ffi::OsString, path::Path};

use super::*;

/// `HOME` and what a row adds to it.
type Variables = &'static [(&'static str, &'static str)];

fn read(file: Option<&str>, variables: Variables, flags: &Flags) -> Result<Effective, Error> {
    let home = [("HOME", "/h")];
    let variables = home.iter().chain(variables).map(|(key, value)| (key.into(), value.into()));
    let variables: Vec<(OsString, OsString)> = variables.collect();
    let file = file.map(|text| (Path::new("a.toml"), text));
    Effective::of(&Sources { file, variables: &variables, flags })
}

fn line(effective: &Effective, key: &str) -> String {
    let found = effective.shown.iter().find(|shown| shown.setting.key == key);
    found.expect("it is in the table").to_string()
}

fn flags(listen: Option<&str>, data_dir: Option<&str>) -> Flags {
    Flags { file: None, listen: listen.map(str::to_owned), data_dir: data_dir.map(str::to_owned) }
}

#[track_caller]
fn are_refused(rows: &[(Variables, &str)]) {
    for (variables, expected) in rows {
        let said = read(None, variables, &Flags::default()).unwrap_err().to_string();
        assert!(said.starts_with(expected) && !said.contains('\n'), "{variables:?}: {said}");
    }
}

#[test]
fn the_defaults_are_right() {
    let Effective { settings, shown } = read(None, &[], &Flags::default()).unwrap();
    assert_eq!(shown.len(), SETTINGS.len());
    assert!(shown.iter().all(|shown| shown.origin == "default"), "{shown:?}");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:5080");
    assert_eq!(settings.public_url, "http://127.0.0.1:5080");
    assert_eq!(settings.data_dir, Path::new("/h/.local/share/actiond"));
    assert_eq!((settings.body_bytes, settings.drain), (200 << 20, Duration::from_secs(30)));
    assert_eq!((settings.root, settings.action_server, settings.otlp), (None, None, None));
    assert_eq!((settings.runs.threads, settings.runs.org_fuel_per_minute), (None, None));
    let wall = Duration::from_secs(30);
    assert_eq!(settings.runs.default, RunLimits { fuel: 100_000_000_000, wall, memory_bytes: 256 << 20 });
    assert_eq!(settings.runs.kept.hot_images_bytes, 256 << 20);
    assert_eq!(settings.retention.age, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(settings.retention.idempotency, Duration::from_secs(24 * 3600));
    assert_eq!(settings.storage.flush, Duration::from_millis(200));
    assert_eq!(settings.log.format, Format::Auto);
}

#[test]
fn the_nearer_source_wins_and_is_named() {
    let rows: &[(Option<&str>, Variables, Option<&str>, &str)] = &[
        (None, &[], None, "\"127.0.0.1:5080\"  # default"),
        (Some("listen = \"[::1]:1\""), &[], None, "\"[::1]:1\"  # file a.toml"),
        (
            Some("listen = \"[::1]:1\""),
            &[("ACTIOND_LISTEN", "[::1]:2")],
            None,
            "\"[::1]:2\"  # env ACTIOND_LISTEN",
        ),
        (Some("listen = \"[::1]:1\""), &[("ACTIOND_LISTEN", "")], None, "\"[::1]:1\"  # file a.toml"),
        (None, &[("ACTIOND_LISTEN", "[::1]:2")], Some("[::1]:3"), "\"[::1]:3\"  # flag --listen"),
        (Some("listen = \"[::1]:1\""), &[], Some("[::1]:3"), "\"[::1]:3\"  # flag --listen"),
    ];
    for (file, variables, listen, expected) in rows {
        let effective = read(*file, variables, &flags(*listen, None)).unwrap();
        assert_eq!(line(&effective, "listen"), format!("listen = {expected}"), "{file:?} {variables:?}");
    }
}

#[test]
fn every_setting_can_come_from_its_variable_and_from_a_file() {
    for setting in SETTINGS {
        let text = match (setting.kind, setting.key) {
            (Kind::Integer { default, .. }, _) => default.to_string(),
            (Kind::Switch(default), _) => default.to_string(),
            (_, "listen") => "0.0.0.0:80".to_owned(),
            (_, "cors_origins") => "*".to_owned(),
            (_, "log.level") => "debug".to_owned(),
            (_, "log.format") => "json".to_owned(),
            (_, "otlp.endpoint" | "public_url" | "egress.proxy" | "origin.url") => {
                "http://there:1".to_owned()
            }
            (_, "egress.allow") => "*.example.com 10.0.0.0/8:80".to_owned(),
            (_, "root.password") => continue,
            (_, _) => "some@text".to_owned(),
        };
        let variables =
            [(OsString::from(setting.variable()), OsString::from(&text)), ("HOME".into(), "/h".into())];
        let flags = Flags::default();
        let effective = Effective::of(&Sources { file: None, variables: &variables, flags: &flags }).unwrap();
        assert!(line(&effective, setting.key).ends_with(&format!("# env {}", setting.variable())));

        let is_bare = matches!(setting.kind, Kind::Integer { .. } | Kind::Switch(_));
        let value = if is_bare { text } else { format!("{text:?}") };
        let file = match setting.section() {
            Some(section) => format!("[{section}]\n{} = {value}\n", &setting.key[section.len() + 1..]),
            None => format!("{} = {value}\n", setting.key),
        };
        let effective = read(Some(&file), &[], &Flags::default()).unwrap();
        assert!(line(&effective, setting.key).ends_with("# file a.toml"), "{file}");
    }
}

#[test]
fn addresses_of_the_server_are_taken_apart() {
    for (url, path) in [("http://h", ""), ("http://h/", ""), ("https://h:1/a/b/", "/a/b")] {
        let file = format!("public_url = {url:?}");
        let settings = read(Some(&file), &[], &Flags::default()).unwrap().settings;
        assert_eq!(settings.public_path(), path, "{url}");
    }
    let list = |words: &[&'static str]| {
        Origins::Some(words.iter().map(|&word| HeaderValue::from_static(word)).collect())
    };
    for (text, expected) in [
        ("", Origins::None),
        (" * ", Origins::All),
        ("https://a.example", list(&["https://a.example"])),
        ("http://[::1]:81 https://b", list(&["http://[::1]:81", "https://b"])),
    ] {
        let file = format!("cors_origins = {text:?}");
        let settings = read(Some(&file), &[], &Flags::default()).unwrap().settings;
        assert_eq!(settings.cors_origins, expected, "{text}");
    }
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    let given = "body_mib = 3\nlog.level = \"warn\"\n[root]\nemail = \"a@b\"\n";
    let effective = read(Some(given), &[], &Flags::default()).unwrap();
    let text: Vec<String> = effective.shown.iter().map(Shown::explained).collect();
    let again = read(Some(&text.join("\n")), &[], &Flags::default()).unwrap();
    assert_eq!(effective.settings, again.settings);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let flags = |path: &Path| Flags { file: Some(path.to_owned()), ..Flags::default() };
    let gone = Effective::read(&flags(Path::new("gone/a.toml"))).unwrap_err();
    assert_eq!(gone.to_string(), "cannot read the configuration gone/a.toml");
    let large = tempfile::NamedTempFile::new().unwrap();
    large.as_file().set_len(FILE_BYTES_MAX + 1).unwrap();
    assert!(matches!(Effective::read(&flags(large.path())), Err(Error::FileSize { .. })));
}

#[test]
fn secrets_are_never_shown() {
    let variables: Variables = &[
        ("ACTIOND_ROOT_EMAIL", "a@b"),
        ("ACTIOND_ROOT_PASSWORD", "hunter22"),
        ("ACTIOND_ACTION_SERVER_TOKEN", "hunter22"),
        ("ACTIOND_OTLP_AUTHORIZATION", "hunter22"),
        ("HTTPS_PROXY", "http://user:hunter22@proxy"),
    ];
    let effective = read(None, variables, &Flags::default()).unwrap();
    assert_eq!(line(&effective, "root.password"), "root.password = \"***\"  # env ACTIOND_ROOT_PASSWORD");
    assert!(!format!("{effective:?}").contains("hunter22"));
    let password = effective.settings.root.and_then(|root| root.password);
    assert_eq!(password.as_ref().map(Secret::expose), Some("hunter22"));
    // The number is a secret too.
    let refused = read(Some("root.email = \"a@b\"\nroot.password = 31337"), &[], &Flags::default());
    let said = refused.unwrap_err().to_string();
    assert_eq!(said, "root.password (file a.toml) is \"***\": it is text: put it between quotes");
}

#[test]
fn a_wrong_file_is_refused_with_its_line() {
    for (file, expected) in [
        ("a = \n", "the configuration a.toml is not TOML: line 1: "),
        ("listen = \"[::1]:1\"\n[runs\n", "the configuration a.toml is not TOML: line 2: "),
        ("[runs]\nparallel = 1\nparallel = 2\n", "the configuration a.toml is not TOML: line 3: "),
        ("[runs]\nparalel = 1\n", "unknown setting runs.paralel (file a.toml): is it runs.parallel?"),
        ("port = 1\n", "unknown setting port (file a.toml): `actiond config` lists all"),
        ("[run]\nfuel = 1\n", "unknown setting run (file a.toml): "),
        ("\"runs.fuel\" = 1\n", "unknown setting runs.fuel (file a.toml): "),
        ("runs = 1\n", "unknown setting runs (file a.toml): it is a section: write [runs]"),
        ("listen.port = 1\n", "listen (file a.toml) is a section: it is text: put it between quotes"),
        ("listen = 5080\n", "listen (file a.toml) is 5080: it is text: put it between quotes"),
        ("body_mib = \"5\"\n", "body_mib (file a.toml) is \"5\": it is a whole number from 1 to 1024"),
        ("body_mib = 0\n", "body_mib (file a.toml) is 0: it is a whole number from 1 to 1024"),
        ("body_mib = -1\n", "body_mib (file a.toml) is -1: it is a whole number from 1 to 1024"),
        ("body_mib = 1.5\n", "body_mib (file a.toml) is 1.5: it is a whole number from 1 to 1024"),
        ("body_mib = [1]\n", "body_mib (file a.toml) is a list: it is a whole number from 1 to 1024"),
        ("body_mib = 1025\n", "body_mib (file a.toml) is 1025: it is a whole number from 1 to 1024"),
        ("data_dir = \"\"\n", "data_dir (file a.toml) is \"\": it is a folder"),
    ] {
        let said = read(Some(file), &[], &Flags::default()).unwrap_err().to_string();
        assert!(said.starts_with(expected) && !said.contains('\n'), "{file}: {said}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_source() {
    are_refused(&[
        (
            &[("ACTIOND_LISTEN", "5080")],
            "listen (env ACTIOND_LISTEN) is \"5080\": it is an address and a port",
        ),
        (
            &[("ACTIOND_LISTEN", "localhost:5080")],
            "listen (env ACTIOND_LISTEN) is \"localhost:5080\": it is an",
        ),
        (&[("ACTIOND_LISTEN", "[::1]:70000")], "listen (env ACTIOND_LISTEN) is \"[::1]:70000\": it is an"),
        (
            &[("ACTIOND_PUBLIC_URL", "o2:80")],
            "public_url (env ACTIOND_PUBLIC_URL) is \"o2:80\": it is an address",
        ),
        (&[("ACTIOND_PUBLIC_URL", "http://u:p@h")], "public_url (env ACTIOND_PUBLIC_URL) is "),
        (
            &[("ACTIOND_CORS_ORIGINS", "https://a.example/")],
            "cors_origins (env ACTIOND_CORS_ORIGINS) is \"https://a.example/\": each is as https://logs.example.com",
        ),
        (&[("ACTIOND_CORS_ORIGINS", "* http://a")], "cors_origins (env ACTIOND_CORS_ORIGINS) is "),
        (&[("ACTIOND_CORS_ORIGINS", "file://a")], "cors_origins (env ACTIOND_CORS_ORIGINS) is "),
        (&[("ACTIOND_CORS_ORIGINS", "http://a:80")], "cors_origins (env ACTIOND_CORS_ORIGINS) is "),
        (
            &[("ACTIOND_RUNS_PARALLEL", "many")],
            "runs.parallel (env ACTIOND_RUNS_PARALLEL) is \"many\": it is a whole number from 1 to 1500",
        ),
        (
            &[("ACTIOND_RUNS_PARALLEL", "0")],
            "runs.parallel (env ACTIOND_RUNS_PARALLEL) is 0: it is a whole number",
        ),
        (
            &[("ACTIOND_RUNS_FUEL_MAX", "10")],
            "runs.fuel (default) is 100000000000: it is at most runs.fuel_max (env ACTIOND_RUNS_FUEL_MAX), 10",
        ),
        (&[("ACTIOND_RUNS_WALL_S", "3601")], "runs.wall_s (env ACTIOND_RUNS_WALL_S) is 3601: it is at most"),
        (
            &[("ACTIOND_RUNS_MEMORY_MIB", "1025")],
            "runs.memory_mib (env ACTIOND_RUNS_MEMORY_MIB) is 1025: it is at",
        ),
        (
            &[("ACTIOND_LOG_LEVEL", "loud")],
            "log.level (env ACTIOND_LOG_LEVEL) is \"loud\": \"loud\" is neither off",
        ),
        (
            &[("ACTIOND_LOG_FORMAT", "xml")],
            "log.format (env ACTIOND_LOG_FORMAT) is \"xml\": it is auto, text or json",
        ),
        (
            &[("ACTIOND_OTLP_ENDPOINT", "otel:4317")],
            "otlp.endpoint (env ACTIOND_OTLP_ENDPOINT) is \"otel:4317\": it",
        ),
        (&[("ACTIOND_LISTN", "a")], "unknown setting ACTIOND_LISTN (environment): is it ACTIOND_LISTEN?"),
        (
            &[("ACTIOND_RUN_FUEL", "a")],
            "unknown setting ACTIOND_RUN_FUEL (environment): is it ACTIOND_RUNS_FUEL?",
        ),
        (&[("ACTIOND_", "a")], "unknown setting ACTIOND_ (environment): `actiond config` lists all"),
    ]);
}

#[test]
fn a_wrong_user_or_secret_is_refused_without_showing_it() {
    are_refused(&[
        (
            &[("ACTIOND_ROOT_EMAIL", "root")],
            "root.email (env ACTIOND_ROOT_EMAIL) is \"root\": it is an address",
        ),
        (
            &[("ACTIOND_ROOT_EMAIL", "a:b@c")],
            "root.email (env ACTIOND_ROOT_EMAIL) is \"a:b@c\": it is an address",
        ),
        (
            &[("ACTIOND_ROOT_PASSWORD", "long enough")],
            "root.password (env ACTIOND_ROOT_PASSWORD) is \"***\": it needs root.email too",
        ),
        (
            &[("ACTIOND_ROOT_EMAIL", "a@b"), ("ACTIOND_ROOT_PASSWORD", "short")],
            "root.password (env ACTIOND_ROOT_PASSWORD) is \"***\": it has 8 to 128 characters",
        ),
        (
            &[("ACTIOND_ACTION_SERVER_TOKEN", "***")],
            "action_server.token (env ACTIOND_ACTION_SERVER_TOKEN) is \"***\": that",
        ),
        (
            &[("ACTIOND_ACTION_SERVER_TOKEN", "a\nb")],
            "action_server.token (env ACTIOND_ACTION_SERVER_TOKEN) is \"***\": it",
        ),
    ]);
}

#[test]
fn the_usual_variables_of_a_proxy_are_named() {
    let usual: Variables = &[("http_proxy", "http://a"), ("NO_PROXY", "10.0.0.1/8")];
    let effective = read(None, usual, &Flags::default()).unwrap();
    assert_eq!(line(&effective, "egress.proxy"), "egress.proxy = \"***\"  # env http_proxy");
    assert_eq!(line(&effective, "egress.no_proxy"), "egress.no_proxy = \"10.0.0.1/8\"  # env NO_PROXY");
    let proxy = effective.settings.egress.proxy.unwrap();
    let unread: Vec<_> = proxy.unread().collect();
    let why = "`10.0.0.1/8` names one address, not the network: write 10.0.0.0/8";
    assert_eq!(unread, [format!("what is reached without the proxy: {why}")]);
    are_refused(&[
        (&[("HTTPS_PROXY", "socks5://a")], "egress.proxy (env HTTPS_PROXY) is \"***\": it is an address"),
        (
            &[("HTTPS_PROXY", "http://a"), ("ACTIOND_EGRESS_NO_PROXY", "10.0.0.1/8")],
            "egress.no_proxy (env ACTIOND_EGRESS_NO_PROXY) is \"10.0.0.1/8\": ",
        ),
    ]);
    let without =
        read(None, &[("HTTPS_PROXY", "http://a"), ("ACTIOND_EGRESS_NO_PROXY", "*")], &Flags::default());
    assert_eq!(without.unwrap().settings.egress.proxy, None);
}

#[test]
fn variables_of_others_are_left_alone() {
    let rows: &[Variables] = &[
        &[("ACTIOND_GUEST", "/g"), ("ACTIOND_CACHE", "/c")],
        &[("ACTIOND_SERVICE_HOST", "10.0.0.1"), ("ACTIOND_SERVICE_PORT_HTTP", "80")],
        &[("ACTIOND_PORT", "tcp://10.0.0.1:80"), ("ACTIOND_PORT_5080_TCP_ADDR", "10.0.0.1")],
        &[("actiond_listen", "x"), ("MY_ACTIOND_LISTEN", "x")],
        &[("ACTIOND_RUNS_PARALLEL", " 8 ")],
    ];
    for variables in rows {
        assert!(read(None, variables, &Flags::default()).is_ok(), "{variables:?}");
    }
}

#[test]
fn what_follows_from_other_settings_follows() {
    let at = flags(Some("[::]:81"), Some("d"));
    let settings = read(Some("public_url = \"https://a.example.com/base/\""), &[], &at).unwrap().settings;
    assert_eq!(
        (&*settings.public_url, settings.data_dir.as_path()),
        ("https://a.example.com/base", Path::new("d"))
    );
    let settings = read(None, &[("XDG_DATA_HOME", "/x")], &at).unwrap().settings;
    assert_eq!((&*settings.public_url, settings.data_dir.as_path()), ("http://[::]:81", Path::new("d")));
    let settings = read(None, &[("XDG_DATA_HOME", "/x")], &Flags::default()).unwrap().settings;
    assert_eq!(settings.data_dir, Path::new("/x/actiond"));
    let nowhere = Flags::default();
    let refused = Effective::of(&Sources { file: None, variables: &[], flags: &nowhere }).unwrap_err();
    assert!(matches!(refused, Error::NoDataDir));
}
