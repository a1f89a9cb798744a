//! One action that gets packages: from its requirements to a lock, and from that to a folder of packages.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path};

use tokio::time::Instant;

use super::{
    declared::Requirements,
    fallback, installed,
    lock::{self, Pin},
    provided::{self, Provided, needs_data},
    refusal::{Error, Fault},
    resolver::{Settings, Watch},
    uv::{Call, Ended, Uv, cause, not_pure, understood},
};
use crate::model::guest::GuestKind;

/// No native wheel is made for it, and its markers are those of WebAssembly.
const PLATFORM: &str = "wasm32-pyodide2024";
/// Where wheels with native modules are taken from that can do without.
const NATIVE_PLATFORM: &str = "x86_64-manylinux_2_28";
/// How often it is looked again after a package was made pure.
const ROUNDS_MAX: usize = 8;
const REQUIREMENTS: &str = "requirements.in";
const LOCKED: &str = "requirements.lock";
/// The versions of NumPy and pandas.
const CONSTRAINTS: &str = "constraints.in";
/// What stands for NumPy and pandas, and for all that the data guest has.
const OWN_DATA: &str = "own-data";
const OWN_ALL: &str = "own-all";

/// What is at work for one action.
pub(super) struct Build<'a> {
    pub(super) settings: &'a Settings,
    pub(super) requirements: &'a Requirements,
    /// What the data guest has; `None` where there is none.
    pub(super) provided: Option<Provided>,
    pub(super) uv: Uv,
    pub(super) folder: &'a Path,
    pub(super) until: Instant,
    pub(super) watch: &'a Watch,
}

/// What of the data guest's own counts while packages are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// NumPy and pandas only: whatever needs neither is found as if there was no data guest.
    Data,
    /// All that it has, in its versions wherever these will do.
    All,
}

