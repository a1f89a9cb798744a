//! Measures runs inside the process: `scripts/bench` calls this and lays the rows beside those of others.
//!
//! Owns the arguments and the order of the sections. One file per section; a measurement is a [`rows::Row`], whatever it is of.

mod cpu;
mod data;
mod deploy;
mod fresh;
mod memory;
mod net;
mod peer;
mod process;
mod records;
mod rows;
mod stage;
mod throughput;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::{rows::Rows, stage::Stage};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures runs inside the process.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; all of it when none is named.
    sections: Vec<Section>,
    /// The guest's directory: what `python-wasm/build.sh --print-dir` prints.
    #[arg(long)]
    guest: PathBuf,
    /// The guest with NumPy and pandas, for the section `data`: what `python-wasm/build.sh --print-dir data` prints.
    #[arg(long)]
    data_guest: Option<PathBuf>,
    /// A tenth of the runs: to see whether it works, not for numbers to keep.
    #[arg(long)]
    quick: bool,
    /// Also write the rows to this file, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A log file whose first 1,000 lines are the records of the large payload; without it they are generated.
    #[arg(long)]
    records: Option<PathBuf>,
    /// A native CPython to compare with in the section `cpu`.
    #[arg(long)]
    native: Option<PathBuf>,
    /// A native CPython that has NumPy and pandas, to compare with in the section `data`.
    #[arg(long)]
    native_data: Option<PathBuf>,
    /// A folder that `requests` is installed in, for the section `net`.
    #[arg(long)]
    packages: Option<PathBuf>,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Fresh runs of prepared actions, one after the other.
    Fresh,
    /// Fresh runs per second on one thread and on two.
    Throughput,
    /// Fresh runs with `requests` imported; a thousand runs that wait for an HTTP server.
    Net,
    /// From files to a prepared action; opening the engine; what an action stores.
    Deploy,
    /// Compiling the guest with nothing cached: some seconds.
    Compile,
    /// Memory of sandboxes that live at the same time.
    Memory,
    /// CPU-bound Python, beside a native CPython.
    Cpu,
    /// Fresh runs with pandas, beside a native CPython.
    Data,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Amount {
    quick: bool,
}

impl Amount {
    /// `full`, or a tenth of it.
    fn of(self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::raise_descriptor_limit()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Rows::default();
    for section in Section::value_variants() {
        let missing = *section == Section::Data && arguments.data_guest.is_none();
        if (arguments.sections.is_empty() && !missing) || arguments.sections.contains(section) {
            rows.begin(&format!("{section:?}").to_lowercase())?;
            runtime.block_on(measure(*section, &arguments, &mut rows))?;
        }
    }
    if let Some(path) = &arguments.json {
        rows.write(path)?;
    }
    Ok(())
}

async fn measure(section: Section, arguments: &Arguments, rows: &mut Rows) -> Result<()> {
    let amount = Amount { quick: arguments.quick };
    let open = || Stage::open(&arguments.guest);
    match section {
        Section::Fresh => fresh::measure(&open().await?, &records(arguments)?, amount, rows).await,
        Section::Throughput => throughput::measure(&open().await?, amount, rows).await,
        Section::Net => net::measure(&open().await?, arguments.packages.as_deref(), amount, rows).await,
        Section::Deploy => deploy::measure(&arguments.guest, amount, rows).await,
        Section::Compile => deploy::measure_compile(&arguments.guest, rows).await,
        Section::Memory => memory::measure(&open().await?, amount, rows).await,
        Section::Cpu => cpu::measure(&arguments.guest, arguments.native.as_deref(), amount, rows).await,
        Section::Data => {
            let guest = arguments.data_guest.as_deref().ok_or("the section data needs --data-guest")?;
            let native = arguments.native_data.as_deref();
            data::measure(guest, native, &records(arguments)?, amount, rows).await
        }
    }
}

fn records(arguments: &Arguments) -> Result<String> {
    match &arguments.records {
        Some(path) => records::from_log(path, 1_000),
        None => Ok(records::generated(1_000)),
    }
}
