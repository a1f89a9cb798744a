//! Rust source reduced to what the compiler acts on: comments and the insides of literals become blanks, lines stay lines.

/// The code of `rust`. Knows line and nested block comments, strings, raw strings, characters and lifetimes.
pub(super) fn code(rust: &str) -> String {
    let chars: Vec<char> = rust.chars().collect();
    let mut out = String::with_capacity(rust.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + blank_len(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        }
        for char in &chars[at..end.max(at)] {
            out.push(if *char == '\n' { '\n' } else { ' ' });
        }
        at = end.max(at);
    }
    out
}

/// How many characters from `at` on belong to a comment or literal that starts there; 0 for none.
fn blank_len(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let in_name = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|char| *char == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment_len(rest),
        ['"', ..] => quoted_len(rest, '"'),
        ['\'', '\\', ..] => quoted_len(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        ['r' | 'b' | 'c', ..] if !in_name => raw_string_len(rest),
        _ => 0,
    }
}

fn block_comment_len(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted_len(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of `r"…"`, `br##"…"##` and their like; 0 for anything else.
fn raw_string_len(rest: &[char]) -> usize {
    let Some(start) = rest.iter().take(2).position(|char| *char == 'r') else { return 0 };
    let hashes = rest[start + 1..].iter().take_while(|char| **char == '#').count();
    let open = start + 1 + hashes;
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let inside = rest[open + 1..].windows(close.len()).position(|window| window == close);
    inside.map_or(rest.len(), |len| open + 1 + len + close.len())
}

/// Whether `word` stands in `line` on its own: not as a part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name);
        let after = line[at + word.len()..].chars().next().is_some_and(is_name);
        !(before && word.starts_with(is_name) || after && word.ends_with(is_name))
    })
}

#[test]
fn only_code_is_left() {
    for (rust, expected) in [
        ("a(); // gone\nb();", "a();        \nb();"),
        ("a /* x /* y */ z */ b", "a                   b"),
        (r#"f("a\"b", x)"#, "f(      , x)"),
        (r##"f(r#"a"b"#, x)"##, "f(        , x)"),
        ("f(br\"a\\\", x)", "f(      , x)"),
        ("f('\"', '\\'', &'a x)", "f(   ,     , &'a x)"),
        ("for r in bar {}", "for r in bar {}"),
        ("\"open\nend", "     \n   "),
    ] {
        assert_eq!(code(rust), expected, "{rust}");
    }
}
