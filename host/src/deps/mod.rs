//! Dependencies: what an action's files declare, and the pure Python packages that `uv` finds for it.
//!
//! What is declared is hostile until it was read here: only names, versions and markers go to `uv`, in a file of ours and in
//! an environment of ours. Nothing is ever built on this machine: wheels are unpacked, and no code of theirs runs before it
//! runs in a sandbox.

mod build;
mod declared;
mod fallback;
mod installed;
mod lock;
mod provided;
mod refusal;
mod requirement;
mod resolver;
mod uv;

pub(crate) use pep440_rs::Version;

pub(crate) use declared::{Declared, FILES, Requirements, declared, project_name};
pub(crate) use provided::guest_of;
pub(crate) use refusal::{Error, Fault};
pub(crate) use resolver::{Resolver, Settings, Watch};
