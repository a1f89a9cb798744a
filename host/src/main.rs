//! The program `actiond`.

fn main() {}
