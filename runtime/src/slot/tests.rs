//! Slots by what a guest finds in them, under both ways of resetting.

use std::thread;

use wasmtime::MemoryCreator as _;

use super::*;
use crate::memory::PAGE_BYTES;

const CAPACITY: usize = 64 << 20;
const RESETS: [Reset; 2] = [Reset::CopyBack, Reset::Forget];

/// An image whose bytes tell it, and each of its pages, from others; every third page is zero.
fn image(pages: usize, seed: u8) -> Arc<Frozen> {
    let contents: Vec<Vec<u8>> =
        (0..pages).map(|page| vec![seed.wrapping_add(page as u8) | 1; PAGE_BYTES]).collect();
    let pieces = contents.iter().enumerate().filter(|(page, _)| page % 3 != 2);
    let pieces = pieces.map(|(page, bytes)| (page * PAGE_BYTES, &bytes[..]));
    Arc::new(Frozen::new(pages * PAGE_BYTES, pieces).unwrap())
}

/// Memory as an instantiation gets it, given back as a run that ended well or badly does.
fn lease(slots: &Slots, image: &Arc<Frozen>) -> (Leased, Lease) {
    let lease = Lease::default();
    let leased = with_image(image, &lease, || slots.lease(image.len(), CAPACITY, PAGE_BYTES)).unwrap();
    (leased, lease)
}

fn give_back((leased, lease): (Leased, Lease)) {
    lease.allow_reuse();
    drop(leased);
}

fn read(leased: &Leased) -> Vec<u8> {
    leased.slot().range().read(0..leased.slot().open_bytes())
}

/// What a guest sees in a new life is its image, and beyond it nothing until it grows, and then zeros.
fn assert_fresh(leased: &mut Leased, image: &Frozen, after: &str) {
    let len = image.len();
    assert_eq!(leased.slot().open_bytes(), len, "after {after}");
    assert!(read(leased) == image.bytes(), "the memory differs from its image after {after}");
    let whole = leased.slot().range();
    assert_eq!(whole.is_open(len..whole.len()), Some(false), "after {after}");
    leased.grow(CAPACITY).unwrap();
    let grown = leased.slot().range().read(len..CAPACITY);
    assert!(grown.iter().all(|byte| *byte == 0), "grown memory is not zero after {after}");
}

#[test]
fn a_slot_is_its_image_again_after_a_reset() {
    const PAGES: usize = 6_000;
    let every = |step: usize, from: usize| (from..PAGES).step_by(step).collect::<Vec<_>>();
    // (what is done to the memory, pages that are written)
    let rows = [
        ("nothing", vec![]),
        ("one page", vec![0]),
        ("the last page", vec![PAGES - 1]),
        ("neighbours", (100..200).collect()),
        ("every second page: more stretches than one scan tells", every(2, 0)),
        ("the other half", every(2, 1)),
        ("everything: more than is copied back", every(1, 0)),
        ("one page again", vec![17]),
    ];
    let image = image(PAGES, 1);
    for reset in RESETS {
        let slots = Slots::new(1, reset);
        for (what, pages) in &rows {
            let mut life = lease(&slots, &image);
            assert_fresh(&mut life.0, &image, what);
            for page in pages {
                life.0.slot().range().write(page * PAGE_BYTES + 5, b"written");
            }
            life.0.slot().range().write(image.len(), b"grown");
            life.0.slot().range().write(CAPACITY - 5, b"grown");
            give_back(life);
            assert_eq!(slots.idle().len(), 1);
            let mut life = lease(&slots, &image);
            assert_fresh(&mut life.0, &image, what);
            give_back(life);
        }
    }
}

#[test]
fn a_slot_shows_only_the_image_it_is_given() {
    let images = [image(40, 1), image(10, 90), image(300, 180), image(10, 30)];
    for reset in RESETS {
        // One idle slot, which goes from image to image: larger ones, smaller ones, and one of equal size.
        let slots = Slots::new(1, reset);
        for turn in [0, 1, 2, 3, 1, 0, 2, 0, 3, 3, 2, 1] {
            let mut life = lease(&slots, &images[turn]);
            assert_fresh(&mut life.0, &images[turn], &format!("a change to image {turn}"));
            let garbage = vec![0xee; images[turn].len() + 50 * PAGE_BYTES];
            life.0.slot().range().write(0, &garbage);
            give_back(life);
            assert_eq!(slots.0.alive.load(Ordering::Relaxed), 1, "one slot serves all");
        }
    }
}

