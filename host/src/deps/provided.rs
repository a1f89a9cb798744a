//! The packages that the data guest has built in: which versions, what stands for them while others are looked for, and how a
//! folder of packages tells that they are needed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use actiond_runtime::{Guest, Package};

use super::{
    declared::VENDORED,
    lock::Pin,
    refusal::Error,
    requirement::{Requirement, normalized},
};
use crate::model::guest::GuestKind;

/// Whatever needs one of these needs the data guest. They exist as native modules only.
const DATA: [&str; 2] = ["numpy", "pandas"];
const DIST_INFO: &str = ".dist-info";

/// What an installed data guest provides.
#[derive(Debug, Clone)]
pub(super) struct Provided {
    packages: Vec<Package>,
    /// A wheel for each of them that holds nothing but what describes it.
    wheels: PathBuf,
}

/// One of them that came along with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vendored {
    pub(super) name: &'static str,
    /// As its `dist-info` says, where it has one.
    pub(super) version: Option<String>,
}

impl Vendored {
    /// Whether a folder of that name is the package's: its modules, or the libraries that its wheels bring.
    pub(super) fn is_folder(&self, name: &str) -> bool {
        name.strip_suffix(".libs").unwrap_or(name) == self.name
    }
}

impl Provided {
    /// `None`: there is no data guest in `dir`. Blocks.
    pub(super) fn of(dir: &Path) -> Result<Option<Self>, Error> {
        if !dir.join("manifest.json").exists() {
            return Ok(None);
        }
        let unusable = |why: String| Error::DataGuest { path: dir.to_owned(), why };
        let guest = Guest::open(dir).map_err(|error| unusable(error.to_string()))?;
        let packages = guest.packages().iter();
        let packages = packages.map(|found| Package { name: normalized(&found.name), ..found.clone() });
        let provided = Self { packages: packages.collect(), wheels: guest.wheels() };
        match DATA.into_iter().find(|name| provided.version(name).is_none()) {
            Some(missing) => Err(unusable(format!("it has no {missing}"))),
            None => Ok(Some(provided)),
        }
    }

    /// The one version that there is of a package; `None`: the guest does not have it.
    pub(super) fn version(&self, name: &str) -> Option<&str> {
        let mut packages = self.packages.iter();
        packages.find(|package| package.name == name).map(|package| package.version.as_str())
    }

    /// Its pin of a package, if the guest has that. No hash: nothing is fetched.
    pub(super) fn pin(&self, name: &str) -> Option<Pin> {
        let version = self.version(name)?.to_owned();
        Some(Pin { name: name.to_owned(), version, hashes: Vec::new() })
    }

    /// As a file of constraints has it: NumPy and pandas are of these versions, wherever they are needed.
    pub(super) fn constraints(&self) -> String {
        let lines = DATA.iter().filter_map(|name| Some(format!("{name}=={}\n", self.version(name)?)));
        lines.collect()
    }

    /// As an earlier lock has it, so that these versions are preferred.
    pub(super) fn preferences(&self) -> String {
        self.packages.iter().map(|package| format!("{}=={}\n", package.name, package.version)).collect()
    }

    /// Copies the wheels of NumPy and pandas into `only`, and those of all packages into `all`. Blocks.
    pub(super) fn lay(&self, only: &Path, all: &Path) -> io::Result<()> {
        for entry in fs::read_dir(&self.wheels)? {
            let name = entry?.file_name();
            let package = name.to_str().and_then(|name| name.split('-').next()).map(normalized);
            if package.is_some_and(|package| DATA.contains(&package.as_str())) {
                fs::copy(self.wheels.join(&name), only.join(&name))?;
            }
            fs::copy(self.wheels.join(&name), all.join(&name))?;
        }
        Ok(())
    }

    /// What there is, for people.
    pub(super) fn told(&self) -> String {
        let told = DATA.iter().filter_map(|name| Some(format!("{name} {}", self.version(name)?)));
        told.collect::<Vec<_>>().join(" and ")
    }

    /// That a package which came along is of the version that is used.
    pub(super) fn check(&self, vendored: &Vendored) -> Result<(), Error> {
        let (Some(own), Some(version)) = (self.version(vendored.name), &vendored.version) else {
            return Ok(());
        };
        if own == version {
            return Ok(());
        }
        let (name, vendored, own) = (vendored.name, version.clone(), own.to_owned());
        Err(Error::VendoredVersion { name, vendored, own })
    }
}

/// Whether a package exists in the data guest only.
pub(super) fn needs_data(name: &str) -> bool {
    DATA.contains(&name)
}

/// The first requirement that names one of them in a version that is not the guest's.
pub(super) fn unfit<'a>(
    lines: &'a [Requirement],
    provided: &'a Provided,
) -> Option<(&'a Requirement, &'a str)> {
    lines.iter().find_map(|line| {
        let own = provided.version(&line.name).filter(|_| needs_data(&line.name))?;
        (!line.takes(own)).then_some((line, own))
    })
}

/// Those of NumPy and pandas that lie in `folder`, as `dependencies/` of a bundle: with their files, or described only. What
/// cannot be read is not there for guests either.
pub(super) fn vendored(folder: &Path) -> Vec<Vendored> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let of = |wanted: &'static str| {
        let mut labels = names.iter().filter_map(|name| name.strip_suffix(DIST_INFO)?.rsplit_once('-'));
        let version =
            labels.find(|(name, _)| normalized(name) == wanted).map(|(_, version)| version.to_owned());
        let is_there = version.is_some() || folder.join(wanted).is_dir();
        is_there.then_some(Vendored { name: wanted, version })
    };
    DATA.into_iter().filter_map(of).collect()
}

/// The guest that the packages of an unpacked bundle need, whether they came along or were installed.
pub(crate) fn guest_of(root: &Path) -> GuestKind {
    if vendored(&root.join(VENDORED)).is_empty() { GuestKind::Base } else { GuestKind::Data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_along_tells_the_guest() {
        type Found<'a> = &'a [(&'a str, Option<&'a str>)];
        let rows: &[(&[&str], Found<'_>)] = &[
            (&[], &[]),
            (&["requests/__init__.py", "numpy_financial/__init__.py", "pandas-stubs/a.pyi"], &[]),
            (&["numpy.py"], &[]),
            (&["numpy_financial-1.0.dist-info/METADATA"], &[]),
            (&["numpy/__init__.py"], &[("numpy", None)]),
            (&["numpy-2.3.5.dist-info/METADATA"], &[("numpy", Some("2.3.5"))]),
            (
                &["pandas/__init__.py", "pandas-2.2.0.dist-info/METADATA", "numpy/a.py"],
                &[("numpy", None), ("pandas", Some("2.2.0"))],
            ),
        ];
        for (files, expected) in rows {
            let place = tempfile::TempDir::new().unwrap();
            for file in *files {
                let path = place.path().join(VENDORED).join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            let found = vendored(&place.path().join(VENDORED));
            let found: Vec<_> = found.iter().map(|found| (found.name, found.version.as_deref())).collect();
            assert_eq!(found, *expected, "{files:?}");
            let guest = if expected.is_empty() { GuestKind::Base } else { GuestKind::Data };
            assert_eq!(guest_of(place.path()), guest, "{files:?}");
        }
    }
}
