//! Makes a large store out of a small one: `fill BACKUP NEW ACTIONS RUNS NOW` reads a server's backup with one action and a few
//! ended runs of it, and writes one with so many actions, each a copy of that one under another name, and so many runs, each
//! a copy of one of those, over the seven days before NOW, in milliseconds. The server restores it itself.

use std::{collections::BTreeMap, env, fs};

use serde_json::Value;

const MAGIC: &[u8] = b"ACTBAK01";
/// What a record begins with.
const FORM: u8 = 1;
const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Keys and values, in order.
type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The action that is copied, and its runs.
struct Template {
    action: [u8; 20],
    entries: Entries,
    runs: Vec<[u8; 16]>,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [from, to, actions, runs, now] = &arguments[..] else {
        panic!("usage: fill BACKUP NEW ACTIONS RUNS NOW")
    };
    let template = Template::of(read(&fs::read(from).expect("there is a backup")));
    let count = |text: &str| text.parse::<u64>().expect("a number");
    let mut entries = template.entries.clone();
    let ids: Vec<[u8; 20]> =
        (0..count(actions)).map(|number| template.copy_action(number, &mut entries)).collect();
    let (now, all) = (count(now), count(runs));
    for number in 0..all {
        let at = now - WEEK_MS + WEEK_MS * (number + 1) / (all + 1);
        let action = &ids[usize::try_from(number * 7 % ids.len() as u64).expect("an index")];
        template.copy_run(number, at, action, &mut entries);
    }
    fs::write(to, write(&entries)).expect("the new backup can be written");
}

fn read(bytes: &[u8]) -> Entries {
    let mut rest = bytes.strip_prefix(MAGIC).expect("it is a backup");
    let mut entries = Entries::new();
    let mut take = |count: usize| {
        let (part, after) = rest.split_at(count);
        rest = after;
        part.to_vec()
    };
    loop {
        let length = |part: Vec<u8>| u32::from_le_bytes(part.try_into().expect("four bytes")) as usize;
        let (key, value) = (length(take(4)), length(take(4)));
        if key == 0 {
            return entries;
        }
        let key = take(key);
        entries.insert(key, take(value));
    }
}

fn write(entries: &Entries) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let length = |part: &[u8]| u32::try_from(part.len()).expect("it is short").to_le_bytes();
    for (key, value) in entries {
        bytes.extend_from_slice(&length(key));
        bytes.extend_from_slice(&length(value));
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    bytes.extend_from_slice(&[0; 8]);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

impl Template {
    fn of(entries: Entries) -> Self {
        let key = entries.keys().find(|key| key.first() == Some(&b'A')).expect("there is an action");
        let action = key[key.len() - 20..].try_into().expect("an id");
        let runs = entries.keys().filter(|key| key.first() == Some(&b'R') && key.len() == 17);
        let runs: Vec<[u8; 16]> = runs.map(|key| key[1..].try_into().expect("an id")).collect();
        assert!(!runs.is_empty(), "the action has run");
        Self { action, entries, runs }
    }

    /// Everything of the action but its runs, under another id and name.
    fn copy_action(&self, number: u64, to: &mut Entries) -> [u8; 20] {
        let mut id = self.action;
        id[4..].copy_from_slice(&blake3::hash(&number.to_be_bytes()).as_bytes()[..16]);
        let own =
            self.entries.iter().filter(|(key, _)| matches!(key.first(), Some(b'A' | b'V' | b'T' | b'b')));
        for (key, value) in own {
            let value = edited(value, |record| {
                if key[0] == b'A' {
                    record["id"] = ksuid(&id).into();
                    record["name"] = format!("copy-{number}").into();
                }
            });
            to.insert(replaced(key, &self.action, &id), value);
        }
        id
    }

    /// A run with all that is kept of it, of another action and time.
    fn copy_run(&self, number: u64, at: u64, action: &[u8; 20], to: &mut Entries) {
        let old = &self.runs[usize::try_from(number % self.runs.len() as u64).expect("an index")];
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(&number.to_le_bytes()).as_bytes()[..16]);
        id[..6].copy_from_slice(&at.to_be_bytes()[2..]);
        id[6] = 0x70 | id[6] & 0x0f;
        id[8] = 0x80 | id[8] & 0x3f;
        let own = self.entries.iter().filter(|(key, _)| {
            matches!(key.first(), Some(b'R' | b'a' | b'o' | b'I' | b'X' | b'L')) && holds(key, old)
        });
        for (key, value) in own {
            let value = if key[0] == b'R' {
                edited(value, |record| moved(record, &id, at, action))
            } else {
                value.clone()
            };
            to.insert(replaced(&replaced(key, old, &id), &self.action, action), value);
        }
    }
}

/// A run's record at another time; how long everything took stays.
fn moved(record: &mut Value, id: &[u8; 16], at: u64, action: &[u8; 20]) {
    let asked = record["queued_at"].as_i64().expect("a time");
    for field in ["queued_at", "not_before", "started_at", "ended_at"] {
        if let Some(time) = record[field].as_i64() {
            record[field] = (time - asked + i64::try_from(at * 1_000).expect("a time")).into();
        }
    }
    record["id"] = uuid(id).into();
    record["action"] = ksuid(action).into();
    // The copies are in no list of dead letters.
    record["dead"] = false.into();
}

fn edited(value: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let Some((&FORM, json)) = value.split_first() else { return value.to_vec() };
    let Ok(mut record) = serde_json::from_slice(json) else { return value.to_vec() };
    edit(&mut record);
    let mut value = vec![FORM];
    serde_json::to_writer(&mut value, &record).expect("it is JSON");
    value
}

fn holds(key: &[u8], part: &[u8]) -> bool {
    key.windows(part.len()).any(|window| window == part)
}

fn replaced(key: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = key.windows(old.len()).position(|window| window == old);
    at.map_or_else(|| key.to_vec(), |at| [&key[..at], new, &key[at + old.len()..]].concat())
}

fn uuid(id: &[u8; 16]) -> String {
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// An id as text: base 62, 27 digits.
fn ksuid(id: &[u8; 20]) -> String {
    let mut digits = [b'0'; 27];
    let mut number = id.to_vec();
    for place in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *place = DIGITS[rest as usize];
    }
    String::from_utf8_lossy(&digits).into_owned()
}
