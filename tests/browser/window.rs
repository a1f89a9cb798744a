//! A window of a browser: what somebody does in it, what they see, and pictures of it.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use super::driver::Driver;

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How often it is looked whether something has happened: each time takes milliseconds.
const LOOKS_MAX: usize = 3_000;
/// Rules of axe-core that pages are checked by.
const AXE: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}).then((found) => done(found.violations.map((one) => \
    one.id + ': ' + one.help + ': ' + one.nodes.map((node) => node.html.slice(0, 160) + ' (' + node.failureSummary + ')').join(' | '))), (error) => done(['axe: ' + error]));";
pub(super) const ENTER: &str = "\u{e007}";
const CONTROL: &str = "\u{e009}";
const DELETE: &str = "\u{e017}";

pub(super) struct Window {
    driver: Driver,
    base: String,
    axe: String,
    pictures: PathBuf,
}

impl Window {
    /// A window of a new browser; `base` is what its paths begin with.
    pub(super) fn open(base: String) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let told = Command::new(root.join("scripts/setup"))
            .arg("--print-axe")
            .output()
            .expect("scripts/setup starts");
        let path = String::from_utf8(told.stdout).expect("a path");
        let axe = fs::read_to_string(path.trim())
            .unwrap_or_else(|_| panic!("no {}: run scripts/setup", path.trim()));
        let test = std::env::current_exe().expect("a test knows where it is");
        let target = test.ancestors().nth(3).expect("it lies below the target folder");
        let pictures = target.join("screenshots");
        fs::create_dir_all(&pictures).expect("a folder for pictures");
        Self { driver: Driver::start(), base, axe, pictures }
    }

    #[track_caller]
    pub(super) fn go(&self, path: &str) {
        self.driver.tell("POST", "/url", &json!({"url": format!("{}{path}", self.base)}));
    }

    /// The path that is shown, with its query.
    pub(super) fn path(&self) -> String {
        let url = self.driver.tell("GET", "/url", &Value::Null);
        url.as_str().expect("a URL").strip_prefix(&self.base).expect("a page of ours").to_owned()
    }

    /// Waits until an expression of the page's is true.
    #[track_caller]
    pub(super) fn until(&self, condition: &str) {
        let script = format!("return !!({condition})");
        let holds = (0..LOOKS_MAX).any(|_| self.run(&script) == true);
        assert!(holds, "it does not become true at {}: {condition}\n{}", self.path(), self.text("main"));
    }

    /// Waits until an element holds a text.
    #[track_caller]
    pub(super) fn until_says(&self, css: &str, text: &str) {
        let (css, text) = (json!(css), json!(text));
        self.until(&format!("(document.querySelector({css})?.textContent ?? '').includes({text})"));
    }

    #[track_caller]
    pub(super) fn run(&self, script: &str) -> Value {
        self.driver.tell("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The text of an element; it waits until that is there.
    #[track_caller]
    pub(super) fn text(&self, css: &str) -> String {
        let text = self.driver.tell("GET", &format!("/element/{}/text", self.find(css)), &Value::Null);
        text.as_str().expect("a text").to_owned()
    }

    #[track_caller]
    pub(super) fn click(&self, css: &str) {
        self.driver.tell("POST", &format!("/element/{}/click", self.find(css)), &json!({}));
    }

    /// Types into an element.
    #[track_caller]
    pub(super) fn keys(&self, css: &str, text: &str) {
        self.driver.tell("POST", &format!("/element/{}/value", self.find(css)), &json!({"text": text}));
    }

    /// Types over what an element holds.
    #[track_caller]
    pub(super) fn fill(&self, css: &str, text: &str) {
        // The second Control lets go of it.
        self.keys(css, &format!("{CONTROL}a{CONTROL}{text}"));
    }

    /// Writes a text in the place of what the editor holds. Typed over a selection, the browser would style it.
    #[track_caller]
    pub(super) fn write(&self, text: &str) {
        self.keys(".cm-content", &format!("{CONTROL}a{CONTROL}{DELETE}{text}"));
    }

    /// Says yes to a question.
    pub(super) fn yes(&self) {
        self.driver.tell("POST", "/alert/accept", &json!({}));
    }

    #[track_caller]
    fn find(&self, css: &str) -> String {
        let found = self.driver.tell("POST", "/element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// What is shown now: checked by axe-core in light and dark, with pictures of both and of a telephone's width, at which
    /// nothing is wider than the screen.
    #[track_caller]
    pub(super) fn look(&self, name: &str) {
        for colours in ["light", "dark"] {
            let features = json!([{"name": "prefers-color-scheme", "value": colours}]);
            self.driver.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
            self.run(&format!("if (!window.axe) {{ {} }}", self.axe));
            let found = self.driver.tell("POST", "/execute/async", &json!({"script": AXE, "args": []}));
            assert_eq!(found, json!([]), "{name}, {colours}");
            self.picture(&format!("{name}-{colours}"), 1280);
            self.driver.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
        }
        self.driver.devtools("Emulation.setEmulatedMedia", &json!({"features": []}));
        let phone = json!({"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": true});
        self.driver.devtools("Emulation.setDeviceMetricsOverride", &phone);
        self.until("innerWidth === 360");
        let wide = self.run("return document.documentElement.scrollWidth");
        assert_eq!(wide, 360, "{name} is wider than a telephone");
        self.picture(&format!("{name}-phone"), 360);
        self.driver.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
    }

    /// The whole page as a picture in `target/screenshots/`.
    fn picture(&self, name: &str, width: u32) {
        // As tall as the page: what stays at the window's bottom is at the page's then.
        let height = self.run("return Math.max(document.documentElement.scrollHeight, 640)");
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.driver.devtools("Emulation.setDeviceMetricsOverride", &size);
        let taken = self.driver.devtools("Page.captureScreenshot", &json!({"format": "png"}));
        let bytes = decoded(taken["data"].as_str().expect("a picture"));
        fs::write(self.pictures.join(format!("{name}.png")), bytes).expect("a picture can be kept");
    }

    /// What the browser complained of, policies of pages among it, but for answers with a status that begins so.
    pub(super) fn complaints_but(&self, status: &str) -> Vec<String> {
        let lines = self.driver.tell("POST", "/se/log", &json!({"type": "browser"}));
        let lines = lines.as_array().expect("a log").iter().filter(|line| line["level"] == "SEVERE");
        let lines = lines.map(|line| line["message"].as_str().unwrap_or_default().to_owned());
        let known = [format!("status of {status}"), format!("Status Error Code {status}")];
        lines.filter(|line| !known.iter().any(|known| line.contains(known))).collect()
    }
}

/// Bytes of base64.
fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|chunk| {
        let number = chunk.iter().fold(0_u32, |number, digit| number << 6 | u32::from(*digit))
            << (6 * (4 - chunk.len()));
        number.to_be_bytes()[1..chunk.len()].to_vec()
    });
    bytes.collect()
}

#[test]
fn base64_is_read() {
    for (text, bytes) in [("aGVsbG8=", &b"hello"[..]), ("YQ==", b"a"), ("YWI=", b"ab"), ("", b"")] {
        assert_eq!(decoded(text), bytes);
    }
}
