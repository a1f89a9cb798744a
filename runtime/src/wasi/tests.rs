//! Every function that a guest can call, called by a module that passes what no honest guest would.

use std::{fs, time::Duration};

use tokio::time::Instant;

use crate::{
    limits::Limits,
    tests::{
        Answer::{Ended, Nothing, Number},
        IMPORTS, MEMORY_BYTES, Puppet, limits,
    },
    work::YIELD_FUEL,
};

const EBADF: i32 = 8;
const EMFILE: i32 = 33;
const ENOSPC: i32 = 51;
const ENOTSUP: i32 = 58;
const EINVAL: i32 = 28;

const END: i64 = MEMORY_BYTES as i64;
/// `/tmp`, the third of the directories that a guest is given.
const TMP: i64 = 5;

impl Puppet {
    /// Opens `name` below /tmp and says which descriptor it got.
    async fn open(&mut self, name: &str, oflags: i64) -> Result<i64, i32> {
        self.put(0, name.as_bytes());
        let arguments = [TMP, 0, 0, name.len() as i64, oflags, RIGHTS, RIGHTS, 0, 1000];
        match self.errno("path_open", &arguments).await {
            0 => Ok(self.word(1000).into()),
            errno => Err(errno),
        }
    }

    /// Lays vectors out at 2000, each of `len` bytes at 0.
    fn vectors(&mut self, count: usize, len: u32) {
        for number in 0..count {
            self.put(2000 + number * 8, &0_u32.to_le_bytes());
            self.put(2004 + number * 8, &len.to_le_bytes());
        }
    }
}

