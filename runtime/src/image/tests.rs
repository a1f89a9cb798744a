//! Images there and back, and files that are no images.

use super::*;
use crate::memory::Reserved;

/// Numbers from a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Memory of which few pages are not zero.
    fn memory(&mut self, pages: usize) -> Vec<u8> {
        let mut memory = vec![0; pages * PAGE_BYTES];
        for _ in 0..self.below(pages) {
            let at = self.below(memory.len());
            memory[at] = self.next() as u8;
        }
        memory
    }
}

fn assert_round_trip(base: Option<&Image>, memory: &[u8]) -> (Image, Vec<u8>) {
    let (image, encoded) = Image::freeze(base, memory).unwrap();
    assert!(image.memory.bytes() == memory, "frozen");
    let decoded = Image::decode(base, &encoded).unwrap().unwrap();
    assert!(decoded.memory.bytes() == memory, "decoded");
    assert_eq!((decoded.id(), decoded.resident_bytes), (image.id(), image.resident_bytes));
    (image, encoded)
}

#[test]
fn images_come_back_as_they_were() {
    let mut random = Random(1);
    for _ in 0..200 {
        let pages = 1 + random.below(40);
        let memory = random.memory(pages);
        let (base, _) = assert_round_trip(None, &memory);
        // The same, changed here and there, and all of that larger, smaller or zero.
        let (base_id, pages) = (Some(&base), 1 + random.below(60));
        let mut other = memory.clone();
        other.resize(pages * PAGE_BYTES, 0);
        for _ in 0..random.below(5) {
            let at = random.below(other.len());
            other[at] = random.next() as u8;
        }
        assert_round_trip(base_id, &other);
        assert_round_trip(base_id, &vec![0; memory.len()]);
        assert_round_trip(base_id, &memory);
    }
}

#[test]
fn what_is_like_the_base_takes_no_room() {
    let memory = Random(2).memory(1_000);
    let (base, _) = assert_round_trip(None, &memory);
    let (_, encoded) = assert_round_trip(Some(&base), &memory);
    assert!(encoded.len() < 100, "{} bytes", encoded.len());
}

#[test]
fn a_difference_from_another_base_is_refused() {
    let mut random = Random(3);
    let [one, two] = [(); 2].map(|()| assert_round_trip(None, &random.memory(30)).0);
    let (_, delta) = assert_round_trip(Some(&one), &random.memory(30));
    assert!(Image::decode(Some(&two), &delta).unwrap().is_none());
    assert!(Image::decode(None, &delta).unwrap().is_none());
    let (_, whole) = assert_round_trip(None, &random.memory(30));
    assert!(Image::decode(Some(&one), &whole).unwrap().is_none());
}

/// Whatever lies in a file: no panic, and no memory for what is only claimed.
#[test]
fn damaged_files_are_refused_or_decoded_to_something() {
    let mut random = Random(4);
    let (base, _) = assert_round_trip(None, &random.memory(20));
    for base in [None, Some(&base)] {
        let (_, encoded) = assert_round_trip(base, &random.memory(20));
        for end in 0..encoded.len() {
            assert!(Image::decode(base, &encoded[..end]).unwrap().is_none(), "cut at {end}");
        }
        for _ in 0..20_000 {
            let mut damaged = encoded.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len());
                damaged[at] = random.next() as u8;
            }
            // The cache's checksum refuses these before; here it is enough that nothing breaks.
            let _ = decode(base, &damaged);
        }
        for _ in 0..2_000 {
            let foreign: Vec<u8> = (0..random.below(200)).map(|_| random.next() as u8).collect();
            assert!(Image::decode(base, &foreign).unwrap().is_none());
            let after_magic = [MAGIC, &foreign[..]].concat();
            let _ = decode(base, &after_magic);
        }
    }
}

/// A header with these numbers, and contents that fit them.
fn encoded(len: u64, count: u32, numbers: &[u32], contents: &[u8]) -> Vec<u8> {
    let mut encoded = MAGIC.to_vec();
    encoded.extend_from_slice(&len.to_le_bytes());
    encoded.extend_from_slice(&[0; ID_BYTES]);
    encoded.extend_from_slice(&count.to_le_bytes());
    encoded.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    encoded.extend(lz4_flex::block::compress(contents));
    encoded
}

