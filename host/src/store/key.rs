//! The keys of the store. One table holds everything, so that one change can touch all kinds of records at once; a key's
//! first byte says what it is. Numbers are big-endian, so that keys sort as they do. Names end with a zero byte.
//!
//! | key | value |
//! |---|---|
//! | `M` | the format's number |
//! | `O` org | organisation |
//! | `U` e-mail | account |
//! | `A` org, action | action |
//! | `V` action, number | version |
//! | `T` action | activity: last runs, counts, how far the schedule is decided |
//! | `S` action | memory of a stateful action |
//! | `B` hash | the bytes of a bundle, or of packages |
//! | `b` hash, action, number | a version that uses them |
//! | `R` run | run |
//! | `a` action, run · `o` org, run | status and trigger: runs in order |
//! | `I` run · `X` run | a run's input · result |
//! | `L` run, attempt | an attempt's log |
//! | `N` run, attempt | what it reached on the network |
//! | `Q` org, ms, run | a queued run and when it may begin |
//! | `G` run | a run that was accepted and is running |
//! | `D` action, µs | the run of a due time |
//! | `E` org, run | a dead letter |
//! | `H` token's hash | hook |
//! | `h` action, hook | its token's hash |
//! | `K` scope, hash | what must happen once: the run that it became |
//! | `k` ms, scope, hash | when that is forgotten |
//! | `W` action | an action that is gone, whose runs are still to be removed |
//! | `Y` org, µs, count | audit |
//! | `Z` org, 0, name · `Z` org, 1, action, name | secret of the organisation · of an action |
//! | `z` | what tells the key of secrets from others |
//! | `F` number | a file that holds a value, and its length |

use crate::model::{
    account::Email,
    id::{ActionId, OrgId, RunId},
    secret::{Owner, Place},
};

pub(super) const FORMAT: &[u8] = b"M";
pub(super) const ORGANISATIONS: &[u8] = b"O";
pub(super) const ACCOUNTS: &[u8] = b"U";
pub(super) const ACTIONS: &[u8] = b"A";
pub(super) const STATES: &[u8] = b"S";
pub(super) const QUEUE: &[u8] = b"Q";
pub(super) const GRAVES: &[u8] = b"W";
pub(super) const RUNNING: &[u8] = b"G";
pub(super) const BUNDLE_USERS: &[u8] = b"b";
pub(super) const ONCE_ENDS: &[u8] = b"k";
pub(super) const DEAD: &[u8] = b"E";
pub(super) const FILES: &[u8] = b"F";
pub(super) const SECRETS: &[u8] = b"Z";
pub(super) const SECRET_KEY: &[u8] = b"z";

/// Whether a value of any size lies under the key: see `value.rs`.
pub(super) fn may_be_outside(key: &[u8]) -> bool {
    key.first().is_some_and(|tag| b"OUAVTSBRIXLNHKYZ".contains(tag))
}

