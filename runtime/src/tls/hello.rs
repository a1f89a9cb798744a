//! The first words of a connection. By their random bytes the socket is known that carries it, whoever moved them there: scripts
//! may keep the ciphertext in memory of their own before they send it, as `asyncio` does.

/// Those of a ClientHello that `ciphertext` begins with.
pub(crate) fn random(ciphertext: &[u8]) -> Option<[u8; 32]> {
    // A record of the handshake: its version and length; a hello: its length and version.
    let [22, 3, _, _, _, 1, _, _, _, 3, 3, rest @ ..] = ciphertext else { return None };
    rest.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_is_told_from_all_else() {
        let head = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
        let hello = [&head[..], &[7; 40]].concat();
        for (bytes, expected) in [
            (hello.clone(), Some([7; 32])),
            (hello[..43].to_vec(), Some([7; 32])),
            (hello[..42].to_vec(), None),
            ([&[23], &hello[1..]].concat(), None),
            (b"GET / HTTP/1.1\r\nHost: a-name-that-is-long-enough\r\n\r\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(random(&bytes), expected, "{bytes:?}");
        }
    }
}
