//! The pages of actions: the list, one action's code and settings, trying it out, its versions, hooks and secrets.

mod edit;
mod editor;
mod filled;
mod found;
mod hooks;
mod list;
mod policy;
mod removal;
mod schedule;
mod secrets;
mod senders;
mod settings;
mod strip;
mod trial;
mod versions;

pub(super) use edit::{create, edit, fresh, save};
pub(super) use hooks::{list as hooks, make as make_hook, revoke as revoke_hook};
pub(super) use list::{list, pause};
pub(super) use removal::remove;
pub(super) use schedule::preview;
pub(super) use secrets::{keep as keep_secret, list as secrets, remove as remove_secret};
pub(super) use trial::{payload, rehearse};
pub(super) use versions::{download, list as versions, roll_back};