#[test]
fn a_slot_that_nobody_vouched_for_is_gone() {
    for reset in RESETS {
        let (slots, image) = (Slots::new(4, reset), image(4, 1));
        let (leased, _lease) = lease(&slots, &image);
        leased.slot().range().write(0, b"trapped");
        drop(leased);
        assert_eq!(slots.idle().len(), 0);
        assert_eq!(slots.0.alive.load(Ordering::Relaxed), 0);
        let mut life = lease(&slots, &image);
        assert_fresh(&mut life.0, &image, "a trap");
    }
}

/// What the first run that ended well wrote is copied at once where the next ones start; under a kernel that tells.
#[test]
fn new_slots_have_copies_of_the_pages_that_runs_write() {
    let all: Vec<_> = (0..COPY_BACK_BYTES_MAX / PAGE_BYTES + 100).collect();
    // (what each of three runs after another writes, what is copied for the one that starts meanwhile)
    let rows = [
        ([&[3, 4, 9][..], &[], &[]], vec![3, 4, 9]),
        ([&[0], &[1, 2, 3], &[7]], vec![0]),
        ([&[], &[1], &[2]], vec![]),
        // Nothing is learned from one that wrote more than is copied back.
        ([&all, &[1], &[2]], vec![]),
    ];
    for reset in RESETS {
        for (writes, copied) in &rows {
            let (slots, image) = (Slots::new(2, reset), image(all.len(), 1));
            for pages in writes {
                let life = lease(&slots, &image);
                for page in *pages {
                    life.0.slot().range().write(page * PAGE_BYTES, b"written");
                }
                give_back(life);
            }
            let _other = lease(&slots, &image);
            let mut life = lease(&slots, &image);
            if let Some(scan) = slots.0.scan.as_ref() {
                let (found, _) = scan.private(life.0.slot().range(), 0..image.len()).unwrap();
                let found = found.into_iter().flat_map(|one| one.range.step_by(PAGE_BYTES));
                assert_eq!(found.map(|at| at / PAGE_BYTES).collect::<Vec<_>>(), *copied);
            }
            assert_fresh(&mut life.0, &image, "copies were made");
        }
    }
}

#[test]
fn idle_slots_are_bounded_and_evicted() {
    let (slots, images) = (Slots::new(2, Reset::CopyBack), [image(2, 1), image(2, 50), image(2, 100)]);
    let alive = || slots.0.alive.load(Ordering::Relaxed);
    let lives: Vec<_> = images.iter().map(|image| lease(&slots, image)).collect();
    assert_eq!(alive(), 3);
    lives.into_iter().for_each(give_back);
    assert_eq!((slots.idle().len(), alive()), (2, 2), "no more than were asked for are kept");
    slots.evict(&images[0]);
    assert_eq!((slots.idle().len(), alive()), (1, 1));
    slots.evict(&images[1]);
    slots.evict(&images[2]);
    assert_eq!((slots.idle().len(), alive()), (0, 0));
    // Evicted while it is in use, an image stays until the run ends.
    let mut life = lease(&slots, &images[0]);
    slots.evict(&images[0]);
    assert_fresh(&mut life.0, &images[0], "evicting it");
    let none = Slots::new(0, Reset::CopyBack);
    give_back(lease(&none, &images[0]));
    assert_eq!(none.0.alive.load(Ordering::Relaxed), 0);
}

#[test]
fn no_more_slots_live_than_are_allowed() {
    let (slots, image) = (Slots::bounded(8, 3, Reset::CopyBack), image(1, 1));
    let mut lives: Vec<_> = (0..3).map(|_| lease(&slots, &image)).collect();
    let refused = || with_image(&image, &Lease::default(), || slots.lease(PAGE_BYTES, CAPACITY, 0));
    for _ in 0..5 {
        assert!(refused().is_err());
    }
    give_back(lives.remove(0));
    assert!(refused().is_ok(), "the idle one");
    assert!(refused().is_ok(), "in place of the one that was dropped");
    lives.clear();
    assert_eq!(slots.0.alive.load(Ordering::Relaxed), 0);
}

/// Idle slots of other images must make room before anybody is turned away.
#[test]
fn idle_slots_give_way_at_the_limit() {
    let (slots, old, new) = (Slots::bounded(8, 2, Reset::CopyBack), image(1, 1), image(2, 99));
    let lives = [lease(&slots, &old), lease(&slots, &old)];
    lives.into_iter().for_each(give_back);
    assert_eq!(slots.idle().len(), 2);
    let mut life = lease(&slots, &new);
    assert_fresh(&mut life.0, &new, "taking another image's slot");
}

