//! The console: pages for people, made here and sent whole. Who looks at them is known by a cookie; what they may is what their
//! account may through the API.

mod actions;
mod assets;
mod fault;
mod form;
mod headers;
mod layout;
mod login;
mod outcome;
mod parts;
mod query;
mod router;
mod session;
mod words;

pub(crate) use router::router;
