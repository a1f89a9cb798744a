//! A page taken apart: fenced blocks with their marks, and what is done before them that readers do not see.

/// What a page holds for us, in its order.
#[derive(Debug)]
pub(super) enum Item {
    Block(Block),
    /// `<!-- setup: COMMAND -->`: done in the page's shell.
    Setup {
        at: String,
        command: String,
    },
}

/// A fenced block: ```` ```language,mark,mark ````.
#[derive(Debug)]
pub(super) struct Block {
    /// Page and line.
    pub(super) at: String,
    pub(super) language: String,
    marks: Vec<String>,
    pub(super) text: String,
}

impl Item {
    pub(super) fn block(&self) -> Option<&Block> {
        match self {
            Item::Block(block) => Some(block),
            Item::Setup { .. } => None,
        }
    }
}

impl Block {
    pub(super) fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|own| own == mark)
    }

    /// The file that it is.
    pub(super) fn file(&self) -> Option<&str> {
        self.marks.iter().find_map(|mark| mark.strip_prefix("file="))
    }

    pub(super) fn marks(&self) -> Vec<&str> {
        self.marks.iter().map(String::as_str).collect()
    }

    pub(super) fn begins(&self, line: &str) -> bool {
        self.text.starts_with(line)
    }
}

/// All that the text of `path` holds.
pub(super) fn items(path: &str, text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let at = format!("{path}:{}", index + 1);
        let (indent, trimmed) = (line.len() - line.trim_start().len(), line.trim_start());
        if let Some(command) = trimmed.strip_prefix("<!-- setup: ") {
            let command =
                command.strip_suffix(" -->").unwrap_or_else(|| panic!("{at}: it does not end there"));
            items.push(Item::Setup { at, command: command.to_owned() });
        } else if let Some(info) = trimmed.strip_prefix("```") {
            let mut words = info.split(',').map(str::to_owned);
            let language = words.next().unwrap_or_default();
            let mut text = String::new();
            let closed = lines.by_ref().any(|(_, line)| {
                let end = line.trim_start() == "```";
                if !end {
                    text.push_str(
                        line.get(indent.min(line.len() - line.trim_start().len())..).unwrap_or_default(),
                    );
                    text.push('\n');
                }
                end
            });
            assert!(closed, "{at}: the block has no end");
            items.push(Item::Block(Block { at, language, marks: words.collect(), text }));
        }
    }
    items
}

#[test]
fn a_page_is_taken_apart() {
    let page = "a\n\n```sh\nx\n```\n- b\n\n  ```json,output\n  {\n    1}\n\n  ```\n<!-- setup: A=b -->\n<!-- else -->\n```text\n```\n";
    let found = items("p.md", page);
    let seen: Vec<String> = found
        .iter()
        .map(|item| match item {
            Item::Block(Block { at, language, marks, text }) => format!("{at} {language} {marks:?} {text:?}"),
            Item::Setup { at, command } => format!("{at} setup {command}"),
        })
        .collect();
    let expected = [
        "p.md:3 sh [] \"x\\n\"",
        "p.md:8 json [\"output\"] \"{\\n  1}\\n\\n\"",
        "p.md:13 setup A=b",
        "p.md:15 text [] \"\"",
    ];
    assert_eq!(seen, expected);
}
