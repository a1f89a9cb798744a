//! The connections of one guest, by the numbers under which it knows them.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

use super::connection::Connection;

/// Open at one time. Each may hold some 150 KiB for what was not yet carried on.
pub(crate) const CONNECTIONS_MAX: usize = 128;

/// Numbers are positive. They begin somewhere and are not given twice: a memory that was kept may hold numbers of an
/// earlier life, which must not mean another connection.
#[derive(Debug, Default)]
pub(crate) struct Table {
    open: HashMap<i32, Connection>,
    last: Option<i32>,
}

impl Table {
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= CONNECTIONS_MAX
    }

    pub(crate) fn add(&mut self, connection: Connection) -> i32 {
        // Hashers are seeded at random.
        let some = || (RandomState::new().hash_one(0) >> 40) as i32;
        let last = self.last.unwrap_or_else(some);
        let mut number = last;
        loop {
            number = (number.wrapping_add(1) & i32::MAX).max(1);
            if !self.open.contains_key(&number) {
                break;
            }
        }
        self.last = Some(number);
        self.open.insert(number, connection);
        number
    }

    pub(crate) fn find(&mut self, number: i32) -> Option<&mut Connection> {
        self.open.get_mut(&number)
    }

    /// Whether one of them began with that hello.
    pub(crate) fn begins(&self, random: &[u8; 32]) -> bool {
        self.open.values().any(|connection| connection.begins(random))
    }

    pub(crate) fn close(&mut self, number: i32) -> bool {
        self.open.remove(&number).is_some()
    }
}
