//! `actiond init`: a folder with an action to start from.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};

use super::{command::Failure, ending};
use crate::{
    model::action::{Kind, NAME_CHARS_MAX},
    templates::{TEMPLATES, Template, template},
    terminal::Terminal,
};

const PAYLOAD: &str = "payload.json";
const PYPROJECT: &str = "pyproject.toml";

const EXAMPLES: &str = "\
Examples:
  actiond init checkout-alerts
  actiond init checkout-alerts --template slack
  actiond init reports/weekly --template report

Then `actiond dev checkout-alerts` runs it whenever a file of it changes, and `actiond deploy checkout-alerts` uploads it.

Exit codes: 0 written, 2 wrong usage, or the folder is there already, 70 a failure of actiond itself.";

/// Write a new action into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder that is made; its last part is the action's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// What to start from
    #[arg(long, value_name = "NAME", default_value = "upper-distinct", value_parser = known())]
    template: String,
}

fn known() -> clap::builder::PossibleValuesParser {
    TEMPLATES
        .iter()
        .map(|template| clap::builder::PossibleValue::new(template.name).help(template.about))
        .into()
}

/// Writes the folder; what is there already stays as it is.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let folder = &args.folder;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let sound = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'))
        && name.len() <= NAME_CHARS_MAX;
    if !sound {
        let what = format!(
            "{:?} is no name: write 1 to {NAME_CHARS_MAX} letters, digits, -, _ and ., the first and last of them a letter or digit",
            folder.display().to_string()
        );
        return Err(Failure::BadInput(anyhow!(what)));
    }
    let template = template(&args.template).ok_or_else(|| Failure::BadInput(anyhow!("no such template")))?;
    make(folder)?;
    write(folder, name, template)
        .with_context(|| format!("cannot write {}", folder.display()))
        .map_err(Failure::Internal)?;
    ending::line(&format!("wrote {}: {}", folder.display(), template.title)).map_err(Failure::Internal)?;
    let shown = folder.display();
    terminal.aside(&format!("next: actiond run {shown} --data {shown}/{PAYLOAD}"));
    terminal.aside(&format!("      actiond dev {shown}"));
    terminal.aside(&format!("      {}", deploy(&shown.to_string(), template)));
    Ok(ExitCode::SUCCESS)
}

fn make(folder: &Path) -> Result<(), Failure> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = fs::create_dir_all(above).and_then(|()| DirBuilder::new().create(folder));
    made.map_err(|error| {
        let why = match error.kind() == ErrorKind::AlreadyExists {
            true => "is there already: give another name, or remove it".to_owned(),
            false => format!("cannot be made ({}): check the path and its permissions", error.kind()),
        };
        Failure::BadInput(anyhow!("{}: {why}", folder.display()))
    })
}

fn write(folder: &Path, name: &str, template: &Template) -> io::Result<()> {
    let (project, readme) = (pyproject(name, template), readme(name, template));
    let ours = [(PAYLOAD, template.payload), (PYPROJECT, &*project), ("README.md", &*readme)];
    for (name, text) in template.files.iter().copied().chain(ours) {
        let mut file = OpenOptions::new().write(true).create_new(true).open(folder.join(name))?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn pyproject(name: &str, template: &Template) -> String {
    let about = template.about;
    format!(
        "[project]
name = \"{name}\"
version = \"0.1.0\"
description = \"{about}\"
requires-python = \">=3.13\"
# Packages that it needs, such as \"requests>=2.32\". They are installed when it is run or deployed.
dependencies = []
"
    )
}

fn readme(name: &str, template: &Template) -> String {
    let (about, deploy) = (template.about, deploy(".", template));
    format!(
        "# {name}

{about} `main.py` is the action, `{PAYLOAD}` records to try it with, and `{PYPROJECT}` names the packages that it needs.

```sh
actiond run . --data {PAYLOAD}   # once, here
actiond dev .                      # whenever a file changes
{deploy}
```
"
    )
}

fn deploy(path: &str, template: &Template) -> String {
    let needs = if template.needs.is_empty() { String::new() } else { format!(" {}", template.needs) };
    match (template.kind, template.schedule) {
        (Kind::Repeat, Some(schedule)) => format!("actiond deploy {path} --schedule '{schedule}'{needs}"),
        (Kind::Once | Kind::Repeat | Kind::Service, _) => format!("actiond deploy {path}{needs}"),
    }
}
