//! Deploy: from an action's files to a prepared action, with the base image ready; and what stands before it, opening the
//! engine, booting the base image, compiling.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use actiond_runtime::Settings;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{
    Amount, Result, process, records,
    rows::{Row, Rows, Sorted},
    stage::{self, IMPORTS, Stage},
};

const MIB: f64 = 1_048_576.0;

pub(crate) async fn measure(guest: &Path, amount: Amount, rows: &mut Rows) -> Result<()> {
    // Compiles what is not compiled yet.
    drop(Stage::open(guest).await?);
    let boots = engines(guest, amount.of(10), Cached::Code).await?;
    rows.add(Row::new("base boot, code cached", boots.percentile(50), "ms").note(boots.spread()))?;
    let opens = engines(guest, amount.of(20), Cached::All).await?;
    rows.add(
        Row::new("engine open, warm cache", opens.percentile(50), "ms")
            .goal(Some(100.0))
            .note(opens.spread()),
    )?;
    deploys(guest, amount.of(40).max(10), rows).await
}

/// With nothing cached at all.
pub(crate) async fn measure_compile(guest: &Path, rows: &mut Rows) -> Result<()> {
    let cache = tempfile::tempdir()?;
    let began = Instant::now();
    Stage::with(guest, |settings| settings.cache_dir = cache.path().to_owned()).await?;
    rows.add(Row::new("compile and boot, nothing cached", began.elapsed().as_secs_f64(), "s").note("n 1"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cached {
    Code,
    All,
}

async fn engines(guest: &Path, count: usize, cached: Cached) -> Result<Sorted> {
    let cache = beside_cache()?;
    let mut took = Vec::new();
    for number in 0..count {
        let dir = cache.path().join(if cached == Cached::Code { number.to_string() } else { String::new() });
        link_code(&dir)?;
        if cached == Cached::All {
            Stage::with(guest, |settings| settings.cache_dir.clone_from(&dir)).await?;
        }
        let began = Instant::now();
        let stage = Stage::with(guest, |settings| settings.cache_dir = dir).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        drop(stage);
    }
    Ok(Sorted::new(took))
}

/// A directory from which files of the usual cache can be linked: on the same file system.
fn beside_cache() -> Result<TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

/// A cache that holds compiled code only.
fn link_code(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    for entry in fs::read_dir(stage::cache_dir())? {
        let entry = entry?;
        let to = dir.join(entry.file_name());
        if entry.path().extension().is_some_and(|extension| extension == "code") && !to.exists() {
            fs::hard_link(entry.path(), to)?;
        }
    }
    Ok(())
}

async fn deploys(guest: &Path, count: usize, rows: &mut Rows) -> Result<()> {
    let cache = beside_cache()?;
    link_code(cache.path())?;
    let adjust = |settings: &mut Settings| settings.cache_dir = cache.path().to_owned();
    let stage = Stage::with(guest, adjust).await?;
    let (mut prepared, mut ran, mut stored, mut hot) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..count {
        let text = format!("{}\nVERSION = {number}\n", IMPORTS[0].1);
        let (stored_before, hot_before) = (stored_bytes(cache.path())?, process::image_bytes()?);
        let began = Instant::now();
        let action = stage.prepare(&[("main.py", &text)]).await?;
        prepared.push(began.elapsed().as_secs_f64() * 1e3);
        stage.run(&action, records::TWO).await?;
        ran.push(began.elapsed().as_secs_f64() * 1e3);
        stored.push((stored_bytes(cache.path())? - stored_before) as f64 / MIB);
        hot.push((process::image_bytes()? - hot_before) as f64 / MIB);
    }
    let (prepared, ran) = (Sorted::new(prepared), Sorted::new(ran));
    let (stored, hot) = (Sorted::new(stored), Sorted::new(hot));
    rows.add(
        Row::new("deploy: files to prepared, 13 imports, p50", prepared.percentile(50), "ms")
            .note(prepared.spread()),
    )?;
    rows.add(
        Row::new("deploy: files to first result, 13 imports, p50", ran.percentile(50), "ms")
            .goal(Some(150.0))
            .note(ran.spread()),
    )?;
    rows.add(
        Row::new("stored per action (delta on disk)", stored.percentile(50), "MiB")
            .goal(Some(2.0))
            .note(stored.spread()),
    )?;
    rows.add(Row::new("hot image per action (memory)", hot.percentile(50), "MiB").note(hot.spread()))
}

fn stored_bytes(cache: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "delta") {
            sum += entry.metadata()?.size();
        }
    }
    Ok(sum)
}
