//! A guest for tests that is a module of one's own making: it calls every function that a guest can call, with what one says.

use std::{fs, time::Duration};

use tempfile::TempDir;
use tokio::time::Instant;
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    MemorySection, MemoryType, TypeSection, ValType,
};
use wasmtime::{Config, Engine, Instance, Linker, Module, Store, Val};

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

const DOOR: &str = "actiond";
const WASI: &str = "wasi_snapshot_preview1";
const NET: &str = "net";
const TLS: &str = "tls";
pub(crate) const MEMORY_BYTES: usize = 2 << 16;
pub(crate) const FUEL: u64 = 1_000_000_000_000;

/// (module, function, behind a dot where two modules have one of that name, its parameters and result: `i` is an i32, `l` an i64)
pub(crate) const IMPORTS: &[(&str, &str, &str, &str)] = &[
    (DOOR, "input_len", "", "i"),
    (DOOR, "input_read", "i", ""),
    (DOOR, "result", "ii", "l"),
    (DOOR, "raised", "ii", ""),
    (DOOR, "log", "iiiii", ""),
    (WASI, "args_get", "ii", "i"),
    (WASI, "args_sizes_get", "ii", "i"),
    (WASI, "environ_get", "ii", "i"),
    (WASI, "environ_sizes_get", "ii", "i"),
    (WASI, "clock_res_get", "ii", "i"),
    (WASI, "clock_time_get", "ili", "i"),
    (WASI, "fd_advise", "illi", "i"),
    (WASI, "fd_allocate", "ill", "i"),
    (WASI, "fd_close", "i", "i"),
    (WASI, "fd_datasync", "i", "i"),
    (WASI, "fd_fdstat_get", "ii", "i"),
    (WASI, "fd_fdstat_set_flags", "ii", "i"),
    (WASI, "fd_fdstat_set_rights", "ill", "i"),
    (WASI, "fd_filestat_get", "ii", "i"),
    (WASI, "fd_filestat_set_size", "il", "i"),
    (WASI, "fd_filestat_set_times", "illi", "i"),
    (WASI, "fd_pread", "iiili", "i"),
    (WASI, "fd_prestat_get", "ii", "i"),
    (WASI, "fd_prestat_dir_name", "iii", "i"),
    (WASI, "fd_pwrite", "iiili", "i"),
    (WASI, "fd_read", "iiii", "i"),
    (WASI, "fd_readdir", "iiili", "i"),
    (WASI, "fd_renumber", "ii", "i"),
    (WASI, "fd_seek", "ilii", "i"),
    (WASI, "fd_sync", "i", "i"),
    (WASI, "fd_tell", "ii", "i"),
    (WASI, "fd_write", "iiii", "i"),
    (WASI, "path_create_directory", "iii", "i"),
    (WASI, "path_filestat_get", "iiiii", "i"),
    (WASI, "path_filestat_set_times", "iiiilli", "i"),
    (WASI, "path_link", "iiiiiii", "i"),
    (WASI, "path_open", "iiiiillii", "i"),
    (WASI, "path_readlink", "iiiiii", "i"),
    (WASI, "path_remove_directory", "iii", "i"),
    (WASI, "path_rename", "iiiiii", "i"),
    (WASI, "path_symlink", "iiiii", "i"),
    (WASI, "path_unlink_file", "iii", "i"),
    (WASI, "poll_oneoff", "iiii", "i"),
    (WASI, "proc_exit", "i", ""),
    (WASI, "proc_raise", "i", "i"),
    (WASI, "sched_yield", "", "i"),
    (WASI, "random_get", "ii", "i"),
    (WASI, "sock_accept", "iii", "i"),
    (WASI, "sock_recv", "iiiiii", "i"),
    (WASI, "sock_send", "iiiii", "i"),
    (WASI, "sock_shutdown", "ii", "i"),
    (NET, "open", "iiii", "i"),
    (NET, "pair", "iii", "i"),
    (NET, "close", "i", "i"),
    (NET, "connect", "iii", "i"),
    (NET, "bind", "iii", "i"),
    (NET, "listen", "ii", "i"),
    (NET, "accept", "iiii", "i"),
    (NET, "send", "iiiiii", "i"),
    (NET, "recv", "iiiiii", "i"),
    (NET, "shutdown", "ii", "i"),
    (NET, "getopt", "iiiii", "i"),
    (NET, "setopt", "iiiii", "i"),
    (NET, "name", "iiii", "i"),
    (NET, "nonblock", "ii", "i"),
    (NET, "avail", "i", "i"),
    (NET, "poll", "iii", "i"),
    (NET, "resolve", "iiii", "i"),
    (NET, "why", "ii", "i"),
    (TLS, "tls.roots", "iii", "i"),
    (TLS, "tls.check", "ii", "i"),
    (TLS, "tls.open", "ii", "i"),
    (TLS, "tls.feed", "iii", "i"),
    (TLS, "tls.take", "iii", "i"),
    (TLS, "tls.write", "iii", "i"),
    (TLS, "tls.read", "iii", "i"),
    (TLS, "tls.state", "i", "i"),
    (TLS, "tls.notify", "i", "i"),
    (TLS, "tls.fact", "iiii", "i"),
    (TLS, "tls.carried", "ii", "i"),
    (TLS, "tls.close", "i", "i"),
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
        letters.chars().map(|letter| if letter == 'i' { ValType::I32 } else { ValType::I64 }).collect()
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
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let mut linker = Linker::new(&engine);
        wasi::link(&mut linker).unwrap();
        door::link(&mut linker).unwrap();
        net::link(&mut linker).unwrap();
        tls::link(&mut linker).unwrap();
        let mut store = Store::new(&engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_fuel(limits.fuel).unwrap();
        store.fuel_async_yield_interval(Some(YIELD_FUEL)).unwrap();
        let module = Module::new(&engine, module()).unwrap();
        let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
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
            'i' => Val::I32(*argument as i32),
            _ => Val::I64(*argument),
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
