//! The tree keeps to CONTRIBUTING.md: layers, names, sizes, documents. What clippy and rustfmt judge is left to them.
//!
//! A rule is data (`rules.rs`, `words.rs`, `layers.rs`, `documents.rs`); it brings small trees that it must flag and
//! small trees that it must not, so no rule here can pass because it looks at nothing.

mod code;
mod documents;
mod layers;
mod rules;
mod tree;
mod words;

use tree::File;

/// One rule over the tree.
struct Rule {
    /// What is wrong and what to do instead, as the failure says it.
    says: &'static str,
    /// Looks at one file, given all of them.
    find: fn(&File, &[File]) -> Vec<Finding>,
    flags: &'static [Example],
    passes: &'static [Example],
}

/// A place that breaks a rule: line (from 1; 0 for the file as a whole), and what stands there.
type Finding = (usize, String);

/// A small tree: paths and texts.
type Example = &'static [(&'static str, &'static str)];

fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::RULES.iter().chain(documents::RULES).chain(layers::RULES)
}

/// Everything in `files` that `find` objects to, one line each.
fn report(says: &str, find: impl Fn(&File, &[File]) -> Vec<Finding>, files: &[File]) -> Vec<String> {
    let found =
        files.iter().flat_map(|file| find(file, files).into_iter().map(move |finding| (file, finding)));
    found.map(|(file, (line, what))| format!("{}:{line}: {says}: {what}", file.path)).collect()
}

#[test]
fn the_tree_keeps_to_the_rules() {
    let files = tree::read();
    assert!(files.iter().any(|file| file.path == "runtime/src/lib.rs"), "the walk finds the sources");
    let mut complaints: Vec<String> = rules().flat_map(|rule| report(rule.says, rule.find, &files)).collect();
    for ban in words::BANS {
        complaints.extend(report(ban.instead, |file, _| ban.find(file), &files));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn each_rule_flags_what_it_must_and_nothing_else() {
    for rule in rules() {
        assert!(!rule.flags.is_empty() && !rule.passes.is_empty(), "no examples for: {}", rule.says);
        for example in rule.flags {
            let found = report(rule.says, rule.find, &tree::example(example));
            assert!(!found.is_empty(), "not flagged by `{}`: {example:?}", rule.says);
        }
        for example in rule.passes {
            let found = report(rule.says, rule.find, &tree::example(example));
            assert!(found.is_empty(), "flagged: {found:?}");
        }
    }
}

#[test]
fn each_ban_flags_its_words_in_code_only() {
    for (ban, word) in words::BANS.iter().flat_map(|ban| ban.words.iter().map(move |word| (ban, word))) {
        let flagged = ban.example(word);
        assert_eq!(ban.find(&flagged).len(), 1, "not flagged: {flagged:?}");
        let quoted = File::new(&flagged.path, format!("//! {word}\nconst A: &str = \"{word}\"; // {word}\n"));
        assert!(ban.find(&quoted).is_empty(), "flagged in comment or string: {quoted:?}");
        let longer = File::new(&flagged.path, flagged.text.replace(word, &format!("x{word}x")));
        let is_name = word.chars().all(|char| char.is_alphanumeric() || char == '_');
        assert!(!is_name || ban.find(&longer).is_empty(), "flagged inside of a longer name: {longer:?}");
        for except in ban.except {
            let excepted = words::Ban::allowed_example(except, &flagged.text);
            assert!(ban.find(&excepted).is_empty(), "flagged where it is allowed: {excepted:?}");
        }
    }
}
