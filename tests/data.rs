//! Actions with NumPy and pandas: which get the data guest, which are refused and why, and what their runs have.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    console::Browser,
    console_actions::filled,
    index::{Index, NATIVE, PURE, Wheel},
    program::{Place, data_guest},
    server::{Answer, ROOT, Server},
    zips::Zip,
};

const TRIES: usize = 200_000;
/// What is there, and what is said to be there.
const MAIN: &str = "import importlib.metadata, numpy, pandas

def main():
    names = ('numpy', 'pandas', 'python-dateutil')
    return [numpy.__version__, pandas.__version__, *map(importlib.metadata.version, names)]
";
const COUNTS: &str = "import numpy

count = 0


def main():
    global count
    count += 1
    return count
";

/// The versions in the data guest.
struct Own {
    numpy: String,
    pandas: String,
    dateutil: String,
}

impl Own {
    fn read() -> Self {
        let manifest = manifest(&data_guest());
        let version = |name: &str| {
            let packages = manifest["packages"].as_array().expect("it has packages");
            let package = packages.iter().find(|package| package["name"] == name);
            package.expect("it is in the guest")["version"].as_str().expect("a text").to_owned()
        };
        Self { numpy: version("numpy"), pandas: version("pandas"), dateutil: version("python-dateutil") }
    }

    /// What `MAIN` returns.
    fn all(&self) -> Value {
        json!([self.numpy, self.pandas, self.numpy, self.pandas, self.dateutil])
    }

    fn other_version(&self, asked: &str) -> String {
        format!(
            "{asked} cannot be had: a sandbox has pandas {}; ask for that or leave the version out",
            self.pandas
        )
    }
}

fn manifest(guest: &Path) -> Value {
    let text = fs::read(guest.join("manifest.json")).expect("there is a data guest: run scripts/setup");
    serde_json::from_slice(&text).expect("it is JSON")
}

fn index() -> Index {
    Index::start(vec![
        Wheel::new("numpy", "1.0", NATIVE),
        Wheel::new("numpy", "99.0", NATIVE),
        Wheel::new("pandas", "1.0", NATIVE),
        Wheel::new("pandas", "99.0", NATIVE),
        // Newer than what the guest has.
        Wheel::new("python-dateutil", "99.0", PURE),
        Wheel::new("one", "1.0", PURE),
        Wheel::new("uses-pandas", "1.0", PURE).says("Requires-Dist: pandas>=2").says("Requires-Dist: one"),
        Wheel::new("old-pandas", "1.0", PURE).says("Requires-Dist: pandas<2"),
        Wheel::new("numexpr", "3.0", NATIVE),
    ])
}

fn server(index: &Index, env: &[(&str, &str)]) -> Server {
    let url = index.url();
    Server::start_with(&[&[("ACTIOND_DEPENDENCIES_INDEX_URL", &*url)], env].concat())
}

fn upload(server: &Server, files: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
    let zip = files.iter().fold(Zip::new(), |zip, (name, text)| zip.file(name, text)).bytes();
    let mut fields = vec![
        ("name", "a"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    fields.extend(more);
    server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip)).send()
}

fn id(answer: &Answer) -> String {
    answer.is(200)["uuid"].as_str().expect("an id").to_owned()
}

fn invoke(server: &Server, id: &str) -> Value {
    server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"].clone()
}

fn settings(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/default/actions/{id}/settings")).is(200)
}

#[track_caller]
fn refused(answer: &Answer, message: &str) {
    let (word, expected) = (json!("dependencies"), json!(format!("Failed to process action:{message}")));
    let answer = answer.is(400);
    assert_eq!((&answer["error_detail"], &answer["message"]), (&word, &expected));
}

