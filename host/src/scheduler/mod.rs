//! Time: which action is due when, and what becomes of due times that nothing could be done at.

mod decide;
mod scheduler;

pub(crate) use scheduler::Scheduler;
