//! What is found in the files of an action, and what is refused.

use tempfile::TempDir;

use super::*;

type Files<'a> = &'a [(&'a str, &'a str)];

fn read_of(files: Files<'_>) -> Result<Declared, String> {
    let place = TempDir::new().unwrap();
    for (name, text) in files {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    declared(place.path(), &Version::new([3, 13, 5])).map_err(|error| error.to_string())
}

/// The requirements, one after another; empty when nothing is declared.
fn lines(files: Files<'_>) -> Result<String, String> {
    Ok(match read_of(files)? {
        Declared::Nothing => String::new(),
        Declared::Vendored { natives, count, data } => {
            let data: String = data.iter().map(|found| format!(" {}", found.name)).collect();
            format!("vendored {natives:?} {count}{data}")
        }
        Declared::Required(found) => {
            let lines: Vec<String> = found.lines.iter().map(ToString::to_string).collect();
            format!("{}: {}", found.file, lines.join(" | "))
        }
    })
}

fn project(text: &str) -> String {
    format!("[project]\nname = \"x\"\n{text}\n")
}

type Rows<'a> = &'a [(Files<'a>, Result<&'a str, &'a str>)];

#[track_caller]
fn check(rows: Rows<'_>) {
    for (files, expected) in rows {
        let found = lines(files);
        assert_eq!(found.as_deref().map_err(String::as_str), *expected, "{files:?}");
    }
}

#[test]
fn what_is_declared_is_found() {
    let listed = project("dependencies = [\"a>=1\", 'b ; python_version < \"4\"']");
    check(&[
        (&[("main.py", "")], Ok("")),
        (&[("pyproject.toml", "")], Ok("")),
        (&[("pyproject.toml", "[tool.ruff]\nline-length = 1\n")], Ok("")),
        (&[("pyproject.toml", &project("dependencies = []"))], Ok("")),
        (&[("pyproject.toml", &listed)], Ok("pyproject.toml: a>=1 | b ; python_version < \"4\"")),
        (&[("requirements.txt", "")], Ok("")),
        (&[("requirements.txt", "# none\n\n")], Ok("")),
        (
            &[("requirements.txt", "\u{feff}a==1 # why\r\nb \\\n  >=2\nc#d\n")],
            Err(
                "requirements.txt: \"c#d\" is refused: it is no requirement as `name[extra]>=1.2,<2; python_version >= \
                 \"3.8\"`",
            ),
        ),
        (&[("requirements.txt", "a==1 # why\r\nb \\\n  >=2")], Ok("requirements.txt: a==1 | b>=2")),
        (&[("requirements.txt", "a \\")], Ok("requirements.txt: a")),
        // The project's list goes before the other file; without one, the file counts.
        (
            &[("pyproject.toml", &listed), ("requirements.txt", "c")],
            Ok("pyproject.toml: a>=1 | b ; python_version < \"4\""),
        ),
        (&[("pyproject.toml", &project("")), ("requirements.txt", "c")], Ok("requirements.txt: c")),
        // What came along goes before both.
        (&[("dependencies/a.py", ""), ("requirements.txt", "-r x")], Ok("vendored [] 0")),
        (
            &[("dependencies/a/b.so", ""), ("dependencies/a/c.PYD", ""), ("dependencies/d.py", "")],
            Ok("vendored [\"dependencies/a/b.so\", \"dependencies/a/c.PYD\"] 2"),
        ),
        (
            &[
                ("dependencies/numpy/a.so", ""),
                ("dependencies/numpy.libs/b.so", ""),
                ("dependencies/pandas-2.3.3.dist-info/METADATA", ""),
                ("dependencies/c/numpy/d.so", ""),
            ],
            Ok("vendored [\"dependencies/c/numpy/d.so\"] 1 numpy pandas"),
        ),
    ]);
}

#[test]
fn what_a_project_says_is_checked() {
    check(&[
        (
            &[("pyproject.toml", &project("requires-python = \">=3.8\"")), ("requirements.txt", "c")],
            Ok("requirements.txt: c"),
        ),
        (
            &[("pyproject.toml", &project("requires-python = \">=3.14\"")), ("dependencies/a.py", "")],
            Err("pyproject.toml: requires-python is \">=3.14\", and actions run on Python 3.13.5: widen it"),
        ),
        (&[("pyproject.toml", &project("requires-python = \"==3.13.*\""))], Ok("")),
        (
            &[("pyproject.toml", &project("requires-python = 3"))],
            Err("pyproject.toml: project.requires-python is not versions as \">=3.8\""),
        ),
        (
            &[("pyproject.toml", &project("requires-python = \"three\""))],
            Err("pyproject.toml: project.requires-python is not versions as \">=3.8\""),
        ),
        (
            &[("pyproject.toml", "[project\n")],
            Err("pyproject.toml: line 1: invalid table header, expected `.`, `]`"),
        ),
        (&[("pyproject.toml", "project = 1")], Err("pyproject.toml: project is not a table")),
        (
            &[("pyproject.toml", &project("dependencies = \"a\""))],
            Err("pyproject.toml: project.dependencies is not a list of texts"),
        ),
        (
            &[("pyproject.toml", &project("dependencies = [1]"))],
            Err("pyproject.toml: project.dependencies is not a list of texts"),
        ),
        (
            &[("pyproject.toml", &project("dynamic = [\"dependencies\"]"))],
            Err(
                "pyproject.toml: lists dependencies as dynamic, and nothing is built here: list them in project.dependencies",
            ),
        ),
        (
            &[("requirements.txt", "a\n-r /etc/passwd\n")],
            Err(
                "requirements.txt: \"-r /etc/passwd\" is refused: options are not taken: the operator says where packages \
                 come from",
            ),
        ),
    ]);
}

#[test]
fn each_limit_takes_what_is_below_and_refuses_what_is_above() {
    let requirements = |count: usize| "a\n".repeat(count);
    assert!(lines(&[("requirements.txt", &requirements(REQUIREMENTS_MAX))]).is_ok());
    assert_eq!(
        lines(&[("requirements.txt", &requirements(REQUIREMENTS_MAX + 1))]).unwrap_err(),
        "requirements.txt: has more than 200 requirements: leave out what the action does not need"
    );
    let comment = |bytes: usize| format!("#{}", "x".repeat(bytes - 1));
    let bytes_max = usize::try_from(FILE_BYTES_MAX).unwrap();
    assert!(lines(&[("requirements.txt", &comment(bytes_max))]).is_ok());
    assert_eq!(
        lines(&[("requirements.txt", &comment(bytes_max + 1))]).unwrap_err(),
        "requirements.txt: is larger than 262144 bytes: shorten it"
    );
    let natives: Vec<String> = (0..12).map(|number| format!("dependencies/{number:02}.so")).collect();
    let files: Vec<(&str, &str)> = natives.iter().map(|name| (name.as_str(), "")).collect();
    let warning = read_of(&files).unwrap().warnings().remove(0);
    assert!(warning.contains("dependencies/09.so, … (12)") && !warning.contains("10.so"), "{warning}");
}