#[test]
fn what_needs_numpy_or_pandas_gets_them() {
    let (own, index) = (Own::read(), index());
    let server = server(&index, &[]);
    let exact = format!("numpy=={}\npandas=={}\n", own.numpy, own.pandas);
    let rows: &[(&str, &str)] = &[
        ("requirements.txt", "pandas\n"),
        ("requirements.txt", "pandas>=2\none\n"),
        ("requirements.txt", &exact),
        ("requirements.txt", "uses-pandas\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"one\", \"Pandas ~= 2.0\"]\n",
        ),
        ("requirements.txt", "pandas\npython-dateutil\n"),
    ];
    for file in rows {
        let answer = upload(&server, &[("main.py", MAIN), *file], &[]);
        assert_eq!(answer.is(200).get("warnings"), None, "{file:?}");
        let id = id(&answer);
        assert_eq!(
            (&settings(&server, &id)["guest"], invoke(&server, &id)),
            (&json!("data"), own.all()),
            "{file:?}"
        );
        let versions = server.get(&format!("/api/default/actions/{id}/versions")).is(200);
        assert_eq!(versions[0]["guest"], "data", "{file:?}");
    }
    // Another version of what the guest has besides: its own is imported, and that is told.
    let answer =
        upload(&server, &[("main.py", MAIN), ("requirements.txt", "pandas\npython-dateutil>=99\n")], &[]);
    let warning = format!(
        "python-dateutil 99.0 is required, and the sandbox's own {} is used beside NumPy and pandas",
        own.dateutil
    );
    assert_eq!(answer.is(200)["warnings"], json!([warning]));
    assert_eq!(invoke(&server, &id(&answer)), own.all());

    let list = "import importlib.metadata

def main():
    return sorted(f'{found.name}=={found.version}' for found in importlib.metadata.distributions())
";
    for (line, expected) in [
        ("one", json!(["one==1.0"])),
        ("python-dateutil", json!(["python-dateutil==99.0"])),
        ("one\npandas ; python_version < '3'", json!(["one==1.0"])),
    ] {
        let id = id(&upload(&server, &[("main.py", list), ("requirements.txt", line)], &[]));
        assert_eq!(
            (&settings(&server, &id)["guest"], invoke(&server, &id)),
            (&json!("base"), expected),
            "{line}"
        );
    }
}

#[test]
fn what_comes_along_gets_them_in_their_own_version_only() {
    let (own, index) = (Own::read(), index());
    let server = server(&index, &[]);
    let main = "import numpy, pandas\n\ndef main():\n    return [numpy.__version__, pandas.__version__]\n";
    let same = format!("dependencies/pandas-{}.dist-info/METADATA", own.pandas);
    let files = [
        ("main.py", main),
        ("dependencies/numpy/__init__.py", "raise ImportError('it is not imported')\n"),
        ("dependencies/numpy/core.cpython-313-x86_64-linux-gnu.so", "ELF"),
        ("dependencies/numpy.libs/libblas.so", "ELF"),
        ("dependencies/pandas/__init__.py", "raise ImportError('nor is this')\n"),
        (&*same, "Metadata-Version: 2.1\nName: pandas\n"),
        ("dependencies/other.so", "ELF"),
    ];
    let answer = upload(&server, &files, &[]);
    let warnings = json!([
        "dependencies/ is ignored for numpy and pandas: a sandbox has its own",
        "native modules cannot be loaded in a sandbox and are ignored: dependencies/other.so (1)"
    ]);
    assert_eq!(answer.is(200)["warnings"], warnings);
    let id = id(&answer);
    assert_eq!(settings(&server, &id)["guest"], "data");
    assert_eq!(invoke(&server, &id), json!([own.numpy, own.pandas]));
    let other = [
        ("main.py", main),
        ("dependencies/pandas/__init__.py", ""),
        ("dependencies/pandas-2.2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pandas\n"),
    ];
    let message = format!(
        "dependencies/ brings pandas 2.2.0, and a sandbox has pandas {}: bring that version, or require packages in \
         pyproject.toml instead",
        own.pandas
    );
    refused(&upload(&server, &other, &[]), &message);
}

#[test]
fn what_cannot_be_had_is_refused_with_what_there_is() {
    let (own, index) = (Own::read(), index());
    let server = server(&index, &[("ACTIOND_DEPENDENCIES_FALLBACKS", "pandas numpy")]);
    let try_one = |line: &str| upload(&server, &[("main.py", MAIN), ("requirements.txt", line)], &[]);
    for line in ["pandas==2.2.0", "pandas>=99", "pandas<2"] {
        refused(&try_one(line), &own.other_version(line));
    }
    let answer = try_one("old-pandas").is(400);
    let message = answer["message"].as_str().expect("a text");
    let told = format!("; a sandbox has numpy {} and pandas {}", own.numpy, own.pandas);
    assert!(message.starts_with("Failed to process action:no versions fit together: "), "{message}");
    assert!(message.ends_with(&told) || message.contains(&own.pandas), "{message}");
    refused(
        &try_one("pandas\nnumexpr"),
        "numexpr has no pure Python wheel, and a sandbox can load no other: choose another version or package, or put one into \
         dependencies/",
    );
}

fn lacks(name: &str) -> String {
    format!(
        "{name} needs the data guest (NumPy and pandas), and this installation lacks it: install it with scripts/setup, or take \
         a release that brings it"
    )
}

