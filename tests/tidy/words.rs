//! Words that have no place in some of the code. Comments and strings may hold them.

use super::{
    Finding,
    code::{code, has_word},
    tree::File,
};

/// Words, and where they may not stand.
pub(super) struct Ban {
    pub(super) words: &'static [&'static str],
    /// The beginning of the paths that are looked at.
    under: &'static str,
    part: Part,
    /// The beginnings of paths where the words are right.
    pub(super) except: &'static [&'static str],
    /// What to do, and why.
    pub(super) instead: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Product,
    Tests,
}

/// The attribute behind which a file's tests stand.
pub(super) const TESTS_BEGIN: &str = "#[cfg(test)]";

pub(super) const BANS: &[Ban] = &[
    Ban {
        words: &["unsafe"],
        under: "",
        part: Part::All,
        except: &["runtime/src/memory.rs", "runtime/src/memory/tests.rs", "runtime/src/cache.rs"],
        instead: "all unsafe code is in runtime/src/memory.rs and its tests, and one block in cache.rs",
    },
    Ban {
        words: &["axum", "hyper", "reqwest", "sled", "cron", "chrono", "env::", "SystemTime"],
        under: "runtime/",
        part: Part::Product,
        except: &[],
        instead: "runtime knows no HTTP, storage, cron, environment or wall clock: take it as an argument",
    },
    Ban {
        words: &["fs::", "std::fs", "std::io", "std::net", "tokio", "env::", "sled"],
        under: "host/src/model",
        part: Part::Product,
        except: &[],
        instead: "the model has no input or output: leave that to the module that uses it",
    },
    Ban {
        words: &["sled"],
        under: "host/src/",
        part: Part::All,
        except: &["host/src/store/"],
        instead: "only host/src/store knows the store's library",
    },
    Ban {
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        under: "host/src/",
        part: Part::Product,
        except: &["host/src/config/"],
        instead: "only host/src/config reads the environment",
    },
    Ban {
        words: &["SystemTime::now", "Timestamp::now", "Zoned::now"],
        under: "host/src/",
        part: Part::Product,
        except: &["host/src/clock.rs"],
        instead: "only host/src/clock.rs reads the wall clock: take the time as an argument",
    },
    Ban {
        words: &["anyhow"],
        under: "",
        part: Part::Product,
        except: &["host/src/main.rs", "host/src/cli", "Cargo.toml", "host/Cargo.toml"],
        instead: "errors have types; anyhow is for main.rs and cli/, which only print them",
    },
    Ban {
        words: &["[allow("],
        under: "",
        part: Part::All,
        except: &[],
        instead: "#[expect(lint, reason = \"…\")] says why and notices when it is no longer needed",
    },
    Ban {
        words: &[".unwrap()"],
        under: "",
        part: Part::Product,
        except: &[],
        instead: "return the error, or expect(\"why this cannot happen\")",
    },
    Ban {
        words: &["todo!", "unimplemented!", "dbg!"],
        under: "",
        part: Part::All,
        except: &[],
        instead: "finish it, or leave it out",
    },
    Ban {
        words: &["unbounded_channel", "mpsc::channel()"],
        under: "",
        part: Part::All,
        except: &[],
        instead: "everything has a limit: a bounded channel",
    },
    Ban {
        words: &["thread::sleep"],
        under: "",
        part: Part::All,
        except: &[],
        instead: "wait for what you wait for",
    },
    Ban {
        words: &["time::sleep"],
        under: "",
        part: Part::Tests,
        except: &[],
        instead: "tests do not sleep: wait for the event, pause the clock or hand it in",
    },
    Ban {
        words: &["[ignore", "[should_panic"],
        under: "",
        part: Part::All,
        except: &[],
        instead: "a test runs and checks values, or it is not there",
    },
];

impl Ban {
    pub(super) fn find(&self, file: &File) -> Vec<Finding> {
        let is_manifest = file.name() == "Cargo.toml";
        let seen = file.path.starts_with(self.under) && (file.extension() == "rs" || is_manifest);
        if !seen || self.except.iter().any(|except| file.path.starts_with(except)) {
            return Vec::new();
        }
        let code = if is_manifest { file.text.clone() } else { code(&file.text) };
        let product_lines = product_lines(file, &code);
        let lines = code.lines().zip(file.lines()).filter(|(_, (number, _))| match self.part {
            Part::All => true,
            Part::Product => *number <= product_lines,
            Part::Tests => *number > product_lines,
        });
        let breaking = lines.filter(|(code, _)| self.words.iter().any(|word| has_word(code, word)));
        breaking.map(|(_, (number, line))| (number, line.trim().to_owned())).collect()
    }

    /// A file that breaks this ban with `word`.
    pub(super) fn example(&self, word: &str) -> File {
        let under = if self.part == Part::Tests { "tests" } else { self.under.trim_end_matches('/') };
        File::new(&format!("{under}/example.rs"), format!("//! An example.\nuse {word} as other;\n"))
    }

    /// The same text where it is allowed.
    pub(super) fn allowed_example(except: &str, text: &str) -> File {
        let is_file = except.ends_with(".rs") || except.ends_with(".toml");
        let path =
            if is_file { except.to_owned() } else { format!("{}/example.rs", except.trim_end_matches('/')) };
        File::new(&path, text)
    }
}

/// How many of a file's lines are not tests: tests come last, in `mod tests`.
fn product_lines(file: &File, code: &str) -> usize {
    if file.is_test() {
        return 0;
    }
    code.lines().take_while(|line| !line.contains(TESTS_BEGIN)).count()
}

#[test]
fn tests_at_the_end_of_a_file_are_tests() {
    let text = "//! One.\nfn one() {}\n#[cfg(test)]\nmod tests { fn two() { one().unwrap() } }\n";
    let unwrap = BANS.iter().find(|ban| ban.words == [".unwrap()"]).expect("in the table");
    assert!(unwrap.find(&File::new("host/src/one.rs", text)).is_empty());
    let sleeps = BANS.iter().find(|ban| ban.part == Part::Tests).expect("in the table");
    let text = text.replace(".unwrap()", "; tokio::time::sleep(A)");
    assert_eq!(sleeps.find(&File::new("host/src/one.rs", text)).len(), 1);
}
