//! Sessions of the console. A session is a sealed token that its browser keeps: who it is of, until when, and what that
//! account's credential was. Nothing is stored, and a changed password ends it.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;

use super::{access::Denied, state::App};
use crate::{
    clock,
    model::account::{Account, Credential, Email},
    random, store,
    vault::Bound,
};

/// How long somebody stays logged in.
pub(crate) const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// Sessions that were ended before their time, and are refused until this process ends.
const ENDED_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("it is not zero");
/// No token of ours is longer.
const TOKEN_BYTES_MAX: usize = 1_024;
const ID_BYTES: usize = 16;
const PROOF_BYTES: usize = 32;

/// What is known of sessions beyond what they say themselves.
#[derive(Debug)]
pub(super) struct Sessions {
    ended: Mutex<LruCache<[u8; ID_BYTES], ()>>,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) account: Arc<Account>,
    id: [u8; ID_BYTES],
}

impl Session {
    /// What forms of this account have to bring: the same for as long as its credential is, and known to nobody who knows
    /// neither the stored credential nor a page.
    pub(crate) fn form_word(&self) -> [u8; 32] {
        let secret = proof(&self.account);
        blake3::keyed_hash(&secret, self.account.email.as_str().as_bytes()).into()
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { ended: Mutex::new(LruCache::new(ENDED_MAX)) }
    }
}

impl App {
    /// The token of a new session of whoever knows that password. It is checked as the API's credentials are.
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Result<String, Denied> {
        let header = format!("Basic {}", STANDARD.encode(format!("{email}:{password}")));
        let account = self.account(Some(&header)).await?;
        let until = clock::now().saturating_add(SESSION).unwrap_or(Timestamp::MAX);
        let plain = [
            &random::bytes::<ID_BYTES>()[..],
            &until.as_second().to_be_bytes(),
            &proof(&account),
            account.email.as_str().as_bytes(),
        ];
        let sealed = self.runner().vault().seal(Bound::Session, &plain.concat());
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The session of a token; `None` when it is over, or none of ours.
    pub(crate) async fn session(&self, token: &str) -> store::Result<Option<Session>> {
        let Some((id, until, proved, email)) = self.unsealed(token) else { return Ok(None) };
        let is_ended = self.sessions().ended.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
        if is_ended || until <= clock::now() {
            return Ok(None);
        }
        let found = self.store().read(move |view| view.account(&email)).await?;
        let account = found.filter(|account| proof(account) == proved);
        Ok(account.map(|account| Session { account: Arc::new(account), id }))
    }

    /// Ends a session before its time.
    pub(crate) fn log_out(&self, session: &Session) {
        self.sessions().ended.lock().unwrap_or_else(PoisonError::into_inner).put(session.id, ());
    }

    fn unsealed(&self, token: &str) -> Option<([u8; ID_BYTES], Timestamp, [u8; PROOF_BYTES], Email)> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.runner().vault().unseal(Bound::Session, &sealed).ok()?;
        let (id, rest) = plain.split_first_chunk::<ID_BYTES>()?;
        let (until, rest) = rest.split_first_chunk::<8>()?;
        let (proved, email) = rest.split_first_chunk::<PROOF_BYTES>()?;
        let until = Timestamp::from_second(i64::from_be_bytes(*until)).ok()?;
        Some((*id, until, *proved, std::str::from_utf8(email).ok()?.parse().ok()?))
    }
}

/// Another one for each credential that an account has had.
fn proof(account: &Account) -> [u8; PROOF_BYTES] {
    let credential = match &account.credential {
        Credential::Password(hash) => hash.as_bytes(),
        Credential::Token(hash) => &hash[..],
    };
    blake3::derive_key("actiond 2026 credential of a console session", credential)
}
