//! What differs between two texts, line by line.

use std::collections::HashMap;

/// Lines of each that are compared; what follows is left out.
pub(super) const LINES_MAX: usize = 1_000;

/// A line, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Both(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// The lines of both, in order: those that both have stand once.
pub(super) fn lines<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let old: Vec<&str> = old.lines().take(LINES_MAX).collect();
    let new: Vec<&str> = new.lines().take(LINES_MAX).collect();
    let common = common(&numbered(&old, &new));
    let (mut at_old, mut at_new, mut lines) = (0, 0, Vec::with_capacity(old.len().max(new.len())));
    while at_old < old.len() || at_new < new.len() {
        match (old.get(at_old), new.get(at_new)) {
            (Some(one), Some(other)) if one == other => {
                lines.push(Line::Both(one));
                (at_old, at_new) = (at_old + 1, at_new + 1);
            }
            // Whichever way keeps more of what both have.
            (Some(one), other)
                if other.is_none() || common[at_old + 1][at_new] >= common[at_old][at_new + 1] =>
            {
                lines.push(Line::Old(one));
                at_old += 1;
            }
            (_, Some(other)) => {
                lines.push(Line::New(other));
                at_new += 1;
            }
            (_, None) => break,
        }
    }
    lines
}

/// The lines as numbers, the same for equal ones: they are compared often, and may be long.
fn numbered(old: &[&str], new: &[&str]) -> [Vec<usize>; 2] {
    let mut numbers = HashMap::new();
    [old, new].map(|lines| {
        let number = |line| {
            let next = numbers.len();
            *numbers.entry(line).or_insert(next)
        };
        lines.iter().map(number).collect()
    })
}

/// How many lines in order both have from each place on.
fn common([old, new]: &[Vec<usize>; 2]) -> Vec<Vec<u16>> {
    let mut common = vec![vec![0_u16; new.len() + 1]; old.len() + 1];
    for at_old in (0..old.len()).rev() {
        for at_new in (0..new.len()).rev() {
            common[at_old][at_new] = if old[at_old] == new[at_new] {
                common[at_old + 1][at_new + 1] + 1
            } else {
                common[at_old + 1][at_new].max(common[at_old][at_new + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_stand_once() {
        for (old, new, expected) in [
            ("", "", ""),
            ("a\nb", "a\nb", "=a =b"),
            ("a\nb\nc", "a\nc", "=a -b =c"),
            ("a\nc", "a\nb\nc", "=a +b =c"),
            ("a\nx\nb", "a\ny\nb", "=a -x +y =b"),
            ("a", "", "-a"),
            ("", "a", "+a"),
        ] {
            let found: Vec<String> = lines(old, new)
                .iter()
                .map(|line| match line {
                    Line::Both(text) => format!("={text}"),
                    Line::Old(text) => format!("-{text}"),
                    Line::New(text) => format!("+{text}"),
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{old:?} {new:?}");
        }
        let long = "a\n".repeat(3 * LINES_MAX);
        assert_eq!(lines(&long, &long).len(), LINES_MAX);
    }
}
