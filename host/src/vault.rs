//! The vault: seals what must not lie on the disk in clear, with XChaCha20-Poly1305. Owns the key, and the file that it is
//! in where the configuration does not say it.
//!
//! Sealed bytes are a form byte, the nonce of 24 random bytes, the ciphertext and its tag. They are bound to where they
//! belong: what was sealed for one place opens at no other.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _, Payload},
};
use zeroize::Zeroizing;

use crate::{
    model::{
        id::ActionId,
        secret::{Owner, Place},
    },
    random,
};

/// How much longer sealed bytes are.
pub(crate) const SEALED_BYTES: usize = 1 + NONCE_BYTES + 16;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const FORM: u8 = 1;
/// A key's file holds a line of 44 characters.
const FILE_BYTES_MAX: u64 = 1_024;
const CHECKED: &[u8] = b"actiond";

/// Seals and opens. Cheap to clone; the key is wiped from memory with the last one.
#[derive(Clone)]
pub(crate) struct Vault(Arc<XChaCha20Poly1305>);

/// Where the key is.
pub(crate) enum KeySource<'a> {
    /// As text, in the configuration.
    Said(&'a str),
    /// In that file, which is made where there is none.
    File(&'a Path),
}

/// Why there is no vault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "the store holds secrets, but their key is not there: put it back as {0} or into ACTIOND_SECRET_KEY, \
         or start once with --forget-secrets to remove them"
    )]
    Missing(PathBuf),
    #[error(
        "{0} holds another key than the one that the store's secrets were encrypted with: give that one, \
         or start once with --forget-secrets to remove them"
    )]
    Other(String),
    #[error("{0} holds no key: it is 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them")]
    NoKey(String),
    #[error("cannot {doing} the key file {path} ({why})")]
    File { doing: &'static str, path: PathBuf, why: io::ErrorKind },
}

/// It was sealed with another key or for another place, or is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is damaged, or was encrypted with another key")]
pub(crate) struct Unsealable;

/// What sealed bytes are bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound<'a> {
    Secret(&'a Place),
    /// The memory of a stateful action.
    Memory(&'a ActionId),
    /// Who is logged in at the console.
    Session,
    /// The text by which the key is known again.
    Check,
}

impl Vault {
    /// Reads the key, or makes its file. `check`: what [`Vault::check`] gave when the first secret was kept. Blocks.
    pub(crate) fn open(source: &KeySource<'_>, check: Option<&[u8]>) -> Result<Self, Error> {
        let key = match source {
            KeySource::Said(text) => parse(text).ok_or_else(|| Error::NoKey(source.to_string()))?,
            KeySource::File(path) => match read(path)? {
                Some(text) => parse(&text).ok_or_else(|| Error::NoKey(source.to_string()))?,
                None if check.is_some() => return Err(Error::Missing(path.to_path_buf())),
                None => make(path)?,
            },
        };
        let vault = Self::with(&key);
        match check {
            Some(check) if !vault.opens(check) => Err(Error::Other(source.to_string())),
            Some(_) | None => Ok(vault),
        }
    }

    /// That of the key before, if `check` is still of that one.
    pub(crate) fn earlier(text: &str, check: &[u8]) -> Result<Option<Self>, Error> {
        let vault = Self::with(&*parse(text).ok_or_else(|| Error::NoKey("secret.key_old".to_owned()))?);
        Ok(vault.opens(check).then_some(vault))
    }

    /// Whether `check` is of its key.
    pub(crate) fn opens(&self, check: &[u8]) -> bool {
        self.unseal(Bound::Check, check).is_ok()
    }

    fn with(key: &[u8; KEY_BYTES]) -> Self {
        Self(Arc::new(XChaCha20Poly1305::new(key.into())))
    }

    pub(crate) fn seal(&self, bound: Bound<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random::bytes();
        let payload = Payload { msg: plain, aad: &bound.bytes() };
        let sealed = self.0.encrypt(&nonce.into(), payload).expect("it is far below the cipher's limit");
        [&[FORM][..], &nonce, &sealed].concat()
    }

    pub(crate) fn unseal(&self, bound: Bound<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let rest = sealed.strip_prefix(&[FORM]).ok_or(Unsealable)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable)?;
        let payload = Payload { msg: sealed, aad: &bound.bytes() };
        self.0.decrypt(nonce.into(), payload).map(Zeroizing::new).map_err(|_| Unsealable)
    }

    /// By what this key is known again.
    pub(crate) fn check(&self) -> Vec<u8> {
        self.seal(Bound::Check, CHECKED)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault")
    }
}

impl fmt::Display for KeySource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(_) => formatter.write_str("secret.key"),
            Self::File(path) => write!(formatter, "the key file {}", path.display()),
        }
    }
}

impl Bound<'_> {
    /// Different for all places: organisations and names hold no zero, ids are all of one length.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Secret(Place { org, owner, name }) => {
                let owner: &[&[u8]] = match owner {
                    Owner::Organisation => &[b"organisation"],
                    Owner::Action(id) => &[b"action", id.as_bytes()],
                };
                [b"secret\0", org.as_str().as_bytes(), b"\0", &owner.concat(), b"\0", name.as_bytes()]
                    .concat()
            }
            Self::Memory(action) => [b"memory\0", &action.as_bytes()[..]].concat(),
            Self::Session => b"session\0".to_vec(),
            Self::Check => b"check\0".to_vec(),
        }
    }
}

fn parse(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let bytes = Zeroizing::new(STANDARD.decode(text.trim_ascii()).ok()?);
    Some(Zeroizing::new(<[u8; KEY_BYTES]>::try_from(&**bytes).ok()?))
}

/// `None` when there is no such file.
fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path);
    match file.and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text)) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some(Zeroizing::new(String::new()))),
        Err(error) => Err(failed("read", path, &error)),
    }
}

/// Makes a key, and is sure of its file before anything is sealed with it. Nobody sees a file with half a key.
fn make(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, Error> {
    let key = Zeroizing::new(random::bytes::<KEY_BYTES>());
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(*key)));
    let new = path.with_added_extension("new");
    let write = || {
        // Half of one, of a start that died.
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| failed("make", path, &error))?;
    Ok(key)
}

fn failed(doing: &'static str, path: &Path, error: &io::Error) -> Error {
    Error::File { doing, path: path.to_owned(), why: error.kind() }
}

#[cfg(test)]
mod tests;
