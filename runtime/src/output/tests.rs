//! What is kept of what a guest writes, and what is not.

use std::time::Duration;

use super::*;

fn output(log_lines: usize, log_bytes: usize) -> Output {
    let limits = Limits {
        fuel: 0,
        wall: Duration::ZERO,
        memory_bytes: 0,
        input_bytes: 0,
        result_bytes: 0,
        log_lines,
        log_bytes,
        scratch_bytes: 0,
        scratch_entries: 0,
        open_files: 0,
        net: crate::limits::NetLimits::NONE,
    };
    Output::new(&limits, Instant::now())
}

fn lines(output: Output) -> Vec<String> {
    output.finish().into_iter().map(|line| format!("{}: {}", line.source, line.message)).collect()
}

/// What a line of stdout costs besides its text.
const COST: usize = LINE_OVERHEAD_BYTES + "stdout".len();

fn cut(bytes: u64) -> String {
    format!("actiond: output cut here: {bytes} more bytes were written and dropped")
}

#[test]
fn written_pieces_become_lines() {
    // (what is written to stdout, piece by piece; the lines)
    let rows: &[(&[&[u8]], &[&str])] = &[
        (&[], &[]),
        (&[b""], &[]),
        (&[b"a\nb"], &["a", "b"]),
        (&[b"a", b"b", b"\n", b"c\n"], &["ab", "c"]),
        (&[b"\n\n"], &["", ""]),
        (&[b"a\r\nb\r", b"\nc\r"], &["a", "b", "c"]),
        (&[b"a\rb\n"], &["a\rb"]),
        (&["é\n".as_bytes()], &["é"]),
        (&[b"\xc3", b"\xa9\n"], &["é"]),
        (&[b"\xf0", b"\x9f", b"\x90", b"\x8d\n"], &["🐍"]),
        (&[b"\xf0\x9f\x90\n"], &["\u{fffd}"]),
        (&[b"a\xffb\xfe\n"], &["a\u{fffd}b\u{fffd}"]),
        (&[b"\0\n"], &["\0"]),
    ];
    for (pieces, expected) in rows {
        let mut output = output(100, 10_000);
        for piece in *pieces {
            output.write(Stream::Stdout, piece);
        }
        let expected: Vec<String> = expected.iter().map(|line| format!("stdout: {line}")).collect();
        assert_eq!(lines(output), expected, "{pieces:?}");
    }
}

#[test]
fn streams_do_not_mix() {
    let mut output = output(100, 10_000);
    output.write(Stream::Stdout, b"out ");
    output.write(Stream::Stderr, b"err ");
    output.log(Level::Warning, b"app", b"record");
    output.write(Stream::Stdout, b"put\n");
    output.write(Stream::Stderr, b"or\n");
    assert_eq!(lines(output), ["app: record", "stdout: out put", "stderr: err or"]);
}

#[test]
fn cuts_are_marked_and_counted() {
    // (lines, bytes, what is written, the lines kept)
    let rows: &[(usize, usize, &[u8], &[&str])] = &[
        (2, 1000, b"a\nb\n", &["stdout: a", "stdout: b"]),
        (2, 1000, b"a\nb\nc\n", &["stdout: a", "stdout: b", &cut(2)]),
        (0, 1000, b"a", &[&cut(1)]),
        (9, 0, b"a", &[&cut(1)]),
        (9, COST + 4, b"abcd\n", &["stdout: abcd"]),
        (9, COST + 4, b"abcde\n", &["stdout: abcd", &cut(1)]),
        (9, COST + 4, "abcé\n".as_bytes(), &["stdout: abc", &cut(2)]),
        (9, COST + 4, b"ab\xff\n", &["stdout: ab", &cut(1)]),
        (9, COST + 4, b"a\xff\n", &["stdout: a\u{fffd}"]),
        (9, 2 * COST + 2, b"a\n\nb\n", &["stdout: a", "stdout: ", &cut(2)]),
    ];
    for (log_lines, log_bytes, written, expected) in rows {
        let mut output = output(*log_lines, *log_bytes);
        output.write(Stream::Stdout, written);
        assert_eq!(output.bytes, written.len() as u64);
        assert_eq!(lines(output), *expected, "{log_lines} lines, {log_bytes} bytes, {written:?}");
    }
}

/// Text that is kept stays below the limit also where bytes that are no text grow threefold.
#[test]
fn bytes_that_are_no_text_count_as_what_they_become() {
    let mut output = output(100, 3_000);
    output.write(Stream::Stdout, &[0xff; 10_000]);
    output.log(Level::Info, &[0xff; 10_000], &[0xff; 10_000]);
    let kept: usize = output.lines.iter().map(|line| line.message.len() + line.source.len()).sum();
    assert!((2_900..=3_000).contains(&kept), "{kept}");
}

/// A line that never ends must not be looked at, or kept, beyond what there is room for.
#[test]
fn a_flood_costs_nothing_once_the_log_is_full() {
    let flood = vec![b'x'; 64 << 20];
    for first in [&b"x"[..], b"\n", b"x\n"] {
        let mut output = output(10, 1_000);
        output.write(Stream::Stdout, &first.repeat(1_000));
        output.write(Stream::Stderr, &flood);
        // At a nanosecond a byte, looking would take some five minutes.
        for _ in 0..5_000 {
            output.write(Stream::Stdout, &flood);
            output.write(Stream::Stderr, &flood);
        }
        assert!(output.partial.iter().all(|partial| partial.capacity() <= 4_000));
        assert!(output.lines.len() <= 10);
        assert_eq!(output.bytes, 1_000 * first.len() as u64 + 10_001 * flood.len() as u64);
    }
}

#[test]
fn remarks_have_room_in_a_full_log() {
    let mut output = output(1, 100);
    output.write(Stream::Stdout, b"a\nb\n");
    output.remark(Level::Critical, "remark".to_owned());
    assert_eq!(lines(output), ["stdout: a".to_owned(), "actiond: remark".to_owned(), cut(2)]);
}
