//! Contexts: servers that somebody logged in to, in one file that only its owner can read; and which of them a command is for.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, DirBuilder, File},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{address::Address, error::Error};
use crate::config::ClientEnvironment;

const FILE_BYTES_MAX: u64 = 1 << 20;
const NAME_CHARS_MAX: usize = 100;
/// Where nobody names another.
const ORG: &str = "default";

/// A server, and who one is there.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) address: Address,
    pub(crate) email: String,
    pub(crate) token: Token,
    pub(crate) org: String,
}

/// A password or a service account's token.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

/// A login as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) server: String,
    pub(crate) email: String,
    token: Kept,
    pub(crate) org: String,
}

/// What the command line says of it.
#[derive(Debug, Default)]
pub(crate) struct Chosen<'a> {
    pub(crate) context: Option<&'a str>,
    pub(crate) org: Option<&'a str>,
}

/// The file, read.
#[derive(Debug)]
pub(crate) struct Contexts {
    path: PathBuf,
    kept: FileWire,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Kept(String);

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl Login {
    /// Who a command is for: a context that the command line names, else what the environment says, else a context.
    pub(crate) fn find(chosen: &Chosen<'_>, said: &ClientEnvironment) -> Result<Self, Error> {
        let org = chosen.org.map(str::to_owned).or_else(|| said.org.clone());
        let mut login = match (&said.server, chosen.context) {
            // A token of a context goes to no other server.
            (Some(server), None) => Self {
                address: Address::parse(server)?,
                email: said.email.clone().ok_or(Error::Incomplete("ACTIOND_EMAIL"))?,
                token: Token(
                    said.token.as_ref().ok_or(Error::Incomplete("ACTIOND_TOKEN"))?.expose().to_owned(),
                ),
                org: ORG.to_owned(),
            },
            (_, name) => {
                let contexts = Contexts::open(said)?;
                let name = name.map(str::to_owned).or_else(|| said.context.clone());
                let context = match name.or_else(|| contexts.kept.current.clone()) {
                    Some(name) => contexts.kept.contexts.get(&name).ok_or(Error::UnknownContext(name))?,
                    None => return Err(Error::NoContext),
                };
                context.login()?
            }
        };
        login.org = org.unwrap_or(login.org);
        Ok(login)
    }
}

impl Context {
    fn login(&self) -> Result<Login, Error> {
        let Self { server, email, token, org } = self.clone();
        Ok(Login { address: Address::parse(&server)?, email, token: Token(token.0), org })
    }
}

impl From<&Login> for Context {
    fn from(login: &Login) -> Self {
        Self {
            server: login.address.to_string(),
            email: login.email.clone(),
            token: Kept(login.token.0.clone()),
            org: login.org.clone(),
        }
    }
}

impl Contexts {
    /// Reads the file; without one there are no contexts.
    pub(crate) fn open(said: &ClientEnvironment) -> Result<Self, Error> {
        let path = said.contexts.clone().ok_or(Error::NoHome)?;
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { path, kept: FileWire::default() });
            }
            Err(error) => return Err(Error::ContextsFile { path, doing: "read", why: error.kind() }),
            Ok(_) => {}
        }
        match toml::from_str(&text) {
            Ok(kept) => Ok(Self { path, kept }),
            // The message may quote a line, and that a token.
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let what = format!("line {} is not as expected", before.matches('\n').count() + 1);
                Err(Error::Contexts { path, what })
            }
        }
    }

    /// Name and context, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.kept.contexts.iter().map(|(name, context)| (name.as_str(), context))
    }

    pub(crate) fn current(&self) -> Option<&str> {
        self.kept.current.as_deref()
    }

    /// Keeps a login under a name, in the place of one that has it, and makes it the current one.
    pub(crate) fn put(&mut self, name: &str, login: &Login) -> Result<(), Error> {
        let sound = !name.is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.contains(|char: char| char.is_whitespace() || char.is_control());
        if !sound {
            return Err(Error::ContextName(name.chars().take(NAME_CHARS_MAX).collect()));
        }
        self.kept.contexts.insert(name.to_owned(), Context::from(login));
        self.kept.current = Some(name.to_owned());
        self.write()
    }

    pub(crate) fn choose(&mut self, name: &str) -> Result<(), Error> {
        self.must_have(name)?;
        self.kept.current = Some(name.to_owned());
        self.write()
    }

    /// Forgets a context. The only one that is left then is the current one.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Error> {
        self.must_have(name)?;
        self.kept.contexts.remove(name);
        if self.kept.current.as_deref() == Some(name) {
            let mut left = self.kept.contexts.keys();
            self.kept.current = left.next().filter(|_| left.next().is_none()).cloned();
        }
        self.write()
    }

    fn must_have(&self, name: &str) -> Result<(), Error> {
        let known = self.kept.contexts.contains_key(name);
        if known { Ok(()) } else { Err(Error::UnknownContext(name.to_owned())) }
    }

    /// Others see the old file or the new one. Only its owner can read it: it holds tokens.
    fn write(&self) -> Result<(), Error> {
        let unwritable = |error: std::io::Error| Error::ContextsFile {
            path: self.path.clone(),
            doing: "written",
            why: error.kind(),
        };
        let text = toml::to_string(&self.kept);
        let text =
            text.map_err(|error| Error::Contexts { path: self.path.clone(), what: error.to_string() })?;
        // A link's target is replaced, not the link.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unwritable)?;
        let mut file =
            tempfile::Builder::new().prefix(".contexts.").tempfile_in(folder).map_err(unwritable)?;
        file.write_all(text.as_bytes()).map_err(unwritable)?;
        file.persist(&path).map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn login(server: &str) -> Login {
        let address = Address::parse(server).unwrap();
        Login { address, email: "a@b".to_owned(), token: Token("t\"\n".to_owned()), org: "o".to_owned() }
    }

    #[test]
    fn the_nearest_word_wins_and_no_token_goes_to_another_server() {
        let home = TempDir::new().unwrap();
        let none = ClientEnvironment { contexts: Some(home.path().join("a/c.toml")), ..Default::default() };
        let mut contexts = Contexts::open(&none).unwrap();
        contexts.put("one", &login("http://one")).unwrap();
        contexts.put("two", &login("http://two")).unwrap();
        let server = ClientEnvironment { server: Some("http://env".to_owned()), ..none.clone() };
        let context = ClientEnvironment { context: Some("one".to_owned()), ..none.clone() };
        let org = ClientEnvironment { org: Some("env".to_owned()), ..none.clone() };
        let chosen = |context, org| Chosen { context, org };
        for (chosen, said, expected) in [
            (chosen(None, None), &none, Ok("http://two/ o")),
            (chosen(Some("one"), None), &none, Ok("http://one/ o")),
            (chosen(Some("one"), None), &server, Ok("http://one/ o")),
            (chosen(None, None), &context, Ok("http://one/ o")),
            (chosen(Some("two"), None), &context, Ok("http://two/ o")),
            (chosen(None, None), &org, Ok("http://two/ env")),
            (chosen(None, Some("flag")), &org, Ok("http://two/ flag")),
            (chosen(None, None), &server, Err("ACTIOND_SERVER is set but ACTIOND_EMAIL is not")),
            (chosen(Some("x"), None), &none, Err("there is no context \"x\"")),
        ] {
            let found = Login::find(&chosen, said).map(|login| format!("{}/ {}", login.address, login.org));
            match expected {
                Ok(expected) => assert_eq!(found.unwrap(), expected, "{chosen:?}"),
                Err(start) => assert!(found.unwrap_err().to_string().starts_with(start), "{chosen:?}"),
            }
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let home = TempDir::new().unwrap();
        let said = ClientEnvironment { contexts: Some(home.path().join("c.toml")), ..Default::default() };
        let mut contexts = Contexts::open(&said).unwrap();
        contexts.put("host:1", &login("http://host:1")).unwrap();
        contexts.put("b", &login("http://b")).unwrap();
        let found = Login::find(&Chosen { context: Some("host:1"), org: None }, &said).unwrap();
        assert!(found.token.0 == "t\"\n" && format!("{found:?}").contains("token: ***"), "{found:?}");
        contexts.remove("b").unwrap();
        assert_eq!(Contexts::open(&said).unwrap().current(), Some("host:1"));
        assert!(contexts.put("a b", &login("http://b")).is_err() && contexts.choose("b").is_err());
    }
}
