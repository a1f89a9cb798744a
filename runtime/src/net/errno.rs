//! Why a call failed, in the numbers that the guest's libc knows: `errno` values of WASI preview 1.

use rustix::io::Errno;

/// Why one of our imports failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The guest gets it as its `errno`.
    Errno(Errno),
    /// The run ends: out of fuel, or no memory exported.
    Trap(wasmtime::Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

/// What an import answers: its number, or the `errno` below zero.
pub(super) fn answer(result: Result<i32, Failure>) -> wasmtime::Result<i32> {
    match result {
        Ok(number) => Ok(number),
        Err(Failure::Errno(errno)) => Ok(-wasi(errno)),
        Err(Failure::Trap(error)) => Err(error),
    }
}

const WASI_EIO: i32 = 29;

/// The number of `errno` in WASI; `EIO` for what it has none for.
pub(super) fn wasi(errno: Errno) -> i32 {
    NUMBERS.iter().find(|(ours, _)| *ours == errno).map_or(WASI_EIO, |(_, number)| *number)
}

/// What sockets can fail with.
const NUMBERS: &[(Errno, i32)] = &[
    (Errno::ACCESS, 2),
    (Errno::ADDRINUSE, 3),
    (Errno::ADDRNOTAVAIL, 4),
    (Errno::AFNOSUPPORT, 5),
    (Errno::AGAIN, 6),
    (Errno::ALREADY, 7),
    (Errno::BADF, 8),
    (Errno::CONNABORTED, 13),
    (Errno::CONNREFUSED, 14),
    (Errno::CONNRESET, 15),
    (Errno::DESTADDRREQ, 17),
    (Errno::DQUOT, 19),
    (Errno::FAULT, 21),
    (Errno::HOSTUNREACH, 23),
    (Errno::INPROGRESS, 26),
    (Errno::INTR, 27),
    (Errno::INVAL, 28),
    (Errno::IO, 29),
    (Errno::ISCONN, 30),
    (Errno::MFILE, 33),
    (Errno::MSGSIZE, 35),
    (Errno::NAMETOOLONG, 37),
    (Errno::NETDOWN, 38),
    (Errno::NETRESET, 39),
    (Errno::NETUNREACH, 40),
    (Errno::NFILE, 41),
    (Errno::NOBUFS, 42),
    (Errno::NODEV, 43),
    (Errno::NOMEM, 48),
    (Errno::NOPROTOOPT, 50),
    (Errno::NOTCONN, 53),
    (Errno::NOTSOCK, 57),
    (Errno::NOTSUP, 58),
    (Errno::PERM, 63),
    (Errno::PIPE, 64),
    (Errno::PROTO, 65),
    (Errno::PROTONOSUPPORT, 66),
    (Errno::PROTOTYPE, 67),
    (Errno::TIMEDOUT, 73),
];