/// To read and to write.
const RIGHTS: i64 = 1 << 1 | 1 << 6;
const CREATE: i64 = 1;
const MAX: i64 = u32::MAX as i64;
const MIN: i64 = i32::MIN as i64;

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Where each function takes addresses and lengths, what lies inside is served and what does not is refused.
#[tokio::test]
async fn addresses_are_checked() {
    // (function, arguments of which each `at` is replaced, bytes that it needs there)
    const AT: i64 = i64::MIN;
    let rows: &[(&str, &[i64], i64)] = &[
        ("input_read", &[AT], 7),
        ("result", &[AT, 10], 10),
        ("log", &[1, AT, 3, 0, 3], 3),
        ("log", &[1, 0, 3, AT, 3], 3),
        ("args_sizes_get", &[AT, 0], 4),
        ("environ_sizes_get", &[0, AT], 4),
        ("clock_time_get", &[0, 0, AT], 8),
        ("fd_fdstat_get", &[TMP, AT], 24),
        ("fd_filestat_get", &[TMP, AT], 64),
        ("fd_prestat_get", &[TMP, AT], 8),
        ("fd_prestat_dir_name", &[TMP, AT, 4], 4),
        ("fd_readdir", &[TMP, AT, 24, 0, 0], 24),
        ("fd_readdir", &[TMP, 0, 24, 0, AT], 4),
        ("fd_read", &[0, AT, 1, 0], 8),
        ("fd_read", &[0, 2000, 1, AT], 4),
        ("fd_write", &[1, AT, 1, 0], 8),
        ("fd_write", &[2, 2000, 1, AT], 4),
        ("path_filestat_get", &[TMP, 0, 0, 1, AT], 64),
        ("random_get", &[AT, 16], 16),
        ("poll_oneoff", &[AT, 3000, 1, 0], 48),
        ("poll_oneoff", &[3000, AT, 1, 0], 32),
        ("poll_oneoff", &[3000, 3100, 1, AT], 4),
    ];
    let mut wrong = Vec::new();
    for (name, arguments, bytes) in rows {
        for (at, served) in [
            (END - bytes, true),
            (END - bytes + 1, false),
            (END - 1, *bytes == 1),
            (END, false),
            (MAX, false),
            (MAX - bytes, false),
            (MIN, false),
        ] {
            let mut puppet = Puppet::new().await;
            puppet.put(0, b".");
            puppet.vectors(1, 1);
            let arguments: Vec<i64> =
                arguments.iter().map(|argument| if *argument == AT { at } else { *argument }).collect();
            let answer = puppet.call(name, &arguments).await;
            let ok = matches!(answer, Number(0) | Nothing);
            if ok != served {
                wrong.push(format!("{name}{arguments:?}: {answer:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A length or count is believed only after it was held against the memory.
#[tokio::test]
async fn bogus_lengths_are_refused_and_cost_nothing() {
    let rows: &[(&str, &[i64])] = &[
        ("result", &[0, MAX]),
        ("raised", &[0, MAX]),
        ("raised", &[0, 1 << 17]),
        ("log", &[0, 0, MAX, 0, 0]),
        ("log", &[0, 0, 0, 0, MAX]),
        ("log", &[0, END, 1, 0, 0]),
        ("fd_write", &[1, 0, MAX, 0]),
        ("fd_write", &[1, 0, MIN, 0]),
        ("fd_write", &[1, END - 8, 2, 0]),
        ("fd_read", &[0, 0, MAX, 0]),
        ("fd_pread", &[TMP, 0, MAX, 0, 0]),
        ("fd_pwrite", &[TMP, 0, MAX, 0, 0]),
        ("fd_prestat_dir_name", &[TMP, END - 2, MAX]),
        ("path_open", &[TMP, 0, 0, MAX, 1, RIGHTS, RIGHTS, 0, 0]),
        ("path_create_directory", &[TMP, 0, MAX]),
        ("path_filestat_get", &[TMP, 0, 0, MAX, 0]),
        ("path_readlink", &[TMP, 0, MAX, 0, MAX, 0]),
        ("path_remove_directory", &[TMP, 0, MAX]),
        ("path_rename", &[TMP, 0, MAX, TMP, 0, MAX]),
        ("path_symlink", &[0, MAX, TMP, 0, MAX]),
        ("path_unlink_file", &[TMP, 0, MAX]),
        ("path_unlink_file", &[TMP, 0, MIN]),
        ("path_filestat_set_times", &[TMP, 0, 0, MAX, 0, 0, 0]),
        ("poll_oneoff", &[0, 0, MAX, 0]),
        ("poll_oneoff", &[0, 0, 0, 0]),
        ("poll_oneoff", &[0, 0, 1025, 0]),
        ("poll_oneoff", &[END - 48 * 3, 0, 1024, 0]),
        ("random_get", &[0, MAX]),
        ("random_get", &[0, MIN]),
        ("random_get", &[END - 1, 1 << 16]),
        ("random_get", &[0, (1 << 16) + 1]),
        ("sock_recv", &[0, 0, MAX, 0, 0, 0]),
        ("sock_send", &[1, 0, MAX, 0, 0]),
        ("sock_accept", &[0, 0, MAX]),
    ];
    let mut puppets = Vec::new();
    for _ in rows {
        puppets.push(Puppet::new().await);
    }
    let before = resident_kib();
    let mut wrong = Vec::new();
    for ((name, arguments), puppet) in rows.iter().zip(&mut puppets) {
        let answer = puppet.call(name, arguments).await;
        // `result` answers with its limit.
        if matches!(answer, Number(0) | Nothing) {
            wrong.push(format!("{name}{arguments:?}: {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let grown = resident_kib() - before;
    assert!(grown < 16 << 10, "{grown} KiB more");
}

#[tokio::test]
async fn vectors_have_a_bound_and_every_byte_a_check() {
    for (descriptor, write) in [(1, "fd_write"), (2, "fd_write")] {
        let mut puppet = Puppet::new().await;
        puppet.vectors(1025, 1);
        assert_eq!(puppet.errno(write, &[descriptor, 2000, 1024, 1000]).await, 0);
        assert_eq!(puppet.word(1000), 1024);
        assert_eq!(puppet.errno(write, &[descriptor, 2000, 1025, 1000]).await, EINVAL);
        puppet.vectors(2, MEMORY_BYTES as u32);
        assert_eq!(puppet.errno(write, &[descriptor, 2000, 2, 1000]).await, 0);
        puppet.vectors(2, MEMORY_BYTES as u32 + 1);
        assert!(matches!(puppet.call(write, &[descriptor, 2000, 1, 1000]).await, Ended(_)));
    }
}

#[tokio::test]
async fn open_files_are_counted() {
    let mut puppet = Puppet::new().await;
    let mut opened = Vec::new();
    for number in 0..4 {
        opened.push(puppet.open(&format!("f{number}"), CREATE).await.unwrap());
    }
    assert_eq!(puppet.open("f0", 0).await, Err(EMFILE));
    // Closing what was not opened, or twice, gains nothing.
    assert_eq!(puppet.errno("fd_close", &[0]).await, 0);
    assert_eq!(puppet.errno("fd_close", &[0]).await, EBADF);
    assert_eq!(puppet.errno("fd_close", &[999]).await, EBADF);
    assert_eq!(puppet.open("f0", 0).await, Err(EMFILE));
    assert_eq!(puppet.errno("fd_close", &[opened[0]]).await, 0);
    assert!(puppet.open("f0", 0).await.is_ok());
    assert_eq!(puppet.open("f0", 0).await, Err(EMFILE));
    assert_eq!(puppet.store.data().files.open(), 4);
    // Moving descriptors would unhinge the count.
    assert_eq!(puppet.errno("fd_renumber", &[opened[1], opened[2]]).await, ENOTSUP);
    assert_eq!(puppet.errno("path_link", &[TMP, 0, 0, 2, TMP, 10, 2]).await, ENOTSUP);
}

/// A descriptor whose number cannot be told must not stay open behind the count.
#[tokio::test]
async fn a_descriptor_that_cannot_be_handed_over_ends_the_run() {
    let mut puppet = Puppet::new().await;
    puppet.put(0, b"f");
    for at in [END - 3, END, MAX] {
        let answer = puppet.call("path_open", &[TMP, 0, 0, 1, CREATE, RIGHTS, RIGHTS, 0, at]).await;
        assert!(matches!(answer, Ended(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn scratch_has_room_for_so_much_and_no_more() {
    let mut puppet = Puppet::new().await;
    let file = puppet.open("f", CREATE).await.unwrap();
    puppet.vectors(1, 5_000);
    for _ in 0..2 {
        assert_eq!(puppet.errno("fd_write", &[file, 2000, 1, 1000]).await, 0);
        assert_eq!(puppet.word(1000), 5_000);
    }
    puppet.vectors(1, 1);
    assert_eq!(puppet.errno("fd_write", &[file, 2000, 1, 1000]).await, ENOSPC);
    assert_eq!(puppet.errno("fd_pwrite", &[file, 2000, 1, 0, 1000]).await, ENOSPC);
    assert_eq!(puppet.errno("fd_filestat_set_size", &[file, 1]).await, ENOSPC);
    // One entry is the file; links and directories count too.
    puppet.put(0, b"abcdef");
    assert_eq!(puppet.errno("path_create_directory", &[TMP, 0, 1]).await, 0);
    assert_eq!(puppet.errno("path_create_directory", &[TMP, 0, 1]).await, 20, "it exists");
    assert_eq!(puppet.errno("path_symlink", &[0, 1, TMP, 1, 1]).await, 0);
    assert!(puppet.open("g", CREATE).await.is_ok());
    assert!(puppet.open("h", CREATE).await.is_ok());
    assert_eq!(puppet.open("i", CREATE).await, Err(ENOSPC));
    assert!(puppet.open("h", CREATE).await.is_ok(), "it exists");
    puppet.put(0, b"abcdef");
    assert_eq!(puppet.errno("path_create_directory", &[TMP, 4, 1]).await, ENOSPC);
    assert_eq!(puppet.errno("path_symlink", &[0, 1, TMP, 5, 1]).await, ENOSPC);
    assert_eq!(fs::read_dir(puppet.scratch()).unwrap().count(), 5);
}

#[tokio::test]
async fn sizes_and_offsets_without_bound_take_no_disk() {
    use std::os::unix::fs::MetadataExt as _;
    let mut puppet = Puppet::new().await;
    let file = puppet.open("f", CREATE).await.unwrap();
    for (size, errno) in [(10_000, 0), (10_001, ENOSPC), (i64::MAX, ENOSPC), (-1, ENOSPC), (0, 0)] {
        assert_eq!(puppet.errno("fd_filestat_set_size", &[file, size]).await, errno, "{size}");
    }
    puppet.vectors(1, 1);
    for offset in [1 << 40, 1 << 62, i64::MAX, -1, i64::MIN] {
        let _ = puppet.call("fd_pwrite", &[file, 2000, 1, offset, 1000]).await;
        let _ = puppet.call("fd_pread", &[file, 2000, 1, offset, 1000]).await;
        let _ = puppet.call("fd_seek", &[file, offset, 0, 1000]).await;
        let _ = puppet.call("fd_write", &[file, 2000, 1, 1000]).await;
    }
    assert_eq!(puppet.errno("fd_allocate", &[file, 0, 1 << 40]).await, ENOTSUP);
    let blocks = fs::metadata(puppet.scratch().join("f")).unwrap().blocks();
    assert!(blocks * 512 <= 1 << 20, "{blocks} blocks");
}

/// A `subscription` to a clock.
fn clock(id: u32, nanoseconds: u64, absolute: bool) -> [u8; 48] {
    let mut raw = [0; 48];
    raw[0] = 7;
    raw[16..20].copy_from_slice(&id.to_le_bytes());
    raw[24..32].copy_from_slice(&nanoseconds.to_le_bytes());
    raw[40] = u8::from(absolute);
    raw
}

#[tokio::test(start_paused = true)]
async fn sleeping_holds_no_thread() {
    const HOUR: u64 = 3_600_000_000_000;
    // (clock, nanoseconds, absolute, hours asleep); the third and fourth clock are a processor's
    for (id, nanoseconds, absolute, expected) in [
        (0, HOUR, false, Some(1)),
        (1, HOUR, false, Some(1)),
        (1, 0, false, Some(0)),
        (0, 1, true, Some(0)),
        (1, 1, true, Some(0)),
        (2, HOUR, false, None),
        (3, HOUR, false, None),
        (256, HOUR, false, None),
        (u32::MAX, u64::MAX, true, None),
    ] {
        let mut puppet = Puppet::new().await;
        puppet.put(2000, &clock(id, nanoseconds, absolute));
        let started = Instant::now();
        let errno = puppet.errno("poll_oneoff", &[2000, 3000, 1, 1000]).await;
        let row = (id, nanoseconds, absolute);
        assert_eq!(errno, if expected.is_some() { 0 } else { EINVAL }, "{row:?}");
        if let Some(hours) = expected {
            assert_eq!(started.elapsed().as_secs() / 3600, hours, "{row:?}");
            assert_eq!((puppet.word(1000), puppet.word(3000)), (1, 7), "{row:?}");
        }
    }
    // What never ends is the deadline's to end.
    for (id, absolute) in [(0, false), (1, false), (0, true), (1, true)] {
        let mut puppet = Puppet::new().await;
        puppet.put(2000, &clock(id, u64::MAX, absolute));
        let asleep = puppet.call("poll_oneoff", &[2000, 3000, 1, 1000]);
        assert!(tokio::time::timeout(Duration::from_secs(86_400), asleep).await.is_err());
    }
}

#[tokio::test]
async fn a_thousand_subscriptions_are_answered() {
    let mut puppet = Puppet::new().await;
    for number in 0..1024 {
        puppet.put(4096 + number * 48, &clock(1, if number == 1000 { 0 } else { 1 << 62 }, false));
    }
    assert_eq!(puppet.errno("poll_oneoff", &[4096, 60_000, 1024, 1000]).await, 0);
    assert_eq!(puppet.word(1000), 1);
    // An hour of thread time would be asked for here, were it taken from the thread.
    puppet.put(4096, &clock(2, 1 << 62, false));
    assert_eq!(puppet.errno("poll_oneoff", &[4096, 60_000, 2, 1000]).await, EINVAL);
}

#[tokio::test]
async fn a_directory_is_read_in_pieces_of_any_size() {
    let mut puppet = Puppet::new().await;
    let big = puppet.scratch();
    // Names that take more than the first listing has room for.
    let mut expected: Vec<String> = (0..700).map(|number| format!("{number:0200}")).collect();
    for name in &expected {
        fs::write(big.join(name), "").unwrap();
    }
    expected.extend([".".to_owned(), "..".to_owned()]);
    expected.sort();
    for piece_bytes in [224, 300, 4096, 60_000] {
        let (mut cookie, mut found) = (0, Vec::new());
        loop {
            let errno = puppet.errno("fd_readdir", &[TMP, 4096, piece_bytes, cookie, 1000]).await;
            assert_eq!(errno, 0);
            let used = puppet.word(1000) as usize;
            let piece = puppet.memory()[4096..4096 + used].to_vec();
            let mut rest = &piece[..];
            while let Some((head, names)) = rest.split_at_checked(24) {
                let len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
                let Some((name, next)) = names.split_at_checked(len) else { break };
                found.push(String::from_utf8(name.to_vec()).unwrap());
                cookie = i64::from_le_bytes(head[..8].try_into().unwrap());
                rest = next;
            }
            if used < piece_bytes as usize {
                break;
            }
        }
        found.sort();
        assert_eq!(found, expected, "in pieces of {piece_bytes}");
    }
    for (descriptor, cookie, errno) in [(TMP, -1, 0), (TMP, i64::MAX, 0), (99, 0, EBADF), (0, 0, EBADF)] {
        let got = puppet.errno("fd_readdir", &[descriptor, 4096, 4096, cookie, 1000]).await;
        assert_eq!(got, errno, "{descriptor} {cookie}");
        assert!(errno != 0 || puppet.word(1000) == 0, "past the end there is nothing");
    }
    // Begun anew it is seen as it is now.
    fs::remove_file(big.join(&expected[5])).unwrap();
    for (fuel_of, cookie) in [("a listing", 0), ("a piece", 5)] {
        let before = puppet.store.get_fuel().unwrap() - puppet.store.data().work.owed();
        assert_eq!(puppet.errno("fd_readdir", &[TMP, 4096, 60_000, cookie, 1000]).await, 0);
        let paid = before - (puppet.store.get_fuel().unwrap() - puppet.store.data().work.owed());
        assert_eq!(paid > 700 * 1_000, cookie == 0, "{fuel_of} costs {paid}");
    }
}

/// What keeps the host busy is paid for: it ends with the fuel, and gives way before.
#[tokio::test]
async fn host_work_costs_fuel() {
    let rows: &[(&str, &[i64])] = &[
        ("fd_write", &[1, 2000, 1, 1000]),
        ("fd_pread", &[6, 2000, 1, 0, 1000]),
        ("log", &[0, 0, 0, 0, END]),
        ("result", &[0, 1_000]),
        ("random_get", &[0, 65_536]),
        ("fd_readdir", &[TMP, 4096, 4096, 0, 1000]),
        ("path_filestat_get", &[TMP, 0, 0, 4_096, 1000]),
        ("path_open", &[TMP, 0, 0, 4_096, 0, 0, 0, 0, 1000]),
        ("poll_oneoff", &[4096, 60_000, 1024, 1000]),
    ];
    for (name, arguments) in rows {
        let mut puppet = Puppet::with(Limits { fuel: 3 * YIELD_FUEL, ..limits() }).await;
        // A sparse file of another's making: all of its bytes are read, none were written.
        fs::File::create(puppet.dir.path().join("action/zeros")).unwrap().set_len(1 << 30).unwrap();
        puppet.put(0, b"zeros");
        assert_eq!(puppet.errno("path_open", &[4, 0, 0, 5, 0, 2, 0, 0, 1000]).await, 0);
        let opened = puppet.word(1000);
        for number in 0..1024 {
            puppet.put(4096 + number * 48, &clock(1, 0, false));
        }
        puppet.vectors(1, 60_000);
        let mut arguments = arguments.to_vec();
        if *name == "fd_pread" {
            arguments[0] = opened.into();
        }
        let mut calls = 0;
        let ended = loop {
            match puppet.call(name, &arguments).await {
                Ended(why) => break why,
                Nothing | Number(_) => calls += 1,
            }
            assert!(calls < 100_000, "{name} is free");
            puppet.vectors(1, 60_000);
        };
        assert!(ended.contains("fuel"), "{name}: {ended}");
    }
}

#[tokio::test]
async fn syncing_waits_for_no_disk_but_knows_its_descriptors() {
    let mut puppet = Puppet::new().await;
    let file = puppet.open("f", CREATE).await.unwrap();
    for name in ["fd_sync", "fd_datasync"] {
        assert_eq!(puppet.errno(name, &[file]).await, 0);
        assert_eq!(puppet.errno(name, &[99]).await, EBADF);
    }
}

#[tokio::test]
async fn exits_are_ends() {
    for code in [0, 1, 125, 126, MAX, MIN] {
        assert!(matches!(Puppet::new().await.call("proc_exit", &[code]).await, Ended(_)));
    }
    assert_eq!(Puppet::new().await.errno("proc_raise", &[6]).await, ENOTSUP);
}

#[tokio::test]
async fn exceptions_are_parsed_or_end_the_run() {
    for (text, fine) in [
        (r#"{"type": "E", "message": "m", "traceback": "t"}"#, true),
        (r#"{"type": "E", "message": "m"}"#, false),
        (r#"{"type": "E", "message": "m", "traceback": "t""#, false),
        ("", false),
        ("[[[[[[[[[[", false),
        ("\u{0}", false),
    ] {
        let mut puppet = Puppet::new().await;
        puppet.put(0, text.as_bytes());
        let answer = puppet.call("raised", &[0, text.len() as i64]).await;
        assert_eq!(answer == Nothing, fine, "{text}: {answer:?}");
    }
    let mut puppet = Puppet::new().await;
    let deep = "[".repeat(MEMORY_BYTES);
    puppet.put(0, deep.as_bytes());
    assert!(matches!(puppet.call("raised", &[0, END]).await, Ended(_)));
}

#[tokio::test]
async fn results_are_taken_up_to_their_limit() {
    let mut puppet = Puppet::new().await;
    assert_eq!(puppet.call("result", &[0, 1_000]).await, Number(0));
    assert_eq!(puppet.call("result", &[0, 1_001]).await, Number(1_000));
    assert_eq!(puppet.call("result", &[END - 1_000, 1_000]).await, Number(0));
    assert!(matches!(puppet.call("result", &[END - 999, 1_000]).await, Ended(_)));
    let kept = puppet.store.data_mut().door.take_result();
    assert_eq!(kept.map(|result| result.len()), Some(1_000));
}

/// Garbage in every argument of every function, from a fixed seed: nothing panics, nothing hangs, little is taken.
#[tokio::test(start_paused = true)]
async fn garbage_is_survived() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut resident = 0;
    for round in 0..60 {
        let mut puppet = Puppet::new().await;
        for _ in 0..400 {
            let (_, name, parameters, _) = IMPORTS[random() as usize % IMPORTS.len()];
            let arguments: Vec<i64> = parameters
                .chars()
                .map(|_| {
                    let small = (random() % 64) as i64;
                    match random() % 8 {
                        0..3 => small,
                        3 => (random() % MEMORY_BYTES as u64) as i64,
                        4 => END - small,
                        5 => -small,
                        6 => [MAX, MIN, i64::MAX, i64::MIN, 1 << 16, 1025][random() as usize % 6],
                        _ => random() as i64,
                    }
                })
                .collect();
            let at = random() as usize % (MEMORY_BYTES - 8);
            let bytes = if random() % 2 == 0 { random() } else { random() % 256 };
            puppet.put(at, &bytes.to_le_bytes());
            puppet.put(at % 512, &bytes.to_le_bytes());
            // Sleeping is what paused time is for; a guest that sleeps for ever has a deadline.
            let call = puppet.call(name, &arguments);
            let _ = tokio::time::timeout(Duration::from_secs(86_400), call).await;
        }
        if round == 10 {
            resident = resident_kib();
        }
    }
    // The kernel counts in batches: a little less than before is possible.
    let grown = resident_kib().saturating_sub(resident);
    assert!(grown < 64 << 10, "{grown} KiB more");
}
