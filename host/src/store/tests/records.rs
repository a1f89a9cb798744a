//! Each record comes back as it was; what is damaged or newer is an error.

use std::collections::BTreeMap;

use super::*;
use crate::{
    model::{
        account::{Account, AccountKind, Credential, Role},
        action::{Action, Activity, Kind, Version},
        audit,
        guest::GuestKind,
        hook::{Answer, Hook, Signature},
        organisation::{Organisation, Origin},
        policy::{Missed, Overlap, Policy, Rate, Retention, Retry},
        run::{Failure, LogLine, Usage},
        secret::{Owner, Place, Secret},
    },
    store::{encode_log, key, value::INSIDE_BYTES_MAX},
};

const STRANGE: &str = "\u{0}\"\\ \u{e4}\u{1f600}\n\u{feff}";

fn policy() -> Policy {
    Policy {
        fuel: u64::MAX,
        wall: Duration::from_millis(1),
        memory_bytes: Some(usize::MAX),
        parallel: 0,
        queue: u32::MAX,
        rate: None,
        overlap: Overlap::Skip,
        missed: Missed::Skip,
        retry: Retry { attempts: 1, delay: Duration::ZERO, delay_max: Duration::ZERO },
        retention: Retention { runs: 0, age: Duration::ZERO, bytes: 0 },
        coalesce: None,
        stateful: false,
        egress: None,
        unverified_tls: false,
    }
}

fn action() -> Action {
    Action {
        id: action_id(1),
        org: org("default"),
        name: "n".parse().unwrap(),
        description: None,
        kind: Kind::Once,
        cron: None,
        zone: String::new(),
        env: Vec::new(),
        service_account: String::new(),
        created_by: String::new(),
        created_at: at(0),
        modified_at: at(1),
        version: 1,
        version_last: u32::MAX,
        zip_file_name: String::new(),
        guest: GuestKind::Base,
        paused: false,
        policy: policy(),
        secrets: Vec::new(),
    }
}

fn actions() -> [Action; 5] {
    let second = Duration::from_secs(1);
    [
        action(),
        Action {
            name: "\u{e9}\u{1f600}".parse().unwrap(),
            description: Some(STRANGE.to_owned()),
            kind: Kind::Repeat,
            cron: Some(String::new()),
            zone: "Europe/Berlin".to_owned(),
            env: vec![(STRANGE.to_owned(), STRANGE.to_owned()), ("B".to_owned(), String::new())],
            guest: GuestKind::Data,
            paused: true,
            secrets: vec!["A".to_owned(), "B".to_owned()],
            ..action()
        },
        // Longer than what lies in the table.
        Action { env: vec![("A".to_owned(), "x".repeat(INSIDE_BYTES_MAX))], kind: Kind::Service, ..action() },
        Action {
            policy: Policy {
                rate: Some(Rate { runs: 5, per: second }),
                memory_bytes: None,
                overlap: Overlap::Queue,
                missed: Missed::Once,
                coalesce: Some(second),
                stateful: true,
                egress: None,
                unverified_tls: true,
                ..policy()
            },
            ..action()
        },
        Action {
            policy: Policy {
                overlap: Overlap::Allow,
                missed: Missed::All { runs_max: 0 },
                retry: Retry { attempts: 9, delay: second, delay_max: second * 60 },
                retention: Retention { runs: u64::MAX, age: second, bytes: u64::MAX },
                ..policy()
            },
            ..action()
        },
    ]
}

