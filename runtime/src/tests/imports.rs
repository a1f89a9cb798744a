//! Fuzz targets: one for each import that takes guest memory, and one for all of them in a row. A case is a guest that has
//! everything open that there is, and a list of steps: what it lays in its memory, and what it calls. Its numbers are mostly those
//! that mean something where they stand: descriptors that are open, closed or of another kind, addresses at edges, lengths that fit.
//!
//! `scripts/test` tries a hundred cases of each, `scripts/fuzz imports` as many as there is time for.

mod stage;

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bolero::{TypeGenerator, check, produce};
use tokio::runtime::{Builder, Runtime};

use self::stage::Stage;
use super::{
    Answer::{self, Ended, Nothing, Number},
    IMPORTS, MEMORY_BYTES,
};

const END: i64 = MEMORY_BYTES as i64;
/// Cases of each target that `scripts/test` tries.
const CASES: usize = 100;
const STEPS_MAX: usize = 40;
/// What a guest waits for in vain is given up after so long; no time passes.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// What all cases of a target may add to the memory of this process, with room for what the allocator keeps.
const GROWTH_KIB_MAX: u64 = 64 << 10;
/// Why a guest may be ended, by what the reason begins with. `raised` also ends one that tells of no exception.
const ENDS: &[&str] = &[
    "the guest passed an address outside of its memory",
    "an exception of ",
    "Pointer ",
    "Invalid ",
    "Slice ",
    "Exited with ",
    "out of range integral type conversion",
    "wasm trap: all fuel consumed",
    "all fuel consumed",
];

/// What a guest does next.
#[derive(Debug, TypeGenerator)]
enum Step {
    /// Calls what the target is for.
    Own(Numbers),
    /// Calls another import.
    Other(u8, Numbers),
    /// Lays numbers in a row: tables of vectors, of descriptors, of subscriptions, over whatever is there.
    Lay { at: Place, words: [Word; 8] },
    /// Lays bytes.
    Put { at: Place, bytes: [u8; 16] },
}

/// No import takes more.
type Numbers = [Value; 9];

/// One argument. What it means hangs on where it stands.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Value {
    Known(u8),
    Close(u8, i8),
    Any(i64),
}

/// An address of the guest's.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Place {
    Known(u8),
    Any(u32),
}

/// One number of a table.
#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Word {
    Address(u8),
    Length(u8),
    Descriptor(u8),
    Any(u32),
}

/// Places in memory: each table and text of the stage, the edges, and what lies between.
const PLACES: &[i64] = &[
    0,
    stage::NAMES,
    stage::ADDRESS,
    stage::LENGTH,
    stage::VECTORS,
    stage::POLLED,
    stage::SUBSCRIBED,
    stage::REQUEST,
    stage::EXCEPTION,
    stage::PEM,
    stage::RECORDS,
    stage::FLIGHT,
    1 << 16,
    END - 48,
    END - 16,
    END - 8,
    END - 4,
    END - 1,
    END,
    u32::MAX as i64,
    u32::MAX as i64 - 7,
    i32::MIN as i64,
];
const FLAGS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    6,
    8,
    9,
    10,
    13,
    16,
    17,
    20,
    25,
    36,
    41,
    64,
    128,
    1_024,
    -1,
    i32::MIN as i64,
    i32::MAX as i64,
];
const LONG: &[i64] = &[0, 1, 2, 66, 512, 1 << 16, 1 << 29, 1 << 40, -1, i64::MIN, i64::MAX, u32::MAX as i64];

fn pick(from: &[i64], number: u8) -> i64 {
    from[usize::from(number) % from.len()]
}

impl Value {
    /// As an argument of the kind that `letter` says.
    fn of(self, letter: char, stage: &Stage) -> i64 {
        let known: &[i64] = match letter {
            'a' => PLACES,
            'f' => &stage.descriptors,
            'n' => &stage.lengths,
            'l' => LONG,
            _ => FLAGS,
        };
        match self {
            Self::Known(number) => pick(known, number),
            Self::Close(number, by) => pick(known, number).wrapping_add(by.into()),
            Self::Any(number) => number,
        }
    }
}

impl Place {
    /// Where so many bytes fit.
    fn at(self, len: usize) -> usize {
        let at = match self {
            Self::Known(number) => pick(PLACES, number) as u32,
            Self::Any(at) => at,
        };
        (at as usize).min(MEMORY_BYTES - len)
    }
}

impl Word {
    fn bytes(self, stage: &Stage) -> [u8; 4] {
        let word = match self {
            Self::Address(number) => pick(PLACES, number),
            Self::Length(number) => pick(&stage.lengths, number),
            Self::Descriptor(number) => pick(&stage.descriptors, number),
            Self::Any(word) => word.into(),
        };
        (word as u32).to_le_bytes()
    }
}

/// Goes through a case on `own`, or on any import.
async fn go(own: Option<&str>, steps: &[Step]) {
    let mut stage = Stage::set().await;
    for step in steps {
        let (name, numbers) = match step {
            Step::Own(numbers) => (own, numbers),
            Step::Other(number, numbers) => (Some(IMPORTS[usize::from(*number) % IMPORTS.len()].1), numbers),
            Step::Lay { at, words } => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.bytes(&stage)).collect();
                stage.puppet.put(at.at(bytes.len()), &bytes);
                continue;
            }
            Step::Put { at, bytes } => {
                stage.puppet.put(at.at(bytes.len()), bytes);
                continue;
            }
        };
        let Some(name) = name else { continue };
        if !call(&mut stage, name, numbers).await {
            return;
        }
    }
}

