//! Who is asking: an `Authorization` header becomes an account.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lru::LruCache;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use super::state::App;
use crate::{
    model::account::{Account, Credential, Email},
    random,
    store::{self, Store},
};

/// Headers that were checked and found right lately.
const KNOWN_MAX: NonZeroUsize = NonZeroUsize::new(1_024).expect("it is not zero");
/// Passwords that are hashed at one time: each takes a core and 19 MiB.
const HASHING_MAX: usize = 2;
/// No header of ours is longer.
const HEADER_BYTES_MAX: usize = 1_024;
/// What a password is compared with when there is no such account, so that this takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$2YiU8fNYqRvhsxMTVxV4Y6ZhDLX2ZXBCZ6xtPWy6Fzo";

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// It does not say who is asking.
    #[error("Unauthorized Access")]
    Missing,
    /// There is no such account, or its password or token is another.
    #[error("Unauthorized Access")]
    Wrong,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Remembers who was found right, for hashing a password takes longer than many a run.
#[derive(Debug)]
pub(super) struct Access {
    /// Of this process alone: what is remembered cannot be used elsewhere.
    key: [u8; 32],
    known: Mutex<Known>,
    hashing: Semaphore,
}

#[derive(Debug)]
struct Known {
    accounts: LruCache<[u8; 32], Arc<Account>>,
    /// How often accounts were changed.
    changes: u64,
}

impl Default for Access {
    fn default() -> Self {
        let known = Known { accounts: LruCache::new(KNOWN_MAX), changes: 0 };
        Self { key: random::bytes(), known: Mutex::new(known), hashing: Semaphore::new(HASHING_MAX) }
    }
}

impl Known {
    /// Remembers who was found right, unless accounts were changed since that was begun: it may be another one by now.
    fn put(&mut self, hash: [u8; 32], account: Arc<Account>, changes: u64) {
        if self.changes == changes {
            self.accounts.put(hash, account);
        }
    }

    fn forget(&mut self) {
        self.changes += 1;
        self.accounts.clear();
    }
}

impl App {
    /// The account that `authorization`, a header's value, is of.
    pub(crate) async fn account(&self, authorization: Option<&str>) -> Result<Arc<Account>, Denied> {
        let header = authorization.ok_or(Denied::Missing)?;
        self.access().account(header, self.store()).await
    }

    /// An account was changed or removed: whoever was known before is checked again.
    pub(super) fn forget_accounts(&self) {
        self.access().known().forget();
    }
}

impl Access {
    async fn account(&self, header: &str, store: &Store) -> Result<Arc<Account>, Denied> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(Denied::Wrong);
        }
        let hash = *blake3::keyed_hash(&self.key, header.as_bytes()).as_bytes();
        let changes = {
            let mut known = self.known();
            if let Some(account) = known.accounts.get(&hash) {
                return Ok(account.clone());
            }
            known.changes
        };
        let (email, secret) = basic(header).ok_or(Denied::Wrong)?;
        let email: Email = email.parse().map_err(|_| Denied::Wrong)?;
        let found = store.read(move |view| view.account(&email)).await?;
        let right = match found.as_ref().map(|account| &account.credential) {
            Some(Credential::Token(hash)) if hash_token(&secret).ct_eq(hash).into() => true,
            Some(Credential::Password(hash)) => self.password_is_right(secret, hash.clone()).await,
            // A token that is wrong takes as long as a password that is: nobody learns which accounts there are.
            Some(Credential::Token(_)) | None => {
                self.password_is_right(secret, NOBODY.to_owned()).await;
                false
            }
        };
        match found {
            Some(account) if right => {
                let account = Arc::new(account);
                self.known().put(hash, account.clone(), changes);
                Ok(account)
            }
            Some(_) | None => Err(Denied::Wrong),
        }
    }

    /// Whether that is the password of that user.
    pub(super) async fn is_password(
        &self,
        email: &Email,
        password: String,
        store: &Store,
    ) -> store::Result<bool> {
        let email = email.clone();
        let found = store.read(move |view| view.account(&email)).await?;
        match found.map(|account| account.credential) {
            Some(Credential::Password(hash)) => Ok(self.password_is_right(password, hash).await),
            Some(Credential::Token(_)) | None => Ok(false),
        }
    }

    pub(super) async fn password_is_right(&self, password: String, hash: String) -> bool {
        let Ok(_permit) = self.hashing.acquire().await else { return false };
        let verify = move || {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        };
        tokio::task::spawn_blocking(verify).await.ok().flatten().is_some()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name and password of `Basic …`.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    // Nobody has an empty one.
    (!password.is_empty()).then(|| (name.to_owned(), password.to_owned()))
}

/// What is kept of a token. It is random enough that a plain hash does.
pub(super) fn hash_token(token: &str) -> [u8; 32] {
    blake3::hash(token.as_bytes()).into()
}

/// A new token, 256 random bits.
pub(crate) fn new_token() -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::bytes::<32>())
}

/// Argon2id with the parameters that OWASP asks for (19 MiB, two passes), in PHC form. Blocks for some milliseconds.
pub(super) fn hash_password(password: &str) -> String {
    let salt = SaltString::encode_b64(&random::bytes::<16>()).expect("16 bytes are a salt");
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.expect("any text can be hashed with a salt of ours").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::AccountKind;

    #[test]
    fn basic_headers_are_taken_apart() {
        let encode = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let right = Some(("a@b".to_owned(), "c:d".to_owned()));
        for (header, expected) in [
            (encode("a@b:c:d"), right.clone()),
            (encode("a@b:c:d").replacen("Basic", "basic", 1), right),
            (encode("a@b:"), None),
            (encode("a@b"), None),
            (encode(":"), None),
            ("Bearer abc".to_owned(), None),
            ("Basic ???".to_owned(), None),
            ("Basic".to_owned(), None),
        ] {
            assert_eq!(basic(&header), expected, "{header}");
        }
    }

    #[test]
    fn what_was_checked_before_a_change_is_not_remembered_after_it() {
        let account = Arc::new(Account {
            email: "a@b.example.com".parse().unwrap(),
            kind: AccountKind::Service,
            credential: Credential::Token(hash_token("token")),
            roles: [].into(),
            root: false,
            description: String::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        });
        for (changed_meanwhile, remembered) in [(false, true), (true, false)] {
            let access = Access::default();
            let changes = access.known().changes;
            if changed_meanwhile {
                access.known().forget();
            }
            access.known().put([0; 32], account.clone(), changes);
            assert_eq!(access.known().accounts.contains(&[0; 32]), remembered, "{changed_meanwhile}");
        }
    }

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let hash = hash_password("right");
        let verify = |password: &str, hash: &str| {
            Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(hash).unwrap()).is_ok()
        };
        assert!(verify("right", &hash));
        assert!(!verify("wrong", &hash));
        assert_ne!(hash, hash_password("right"), "each hash has a salt of its own");
        assert!(!verify("", NOBODY));
    }
}
