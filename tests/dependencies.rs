//! Packages that actions declare: found at upload, once, from an index of the tests' own; refused in one line.

use serde_json::{Value, json};

use crate::{
    index::{Index, NATIVE, PURE, Wheel},
    program::Place,
    server::{Answer, ROOT, Server},
    zips::Zip,
};

const MAIN: &str = "import one\n\ndef main():\n    return [one.VERSION]\n";
/// Returns what it can import, with versions.
const LIST: &str = "import importlib.metadata

def main():
    return sorted(f'{found.name}=={found.version}' for found in importlib.metadata.distributions())
";

fn wheels() -> Vec<Wheel> {
    vec![
        Wheel::new("one", "1.0", PURE),
        Wheel::new("one", "2.0", PURE)
            .says("Requires-Dist: two>=1 ; sys_platform != \"win32\"")
            .says("Requires-Dist: windows-only ; sys_platform == \"win32\"")
            .says("Provides-Extra: more")
            .says("Requires-Dist: three ; extra == \"more\""),
        Wheel::new("one", "3.0", PURE).says("Requires-Python: >=3.14"),
        Wheel::new("one", "4.0", NATIVE),
        Wheel::new("two", "1.5", PURE).file("bin/two", "#!/bin/sh\n").file("../../escaped.py", ""),
        Wheel::new("three", "0.1", PURE).file("three-0.1.data/scripts/three", "#!/bin/sh\n"),
        Wheel::new("native", "1.0", NATIVE),
        Wheel::new("needs-native", "1.0", PURE).says("Requires-Dist: native"),
        // It is in the list of those that do without what is native in them.
        Wheel::new("markupsafe", "0.1", PURE),
        Wheel::new("markupsafe", "3.0", NATIVE)
            .file("markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so", "ELF")
            .file("markupsafe/pure.py", "PURE = True\n"),
        Wheel::new("large", "1.0", PURE).file("large/data", noise(3 << 19)),
        Wheel::new("larger", "1.0", PURE).file("larger/data", noise(3 << 20)),
        Wheel::new("many", "1.0", PURE).file("many/a", "").file("many/b", "").file("many/c", ""),
    ]
}

/// Text that deflate makes little of.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

fn zip(main: &str, files: &[(&str, &str)]) -> Vec<u8> {
    files.iter().fold(Zip::new().file("main.py", main), |zip, (name, text)| zip.file(name, text)).bytes()
}

