//! The engine: the guest compiled to machine code, linked to what it may call, and booted once into the base image that
//! every action starts from.

use std::{
    hash::{Hash as _, Hasher as _},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
};

use wasmtime::{Config, InstancePre, Linker, Module, OptLevel};

use crate::{
    cache::Cache,
    door,
    error::{Error, Result},
    guest::Guest,
    image::Image,
    images::Images,
    limits::Limits,
    net::{self, Proxy, Resolver, Ways},
    prepare::boot,
    scratch::Scratches,
    slot::{Reset, Slots},
    stack::Stacks,
    state::{Shared, State},
    tls,
    turn::Turns,
    wasi,
};

/// Native stack for compiled guest code. Recursion in C code past it ends the run with [`crate::Stop::Stack`].
const WASM_STACK_BYTES: usize = 4 << 20;
/// The fiber's whole stack. Host functions run on it too: without ample room above the guest's share, a guest that
/// recursed to its limit and then called the host would take the process with it.
const FIBER_STACK_BYTES: usize = WASM_STACK_BYTES + (2 << 20);

const CODE_SUFFIX: &str = ".code";
const BASE_SUFFIX: &str = ".base";
/// Disk for compiled guests, some 23 to 100 MB each, and for base images, some 6 to 40 MB each: the base and the data guest
/// of two versions fit. Those unused for longest go first.
const CODE_BYTES_MAX: u64 = 512 << 20;
const BASE_BYTES_MAX: u64 = 192 << 20;

/// Where engines keep things and how much: one, and those beside it, together. The caller says every number.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For compiled code and images; survives restarts; created with mode 0700. Anything in it can be made again.
    pub cache_dir: PathBuf,
    /// For guests' `/tmp` directories; nobody else's.
    pub scratch_dir: PathBuf,
    /// What importing an action may add to the base image, in bytes. Past it the action is imported in each run: one
    /// action must not push the images of all others out.
    pub image_bytes: u64,
    /// Memory for the images of prepared actions, in bytes.
    pub hot_images_bytes: u64,
    /// Disk for the differences of prepared actions from the base image, in bytes.
    pub cold_images_bytes: u64,
    /// Slots, stacks and scratch directories kept while nobody uses them.
    pub idle_slots: usize,
    /// The bounds of booting the interpreter.
    pub boot: Limits,
    /// Who is asked for the addresses of names; none for the name servers of the machine's configuration.
    pub name_servers: Vec<SocketAddr>,
    /// What connections to other machines go through.
    pub proxy: Option<Proxy>,
    /// How a guest's memory becomes clean for the next one.
    pub reset: Reset,
    /// Whether guests are metered.
    pub metering: Metering,
}

/// Whether a guest's instructions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metering {
    /// Counted, limited, and made to yield.
    Fuel,
    /// For measuring what metering costs, with trusted code only: a busy guest can be neither stopped nor shared with.
    Off,
}

/// What [`Engine::open`] is about to do when nothing that it needs is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Compiling the guest to machine code: some seconds, once per guest.
    Compiling,
    /// Booting the interpreter into the base image: a fraction of a second, once per guest.
    Booting,
}

/// A compiled and booted guest. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) guest: Guest,
    pub(crate) guest_pre: InstancePre<State>,
    pub(crate) base: Arc<Image>,
    pub(crate) images: Images,
    pub(crate) imports: Turns,
    pub(crate) machine: Arc<Machine>,
    /// How many guests of this engine live.
    pub(crate) live: Arc<AtomicUsize>,
}

/// What engines beside each other share: all that is bounded for the machine and not for a guest.
pub(crate) struct Machine {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) scratches: Scratches,
    pub(crate) image_bytes: u64,
    pub(crate) metering: Metering,
    pub(crate) shared: Shared,
    cache: Cache,
    boot: Limits,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("guest", &self.guest).finish_non_exhaustive()
    }
}

impl Engine {
    /// Compiles and boots `guest`, or takes both from the cache. Compiling keeps every core busy and blocks.
    ///
    /// # Errors
    /// When the guest is damaged, does not boot within its limits, or a directory cannot be used.
    pub async fn open(guest: Guest, settings: Settings, progress: impl Fn(Progress)) -> Result<Self> {
        let cache = Cache::open(&settings.cache_dir)?;
        let slots = Slots::new(settings.idle_slots, settings.reset);
        let (hot, cold) = (settings.hot_images_bytes, settings.cold_images_bytes);
        let images = Images::new(cache.clone(), slots.clone(), hot, cold);
        let machine = Machine {
            wasmtime: engine(&settings, &slots)?,
            scratches: Scratches::new(&settings.scratch_dir, settings.idle_slots)?,
            image_bytes: settings.image_bytes,
            metering: settings.metering,
            shared: Shared {
                ways: Ways {
                    resolver: Arc::new(Resolver::new(settings.name_servers)),
                    proxy: settings.proxy.map(Arc::new),
                },
                tls: Arc::default(),
            },
            cache,
            boot: settings.boot,
        };
        Self::of(guest, Arc::new(machine), images, progress).await
    }

