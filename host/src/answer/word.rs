//! The words by which programs tell errors apart. They do not change; docs/api.md says what each means.

macro_rules! words {
    ($($word:ident = $written:literal,)+) => {
        /// What kind of error it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Word {
            $($word,)+
        }

        impl Word {
            pub(crate) const ALL: &[Self] = &[$(Self::$word,)+];

            /// As it stands in an answer.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $written,)+
                }
            }
        }
    };
}

words! {
    BadRequest = "bad_request",
    BadJson = "bad_json",
    ContentType = "content_type",
    NoMain = "no_main",
    ImportFailed = "import_failed",
    Dependencies = "dependencies",
    DependenciesUnavailable = "dependencies_unavailable",
    Unauthorized = "unauthorized",
    Signature = "signature",
    Forbidden = "forbidden",
    NotFound = "not_found",
    MethodNotAllowed = "method_not_allowed",
    Exists = "exists",
    Paused = "paused",
    Ended = "ended",
    IdempotencyConflict = "idempotency_conflict",
    TooLarge = "too_large",
    QueueFull = "queue_full",
    Rate = "rate",
    Fuel = "fuel",
    DiskFull = "disk_full",
    Starting = "starting",
    Draining = "draining",
    Busy = "busy",
    Origin = "origin",
    ActionFailed = "action_failed",
    Internal = "internal",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_says_what_each_word_means() {
        let text = include_str!("../../../docs/api.md");
        let errors = text.split("\n## ").find(|part| part.starts_with("Errors")).expect("it has such a part");
        let rows = errors.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        let mut documented: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        let mut known: Vec<&str> = Word::ALL.iter().map(|word| word.as_str()).collect();
        documented.sort_unstable();
        known.sort_unstable();
        assert_eq!(documented, known);
    }
}
