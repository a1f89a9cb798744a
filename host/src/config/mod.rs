//! What the program is told by files, its environment and flags, and the numbers it gives to others: nothing else reads
//! the environment, and every default is here.

#![cfg_attr(not(test), expect(dead_code, reason = "the server will take the settings"))]

mod limits;
mod place;
mod raw;
mod read;
mod refusal;
mod settings;
mod show;
mod sources;
mod spelling;
mod table;

pub(crate) use limits::{BUNDLE_LIMITS, ENVIRONMENT_LIMITS, FUEL, MEMORY_MIB, WALL_S, limits};
pub(crate) use place::{Kept, Places};
pub(crate) use read::Effective;
#[expect(unused_imports, reason = "the server will take the settings")]
pub(crate) use settings::{
    ActionServer, Log, Otlp, Retention, Root, RunLimits, Runs, Secret, Settings, Storage,
};
pub(crate) use show::Shown;
pub(crate) use sources::Flags;
