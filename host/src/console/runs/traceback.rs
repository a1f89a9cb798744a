//! A traceback whose lines lead to the code that ran: `File "main.py", line 2` is a line of the run's version.

use maud::{Markup, html};

/// `code` is where the version's code is shown, for whom that may be.
pub(super) fn traceback(text: &str, code: Option<&str>) -> Markup {
    html! {
        pre.traceback tabindex="0" role="region" aria-label="Traceback" {
            @for (number, line) in text.trim_end().lines().enumerate() {
                @if number > 0 { "\n" }
                @match code.and_then(|code| Some((code, place(line)?))) {
                    Some((code, (file, number))) => { a href={ (code) "?" (query(file)) "#L" (number) } { (line) } }
                    None => { (line) }
                }
            }
        }
    }
}

/// The file of the action that a line names, and its line there. Those of others begin at the root, or are none.
fn place(line: &str) -> Option<(&str, u32)> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
    if file.starts_with(['/', '<']) {
        return None;
    }
    let digits = rest.split(|char: char| !char.is_ascii_digit()).next()?;
    Some((file, digits.parse().ok()?))
}

fn query(file: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("file", file).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_action_lead_to_its_code() {
        for (line, expected) in [
            ("  File \"main.py\", line 2, in main", Some(("main.py", 2))),
            ("  File \"a/b.py\", line 17", Some(("a/b.py", 17))),
            ("  File \"/lib/python3.13/json/__init__.py\", line 346, in loads", None),
            ("  File \"<string>\", line 1, in <module>", None),
            ("    return 1 / 0", None),
            ("ZeroDivisionError: File \"main.py\", line 2", None),
            ("  File \"main.py\", line x", None),
        ] {
            assert_eq!(place(line), expected, "{line}");
        }
        let text = "Traceback:\n  File \"a b.py\", line 2, in main\nValueError: <b>\n";
        let shown = traceback(text, Some("/code")).into_string();
        assert!(
            shown
                .contains(r#"<a href="/code?file=a+b.py#L2">  File &quot;a b.py&quot;, line 2, in main</a>"#),
            "{shown}"
        );
        assert!(shown.contains("ValueError: &lt;b&gt;</pre>"), "{shown}");
        assert!(!traceback(text, None).into_string().contains("<a "));
    }
}