#[test]
fn sizes_that_do_not_fit_are_errors() {
    let (slots, image) = (Slots::new(2, Reset::CopyBack), image(4, 1));
    let len = image.len();
    let ask = |minimum, capacity, guard| {
        with_image(&image, &Lease::default(), || slots.lease(minimum, capacity, guard)).map(drop)
    };
    assert!(ask(len, len, 0).is_ok());
    assert!(ask(0, len, 0).is_ok());
    for (minimum, capacity, guard) in [
        (len + 1, CAPACITY, 0),
        (usize::MAX, CAPACITY, 0),
        (len, len - 1, 0),
        (0, 0, 0),
        (len, 0, CAPACITY),
        (len, usize::MAX, 0),
        (len, usize::MAX, usize::MAX),
        (len, CAPACITY, usize::MAX),
        (len, 1 << 60, 1 << 60),
    ] {
        assert!(ask(minimum, capacity, guard).is_err(), "{minimum} {capacity} {guard}");
    }
    assert!(slots.lease(len, CAPACITY, 0).is_err(), "outside of an instantiation");
    let twice = with_image(&image, &Lease::default(), || {
        (slots.lease(len, CAPACITY, 0).is_ok(), slots.lease(len, CAPACITY, 0).is_ok())
    });
    assert_eq!(twice, (true, false), "a second memory of one instantiation");
    let ty = wasmtime::MemoryType::new(1, None);
    let unknown = with_image(&image, &Lease::default(), || slots.new_memory(ty, 0, None, None, 0).is_err());
    assert!(unknown, "memory of unknown size");
    assert!(slots.lease(len, CAPACITY, 0).is_err(), "what one instantiation wanted, the next does not get");
}

#[test]
fn growth_ends_at_the_capacity() {
    let (slots, image) = (Slots::new(2, Reset::CopyBack), image(4, 1));
    let (mut leased, _) = lease(&slots, &image);
    for bytes in [CAPACITY + 1, CAPACITY + PAGE_BYTES, usize::MAX] {
        assert!(leased.grow(bytes).is_err(), "{bytes}");
        assert_eq!(leased.slot().open_bytes(), image.len());
    }
    for (bytes, open) in [
        (0, image.len()),
        (image.len(), image.len()),
        (image.len() + PAGE_BYTES, image.len() + PAGE_BYTES),
        (image.len(), image.len() + PAGE_BYTES),
        (CAPACITY, CAPACITY),
    ] {
        leased.grow(bytes).unwrap();
        assert_eq!(leased.slot().open_bytes(), open);
    }
}

/// Many threads, few idle slots, images of several sizes: each life sees its own image and only that.
#[test]
fn concurrent_lives_see_their_own_image_only() {
    for reset in RESETS {
        let slots = Slots::new(3, reset);
        let images: Vec<_> = (0..5).map(|number| image(3 + 7 * number, 40 * number as u8)).collect();
        thread::scope(|scope| {
            for number in 0..8 {
                let (slots, images) = (&slots, &images);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let image = &images[(number * 3 + turn * 7) % images.len()];
                        let mut life = lease(slots, image);
                        assert!(read(&life.0) == image.bytes(), "thread {number}, turn {turn}");
                        let grown = image.len() + 4 * PAGE_BYTES;
                        life.0.grow(grown).unwrap();
                        let beyond = life.0.slot().range().read(image.len()..grown);
                        assert!(beyond.iter().all(|byte| *byte == 0), "thread {number}, turn {turn}");
                        life.0.slot().range().write(0, &vec![number as u8; grown]);
                        if turn % 5 == 0 {
                            drop(life);
                        } else {
                            give_back(life);
                        }
                    }
                });
            }
        });
        assert!(slots.idle().len() <= 3);
        assert_eq!(slots.0.alive.load(Ordering::Relaxed), slots.idle().len());
    }
}

/// A slot whose reservation is of another size is no slot for this memory, even with its image in it.
#[test]
fn a_slot_of_another_size_is_not_taken() {
    let (slots, image) = (Slots::new(1, Reset::CopyBack), image(4, 1));
    give_back(lease(&slots, &image));
    for capacity in [2 * CAPACITY, CAPACITY / 2, CAPACITY] {
        let vouched = Lease::default();
        let leased = with_image(&image, &vouched, || slots.lease(image.len(), capacity, PAGE_BYTES));
        let mut leased = leased.unwrap();
        leased.grow(capacity).unwrap();
        leased.slot().range().write(capacity - 5, b"grown");
        give_back((leased, vouched));
        assert_eq!(slots.0.alive.load(Ordering::Relaxed), 1);
    }
}