#[tokio::test]
async fn actions_come_back() {
    let folder = folder();
    let store = open(folder.path());
    for row in actions() {
        let put = row.clone();
        write(&store, move |change| change.put_action(&put)).await;
        assert_eq!(store.0.view.action(&row.org, &row.id).unwrap().as_ref(), Some(&row));
        assert_eq!(store.0.view.action(&org("other"), &row.id).unwrap(), None);
        assert_eq!(store.0.view.actions(&row.org).collect::<Result<Vec<_>>>().unwrap(), [row]);
    }
    let activities = [
        Activity::default(),
        Activity {
            last_run_at: Some(at(1)),
            last_successful_at: Some(at(2)),
            last_status: Some(Status::Errored),
            runs: u64::MAX,
            bytes: 1,
            skipped: 2,
            missed: 3,
            lateness_ms: Some(0),
            decided_until: Some(at(-1)),
        },
    ];
    for row in activities {
        let put = row.clone();
        write(&store, move |change| change.put_activity(&action_id(1), &put)).await;
        assert_eq!(store.0.view.activity(&action_id(1)).unwrap(), row);
    }
    let names = ["default", "d", "default2"];
    for name in names {
        write(&store, move |change| change.put_action(&Action { org: org(name), ..action() })).await;
    }
    for name in names {
        assert_eq!(store.0.view.actions(&org(name)).count(), 1, "{name}: one is no prefix of another");
    }
    assert_eq!(store.0.view.all_actions().count(), 3);
}

#[tokio::test]
async fn runs_come_back() {
    let folder = folder();
    let store = open(folder.path());
    let text = || STRANGE.to_owned();
    let failures = [
        None,
        Some(Failure::Raised { kind: text(), message: text(), traceback: "x".repeat(2 * INSIDE_BYTES_MAX) }),
        Some(Failure::Stopped { limit: text(), message: String::new() }),
        Some(Failure::Cancelled),
        Some(Failure::Interrupted),
        Some(Failure::Internal { message: text() }),
    ];
    let mut ms = 0;
    for error in failures {
        for (trigger, status) in Trigger::ALL.into_iter().zip(Status::ALL.into_iter().cycle()) {
            ms += 1;
            let row = Run {
                status,
                trigger,
                error: error.clone(),
                due: (ms % 2 == 0).then(|| at(ms)),
                started_at: (ms % 3 == 0).then(|| at(ms)),
                ended_at: None,
                parent: (ms % 5 == 0).then(|| run_id(1)),
                usage: (ms % 7 == 0).then_some(Usage {
                    fuel: u64::MAX,
                    wall: Duration::from_micros(3),
                    memory_bytes: 0,
                    output_bytes: 1,
                    prepared: true,
                }),
                traceparent: text(),
                log_bytes: u64::MAX / 4,
                coalesced: u32::MAX,
                dead: ms % 2 == 0,
                ..run(1, ms)
            };
            let put = row.clone();
            write(&store, move |change| change.put_run(&put)).await;
            assert_eq!(store.0.view.run(&row.id).unwrap(), Some(row));
        }
    }
}

#[tokio::test]
async fn values_of_each_size_come_back_and_are_replaced() {
    let folder = folder();
    let store = open(folder.path());
    let id = run_id(1);
    let sizes = [0, 1, INSIDE_BYTES_MAX, INSIDE_BYTES_MAX + 1, 3 << 20, 5, 1 << 20, 0];
    for bytes in sizes {
        write(&store, move |change| {
            change.put_input(&id, &noise(bytes));
            change.put_result(&id, &noise(bytes + 1));
            change.put_state(&action_id(1), &noise(bytes))
        })
        .await;
        let view = &store.0.view;
        assert_eq!(view.run_input(&id).unwrap(), Some(noise(bytes)), "{bytes}");
        assert_eq!(view.run_result(&id).unwrap(), Some(noise(bytes + 1)), "{bytes}");
        assert_eq!(view.state(&action_id(1)).unwrap(), Some(noise(bytes)), "{bytes}");
    }
    assert_eq!(fs::read_dir(folder.path().join("values")).unwrap().count(), 0, "what was replaced is gone");
    write(&store, |change| change.remove_state(&action_id(1))).await;
    assert_eq!(store.0.view.state(&action_id(1)).unwrap(), None);
    assert_eq!(store.0.view.run_input(&run_id(2)).unwrap(), None);
}

