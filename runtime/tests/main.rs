//! The library through its public interface: every test prepares real scripts and runs them in real sandboxes.

mod contract;
mod cpython;
mod hostile;
mod isolation;
mod leaks;
mod support;