#[test]
fn claims_are_held_against_each_other() {
    const PAGE: u64 = PAGE_BYTES as u64;
    /// Memory bytes, number of pages, their numbers, their contents, whether it is an image.
    type Row<'a> = (u64, u32, &'a [u32], &'a [u8], bool);
    let pages = vec![1; 2 * PAGE_BYTES];
    let rows: &[Row<'_>] = &[
        (4 * PAGE, 2, &[1, 3], &pages, true),
        (4 * PAGE, 0, &[], &[], true),
        (4 * PAGE, 2, &[0, 4], &pages, false),
        (4 * PAGE, 2, &[0, u32::MAX], &pages, false),
        (4 * PAGE, 2, &[3, 1], &pages, false),
        (4 * PAGE, 2, &[1, 1], &pages, false),
        (4 * PAGE, 2, &[1, 3], &pages[..PAGE_BYTES], false),
        (4 * PAGE, 1, &[1], &pages, false),
        (4 * PAGE, 1, &[1], &pages[..PAGE_BYTES - 1], false),
        (4 * PAGE, 5, &[0, 1, 2, 3, 3], &pages, false),
        (4 * PAGE, u32::MAX, &[1, 3], &pages, false),
        (0, 0, &[], &[], false),
        (PAGE - 1, 0, &[], &[], false),
        (PAGE + 1, 0, &[], &[], false),
        ((1 << 32) + PAGE, 0, &[], &[], false),
        (1 << 63, 0, &[], &[], false),
        (u64::MAX, 0, &[], &[], false),
        (1 << 32, 1 << 20, &[], &[], false),
    ];
    for (len, count, numbers, contents, sound) in rows {
        let encoded = encoded(*len, *count, numbers, contents);
        let image = Image::decode(None, &encoded).unwrap();
        assert_eq!(image.is_some(), *sound, "{len} bytes, {count} pages {numbers:?}");
    }
}

#[test]
fn an_image_holds_only_what_differs() {
    const PAGES: usize = 200;
    let page = |seed: usize| vec![seed as u8 | 1; PAGE_BYTES];
    let lower: Vec<u8> = (0..PAGES).flat_map(page).collect();
    let below = Arc::new(Frozen::new(lower.len(), [(0, &lower[..])].into_iter()).unwrap());
    let every = |step: usize| (0..PAGES).step_by(step).collect::<Vec<_>>();
    // (pages of the upper one, which of them differ, how many its file holds)
    let rows: [(usize, Vec<usize>, usize); 10] = [
        (PAGES, vec![], 0),
        (PAGES, vec![0], 1),
        (PAGES, vec![PAGES - 1], 1),
        (PAGES, vec![3, 4, 5, 100], 4),
        (PAGES, every(20), 10),
        // More stretches than may be: all gaps are of one width, or only the narrow ones are closed.
        (PAGES, every(4), 197),
        (PAGES, (0..40).step_by(2).chain((40..PAGES).step_by(20)).collect(), 48),
        (PAGES / 2, vec![0, PAGES / 2 - 1], 2),
        (PAGES + 50, vec![7, PAGES + 10], 2),
        (PAGES + 50, vec![PAGES - 2, PAGES + 10, PAGES + 49], 3),
    ];
    for (pages, changed, held) in rows {
        let contents = page(99);
        let changed: Vec<(usize, &[u8])> =
            changed.iter().map(|number| (number * PAGE_BYTES, &contents[..])).collect();
        let mut expected = lower.clone();
        expected.resize(pages * PAGE_BYTES, 0);
        for (offset, bytes) in &changed {
            expected[*offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        let upper = over(&below, expected.len(), &changed).unwrap();
        assert_eq!(upper.file_bytes().unwrap(), (held * PAGE_BYTES) as u64, "{pages} pages, {held} held");
        assert!(upper.bytes() == expected, "{pages} pages, {held} held");
        let mut range = Reserved::new(2 * PAGES * PAGE_BYTES).unwrap();
        range.map(&upper).unwrap();
        assert!(range.read(0..expected.len()) == expected, "{pages} pages, {held} held, mapped");
        range.write(0, &vec![0; expected.len()]);
        range.copy_from(&upper, 0..expected.len());
        assert!(range.read(0..expected.len()) == expected, "{pages} pages, {held} held, copied");
    }
}
