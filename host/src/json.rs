//! JSON text that stays exact: compacted without being read into numbers, which would round them.

/// Valid JSON on one line, without white space between tokens; control characters in strings are spelled as escapes, so
/// that no terminal acts on them.
pub(crate) fn compact(valid: &str) -> String {
    let mut compact = String::with_capacity(valid.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in valid.chars() {
        if in_string {
            in_string = character != '"' || escaped;
            escaped = character == '\\' && !escaped;
            if character.is_control() {
                compact.push_str(&format!("\\u{:04x}", u32::from(character)));
            } else {
                compact.push(character);
            }
        } else if !character.is_ascii_whitespace() {
            in_string = character == '"';
            compact.push(character);
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn white_space_goes_and_all_else_stays() {
        for (valid, expected) in [
            ("null", "null"),
            (" [ 1 ,\n\t2.50 ]\r\n", "[1,2.50]"),
            ("1e400", "1e400"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
            (r#"{ "a b" : " c\" d " }"#, r#"{"a b":" c\" d "}"#),
            (r#"[ "\\" , " " ]"#, r#"["\\"," "]"#),
            (r#""\\\" ""#, r#""\\\" ""#),
            ("\"\u{9b}31m\u{7f}\"", r#""\u009b31m\u007f""#),
            ("\"\u{e9}\u{1f600}\"", "\"\u{e9}\u{1f600}\""),
        ] {
            assert_eq!(compact(valid), expected, "{valid:?}");
        }
    }
}
