//! Time: which action is due when, and what becomes of due times that nothing could be done at.

mod decide;
mod due;

pub(crate) use due::Scheduler;
