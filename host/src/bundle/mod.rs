//! A bundle: an action's files, from a zip or a folder, checked and copied into a work folder.
//!
//! Everything is checked while it is read, and against what is really read: what a zip claims about itself counts for
//! nothing. Once it is unpacked, a bundle cannot change and holds nothing but plain files and folders.

mod folder;
mod name;
mod pack;
mod refusal;
mod tree;
mod unpack;
mod zip;

pub(crate) use name::skipped;
pub(crate) use pack::{add_packages, holds_any, pack, zipped};
pub(crate) use refusal::Error;
pub(crate) use unpack::{Bundle, Limits, unpack, unpack_all};
