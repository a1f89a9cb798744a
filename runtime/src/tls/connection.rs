//! One TLS connection, client side, as bytes in and bytes out. Owns no socket: the guest carries ciphertext between here and
//! wherever it comes from.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    sync::Arc,
};

use rustls::{ClientConfig, ClientConnection, ProtocolVersion, pki_types::ServerName};

use super::{failure::Failure, hello, records::Records};

#[derive(Debug)]
pub(crate) struct Connection {
    tls: ClientConnection,
    records: Records,
    failure: Option<Failure>,
    /// By which what carries it is known.
    random: Option<[u8; 32]>,
}

/// Why nothing came of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// Other bytes must move first.
    Again,
    /// The connection is over; [`Connection::fact`] tells why.
    Failed,
}

/// What a connection knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Failure,
    Alpn,
    Version,
    Cipher,
    /// A certificate of the server's: its own is the first.
    Certificate(usize),
}

const HANDSHAKING: i32 = 1;
const WANTS_WRITE: i32 = 2;
const WANTS_READ: i32 = 4;
const PEER_CLOSED: i32 = 8;
const FAILED: i32 = 16;
/// Bytes of plaintext to be read, from this bit on.
const PLAINTEXT_BIT: u32 = 8;

impl Connection {
    pub(crate) fn open(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Failure> {
        let tls = ClientConnection::new(config, name)?;
        Ok(Self { tls, records: Records::default(), failure: None, random: None })
    }

    /// Takes ciphertext from the server: as much as there is room for, so much that none is left over unless there is
    /// plaintext to be read first. Returns how much.
    pub(crate) fn feed(&mut self, ciphertext: &[u8]) -> Result<usize, Stuck> {
        if self.failure.is_some() {
            return Err(Stuck::Failed);
        }
        let mut left = ciphertext;
        while !left.is_empty() {
            // An error says that there is no room; nothing is taken from what comes after the end.
            let taken = self.tls.read_tls(&mut left).unwrap_or(0);
            let io = match self.tls.process_new_packets() {
                Ok(io) => io,
                Err(error) => {
                    self.failure = Some(error.into());
                    return Err(Stuck::Failed);
                }
            };
            if taken > 0 {
                continue;
            }
            if io.plaintext_bytes_to_read() == 0 && !io.peer_has_closed() {
                // Handshake messages that follow each other without a gap fill rustls' buffer: nothing will make room.
                let message = "too many handshake messages at once";
                self.failure = Some(Failure::new("SSL", "EXCESSIVE_MESSAGE_SIZE", message));
                return Err(Stuck::Failed);
            }
            break;
        }
        let taken = ciphertext.len() - left.len();
        self.records.count(&ciphertext[..taken]);
        Ok(taken)
    }

    /// Ciphertext for the server; how much. After a failure too: the server is told.
    pub(crate) fn take(&mut self, to: &mut [u8]) -> usize {
        let room = to.len();
        let mut left = &mut *to;
        while !left.is_empty() && self.tls.wants_write() {
            if !matches!(self.tls.write_tls(&mut left), Ok(1..)) {
                break;
            }
        }
        let taken = room - left.len();
        self.random = self.random.or_else(|| hello::random(&to[..taken]));
        taken
    }

    /// Whether these are the random bytes of its hello.
    pub(crate) fn begins(&self, random: &[u8; 32]) -> bool {
        self.random.as_ref() == Some(random)
    }

    /// Encrypts; how many bytes. Once more than some 64 KiB wait to be taken, none.
    pub(crate) fn write(&mut self, plaintext: &[u8]) -> Result<usize, Stuck> {
        if self.failure.is_some() {
            return Err(Stuck::Failed);
        }
        if self.tls.is_handshaking() {
            return Err(Stuck::Again);
        }
        match self.tls.writer().write(plaintext) {
            Ok(0) if !plaintext.is_empty() => Err(Stuck::Again),
            Ok(written) => Ok(written),
            Err(_) => Err(Stuck::Again),
        }
    }

    /// Plaintext from the server; 0 when it said that there is no more.
    pub(crate) fn read(&mut self, to: &mut [u8]) -> Result<usize, Stuck> {
        match self.tls.reader().read(to) {
            Ok(read) => Ok(read),
            Err(_) if self.failure.is_some() => Err(Stuck::Failed),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Stuck::Again),
            Err(_) => Err(Stuck::Again),
        }
    }

    /// Bits as [`HANDSHAKING`] and below.
    pub(crate) fn state(&mut self) -> i32 {
        let mut state = 0;
        let failed = self.failure.is_some();
        if failed {
            state |= FAILED;
        }
        if self.tls.is_handshaking() {
            state |= HANDSHAKING;
        }
        if self.tls.wants_write() {
            state |= WANTS_WRITE;
        }
        if !failed && self.tls.wants_read() {
            state |= WANTS_READ;
        }
        let Ok(io) = (if failed { Err(()) } else { self.tls.process_new_packets().map_err(|_| ()) }) else {
            return state;
        };
        if io.peer_has_closed() {
            state |= PEER_CLOSED;
        }
        // No more than 16 KiB and one record.
        state | i32::try_from(io.plaintext_bytes_to_read()).unwrap_or(0) << PLAINTEXT_BIT
    }

    /// Says that nothing more will be written.
    pub(crate) fn notify(&mut self) {
        self.tls.send_close_notify();
    }

    /// Nothing when it is not known (yet).
    pub(crate) fn fact(&self, fact: Fact) -> Option<Vec<u8>> {
        match fact {
            Fact::Failure => self.failure.as_ref().and_then(|failure| serde_json::to_vec(failure).ok()),
            Fact::Alpn => self.tls.alpn_protocol().map(<[u8]>::to_vec),
            Fact::Version => self.tls.protocol_version().map(|version| {
                let name = if version == ProtocolVersion::TLSv1_2 { "TLSv1.2" } else { "TLSv1.3" };
                name.as_bytes().to_vec()
            }),
            Fact::Cipher => self
                .tls
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str().map(|name| name.as_bytes().to_vec())),
            Fact::Certificate(at) => self.tls.peer_certificates()?.get(at).map(|der| der.to_vec()),
        }
    }

    /// Records that came since this was asked last.
    pub(crate) fn records(&mut self) -> u64 {
        self.records.take()
    }
}