fn upload(server: &Server, zip: &[u8]) -> Answer {
    let fields = [
        ("name", "a"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(zip)).send()
}

fn invoke(server: &Server, id: &str) -> Value {
    server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"].clone()
}

/// Uploads it and runs it.
#[track_caller]
fn result(server: &Server, main: &str, files: &[(&str, &str)]) -> Value {
    let answer = upload(server, &zip(main, files)).is(200);
    invoke(server, answer["uuid"].as_str().expect("an id"))
}

#[track_caller]
fn refused(server: &Server, files: &[(&str, &str)], (status, word): (u16, &str), message: &str) {
    let answer = upload(server, &zip("def main():\n    return 1\n", files)).is(status);
    let expected = format!("Failed to process action:{message}");
    assert_eq!((&answer["error_detail"], &answer["message"]), (&json!(word), &json!(expected)), "{files:?}");
}

fn project(dependencies: &str) -> String {
    format!(
        "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = [{dependencies}]\n"
    )
}

#[test]
fn what_is_declared_can_be_imported() {
    let index = Index::start(wheels());
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    let rows: &[(&[(&str, &str)], Value)] = &[
        (&[("pyproject.toml", &project("\"one\""))], json!(["one==2.0", "two==1.5"])),
        (&[("pyproject.toml", &project("\"one<2\""))], json!(["one==1.0"])),
        (&[("pyproject.toml", &project("\"one[more]\""))], json!(["one==2.0", "three==0.1", "two==1.5"])),
        (&[("pyproject.toml", &project("\"two ; python_version < '3'\", \"three\""))], json!(["three==0.1"])),
        (&[("requirements.txt", "# pinned\none==1.0\nthree\n")], json!(["one==1.0", "three==0.1"])),
        (&[("requirements.txt", "two; python_version < '3'\n")], json!([])),
        (&[("pyproject.toml", &project("")), ("requirements.txt", "native")], json!([])),
        // What came along goes before, and needs no index.
        (&[("dependencies/one.py", "VERSION = 'own'\n"), ("requirements.txt", "native")], json!([])),
    ];
    for (files, expected) in rows {
        assert_eq!(result(&server, LIST, files), *expected, "{files:?}");
    }
    assert_eq!(result(&server, MAIN, &[("requirements.txt", "one")]), json!(["2.0"]));
    // A module of the action's own goes before a package of that name.
    assert_eq!(
        result(&server, MAIN, &[("requirements.txt", "one"), ("one.py", "VERSION = 'own'\n")]),
        json!(["own"])
    );
    let found = "import os\n\ndef main():\n    return sorted(os.listdir('/action/dependencies'))\n";
    assert_eq!(
        result(&server, found, &[("requirements.txt", "one[more]")]),
        json!([
            "one",
            "one-2.0.dist-info",
            "requirements.lock",
            "three",
            "three-0.1.dist-info",
            "two",
            "two-1.5.dist-info"
        ])
    );
}

#[test]
fn a_package_that_works_without_its_native_modules_is_taken_without_them() {
    let index = Index::start(wheels());
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    let main = "import markupsafe, markupsafe.pure, os

def main():
    return [markupsafe.VERSION, sorted(os.listdir('/action/dependencies/markupsafe'))]
";
    let files = [("requirements.txt", "markupsafe>=2")];
    assert_eq!(result(&server, main, &files), json!(["3.0", ["__init__.py", "pure.py"]]));
    // Also when an old version has a wheel that fits.
    let files = [("requirements.txt", "markupsafe")];
    assert_eq!(result(&server, main, &files), json!(["3.0", ["__init__.py", "pure.py"]]));
    let strict = [
        ("ACTIOND_DEPENDENCIES_INDEX_URL", index.url()),
        ("ACTIOND_DEPENDENCIES_FALLBACKS", "other".to_owned()),
    ];
    let strict = Server::start_with(&strict.each_ref().map(|(key, value)| (*key, value.as_str())));
    refused(
        &strict,
        &[("requirements.txt", "markupsafe>=2")],
        (400, "dependencies"),
        &not_pure("markupsafe"),
    );
}

fn not_pure(name: &str) -> String {
    format!(
        "{name} has no pure Python wheel, and a sandbox can load no other: choose another version or package, or put one into \
         dependencies/"
    )
}

#[test]
fn what_cannot_be_installed_is_refused_in_one_line() {
    let index = Index::start(wheels());
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    let option = "options are not taken: the operator says where packages come from";
    let address = "addresses are not taken: name a package of the index";
    let path = "paths are not taken: put modules beside main.py, or name a package of the index";
    for (line, why) in [
        ("-r /etc/passwd", option),
        ("-e .", option),
        ("--index-url http://127.0.0.1/", option),
        ("--extra-index-url=http://127.0.0.1/", option),
        ("--find-links /", option),
        ("one --config-settings=a=b", option),
        ("one @ file:///etc/passwd", address),
        ("one @ http://127.0.0.1/one-1.0-py3-none-any.whl", address),
        ("git+file:///tmp/x", address),
        ("./one", path),
        ("/etc/passwd", path),
    ] {
        let text = format!("{line}\n");
        let message = format!("requirements.txt: {line:?} is refused: {why}");
        refused(&server, &[("requirements.txt", &text)], (400, "dependencies"), &message);
        let declared = project(&format!("{line:?}"));
        let message = format!("pyproject.toml: {line:?} is refused: {why}");
        refused(&server, &[("pyproject.toml", &declared)], (400, "dependencies"), &message);
    }
    assert_eq!(index.asked(), Vec::<String>::new());
    let rows: &[(&str, String)] = &[
        ("native", not_pure("native")),
        ("needs-native", not_pure("native")),
        ("one==4.0", not_pure("one")),
        ("no-such-package", "there is no package no-such-package in the index: check its name".to_owned()),
    ];
    for (line, message) in rows {
        refused(&server, &[("requirements.txt", line)], (400, "dependencies"), message);
    }
    for line in ["one>=9", "one==1.0\none==2.0"] {
        let answer = upload(&server, &zip("def main(): pass", &[("requirements.txt", line)])).is(400);
        let message = answer["message"].as_str().expect("a text");
        assert!(message.starts_with("Failed to process action:no versions fit together: "), "{message}");
        assert!(!message.contains('\n') && answer["error_detail"] == "dependencies", "{message}");
    }
    refused(
        &server,
        &[("pyproject.toml", "[project]\nrequires-python = \"<3.10\"\n")],
        (400, "dependencies"),
        "pyproject.toml: requires-python is \"<3.10\", and actions run on Python 3.13.5: widen it",
    );
}

#[test]
fn each_limit_takes_what_is_below_and_refuses_what_is_above() {
    let index = Index::start(wheels());
    let url = index.url();
    let server = Server::start_with(&[
        ("ACTIOND_DEPENDENCIES_INDEX_URL", &url),
        ("ACTIOND_DEPENDENCIES_MIB", "2"),
        ("ACTIOND_DEPENDENCIES_FILES", "12"),
    ]);
    let size = "def main():\n    return 'it fits'\n";
    assert_eq!(result(&server, size, &[("requirements.txt", "large")]), json!("it fits"));
    let larger = upload(&server, &zip(size, &[("requirements.txt", "larger")])).is(400);
    assert_eq!(
        (&larger["error_detail"], &larger["message"]),
        (
            &json!("dependencies"),
            &json!(
                "Failed to process action:the packages are larger than 2097152 bytes: require fewer or smaller ones"
            )
        )
    );
    assert_eq!(result(&server, size, &[("requirements.txt", "many")]), json!("it fits"));
    refused(
        &server,
        &[("requirements.txt", "many\none")],
        (400, "dependencies"),
        "what the action requires holds more than 12 files and folders: leave out what the action does not need",
    );
    let slow = Server::start_with(&[
        ("ACTIOND_DEPENDENCIES_INDEX_URL", "http://192.0.2.1/simple"),
        ("ACTIOND_DEPENDENCIES_TIMEOUT_S", "1"),
    ]);
    let answer = upload(&slow, &zip(size, &[("requirements.txt", "one")])).is(503);
    assert_eq!(answer["error_detail"], "dependencies_unavailable");
}

#[test]
fn a_version_keeps_its_packages_without_the_index() {
    let index = Index::start(wheels());
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    let answer = upload(&server, &zip(MAIN, &[("requirements.txt", "one")])).is(200);
    let id = answer["uuid"].as_str().expect("an id").to_owned();
    let asked = index.asked().len();
    let place = server.place();
    server.stop();
    // What was fetched is gone, and so is what was imported.
    std::fs::remove_dir_all(place.path().join("data/packages")).expect("it is there");
    let server = Server::again_with(place, &[("ACTIOND_DEPENDENCIES_ENABLED", "false")]);
    assert_eq!(invoke(&server, &id), json!(["2.0"]));
    server.put(&format!("/api/default/actions/{id}"), &json!({"environment_variables": {"A": "b"}})).is(200);
    assert_eq!(invoke(&server, &id), json!(["2.0"]));
    assert_eq!(index.asked().len(), asked);
    refused(
        &server,
        &[("requirements.txt", "one")],
        (400, "dependencies"),
        "packages are not installed here (dependencies.enabled): put them into dependencies/",
    );
}

#[test]
fn an_offline_server_takes_what_it_has() {
    let index = Index::start(wheels());
    let url = index.url();
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &url)]);
    assert_eq!(result(&server, MAIN, &[("requirements.txt", "one")]), json!(["2.0"]));
    let place = server.place();
    server.stop();
    let asked = index.asked().len();
    let offline =
        [("ACTIOND_DEPENDENCIES_INDEX_URL", url.as_str()), ("ACTIOND_DEPENDENCIES_OFFLINE", "true")];
    let server = Server::again_with(place, &offline);
    assert_eq!(result(&server, MAIN, &[("requirements.txt", "one==2.0")]), json!(["2.0"]));
    let answer = upload(&server, &zip(MAIN, &[("requirements.txt", "three")])).is(400);
    let message = answer["message"].as_str().expect("a text");
    assert!(
        message.ends_with("the server takes only packages that it has already (dependencies.offline)"),
        "{message}"
    );
    assert_eq!(index.asked().len(), asked);
}

