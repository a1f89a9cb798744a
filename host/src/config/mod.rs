//! What the program is told by files, its environment and flags, and the numbers it gives to others: nothing else reads
//! the environment, and every default is here.

mod client;
mod limits;
mod packages;
mod place;
mod proxy;
mod raw;
mod read;
mod refusal;
mod settings;
mod show;
mod sources;
mod spelling;
mod table;

pub(crate) use client::ClientEnvironment;
pub(crate) use limits::{
    BUNDLE_LIMITS, DATA_MEMORY_MIB, ENVIRONMENT_LIMITS, FUEL, MEMORY_MIB, WALL_S, limits,
};
pub(crate) use packages::{package_limits, packages};
pub(crate) use place::{Kept, Places};
pub(crate) use proxy::Proxy;
pub(crate) use read::Effective;
pub(crate) use settings::{Dependencies, Egress, Origin, Origins, Secret, SecretKey, Settings};
pub(crate) use show::Shown;
pub(crate) use sources::Flags;
