//! What must happen once within a time: idempotency keys, webhook messages that must not be replayed, equal alerts. Each is
//! a scope (an action or a hook) and a hash, and remembers the run that it became.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, Result, View, key, record::millis};
use crate::model::id::{ActionId, RunId};

const WHAT: &str = "key that counts once";

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Once {
    /// The run that came of it.
    pub(crate) run: RunId,
    /// What came with the key: another body under the same key is another request.
    pub(crate) body: [u8; 32],
    /// It is forgotten then.
    pub(crate) until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct OnceRecord {
    run: String,
    body: [u8; 32],
    until_ms: i64,
}

impl TryFrom<OnceRecord> for Once {
    type Error = String;

    fn try_from(record: OnceRecord) -> std::result::Result<Self, String> {
        let until = Timestamp::from_millisecond(record.until_ms).map_err(|error| error.to_string())?;
        Ok(Self { run: record.run.parse().map_err(|_| record.run)?, body: record.body, until })
    }
}

impl View {
    /// What the key stands for at `now`.
    pub(crate) fn once(&self, scope: &ActionId, hash: &[u8; 32], now: Timestamp) -> Result<Option<Once>> {
        let found: Option<Once> = self.one::<OnceRecord, _>(&key::once(scope, hash), WHAT)?;
        Ok(found.filter(|once| once.until > now))
    }
}

impl Change<'_> {
    pub(crate) fn put_once(&mut self, scope: &ActionId, hash: &[u8; 32], once: &Once) -> Result<()> {
        let record = OnceRecord { run: once.run.to_string(), body: once.body, until_ms: millis(once.until) };
        self.put_bytes(key::once_end(record.until_ms, scope, hash), Vec::new());
        self.put(key::once(scope, hash), &record, WHAT)
    }

    /// Forgets at most `most` of those that ended before `now`; how many it were.
    pub(crate) fn forget_once(&mut self, now: Timestamp, most: usize) -> Result<usize> {
        let now_ms = millis(now);
        let ended = self.db.range(key::ONCE_ENDS.to_vec()..key::once_ends_before(now_ms)).take(most);
        let ended = ended.map(|entry| entry.map(|(key, _)| key));
        let ended: Vec<sled::IVec> = ended.collect::<std::result::Result<_, _>>()?;
        for end in &ended {
            let named = end.get(9..).and_then(|rest| rest.split_first_chunk::<20>());
            if let Some((scope, hash)) = named
                && let Ok(hash) = <[u8; 32]>::try_from(hash)
            {
                let scope = ActionId::from_bytes(*scope);
                // The key may have been taken anew since.
                let taken_anew = self.once(&scope, &hash, now)?.is_some();
                if !taken_anew {
                    self.remove(key::once(&scope, &hash));
                }
            }
            self.remove(end.clone());
        }
        Ok(ended.len())
    }
}
