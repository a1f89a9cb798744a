//! How many TLS records went by: each has a price besides its bytes.

const HEADER_BYTES: usize = 5;

/// Follows records across however they are cut.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// What is known of the header under way.
    header: [u8; HEADER_BYTES],
    header_len: usize,
    /// Bytes until the next header.
    left: usize,
    count: u64,
}

impl Records {
    pub(crate) fn count(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let passed = self.left.min(bytes.len());
                self.left -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            self.header[self.header_len] = bytes[0];
            self.header_len += 1;
            bytes = &bytes[1..];
            if self.header_len == HEADER_BYTES {
                self.header_len = 0;
                self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
                self.count += 1;
            }
        }
    }

    /// Those since this was asked last.
    pub(crate) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_however_they_are_cut() {
        let stream = [22, 3, 3, 0, 2, 1, 1, 23, 3, 3, 0, 0, 23, 3, 3, 1, 0].into_iter();
        let stream: Vec<u8> = stream.chain([9; 256]).chain([21, 3, 3, 0]).collect();
        for cut in [1, 2, 3, 5, 7, 100, 1000] {
            let mut records = Records::default();
            stream.chunks(cut).for_each(|part| records.count(part));
            assert_eq!((records.take(), records.take()), (3, 0), "in parts of {cut}");
        }
    }
}
