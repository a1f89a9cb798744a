//! What is hidden in which spelling, and that nothing else is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn mask(values: &[&str]) -> Mask {
    Mask::new(values.iter().copied()).expect("there is something to hide")
}

#[test]
fn short_values_are_not_looked_for() {
    assert!(Mask::new(["abc", "\u{e4}\u{f6}\u{fc}", "", " ab"].into_iter()).is_none());
    assert_eq!(mask(&["abcd"]).text("abc abcd"), "abc ***");
    assert_eq!(mask(&["\u{e4}\u{f6}\u{fc}\u{df}"]).text("\u{e4}\u{f6}\u{fc}\u{df}!"), "***!");
}

#[test]
fn values_are_found_in_text() {
    let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nab\n  indented line\n-----END KEY-----\n";
    let strange = "q\"b\\s't\ttab\u{1}\u{e4}\u{1f600}";
    for (values, text, expected) in [
        (&["hunter22"][..], "", ""),
        (&["hunter22"], "hunter2", "hunter2"),
        (&["hunter22"], "hunter22", "***"),
        (&["hunter22"], "a hunter22, hunter22hunter22.", "a ***, ******."),
        // The longest goes first, and what overlaps goes as a whole.
        (&["hunter", "hunter22"], "hunter22 hunter2", "*** ***2"),
        (&["abcdef", "defghi", "ghijkl"], "xabcdefghijklx", "x***x"),
        (&["bcde", "abcdef"], "abcdex abcdef", "a***x ***"),
        (&[pem], pem, "***"),
        (&[pem], "1 MIIEvQIBADANBg, ab, indented line", "1 ***, ab, ***"),
        (&["token-with-newline\n"], "token-with-newline", "***"),
        (&[strange], strange, "***"),
        (&[strange], r#"{"a": "q\"b\\s't\ttab\u0001ä😀"}"#, r#"{"a": "***"}"#),
        (&[strange], r#"q\"b\\s't\ttab\u0001\u00e4\ud83d\ude00"#, "***"),
        (&[strange], r#"KeyError: 'q"b\\s\'t\ttab\x01ä😀'"#, "KeyError: '***'"),
    ] {
        assert_eq!(mask(values).text(text), expected, "{values:?} {text}");
        let mut changed = text.to_owned();
        mask(values).apply(&mut changed);
        assert_eq!(changed, expected);
    }
}

#[test]
fn json_stays_json() {
    for (values, json, expected) in [
        (&["hunter22"][..], r#"{"a":["hunter2",1,null,true]}"#, None),
        (&["hunter22"], r#"{"hunter22":["xhunter22x",{}]}"#, Some(r#"{"***":["x***x",{}]}"#)),
        (&["1234"], r#"[1234,12345,-0.12341e5,"1234",5]"#, Some(r#"["***","***","***","***",5]"#)),
        (&["true", "null"], "[true,null]", None),
        // What only looks like a value across the structure is none.
        (&[r#"","b"#], r#"["a","b"]"#, None),
        (&[r#"a\","#], r#"["a\\",""]"#, None),
        (&["ab\"cd"], r#"["ab\"cd","ab\\\"cd"]"#, Some(r#"["***","***"]"#)),
        (&["l\u{e4}ne1\nl\u{e4}ne2"], r#"["l\u00E4ne1\nläne2 läne2"]"#, Some(r#"["*** ***"]"#)),
        // JSON in a string.
        (&["ab\"cd"], r#"["{\"a\":\"ab\\\"cd\"}"]"#, Some(r#"["{\"a\":\"***\"}"]"#)),
        (&["hunter22"], r#"["\ud800 hunter22"]"#, Some(r#"["***"]"#)),
        (&["hunter22"], "\"hunter22\"", Some("\"***\"")),
    ] {
        assert_eq!(mask(values).json(json).as_deref(), expected, "{values:?} {json}");
    }
}

/// Every byte that is in an occurrence of a value, the slow way.
fn covered(values: &[String], text: &str) -> Vec<bool> {
    let mut covered = vec![false; text.len()];
    for value in values {
        for at in 0..text.len() {
            if text.as_bytes()[at..].starts_with(value.as_bytes()) {
                covered[at..at + value.len()].fill(true);
            }
        }
    }
    covered
}

proptest! {
    #[test]
    fn all_that_is_in_a_value_is_hidden_and_nothing_else(
        values in prop::collection::vec("[ab\u{e4}]{4,9}", 1..6),
        text in "[ab\u{e4}]{0,60}",
    ) {
        let mask = Mask::new(values.iter().map(String::as_str)).unwrap();
        let mut hidden = vec![false; text.len()];
        for place in mask.places(&text) {
            hidden[place].fill(true);
        }
        prop_assert_eq!(hidden, covered(&values, &text));
    }

    #[test]
    fn no_result_shows_a_value(value in "\\PC{4,12}|[\"\\\\\n']{4,6}", before in "\\PC{0,6}", after in "\\PC{0,6}") {
        let mask = mask(&[&value]);
        prop_assume!(!value.contains('*'));
        let said = json!({"k": [format!("{before}{value}{after}")], (value.clone()): 1});
        let masked: Value = serde_json::from_str(&mask.json(&said.to_string()).unwrap()).unwrap();
        let text = masked["k"][0].as_str().unwrap();
        prop_assert!(text.contains(MASK) && !text.contains(&value));
        prop_assert!(masked.get(&value).is_none());
        // What was written by another's hand too.
        let spelt = serde_json::to_string(&value).unwrap();
        prop_assert!(!mask.text(&said.to_string()).contains(&spelt[1..spelt.len() - 1]));
    }

    #[test]
    fn what_holds_no_value_stays(text in "[a-m ]{0,40}") {
        prop_assert!(matches!(mask(&["nopqr"]).text(&text), Cow::Borrowed(_)));
        prop_assert_eq!(mask(&["nopqr"]).json(&json!([text]).to_string()), None);
    }
}