#[tokio::test]
async fn logs_come_back_attempt_after_attempt() {
    let folder = folder();
    let store = open(folder.path());
    let line = |attempt, message: &str| LogLine {
        at: at(1),
        level: "INFO".to_owned(),
        source: STRANGE.to_owned(),
        message: message.to_owned(),
        attempt,
    };
    let first = vec![line(1, STRANGE), line(1, &"x".repeat(2 * INSIDE_BYTES_MAX))];
    let second = vec![line(2, ""), line(2, "}{")];
    let id = run_id(1);
    assert_eq!(store.0.view.run_log(&id).unwrap(), []);
    for (attempt, lines) in [(2, second.clone()), (1, first.clone()), (3, Vec::new())] {
        write(&store, move |change| {
            change.put_log(&id, attempt, &encode_log(&lines)?);
            Ok(())
        })
        .await;
    }
    assert_eq!(store.0.view.run_log(&id).unwrap(), [first, second].concat());
}

#[tokio::test]
async fn accounts_come_back() {
    let folder = folder();
    let store = open(folder.path());
    let account = Account {
        email: "A@b".parse().unwrap(),
        kind: AccountKind::User,
        credential: Credential::Password(STRANGE.to_owned()),
        roles: BTreeMap::new(),
        root: true,
        description: String::new(),
        created_at: at(0),
    };
    let roles = Role::ALL.into_iter().map(|role| (org(role.as_str()), role)).collect();
    let token = Credential::Token([255; 32]);
    let other =
        Account { kind: AccountKind::Service, credential: token, roles, root: false, ..account.clone() };
    for row in [account, other] {
        let put = row.clone();
        write(&store, move |change| change.put_account(&put)).await;
        assert_eq!(store.0.view.account(&row.email).unwrap().as_ref(), Some(&row));
        assert_eq!(store.0.view.accounts().collect::<Result<Vec<_>>>().unwrap(), [row]);
    }
    write(&store, |change| {
        change.remove_account(&"a@b".parse().unwrap());
        Ok(())
    })
    .await;
    assert_eq!(store.0.view.accounts().count(), 0);
}

#[tokio::test]
async fn hooks_come_back() {
    let folder = folder();
    let store = open(folder.path());
    let signatures = [
        Signature::None,
        Signature::StandardWebhooks { keys: vec![vec![], vec![0, 255]], window: Duration::from_secs(5) },
        Signature::Grafana { key: vec![1], window: Duration::ZERO },
        Signature::GitHub { key: vec![] },
    ];
    let hooks = signatures.into_iter().zip(1_u8..).map(|(signature, number)| Hook {
        id: action_id(number),
        org: org("default"),
        action: action_id(9),
        description: STRANGE.to_owned(),
        token_hash: [255 - number; 32],
        signature,
        answer: if number % 2 == 0 { Answer::Accepted } else { Answer::Result },
        created_at: at(0),
        created_by: String::new(),
    });
    let hooks: Vec<Hook> = hooks.collect();
    for hook in hooks.clone() {
        write(&store, move |change| change.put_hook(&hook)).await;
    }
    for hook in &hooks {
        assert_eq!(store.0.view.hook(&hook.token_hash).unwrap().as_ref(), Some(hook));
    }
    assert_eq!(store.0.view.hooks(&action_id(9)).unwrap(), hooks);
    let gone = hooks[1].clone();
    write(&store, move |change| {
        change.remove_hook(&gone);
        Ok(())
    })
    .await;
    assert_eq!(store.0.view.hooks(&action_id(9)).unwrap().len(), hooks.len() - 1);
    assert_eq!(store.0.view.hook(&hooks[1].token_hash).unwrap(), None);
}

