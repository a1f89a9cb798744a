//! The client of a server: what the commands that talk to one have in common. What a server sends is not trusted: it is bounded,
//! read into types, and left for the terminal to escape.

mod actions;
mod address;
mod contexts;
mod error;
mod events;
mod form;
mod runs;
mod server;
mod wire;

pub(crate) use actions::Named;
pub(crate) use address::Address;
pub(crate) use contexts::{Chosen, Context, Contexts, Login, Token};
pub(crate) use error::{Error, Fault};
pub(crate) use form::Form;
pub(crate) use runs::{Asked, RunFilter};
pub(crate) use server::{Server, Told};
pub(crate) use wire::{
    ActionWire, BuildWire, ConnectionWire, DetailsWire, FailureWire, HooksWire, LogWire, MadeWire,
    OrganisationsWire, RunWire, ScheduleWire, SettingsWire, VersionWire,
};