/// Sends an upload that it does not wait for, and asks until it is done.
fn built(server: &Server, zip: &[u8]) -> Value {
    let fields = [
        ("name", "later"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    let call = server.call("POST", "/api/default/actions/upload").header("Prefer", "respond-async");
    let answer = call.multipart(&fields, Some(zip)).send();
    let location = answer.header("location").expect("where it can be followed").to_owned();
    assert_eq!(answer.is(202)["status"], "running");
    server.get(&location.replace("/default/", "/other/")).is(404);
    loop {
        let build = server.get(&location).is(200);
        if build["status"] != "running" {
            return build;
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_upload_can_be_followed() {
    let index = Index::start(wheels());
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    let build = built(&server, &zip(MAIN, &[("requirements.txt", "one")]));
    assert_eq!(build["status"], "completed");
    assert!(build["log"].as_array().expect("lines").contains(&json!(" + one==2.0")), "{build}");
    assert_eq!(invoke(&server, build["uuid"].as_str().expect("an id")), json!(["2.0"]));
    let build = built(&server, &zip(MAIN, &[("requirements.txt", "native")]));
    let message = format!("Failed to process action:{}", not_pure("native"));
    assert_eq!((&build["status"], &build["message"]), (&json!("errored"), &json!(message)));
    server.get("/api/default/builds/2ZbF0000000000000000000000A").is(404);
}

#[test]
fn without_uv_only_what_declares_nothing_is_taken() {
    let server = Server::start_with(&[("ACTIOND_DEPENDENCIES_UV", "/nowhere/uv")]);
    assert_eq!(result(&server, "def main():\n    return 1\n", &[]), json!(1));
    assert_eq!(result(&server, MAIN, &[("dependencies/one.py", "VERSION = 'own'\n")]), json!(["own"]));
    refused(
        &server,
        &[("requirements.txt", "one")],
        (503, "dependencies_unavailable"),
        "the action requires packages, and there is no uv to install them: run scripts/setup, or say where it is \
         (dependencies.uv)",
    );
}

#[test]
fn a_run_from_the_command_line_installs_once() {
    let index = Index::start(wheels());
    let place = Place::action(MAIN);
    place.write("action/requirements.txt", "one\n");
    std::fs::create_dir(place.path().join("cache")).expect("a folder");
    let run = |place: &Place| place.run(&["action"]).env("ACTIOND_DEPENDENCIES_INDEX_URL", index.url()).end();
    run(&place).returned("[\"2.0\"]");
    let asked = index.asked().len();
    run(&place).returned("[\"2.0\"]");
    assert_eq!(index.asked().len(), asked);
    place.write("action/requirements.txt", "native\n");
    let refused = run(&place);
    assert_eq!((refused.code, &*refused.stdout), (2, ""));
    assert!(refused.stderr.ends_with(&format!("error: {}\n", not_pure("native"))), "{}", refused.stderr);
    place.write("action/requirements.txt", "-r other.txt\n");
    run(&place).is_refused(
        "requirements.txt: \"-r other.txt\" is refused: options are not taken: the operator says where packages come from",
    );
    let vendored = Place::action(MAIN);
    vendored.write("action/dependencies/one.py", "VERSION = 'own'\n");
    vendored.write("action/dependencies/two.cpython-313-x86_64-linux-gnu.so", "ELF");
    let ended = vendored.run(&["action"]).end();
    ended.returned("[\"own\"]");
    assert!(
        ended.stderr.contains(
            "native modules cannot be loaded in a sandbox and are ignored: \
             dependencies/two.cpython-313-x86_64-linux-gnu.so (1)"
        ),
        "{}",
        ended.stderr
    );
}
