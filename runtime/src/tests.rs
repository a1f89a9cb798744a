//! A guest for tests that is a module of one's own making: it calls every function that a guest can call, with what one says.

use std::{fs, sync::OnceLock, time::Duration};

use tempfile::TempDir;
use tokio::time::Instant;
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    MemorySection, MemoryType, TypeSection, ValType,
};
use wasmtime::{Config, Engine, Instance, InstancePre, Linker, Module, Store, Val};

use crate::{
    door,
    guest::Guest,
    limits::{Limits, NetLimits},
    net,
    scratch::Scratches,
    state::{Shared, State},
    tls, wasi,
    work::YIELD_FUEL,
};

mod imports;

const DOOR: &str = "actiond";
const WASI: &str = "wasi_snapshot_preview1";
const NET: &str = "net";
const TLS: &str = "tls";
pub(crate) const MEMORY_BYTES: usize = 2 << 16;
pub(crate) const FUEL: u64 = 1_000_000_000_000;

/// (module, function, behind a dot where two modules have one of that name, its parameters and result): `l` is an i64, all others
/// are i32: `a` an address in the guest's memory, `n` a length or a count, `f` a descriptor or a handle, `i` anything else.
pub(crate) const IMPORTS: &[(&str, &str, &str, &str)] = &[
    (DOOR, "input_len", "", "i"),
    (DOOR, "input_read", "a", ""),
    (DOOR, "result", "an", "l"),
    (DOOR, "raised", "an", ""),
    (DOOR, "log", "ianan", ""),
    (WASI, "args_get", "aa", "i"),
    (WASI, "args_sizes_get", "aa", "i"),
    (WASI, "environ_get", "aa", "i"),
    (WASI, "environ_sizes_get", "aa", "i"),
    (WASI, "clock_res_get", "ia", "i"),
    (WASI, "clock_time_get", "ila", "i"),
    (WASI, "fd_advise", "flli", "i"),
    (WASI, "fd_allocate", "fll", "i"),
    (WASI, "fd_close", "f", "i"),
    (WASI, "fd_datasync", "f", "i"),
    (WASI, "fd_fdstat_get", "fa", "i"),
    (WASI, "fd_fdstat_set_flags", "fi", "i"),
    (WASI, "fd_fdstat_set_rights", "fll", "i"),
    (WASI, "fd_filestat_get", "fa", "i"),
    (WASI, "fd_filestat_set_size", "fl", "i"),
    (WASI, "fd_filestat_set_times", "flli", "i"),
    (WASI, "fd_pread", "fanla", "i"),
    (WASI, "fd_prestat_get", "fa", "i"),
    (WASI, "fd_prestat_dir_name", "fan", "i"),
    (WASI, "fd_pwrite", "fanla", "i"),
    (WASI, "fd_read", "fana", "i"),
    (WASI, "fd_readdir", "fanla", "i"),
    (WASI, "fd_renumber", "ff", "i"),
    (WASI, "fd_seek", "flia", "i"),
    (WASI, "fd_sync", "f", "i"),
    (WASI, "fd_tell", "fa", "i"),
    (WASI, "fd_write", "fana", "i"),
    (WASI, "path_create_directory", "fan", "i"),
    (WASI, "path_filestat_get", "fiana", "i"),
    (WASI, "path_filestat_set_times", "fianlli", "i"),
    (WASI, "path_link", "fianfan", "i"),
    (WASI, "path_open", "fianillia", "i"),
    (WASI, "path_readlink", "fanana", "i"),
    (WASI, "path_remove_directory", "fan", "i"),
    (WASI, "path_rename", "fanfan", "i"),
    (WASI, "path_symlink", "anfan", "i"),
    (WASI, "path_unlink_file", "fan", "i"),
    (WASI, "poll_oneoff", "aana", "i"),
    (WASI, "proc_exit", "i", ""),
    (WASI, "proc_raise", "i", "i"),
    (WASI, "sched_yield", "", "i"),
    (WASI, "random_get", "an", "i"),
    (WASI, "sock_accept", "fia", "i"),
    (WASI, "sock_recv", "faniaa", "i"),
    (WASI, "sock_send", "fania", "i"),
    (WASI, "sock_shutdown", "fi", "i"),
    (NET, "open", "fiii", "i"),
    (NET, "pair", "ffi", "i"),
    (NET, "close", "f", "i"),
    (NET, "connect", "fan", "i"),
    (NET, "bind", "fan", "i"),
    (NET, "listen", "fi", "i"),
    (NET, "accept", "ffaa", "i"),
    (NET, "send", "fanian", "i"),
    (NET, "recv", "faniaa", "i"),
    (NET, "shutdown", "fi", "i"),
    (NET, "getopt", "fiiaa", "i"),
    (NET, "setopt", "fiian", "i"),
    (NET, "name", "fiaa", "i"),
    (NET, "nonblock", "fi", "i"),
    (NET, "avail", "f", "i"),
    (NET, "poll", "ani", "i"),
    (NET, "resolve", "fani", "i"),
    (NET, "why", "an", "i"),
    (TLS, "tls.roots", "ana", "i"),
    (TLS, "tls.check", "an", "i"),
    (TLS, "tls.open", "an", "i"),
    (TLS, "tls.feed", "fan", "i"),
    (TLS, "tls.take", "fan", "i"),
    (TLS, "tls.write", "fan", "i"),
    (TLS, "tls.read", "fan", "i"),
    (TLS, "tls.state", "f", "i"),
    (TLS, "tls.notify", "f", "i"),
    (TLS, "tls.fact", "fian", "i"),
    (TLS, "tls.carried", "ff", "i"),
    (TLS, "tls.close", "f", "i"),
];

