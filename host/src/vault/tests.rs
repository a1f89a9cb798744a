//! What opens where and with which key, and the file that the key is in.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn vault(key: &str) -> Vault {
    Vault::open(&KeySource::Said(key), None).unwrap()
}

fn action(byte: u8) -> ActionId {
    ActionId::new(jiff::Timestamp::UNIX_EPOCH, [byte; 16])
}

fn place(org: &str, owner: Owner, name: &str) -> Place {
    Place { org: org.parse().unwrap(), owner, name: name.to_owned() }
}

#[test]
fn what_was_sealed_opens_at_its_place_with_its_key_only() {
    let own = place("default", Owner::Organisation, "TOKEN");
    let sealed = vault(KEY).seal(Bound::Secret(&own), b"value");
    assert_eq!(**vault(KEY).unseal(Bound::Secret(&own), &sealed).unwrap(), *b"value");
    assert_ne!(sealed, vault(KEY).seal(Bound::Secret(&own), b"value"), "each has a nonce of its own");
    assert!(!sealed.windows(5).any(|part| part == b"value"));
    assert_eq!(vault(OTHER).unseal(Bound::Secret(&own), &sealed), Err(Unsealable));
    for other in [
        place("other", Owner::Organisation, "TOKEN"),
        place("default", Owner::Organisation, "OTHER"),
        place("default", Owner::Action(action(1)), "TOKEN"),
    ] {
        assert_eq!(vault(KEY).unseal(Bound::Secret(&other), &sealed), Err(Unsealable), "{other:?}");
    }
    for bound in [Bound::Check, Bound::Memory(&action(1))] {
        assert_eq!(vault(KEY).unseal(bound, &sealed), Err(Unsealable), "{bound:?}");
    }
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert_eq!(vault(KEY).unseal(Bound::Secret(&own), &damaged), Err(Unsealable), "{at}");
        assert_eq!(vault(KEY).unseal(Bound::Secret(&own), &sealed[..at]), Err(Unsealable), "{at}");
    }
}

#[test]
fn keys_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let file = KeySource::File(&path);
    let check = vault(KEY).check();
    assert!(matches!(Vault::open(&file, Some(&check)), Err(Error::Missing(_))));
    assert!(!path.exists(), "no key is made that opens nothing");
    let made = Vault::open(&file, None).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    Vault::open(&file, Some(&made.check())).unwrap();
    for (text, check, why) in [
        (KEY, Some(&check), None),
        (KEY, None, None),
        (OTHER, Some(&check), Some("another key")),
        ("", None, Some("holds no key")),
        ("short", None, Some("holds no key")),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", None, Some("holds no key")),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", None, Some("holds no key")),
    ] {
        fs::write(&path, format!("{text}\n")).unwrap();
        for source in [KeySource::Said(text), KeySource::File(&path)] {
            let opened =
                Vault::open(&source, check.map(Vec::as_slice)).map(drop).map_err(|error| error.to_string());
            match (opened, why) {
                (Ok(()), None) => {}
                (Err(told), Some(why)) => assert!(told.contains(why), "{told}"),
                (opened, _) => panic!("{text:?}: {opened:?}"),
            }
        }
    }
    fs::write(&path, [0xff; 44]).unwrap();
    assert!(matches!(Vault::open(&file, None), Err(Error::NoKey(_))));
}