impl Build<'_> {
    /// Puts the packages into the folder, and the lock beside them; the guest that they need, and what their owner should know.
    pub(super) async fn run(&self) -> Result<(GuestKind, Vec<String>), Error> {
        for folder in ["wheels", "packages", OWN_DATA, OWN_ALL] {
            self.make(folder)?;
        }
        let lines: String = self.requirements.lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(REQUIREMENTS, &lines)?;
        if let Some(provided) = &self.provided {
            self.write(CONSTRAINTS, &provided.constraints())?;
            let (path, data, all) =
                (self.folder.to_owned(), self.folder.join(OWN_DATA), self.folder.join(OWN_ALL));
            provided.lay(&data, &all).map_err(|source| Error::Folder { path, source })?;
        }
        let (pins, guest) = self.chosen().await?;
        let (mut own, mut fetched, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for pin in pins {
            match self
                .provided
                .as_ref()
                .filter(|_| guest == GuestKind::Data)
                .and_then(|all| all.pin(&pin.name))
            {
                Some(of_guest) => {
                    warnings.extend(other_version(&pin, &of_guest));
                    own.push(of_guest);
                }
                None => fetched.push(pin),
            }
        }
        lock::narrow(&mut fetched, self.requirements)?;
        self.install(&own, &fetched).await?;
        let packages = self.folder.join("packages");
        let tidied = tokio::task::spawn_blocking(move || installed::tidy(&packages)).await;
        tidied.map_err(|error| Error::Uv(error.to_string()))??;
        fetched.extend(own);
        fetched.sort_by(|one, other| one.name.cmp(&other.name));
        self.write(&format!("packages/{LOCKED}"), &lock::written(&fetched))?;
        Ok((guest, warnings))
    }

    /// What is fetched, and what only says that the guest has it.
    async fn install(&self, own: &[Pin], fetched: &[Pin]) -> Result<(), Error> {
        self.write(LOCKED, &lock::written(fetched))?;
        self.write("own.in", &lock::written(own))?;
        let target = ["pip", "install", "--no-deps", "--target", "packages"];
        let fetch = [&target[..], &["--require-hashes", "-r", LOCKED]].concat();
        let describe = [&target[..], &["--no-index", "--find-links", OWN_ALL, "-r", "own.in"]].concat();
        for (pins, arguments) in [(fetched, fetch), (own, describe)] {
            if !pins.is_empty() {
                let ended = self.call(PLATFORM, &arguments).await?;
                if !ended.is_good {
                    return Err(self.failed(&ended));
                }
            }
        }
        Ok(())
    }

    /// The one version of each package, and the guest that they need. Only what needs NumPy or pandas gets the data guest, and
    /// only there its own versions of other packages are preferred.
    async fn chosen(&self) -> Result<(Vec<Pin>, GuestKind), Error> {
        let data = |pins: &[Pin]| pins.iter().find(|pin| needs_data(&pin.name)).map(|pin| pin.name.clone());
        if self.provided.is_none() {
            let pins = self.locked(None).await?;
            return data(&pins).map_or(Ok((pins, GuestKind::Base)), |name| Err(Error::NoDataGuest(name)));
        }
        // Where it is named, all that is needed may be in the guest, and nothing of it in the index.
        if self.requirements.lines.iter().any(|line| needs_data(&line.name)) {
            let pins = self.locked(Some(Own::All)).await?;
            if data(&pins).is_some() {
                return Ok((pins, GuestKind::Data));
            }
        }
        match self.locked(Some(Own::Data)).await {
            Ok(pins) if data(&pins).is_none() => Ok((pins, GuestKind::Base)),
            Ok(_) => Ok((self.locked(Some(Own::All)).await?, GuestKind::Data)),
            // What a package needs besides pandas may be in the guest alone.
            Err(error) if error.fault() == Fault::Action => match self.locked(Some(Own::All)).await {
                Ok(pins) if data(&pins).is_some() => Ok((pins, GuestKind::Data)),
                Ok(_) | Err(_) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// The one version of each package. One that has native wheels only, and works without what is native in them, is made
    /// pure first; so is one that was found pure, for that may be a version of long ago.
    async fn locked(&self, own: Option<Own>) -> Result<Vec<Pin>, Error> {
        let mut arguments =
            vec!["pip", "compile", "--generate-hashes", "--no-header", "-o", LOCKED, REQUIREMENTS];
        let preferences = match (own, &self.provided) {
            (Some(Own::All), Some(provided)) => provided.preferences(),
            (Some(Own::Data) | None, _) | (_, None) => String::new(),
        };
        if let Some(own) = own {
            let wheels = if own == Own::All { OWN_ALL } else { OWN_DATA };
            arguments.extend(["--constraint", CONSTRAINTS, "--find-links", wheels]);
        }
        let mut made = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            // What it finds there is preferred: nothing that an earlier round wrote.
            self.write(LOCKED, &preferences)?;
            let ended = self.call(PLATFORM, &arguments).await?;
            let pins = if ended.is_good { lock::parse(&self.read(LOCKED)?) } else { Vec::new() };
            let names = pins.iter().map(|pin| pin.name.clone()).chain(not_pure(&ended.said));
            let is_wanted = |name: &String| {
                self.settings.fallbacks.contains(name) && !made.contains(name) && !needs_data(name)
            };
            let wanted: BTreeSet<String> = names.filter(is_wanted).collect();
            if wanted.is_empty() {
                return if ended.is_good { Ok(pins) } else { Err(self.failed(&ended)) };
            }
            for name in &wanted {
                self.make_pure(name).await?;
            }
            made.extend(wanted);
        }
        Err(Error::NoVersions("too many packages have native wheels only".to_owned()))
    }

    /// Makes a pure wheel of a package. That there is no wheel to make it of is told by whoever looks for it next.
    async fn make_pure(&self, name: &str) -> Result<(), Error> {
        let folder = format!("native-{name}");
        self.make(&folder)?;
        let versions = self.requirements.lines.iter().find(|line| line.name == name);
        let versions = versions.map_or("", |line| line.versions.as_str());
        self.write("native.in", &format!("{name}{versions}\n"))?;
        let arguments = ["pip", "install", "--no-deps", "--target", &folder, "-r", "native.in"];
        if self.call(NATIVE_PLATFORM, &arguments).await?.is_good {
            self.watch.see(&format!("{name}: native modules are left out"));
            let (from, to) = (self.folder.join(folder), self.folder.join("wheels"));
            let made = tokio::task::spawn_blocking(move || fallback::make(&from, &to)).await;
            made.map_err(|error| Error::Uv(error.to_string()))??;
        }
        Ok(())
    }

    async fn call(&self, platform: &str, arguments: &[&str]) -> Result<Ended, Error> {
        let mut all: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let python = self.settings.python.to_string();
        all.extend(
            ["--python-version", &python, "--python-platform", platform, "--only-binary", ":all:"]
                .map(OsString::from),
        );
        all.extend(["--find-links", "wheels"].map(OsString::from));
        for place in &self.settings.find_links {
            all.extend(["--find-links".into(), OsString::from(place)]);
        }
        if self.settings.offline {
            all.push("--offline".into());
        }
        let (folder, until) = (self.folder, self.until);
        let call = Call { arguments: all, folder, until, watch: Some(self.watch) };
        self.uv.call(call).await?.ok_or(Error::Timeout(self.settings.wall))
    }

    fn failed(&self, ended: &Ended) -> Error {
        if ended.is_too_large {
            return Error::TooLarge { bytes_max: self.settings.bytes };
        }
        let error = understood(&ended.said);
        if !matches!(error, Error::NotPure(_) | Error::NoVersions(_)) {
            return error;
        }
        let (data, mut others): (Vec<String>, Vec<String>) =
            not_pure(&ended.said).into_iter().partition(|name| needs_data(name));
        let Some(provided) = &self.provided else {
            return data.into_iter().next().map_or(error, Error::NoDataGuest);
        };
        if let Some((line, own)) = provided::unfit(&self.requirements.lines, provided) {
            let (asked, name, own) = (line.to_string(), line.name.clone(), own.to_owned());
            return Error::OtherVersion { asked, name, own };
        }
        match (others.pop(), data.is_empty()) {
            (Some(name), _) => Error::NotPure(name),
            (None, false) => {
                Error::NoVersions(format!("{}; a sandbox has {}", cause(&ended.said), provided.told()))
            }
            (None, true) => error,
        }
    }

    fn make(&self, folder: &str) -> Result<(), Error> {
        let path = self.folder.join(folder);
        fs::create_dir_all(&path).map_err(|source| Error::Folder { path, source })
    }

    fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(file);
        fs::write(&path, text).map_err(|source| Error::Folder { path, source })
    }

    fn read(&self, file: &str) -> Result<String, Error> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|source| Error::Folder { path, source })
    }
}

/// What to say of a package that was found in another version than the guest has: modules are imported from the guest.
fn other_version(found: &Pin, of_guest: &Pin) -> Option<String> {
    let (name, own) = (&found.name, &of_guest.version);
    (found.version != *own).then(|| {
        format!(
            "{name} {} is required, and the sandbox's own {own} is used beside NumPy and pandas",
            found.version
        )
    })
}