#[tokio::test]
async fn organisations_and_versions_come_back() {
    let folder = folder();
    let store = open(folder.path());
    let tokens = BTreeMap::from([("a@b".parse().unwrap(), STRANGE.to_owned())]);
    for origin in [Origin::default(), Origin { url: Some(String::new()), tokens }] {
        let row = Organisation {
            id: org("default"),
            created_at: at(0),
            origin,
            egress: Vec::new(),
            unverified_tls: true,
        };
        let put = row.clone();
        write(&store, move |change| change.put_organisation(&put)).await;
        assert_eq!(store.0.view.organisation(&row.id).unwrap().as_ref(), Some(&row));
        assert_eq!(store.0.view.organisations().count(), 1);
    }

    let version = |number| Version {
        number,
        bundle: [3; 32],
        packages: (number != 1).then_some([4; 32]),
        guest: if number == 2 { GuestKind::Data } else { GuestKind::Base },
        bytes: u64::MAX,
        zip_file_name: STRANGE.to_owned(),
        created_by: String::new(),
        created_at: at(0),
    };
    for number in [256, 1, u32::MAX, 2] {
        write(&store, move |change| change.put_version(&action_id(1), &version(number))).await;
        assert_eq!(store.0.view.version(&action_id(1), number).unwrap(), Some(version(number)));
    }
    let numbers = store.0.view.versions(&action_id(1)).map(|version| version.unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [u32::MAX, 256, 2, 1], "newest first");
}

#[tokio::test]
async fn audit_lines_keep_their_order() {
    let folder = folder();
    let store = open(folder.path());
    let line = |ms, what: &str| audit::Change {
        at: at(ms),
        org: org("default"),
        who: STRANGE.to_owned(),
        what: what.to_owned(),
        subject: String::new(),
        detail: STRANGE.to_owned(),
    };
    // Two of one moment in one change, two in two changes.
    write(&store, move |change| {
        change.put_audit(&line(1, "a"))?;
        change.put_audit(&line(1, "b"))
    })
    .await;
    for what in ["c", "d"] {
        write(&store, move |change| change.put_audit(&line(1, what))).await;
    }
    write(&store, move |change| change.put_audit(&line(2, "e"))).await;
    let words = |store: &Store| {
        let (lines, next) = store.0.view.audit_before(&org("default"), None, 10).unwrap();
        assert_eq!(next, None);
        lines.into_iter().map(|line| line.what).collect::<Vec<_>>()
    };
    assert_eq!(words(&store), ["e", "d", "c", "b", "a"]);
    // Page by page: each line once, also those of one moment.
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let (lines, next) = store.0.view.audit_before(&org("default"), before, 2).unwrap();
        pages.push(lines.into_iter().map(|line| line.what).collect::<String>());
        let Some(next) = next else { break };
        before = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(pages, ["ed", "cb", "a"]);
    assert_eq!(store.0.view.audit_before(&org("other"), None, 10).unwrap(), (Vec::new(), None));
    for (most, left) in [(1, 4), (10, 1), (10, 1)] {
        write(&store, move |change| change.forget_audit(&org("default"), at(2), most)).await;
        assert_eq!(words(&store).len(), left);
    }
}

#[tokio::test]
async fn what_is_damaged_or_newer_is_an_error() {
    let rows: [&[u8]; 10] = [
        b"",
        b"\x00",
        b"\x01",
        b"\x01\x02{}",
        b"\x01\x01",
        b"\x01\x01{",
        b"\x01\x01{\"id\":\"x\"}",
        b"\x02",
        b"\x02\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"\xff\xff\xff",
    ];
    let folder = folder();
    let store = open(folder.path());
    for row in rows {
        write(&store, |change| {
            let keys = [
                key::organisation(&org("default")),
                key::account(&"a@b".parse().unwrap()),
                key::action(&org("default"), &action_id(1)),
                key::version(&action_id(1), 1),
                key::activity(&action_id(1)),
                key::run(&run_id(1)),
                key::hook(&[1; 32]),
                key::once(&action_id(1), &[1; 32]),
                key::audit(&org("default"), 1, 1),
            ];
            for key in keys {
                change.put_bytes(key, row.to_vec());
            }
            change.put_bytes(key::log(&run_id(1), 1), row.to_vec());
            Ok(())
        })
        .await;
        let view = &store.0.view;
        let errors = [
            view.organisation(&org("default")).err(),
            view.organisations().next().unwrap().err(),
            view.account(&"a@b".parse().unwrap()).err(),
            view.action(&org("default"), &action_id(1)).err(),
            view.all_actions().next().unwrap().err(),
            view.version(&action_id(1), 1).err(),
            view.activity(&action_id(1)).err(),
            view.run(&run_id(1)).err(),
            view.hook(&[1; 32]).err(),
            view.once(&action_id(1), &[1; 32], at(0)).err(),
            view.audit_before(&org("default"), None, 1).err(),
        ];
        for (number, error) in errors.into_iter().enumerate() {
            assert!(matches!(error, Some(Error::Damaged { .. })), "{row:?} {number}: {error:?}");
        }
        let log = view.run_log(&run_id(1));
        // An empty log is a log.
        assert_eq!(log.is_ok(), row == b"\x01", "{row:?}: {log:?}");
    }
}