/// Whether the guest lives on.
async fn call(stage: &mut Stage, name: &str, numbers: &Numbers) -> bool {
    let (.., parameters, result) = IMPORTS.iter().find(|(_, known, ..)| *known == name).unwrap();
    let arguments = parameters.chars().zip(numbers).map(|(letter, number)| number.of(letter, stage));
    let arguments: Vec<i64> = arguments.collect();
    let Ok(answer) = tokio::time::timeout(WAIT_MAX, stage.puppet.call(name, &arguments)).await else {
        // It waits, as it may; with its call the guest is gone.
        return false;
    };
    check_answer(name, &arguments, result, &answer);
    !matches!(answer, Ended(_))
}

fn check_answer(name: &str, arguments: &[i64], result: &str, answer: &Answer) {
    match answer {
        Nothing => assert_eq!(result, "", "{name}{arguments:?}"),
        Number(number) => {
            assert_ne!(result, "", "{name}{arguments:?}: {number}");
            // No error number is larger, and what was moved is never more than was asked for.
            assert!(*number > -100, "{name}{arguments:?}: {number}");
        }
        Ended(why) => {
            let known = name == "raised" || ENDS.iter().any(|end| why.starts_with(end));
            assert!(known, "{name}{arguments:?} ends the run: {why}");
        }
    }
}

/// A runtime, and this process's memory when it was made. One case at a time: descriptors are counted.
static RUNTIME: Mutex<Option<(Runtime, u64)>> = Mutex::new(None);

/// One case: afterwards nothing is open that was not before, and no memory is kept.
fn case(own: Option<&str>, steps: &[Step]) {
    let mut made = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (runtime, resident) = made.get_or_insert_with(|| {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        // What is made once is made now.
        runtime.block_on(go(None, &[]));
        (runtime, peak_kib())
    });
    runtime.block_on(async {
        let before = open();
        go(own, steps).await;
        // Look-ups that nobody waits for any more end when it is their turn.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(open(), before, "descriptors are left open");
    });
    // The kernel counts in batches: a little less than before is possible.
    let grown = peak_kib().saturating_sub(*resident);
    assert!(grown <= GROWTH_KIB_MAX, "{grown} KiB more");
}

fn open() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

macro_rules! targets {
    ($($target:ident $import:literal)*) => {
        /// What has a target of its own.
        const TARGETS: &[&str] = &[$($import),*];

        $(
            #[test]
            fn $target() {
                let steps = produce::<Vec<Step>>().with().len(1..=STEPS_MAX);
                check!().with_generator(steps).with_iterations(CASES).for_each(|steps| case(Some($import), steps));
            }
        )*
    };
}

targets! {
    door_input_read "input_read"
    door_result "result"
    door_raised "raised"
    door_log "log"
    wasi_args_get "args_get"
    wasi_args_sizes_get "args_sizes_get"
    wasi_environ_get "environ_get"
    wasi_environ_sizes_get "environ_sizes_get"
    wasi_clock_res_get "clock_res_get"
    wasi_clock_time_get "clock_time_get"
    wasi_fd_fdstat_get "fd_fdstat_get"
    wasi_fd_filestat_get "fd_filestat_get"
    wasi_fd_pread "fd_pread"
    wasi_fd_prestat_get "fd_prestat_get"
    wasi_fd_prestat_dir_name "fd_prestat_dir_name"
    wasi_fd_pwrite "fd_pwrite"
    wasi_fd_read "fd_read"
    wasi_fd_readdir "fd_readdir"
    wasi_fd_seek "fd_seek"
    wasi_fd_tell "fd_tell"
    wasi_fd_write "fd_write"
    wasi_path_create_directory "path_create_directory"
    wasi_path_filestat_get "path_filestat_get"
    wasi_path_filestat_set_times "path_filestat_set_times"
    wasi_path_link "path_link"
    wasi_path_open "path_open"
    wasi_path_readlink "path_readlink"
    wasi_path_remove_directory "path_remove_directory"
    wasi_path_rename "path_rename"
    wasi_path_symlink "path_symlink"
    wasi_path_unlink_file "path_unlink_file"
    wasi_poll_oneoff "poll_oneoff"
    wasi_random_get "random_get"
    wasi_sock_accept "sock_accept"
    wasi_sock_recv "sock_recv"
    wasi_sock_send "sock_send"
    net_connect "connect"
    net_bind "bind"
    net_accept "accept"
    net_send "send"
    net_recv "recv"
    net_getopt "getopt"
    net_setopt "setopt"
    net_name "name"
    net_poll "poll"
    net_resolve "resolve"
    net_why "why"
    tls_roots "tls.roots"
    tls_check "tls.check"
    tls_open "tls.open"
    tls_feed "tls.feed"
    tls_take "tls.take"
    tls_write "tls.write"
    tls_read "tls.read"
    tls_fact "tls.fact"
}

/// Any import after any other.
#[test]
fn sequences() {
    let steps = produce::<Vec<Step>>().with().len(1..=4 * STEPS_MAX);
    check!().with_generator(steps).with_iterations(CASES).for_each(|steps| case(None, steps));
}

#[test]
fn each_import_that_takes_memory_has_a_target() {
    let taking: Vec<_> = IMPORTS.iter().filter(|(.., parameters, _)| parameters.contains('a')).collect();
    let taking: Vec<_> = taking.iter().map(|(_, name, ..)| *name).collect();
    assert_eq!(taking, TARGETS);
}