pub(crate) fn limits() -> Limits {
    Limits {
        fuel: FUEL,
        wall: Duration::MAX,
        memory_bytes: MEMORY_BYTES,
        input_bytes: 100,
        result_bytes: 1_000,
        log_lines: 100,
        log_bytes: 10_000,
        scratch_bytes: 10_000,
        scratch_entries: 5,
        open_files: 4,
        net: NetLimits::NONE,
    }
}

/// A module that imports everything, and exports of each import a function that passes its arguments on.
fn module() -> Vec<u8> {
    let types = |letters: &str| -> Vec<ValType> {
        letters.chars().map(|letter| if letter == 'l' { ValType::I64 } else { ValType::I32 }).collect()
    };
    let (mut type_list, mut imports, mut functions) =
        (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    let (mut memories, mut exports, mut code) =
        (MemorySection::new(), ExportSection::new(), CodeSection::new());
    let count = IMPORTS.len() as u32;
    for (number, (from, name, parameters, results)) in (0..).zip(IMPORTS) {
        type_list.ty().function(types(parameters), types(results));
        let function = name.rsplit('.').next().unwrap();
        imports.import(from, function, EntityType::Function(number));
        functions.function(number);
        exports.export(name, ExportKind::Func, count + number);
        let mut body = Function::new([]);
        for parameter in 0..parameters.len() as u32 {
            body.instructions().local_get(parameter);
        }
        body.instructions().call(number).end();
        code.function(&body);
    }
    let pages = (MEMORY_BYTES >> 16) as u64;
    memories.memory(MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = wasm_encoder::Module::new();
    module.section(&type_list).section(&imports).section(&functions).section(&memories);
    module.section(&exports).section(&code);
    module.finish()
}

/// Compiled once: some tests make thousands of guests.
static LINKED: OnceLock<InstancePre<State>> = OnceLock::new();

fn linked() -> InstancePre<State> {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut linker = Linker::new(&engine);
    wasi::link(&mut linker).unwrap();
    door::link(&mut linker).unwrap();
    net::link(&mut linker).unwrap();
    tls::link(&mut linker).unwrap();
    linker.instantiate_pre(&Module::new(&engine, module()).unwrap()).unwrap()
}

/// A guest of one's own making: it calls what one says with what one says.
pub(crate) struct Puppet {
    pub(crate) store: Store<State>,
    instance: Instance,
    pub(crate) dir: TempDir,
}

/// How a call ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Nothing,
    Number(i64),
    /// The run is over.
    Ended(String),
}

use Answer::{Ended, Nothing, Number};

impl Puppet {
    pub(crate) async fn new() -> Self {
        Self::with(limits()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lib", "shim", "action"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let manifest =
            r#"{"format": 1, "guest": "none", "python": "0", "key": "0", "files": {"python.wasm": "0"}}"#;
        fs::write(dir.path().join("manifest.json"), manifest).unwrap();
        let guest = Guest::open(dir.path()).unwrap();
        let scratch = Scratches::new(&dir.path().join("scratch"), 1).unwrap().take().unwrap();
        let action = dir.path().join("action");
        let mut state =
            State::new(&guest, &Shared::default(), &action, scratch, &limits, MEMORY_BYTES, Instant::now())
                .unwrap();
        state.door.offer("\"input\"".to_owned());
        let linked = LINKED.get_or_init(linked);
        let mut store = Store::new(linked.module().engine(), state);
        store.limiter(|state| &mut state.meter);
        store.set_fuel(limits.fuel).unwrap();
        store.fuel_async_yield_interval(Some(YIELD_FUEL)).unwrap();
        let instance = linked.instantiate_async(&mut store).await.unwrap();
        Self { store, instance, dir }
    }

    pub(crate) fn scratch(&self) -> std::path::PathBuf {
        self.store.data().scratch.path().to_owned()
    }

    pub(crate) fn memory(&mut self) -> &mut [u8] {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap();
        memory.data_mut(&mut self.store)
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.memory()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn word(&mut self, at: usize) -> u32 {
        u32::from_le_bytes(self.memory()[at..at + 4].try_into().unwrap())
    }

    pub(crate) async fn call(&mut self, name: &str, arguments: &[i64]) -> Answer {
        let (_, _, parameters, results) = IMPORTS.iter().find(|(_, known, ..)| *known == name).unwrap();
        assert_eq!(parameters.len(), arguments.len(), "arguments of {name}");
        let value = |(letter, argument): (char, &i64)| match letter {
            'l' => Val::I64(*argument),
            _ => Val::I32(*argument as i32),
        };
        let arguments: Vec<Val> = parameters.chars().zip(arguments).map(value).collect();
        let mut answer = vec![Val::I32(0); results.len()];
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        match function.call_async(&mut self.store, &arguments, &mut answer).await {
            Err(error) => Ended(error.root_cause().to_string()),
            Ok(()) => match answer.first() {
                None => Nothing,
                Some(answer) => Number(answer.i64().unwrap_or_else(|| answer.unwrap_i32().into())),
            },
        }
    }

    pub(crate) async fn errno(&mut self, name: &str, arguments: &[i64]) -> i32 {
        match self.call(name, arguments).await {
            Number(errno) => errno as i32,
            other @ (Nothing | Ended(_)) => panic!("{name}{arguments:?}: {other:?}"),
        }
    }
}
