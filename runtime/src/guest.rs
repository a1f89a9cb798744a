//! The guest as it lies on disk: the directory that `python-wasm/build.sh` made. Owns reading its manifest and splitting
//! its module into code and initial memory; compiling is the engine's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use wasm_encoder::{Module, RawSection};
use wasmparser::{DataKind, Operator, Parser, Payload};

use crate::error::{Error, Result};

const MANIFEST_FORMAT: u32 = 1;
const WASM_PAGE_BYTES: u64 = 65_536;
const INITIAL_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// A guest that was found and can be compiled.
#[derive(Debug, Clone)]
pub struct Guest {
    dir: PathBuf,
    manifest: Manifest,
}

#[derive(Debug, Clone, Deserialize)]
struct Manifest {
    format: u32,
    guest: String,
    python: String,
    key: String,
    /// The base guest has none.
    #[serde(default)]
    packages: Vec<Package>,
    files: Files,
}

/// A package that is built into a guest: it needs no installing, and there is no other version of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// As indexes write it, such as `python-dateutil`.
    pub name: String,
    /// Its one version, such as `2.9.0.post0`.
    pub version: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Files {
    #[serde(rename = "python.wasm")]
    wasm_sha256: String,
}

/// A module without its data, and the memory that the data make.
pub(crate) struct Split {
    pub(crate) code: Vec<u8>,
    pub(crate) memory: Vec<u8>,
}

impl Guest {
    /// Opens the guest in `dir`; reads its manifest only.
    ///
    /// # Errors
    /// [`Error::Guest`] when there is none, or one of another format.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        let read = || -> std::result::Result<Manifest, Box<dyn std::error::Error + Send + Sync>> {
            let manifest: Manifest = serde_json::from_slice(&fs::read(dir.join("manifest.json"))?)?;
            if manifest.format != MANIFEST_FORMAT {
                let format = manifest.format;
                return Err(format!("manifest format {format}, this program reads {MANIFEST_FORMAT}").into());
            }
            Ok(manifest)
        };
        match read() {
            Ok(manifest) => Ok(Self { dir, manifest }),
            Err(source) => Err(Error::Guest { path: dir, source }),
        }
    }

    /// The guest's name, such as `base`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.guest
    }

    /// CPython's version, such as `3.13.5`.
    #[must_use]
    pub fn python(&self) -> &str {
        &self.manifest.python
    }

    /// The packages that are built into it.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.manifest.packages
    }

    /// The folder of wheels that stand for those packages: one each, which holds nothing but what describes it.
    #[must_use]
    pub fn wheels(&self) -> PathBuf {
        self.dir.join("wheels")
    }

    /// Changes whenever anything in the guest changes: its module, library or shim.
    pub(crate) fn key(&self) -> &str {
        &self.manifest.key
    }

    /// Changes whenever the module changes.
    pub(crate) fn module_hash(&self) -> &str {
        &self.manifest.files.wasm_sha256
    }

    /// Where the guest's `/lib` and `/shim` lie.
    pub(crate) fn tree(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads the module, checks it against the manifest and splits code from data.
    pub(crate) fn split(&self) -> Result<Split> {
        let path = self.dir.join("python.wasm");
        let wasm = fs::read(&path).map_err(Error::file("read", &path))?;
        let hash = Sha256::digest(&wasm);
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        if hash != self.manifest.files.wasm_sha256 {
            return Err(damaged(&path, "it is not the file that its manifest describes"));
        }
        split(&wasm).map_err(|source| Error::Guest { path, source })
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::Guest { path: path.to_owned(), source: what.into() }
}

/// Lays all data segments into one byte array and drops them, the data count and custom sections from the module.
///
/// An image is the linear memory alone, so the module must keep no other state between calls: one mutable global (the
/// stack pointer, back at its start whenever no call runs) and no passive segments.
fn split(wasm: &[u8]) -> std::result::Result<Split, Box<dyn std::error::Error + Send + Sync>> {
    let mut module = Module::new();
    let mut memory = Vec::new();
    let mut mutable_globals = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "sections that a later parser knows are copied as they are"
        )]
        match &payload {
            Payload::MemorySection(section) => {
                let bytes: u64 = section.clone().into_iter().try_fold(0_u64, |sum, memory| {
                    memory.map(|memory| sum.saturating_add(memory.initial.saturating_mul(WASM_PAGE_BYTES)))
                })?;
                if bytes > INITIAL_MEMORY_BYTES_MAX {
                    return Err(format!("the module starts with {bytes} bytes of memory").into());
                }
                memory = vec![0; usize::try_from(bytes)?];
            }
            Payload::GlobalSection(section) => {
                for global in section.clone() {
                    mutable_globals += u32::from(global?.ty.mutable);
                }
            }
            Payload::DataSection(section) => {
                for data in section.clone() {
                    lay(&data?, &mut memory)?;
                }
                continue;
            }
            Payload::DataCountSection { .. } | Payload::CustomSection(_) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &wasm[range] });
        }
    }
    if mutable_globals > 1 {
        return Err(format!("the module keeps state in {mutable_globals} globals").into());
    }
    Ok(Split { code: module.finish(), memory })
}

fn lay(
    data: &wasmparser::Data<'_>,
    memory: &mut [u8],
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let DataKind::Active { offset_expr, .. } = &data.kind else {
        return Err("the module has passive data".into());
    };
    let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
        return Err("a data segment's offset is not a constant".into());
    };
    let start = usize::try_from(value.cast_unsigned())?;
    let place = memory.get_mut(start..start.saturating_add(data.data.len()));
    place.ok_or("a data segment lies outside of memory")?.copy_from_slice(data.data);
    Ok(())
}