#[test]
fn an_installation_without_the_data_guest_says_so() {
    let index = index();
    let server = server(&index, &[("ACTIOND_DATA_GUEST", "/nowhere/guest-data")]);
    let vendored = ("dependencies/numpy/__init__.py", "");
    for (file, name) in [
        (("requirements.txt", "pandas"), "pandas"),
        (("requirements.txt", "pandas==1.0"), "pandas"),
        (("requirements.txt", "one\nuses-pandas"), "pandas"),
        (vendored, "numpy"),
    ] {
        refused(&upload(&server, &[("main.py", MAIN), file], &[]), &lacks(name));
    }
    // The others are none the worse for it.
    let main = "import one\n\ndef main():\n    return one.VERSION\n";
    let id = id(&upload(&server, &[("main.py", main), ("requirements.txt", "one")], &[]));
    assert_eq!(invoke(&server, &id), json!("1.0"));

    let place = Place::action(MAIN);
    place.write("action/dependencies/numpy/__init__.py", "");
    place.run(&["action"]).env("ACTIOND_DATA_GUEST", "gone").end().is_refused(&lacks("numpy"));
}

#[test]
fn a_run_from_the_command_line_gets_them_too() {
    let (own, index) = (Own::read(), index());
    let place = Place::action(MAIN);
    place.write("action/requirements.txt", "pandas\n");
    let run = |flags: &[&str]| {
        let arguments = [&["action"], flags].concat();
        place.run(&arguments).env("ACTIOND_DEPENDENCIES_INDEX_URL", index.url()).end()
    };
    run(&[]).returned(&own.all().to_string());
    run(&[]).returned(&own.all().to_string());
    let small = run(&["--memory-mib", "1"]);
    assert_eq!(small.code, 2, "{}", small.stderr);
    assert!(small.stderr.ends_with("raise it with --memory-mib\n"), "{}", small.stderr);
    // Nothing of it is said by the script: what it has is what is usual.
    place
        .write("action/main.py", "import numpy\n\ndef main():\n    return len(bytearray(300 << 20)) >> 20\n");
    run(&[]).returned("300");
    place.write("action/requirements.txt", "one\n");
    place.write("action/main.py", "def main():\n    return len(bytearray(300 << 20)) >> 20\n");
    let ended = run(&[]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("MemoryError"), "{}", ended.stderr);
}

