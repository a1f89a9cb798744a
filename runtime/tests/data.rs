//! The guest with NumPy and pandas: what is there beyond the base guest, and what both must not do; its values beside those of other
//! builds, and the tests that the packages' authors wrote.

mod digits;
mod files;
mod hostile;
mod packages;
mod results;
mod runs;
mod suites;
mod values;
