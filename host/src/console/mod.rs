//! The console: pages for people, made here and sent whole. Who looks at them is known by a cookie; what they may is what their
//! account may through the API.

mod actions;
mod administration;
mod assets;
mod chart;
mod explore;
mod fault;
mod form;
mod headers;
mod layout;
mod login;
mod outcome;
mod overview;
mod parts;
mod query;
mod router;
mod runs;
mod session;
mod words;

pub(crate) use router::router;
