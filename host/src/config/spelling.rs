//! The name that was probably meant.

/// More wrong letters than this are another name.
const WRONG_MAX: usize = 3;

/// What to do about a name that is none of `names`.
pub(super) fn near(name: &str, names: impl Iterator<Item = String>) -> String {
    let nearest = names.map(|known| (distance(name, &known), known)).min();
    match nearest {
        Some((wrong, known)) if wrong <= WRONG_MAX => format!("is it {known}?"),
        Some(_) | None => "`actiond config` lists all".to_owned(),
    }
}

/// How many letters have to be added, taken away or exchanged to make one text the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (index, another) in other.bytes().enumerate() {
            let exchanged = diagonal + usize::from(letter != another);
            diagonal = row[index + 1];
            row[index + 1] = exchanged.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_if_it_is_near() {
        let names = ["runs.parallel", "runs.fuel", "listen"];
        for (name, expected) in [
            ("runs.paralel", "is it runs.parallel?"),
            ("run.fuel", "is it runs.fuel?"),
            ("lsiten", "is it listen?"),
            ("port", "`actiond config` lists all"),
            ("", "`actiond config` lists all"),
        ] {
            assert_eq!(near(name, names.iter().map(|&name| name.to_owned())), expected, "{name}");
        }
    }
}