#[test]
fn runs_have_the_memory_that_is_usual_for_their_guest() {
    let index = index();
    let server = server(&index, &[]);
    let (data, base) = (("requirements.txt", "pandas"), ("requirements.txt", "one"));
    let usual = |id: &str| settings(&server, id)["policy"]["memory_bytes"].clone();
    let main = ("main.py", "def main():\n    return 1\n");
    let id = id(&upload(&server, &[main, base], &[]));
    assert_eq!(usual(&id), json!(256 << 20));
    upload(&server, &[main, data], &[("id", &id)]).is(200);
    assert_eq!(usual(&id), json!(512 << 20), "it never said");
    // Another version brings its guest and its memory back.
    server.post(&format!("/api/default/actions/{id}/versions/1/rollback"), &json!({})).is(200);
    assert_eq!((usual(&id), &settings(&server, &id)["guest"]), (json!(256 << 20), &json!("base")));
    server.post(&format!("/api/default/actions/{id}/versions/2/rollback"), &json!({})).is(200);
    let at = format!("/api/default/actions/{id}/settings");
    let set = |bytes: u64| server.put(&at, &json!({"policy": {"memory_bytes": bytes}}));
    assert_eq!(set(64 << 20).status, 400, "NumPy and pandas need more to begin");
    set(128 << 20).is(200);
    assert_eq!((usual(&id), invoke(&server, &id)), (json!(128 << 20), json!(1)));
    assert_eq!(set(2 << 30).status, 400, "the operator allows less");
    set(0).is(200);
    assert_eq!(usual(&id), json!(512 << 20), "as if it never said");
    let small = [("id", &*id), ("policy", r#"{"memory_bytes": 67108864}"#)];
    upload(&server, &[main, base], &small).is(200);
    assert_eq!(upload(&server, &[main, data], &small).status, 400);

    let strict = [("ACTIOND_RUNS_MEMORY_MIB_MAX", "300"), ("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())];
    let strict = Server::start_with(&strict);
    let id = self::id(&upload(&strict, &[main, data], &[]));
    assert_eq!(settings(&strict, &id)["policy"]["memory_bytes"], json!(300 << 20));
}

#[test]
fn memory_lives_on_and_begins_anew_in_another_guest() {
    let index = index();
    let server = server(&index, &[]);
    let stateful = ("policy", r#"{"stateful": true}"#);
    let (main, data) = (("main.py", COUNTS), ("requirements.txt", "pandas"));
    let id = id(&upload(&server, &[main, data], &[stateful]));
    assert_eq!([invoke(&server, &id), invoke(&server, &id)], [1, 2]);
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again_with(place, &[("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url())]);
    assert_eq!([invoke(&server, &id), invoke(&server, &id)], [3, 4]);
    // The same script without them.
    let plain = COUNTS.replace("import numpy\n", "");
    upload(&server, &[("main.py", &plain)], &[stateful, ("id", &id)]).is(200);
    assert_eq!([invoke(&server, &id), invoke(&server, &id)], [1, 2]);
    server.post(&format!("/api/default/actions/{id}/versions/1/rollback"), &json!({})).is(200);
    assert_eq!([invoke(&server, &id), invoke(&server, &id)], [1, 2]);
}

#[test]
fn a_replay_and_a_rehearsal_run_where_their_code_belongs() {
    let (own, index) = (Own::read(), index());
    let server = server(&index, &[]);
    let data = ("requirements.txt", "pandas");
    let id = id(&upload(&server, &[("main.py", MAIN), data], &[]));
    let run = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200);
    upload(&server, &[("main.py", "def main():\n    return 'plain'\n")], &[("id", &id)]).is(200);
    assert_eq!(invoke(&server, &id), json!("plain"));
    let replay = format!("/api/default/runs/{}/replay?version=1", run["run_id"].as_str().expect("an id"));
    let replayed = server.post(&replay, &json!({})).is(202)["run_id"].as_str().expect("an id").to_owned();
    let ended = || {
        let run = server.get(&format!("/api/default/runs/{replayed}")).is(200);
        (run["status"] == "completed").then(|| run["result"].clone())
    };
    assert_eq!((0..TRIES).find_map(|_| ended()), Some(own.all()));

    let browser = Browser::log_in(&server, ROOT);
    let mut fields = filled("", MAIN);
    fields.retain(|(name, _)| *name != "memory");
    fields.extend([("path", "requirements.txt"), ("text", "pandas"), ("payload", "[]")]);
    let page = browser.post("/console/default/actions/new/test", &fields);
    assert!(page.status == 200 && page.text().contains(&own.pandas), "{}", page.text());
    upload(&server, &[("main.py", MAIN), data], &[("id", &id)]).is(200);
    let page = browser.page(&format!("/console/default/actions/{id}"));
    assert!(page.contains("NumPy and pandas"), "{page}");
}

#[test]
fn the_data_guest_is_opened_once_and_measured_by_itself() {
    let index = index();
    let server = server(&index, &[]);
    let metrics = || server.call("GET", "/metrics").send().text();
    let shows = |line: &str| metrics().lines().any(|shown| shown == line);
    assert!((0..TRIES).any(|_| shows("actiond_guest_open{guest=\"base\"} 1")));
    assert!(shows("actiond_guest_open{guest=\"data\"} 0") && shows("actiond_images_hot{guest=\"data\"} 0"));
    let server = &server;
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                let main = format!("import numpy\n\ndef main():\n    return {number}\n");
                let id = id(&upload(server, &[("main.py", &main), ("requirements.txt", "numpy")], &[]));
                assert_eq!(invoke(server, &id), json!(number));
            });
        }
    });
    assert_eq!(server.stderr().matches("the data guest is opened").count(), 1);
    assert!((0..TRIES).any(|_| shows("actiond_images_hot{guest=\"data\"} 4")));
    assert!(shows("actiond_guest_open{guest=\"data\"} 1") && shows("actiond_images_hot{guest=\"base\"} 0"));
}

/// The data guest once more, with a manifest of one's own.
fn another(place: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let dir = place.join("guest");
    fs::create_dir_all(&dir).expect("a folder");
    for name in ["python.wasm", "lib", "shim", "wheels"] {
        // It may be there from before.
        let _ = symlink(data_guest().join(name), dir.join(name));
    }
    let mut manifest = manifest(&data_guest());
    change(&mut manifest);
    fs::write(dir.join("manifest.json"), manifest.to_string()).expect("a file");
    dir
}

#[test]
fn a_data_guest_that_cannot_be_opened_is_tried_again() {
    let index = index();
    let place = Arc::new(Place::new());
    let damaged = |manifest: &mut Value| manifest["files"]["python.wasm"] = json!("0".repeat(64));
    let dir = another(place.path(), damaged);
    let server = Server::again_with(
        place.clone(),
        &[
            ("ACTIOND_DATA_GUEST", dir.to_str().expect("UTF-8")),
            ("ACTIOND_DEPENDENCIES_INDEX_URL", &index.url()),
        ],
    );
    let files = [("main.py", MAIN), ("requirements.txt", "pandas")];
    for _ in 0..2 {
        assert_eq!(upload(&server, &files, &[]).status, 500);
    }
    assert_eq!(upload(&server, &[("main.py", "def main():\n    return 1\n")], &[]).status, 200);
    // It is mended, and nobody restarts the server.
    another(place.path(), |_| ());
    let answer = upload(&server, &files, &[]);
    assert_eq!(invoke(&server, &id(&answer)), Own::read().all());
    // One without the packages is none.
    another(place.path(), |manifest| manifest["packages"] = json!([]));
    assert_eq!(upload(&server, &files, &[]).status, 500);
    let said = server.stop().stderr;
    assert!(said.contains("it has no numpy"), "{said}");
}