#[tokio::test]
async fn a_file_that_was_changed_is_an_error() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, |change| {
        change.put_input(&run_id(1), &noise(1 << 20));
        Ok(())
    })
    .await;
    let file = fs::read_dir(folder.path().join("values")).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, noise((1 << 20) - 1)).unwrap();
    let read = store.0.view.run_input(&run_id(1));
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    fs::remove_file(&file).unwrap();
    let read = store.0.view.run_input(&run_id(1));
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
}

#[tokio::test]
async fn another_format_is_refused() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, |change| {
        change.put_bytes(key::FORMAT.to_vec(), vec![9]);
        Ok(())
    })
    .await;
    drop(store);
    let opened = Store::open(settings(folder.path()));
    assert!(matches!(opened, Err(Error::Newer { found: 9, .. })), "{opened:?}");
}

#[tokio::test]
async fn secrets_come_back_and_go_with_what_they_are_of() {
    let folder = folder();
    let store = open(folder.path());
    let view = store.0.view.clone();
    let secret = |org_name: &str, owner: Owner, name: &str| Secret {
        place: Place { org: org(org_name), owner, name: name.to_owned() },
        sealed: (0..=255).collect(),
        created_at: at(1),
        created_by: STRANGE.to_owned(),
        changed_at: at(2),
        changed_by: String::new(),
    };
    let (own, others) = (Owner::Action(action_id(1)), Owner::Action(action_id(2)));
    let rows = [
        secret("default", Owner::Organisation, "A"),
        secret("default", Owner::Organisation, "AB"),
        secret("default", own, "A"),
        secret("default", others, "A"),
        secret("other", Owner::Organisation, "A"),
    ];
    for row in rows.clone() {
        write(&store, move |change| change.put_secret(&row)).await;
    }
    for row in &rows {
        assert_eq!(view.secret(&row.place).unwrap().as_ref(), Some(row));
    }
    let secrets = |org_name: &str, owner: &Owner| view.secrets(&org(org_name), owner).unwrap();
    assert_eq!(secrets("default", &Owner::Organisation), rows[..2]);
    assert_eq!(secrets("default", &own), rows[2..3]);
    assert_eq!(secrets("other", &own), []);
    write(&store, |change| change.remove_action(&action())).await;
    assert_eq!((secrets("default", &own).len(), secrets("default", &others).len()), (0, 1));
    write(&store, |change| change.remove_secrets_of_org(&org("default"))).await;
    assert_eq!((secrets("default", &others).len(), secrets("default", &Owner::Organisation).len()), (0, 0));
    assert_eq!(secrets("other", &Owner::Organisation), rows[4..]);
    write(&store, |change| {
        change.put_secret_key_check(vec![1]);
        Ok(())
    })
    .await;
    assert_eq!(view.secret_key_check().unwrap(), Some(vec![1]));
    write(&store, |change| change.remove_all_secrets().map(|count| assert_eq!(count, 1))).await;
    assert_eq!((secrets("other", &Owner::Organisation).len(), view.secret_key_check().unwrap()), (0, None));
}