    /// The engine of another guest beside this one: slots, scratch directories, images in memory and on disk are bounded
    /// for both together. Images and saved memory of the one are nothing to the other. Compiling blocks here too.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn beside(&self, guest: Guest, progress: impl Fn(Progress)) -> Result<Self> {
        Self::of(guest, self.0.machine.clone(), self.0.images.beside(), progress).await
    }

    async fn of(
        guest: Guest,
        machine: Arc<Machine>,
        images: Images,
        progress: impl Fn(Progress),
    ) -> Result<Self> {
        let code = code_name(&guest, &machine.wasmtime);
        let guest_pre = link(&machine.wasmtime, &module(&guest, &machine, &code, &progress)?)?;
        let base_name = base_name(&guest, &code);
        let cached = machine
            .cache
            .read(&base_name)
            .map(|encoded| Image::decode(None, &encoded))
            .transpose()?
            .flatten();
        let is_cached = cached.is_some();
        let base = match cached {
            Some(base) => base,
            None => Image::freeze(None, &guest.split()?.memory)?.0,
        };
        let (imports, live) = (Turns::default(), Arc::default());
        let mut inner = Inner { guest, guest_pre, base: Arc::new(base), images, imports, machine, live };
        if !is_cached {
            progress(Progress::Booting);
            let (base, encoded) = boot(&inner, &inner.machine.boot).await?;
            inner.machine.cache.write(&base_name, &encoded)?;
            inner.machine.cache.prune(BASE_SUFFIX, BASE_BYTES_MAX)?;
            // Nothing starts from the module's bare data again.
            inner.images.slots().evict(&inner.base.memory);
            inner.base = Arc::new(base);
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The guest this engine runs.
    #[must_use]
    pub fn guest(&self) -> &Guest {
        &self.0.guest
    }
}

/// The guest's machine code: from the cache, else compiled into it.
fn module(guest: &Guest, machine: &Machine, code: &str, progress: &impl Fn(Progress)) -> Result<Module> {
    let Machine { wasmtime, cache, .. } = machine;
    if let Some(module) = cache.module(wasmtime, code) {
        return Ok(module);
    }
    // Of several programs that start at once, one compiles and the others find what it made.
    let _turn = cache.turn()?;
    if let Some(module) = cache.module(wasmtime, code) {
        return Ok(module);
    }
    progress(Progress::Compiling);
    compile(guest, wasmtime, cache, code)
}

fn engine(settings: &Settings, slots: &Slots) -> Result<wasmtime::Engine> {
    let mut config = Config::new();
    config
        .consume_fuel(settings.metering == Metering::Fuel)
        .cranelift_opt_level(OptLevel::Speed)
        .with_host_memory(Arc::new(slots.clone()))
        .with_host_stack(Arc::new(Stacks::new(settings.idle_slots)))
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        // The image is the initial memory, see `guest.rs`.
        .memory_init_cow(false)
        // A trap's place in the interpreter says nothing to whoever wrote the script.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .concurrency_support(false);
    wasmtime::Engine::new(&config).map_err(Error::wasm("set up the engine"))
}

/// Names compiled code by everything it depends on: module, wasmtime version, engine settings, processor features.
fn code_name(guest: &Guest, engine: &wasmtime::Engine) -> String {
    struct Blake(blake3::Hasher);
    impl std::hash::Hasher for Blake {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut hasher = Blake(blake3::Hasher::new());
    hasher.write(guest.module_hash().as_bytes());
    hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().to_hex().to_string() + CODE_SUFFIX
}

fn base_name(guest: &Guest, code_name: &str) -> String {
    let hash = blake3::hash(format!("{}\n{code_name}", guest.key()).as_bytes());
    hash.to_hex().to_string() + BASE_SUFFIX
}

fn compile(guest: &Guest, engine: &wasmtime::Engine, cache: &Cache, name: &str) -> Result<Module> {
    let code = engine.precompile_module(&guest.split()?.code).map_err(Error::wasm("compile the guest"))?;
    cache.write(name, &code)?;
    cache.prune(CODE_SUFFIX, CODE_BYTES_MAX)?;
    cache.module(engine, name).ok_or_else(|| Error::File {
        doing: "load what was just compiled from",
        path: cache.path(name),
        source: std::io::ErrorKind::InvalidData.into(),
    })
}

fn link(engine: &wasmtime::Engine, module: &Module) -> Result<InstancePre<State>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker).map_err(Error::wasm("link WASI"))?;
    door::link(&mut linker).map_err(Error::wasm("link the door"))?;
    net::link(&mut linker).map_err(Error::wasm("link sockets"))?;
    tls::link(&mut linker).map_err(Error::wasm("link TLS"))?;
    linker.instantiate_pre(module).map_err(Error::wasm("link the guest"))
}
