//! The documentation, shown by the server itself under `/docs`: for everybody, without a network.

mod book;
mod page;
mod render;
mod routes;

pub(crate) use routes::router;