fn join(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(tag);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

fn named(tag: u8, name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = join(tag, &[name.as_bytes(), &[0]]);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

pub(super) fn organisation(org: &OrgId) -> Vec<u8> {
    named(b'O', org.as_str(), &[])
}

pub(super) fn account(email: &Email) -> Vec<u8> {
    named(b'U', email.as_str(), &[])
}

pub(super) fn actions(org: &OrgId) -> Vec<u8> {
    named(b'A', org.as_str(), &[])
}

pub(super) fn action(org: &OrgId, id: &ActionId) -> Vec<u8> {
    named(b'A', org.as_str(), &[id.as_bytes()])
}

pub(super) fn versions(action: &ActionId) -> Vec<u8> {
    join(b'V', &[action.as_bytes()])
}

pub(super) fn version(action: &ActionId, number: u32) -> Vec<u8> {
    join(b'V', &[action.as_bytes(), &number.to_be_bytes()])
}

pub(super) fn activity(action: &ActionId) -> Vec<u8> {
    join(b'T', &[action.as_bytes()])
}

pub(super) fn state(action: &ActionId) -> Vec<u8> {
    join(b'S', &[action.as_bytes()])
}

pub(super) fn bundle(hash: &[u8; 32]) -> Vec<u8> {
    join(b'B', &[hash])
}

pub(super) fn bundle_users(hash: &[u8; 32]) -> Vec<u8> {
    join(b'b', &[hash])
}

pub(super) fn bundle_user(hash: &[u8; 32], action: &ActionId, number: u32) -> Vec<u8> {
    join(b'b', &[hash, action.as_bytes(), &number.to_be_bytes()])
}

pub(super) fn run(id: &RunId) -> Vec<u8> {
    join(b'R', &[id.as_bytes()])
}

pub(super) fn runs_of_action(action: &ActionId) -> Vec<u8> {
    join(b'a', &[action.as_bytes()])
}

pub(super) fn run_of_action(action: &ActionId, run: &RunId) -> Vec<u8> {
    join(b'a', &[action.as_bytes(), run.as_bytes()])
}

pub(super) fn runs_of_org(org: &OrgId) -> Vec<u8> {
    named(b'o', org.as_str(), &[])
}

pub(super) fn run_of_org(org: &OrgId, run: &RunId) -> Vec<u8> {
    named(b'o', org.as_str(), &[run.as_bytes()])
}

pub(super) fn input(run: &RunId) -> Vec<u8> {
    join(b'I', &[run.as_bytes()])
}

pub(super) fn result(run: &RunId) -> Vec<u8> {
    join(b'X', &[run.as_bytes()])
}

pub(super) fn logs(run: &RunId) -> Vec<u8> {
    join(b'L', &[run.as_bytes()])
}

pub(super) fn log(run: &RunId, attempt: u32) -> Vec<u8> {
    join(b'L', &[run.as_bytes(), &attempt.to_be_bytes()])
}

pub(super) fn connections(run: &RunId) -> Vec<u8> {
    join(b'N', &[run.as_bytes()])
}

pub(super) fn connections_of(run: &RunId, attempt: u32) -> Vec<u8> {
    join(b'N', &[run.as_bytes(), &attempt.to_be_bytes()])
}

pub(super) fn queued(org: &OrgId, not_before_ms: i64, run: &RunId) -> Vec<u8> {
    named(b'Q', org.as_str(), &[&time(not_before_ms), run.as_bytes()])
}

pub(super) fn running(run: &RunId) -> Vec<u8> {
    join(b'G', &[run.as_bytes()])
}

pub(super) fn due(action: &ActionId, due_us: i64) -> Vec<u8> {
    join(b'D', &[action.as_bytes(), &time(due_us)])
}

pub(super) fn dues(action: &ActionId) -> Vec<u8> {
    join(b'D', &[action.as_bytes()])
}

pub(super) fn dead_of_org(org: &OrgId) -> Vec<u8> {
    named(b'E', org.as_str(), &[])
}

pub(super) fn dead(org: &OrgId, run: &RunId) -> Vec<u8> {
    named(b'E', org.as_str(), &[run.as_bytes()])
}

pub(super) fn hook(token_hash: &[u8; 32]) -> Vec<u8> {
    join(b'H', &[token_hash])
}

pub(super) fn hooks_of_action(action: &ActionId) -> Vec<u8> {
    join(b'h', &[action.as_bytes()])
}

pub(super) fn hook_of_action(action: &ActionId, hook: &ActionId) -> Vec<u8> {
    join(b'h', &[action.as_bytes(), hook.as_bytes()])
}

/// `scope`: an action or a hook.
pub(super) fn once(scope: &ActionId, hash: &[u8; 32]) -> Vec<u8> {
    join(b'K', &[scope.as_bytes(), hash])
}

pub(super) fn once_scope(scope: &ActionId) -> Vec<u8> {
    join(b'K', &[scope.as_bytes()])
}

pub(super) fn once_end(end_ms: i64, scope: &ActionId, hash: &[u8; 32]) -> Vec<u8> {
    join(b'k', &[&time(end_ms), scope.as_bytes(), hash])
}

/// Everything that ends before `end_ms` has a smaller key.
pub(super) fn once_ends_before(end_ms: i64) -> Vec<u8> {
    join(b'k', &[&time(end_ms)])
}

pub(super) fn grave(action: &ActionId) -> Vec<u8> {
    join(b'W', &[action.as_bytes()])
}

pub(super) fn file(id: u64) -> Vec<u8> {
    join(b'F', &[&id.to_be_bytes()])
}

pub(super) fn audit_of_org(org: &OrgId) -> Vec<u8> {
    named(b'Y', org.as_str(), &[])
}

pub(super) fn audit(org: &OrgId, at_us: i64, count: u32) -> Vec<u8> {
    named(b'Y', org.as_str(), &[&time(at_us), &count.to_be_bytes()])
}

pub(super) fn secrets_of_org(org: &OrgId) -> Vec<u8> {
    named(b'Z', org.as_str(), &[])
}

pub(super) fn secrets(org: &OrgId, owner: &Owner) -> Vec<u8> {
    match owner {
        Owner::Organisation => named(b'Z', org.as_str(), &[&[0]]),
        Owner::Action(action) => named(b'Z', org.as_str(), &[&[1], action.as_bytes()]),
    }
}

pub(super) fn secret(place: &Place) -> Vec<u8> {
    [&*secrets(&place.org, &place.owner), place.name.as_bytes()].concat()
}

/// The last `N` bytes of a key, where ids stand.
pub(super) fn tail<const N: usize>(key: &[u8]) -> Option<[u8; N]> {
    key.last_chunk::<N>().copied()
}

/// Times before 1970 do not occur; they would sort last.
fn time(number: i64) -> [u8; 8] {
    number.max(0).to_be_bytes()
}
