//! Traffic of every kind for a while, and what the server takes meanwhile: whether it stays flat is told at the end. Short
//! among the tests; `scripts/soak` has it go on for long.

#![expect(clippy::print_stdout, reason = "scripts/soak shows it")]

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    server::{Answer, Call, Server},
    zips::Zip,
};

/// How long it goes on, unless `E2E_SOAK_SECONDS` says more.
const SECONDS: u64 = 12;
const SAMPLES: u32 = 40;
const CLIENTS: u64 = 3;
/// Small, so that what is recorded has to go again soon.
const ENV: &[(&str, &str)] = &[
    ("ACTIOND_RETENTION_RUNS", "200"),
    ("ACTIOND_RETENTION_MIB", "8"),
    ("ACTIOND_LOG_LEVEL", "warn"),
    ("ACTIOND_RUNS_HOT_IMAGES_MIB", "32"),
];

const ECHO: &str = "def main(data):\n    return data\n";
const FAILS: &str = "def main(data):\n    raise ValueError(data)\n";
const SLOW: &str = "import time\ndef main(data):\n    time.sleep(0.02)\n    return sum(range(100000))\n";
const TALKS: &str =
    "def main(data):\n    for n in range(500):\n        print('line', n)\n    return 'x' * 200000\n";
const HUNGRY: &str = "def main(data):\n    return len(bytearray(40 << 20))\n";
const LOOPS: &str = "def main(data):\n    while True:\n        pass\n";
const COUNTS: &str = "n = 0\ndef main(data):\n    global n\n    n += 1\n    return n\n";

/// What the server takes at one moment; of its memory the least since the sample before, for live runs of 40 MiB come and go.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    answers: u64,
    figures: [f64; 7],
}

/// The figures, their unit, and how much each may grow over the second half, whatever it is: what is the share of chance.
const FIGURES: [(&str, f64); 7] = [
    ("memory, MiB", 24.0),
    ("descriptors", 24.0),
    ("threads", 6.0),
    ("files", 80.0),
    ("data, MiB", 24.0),
    ("images", 12.0),
    ("slots", 24.0),
];
/// What each may be at any time: what a short soak can tell, for it ends before the store has settled.
const FIGURES_MAX: [f64; 7] = [512.0, 300.0, 64.0, 3_000.0, 256.0, 64.0, 300.0];
/// So many answers lie between two looks at the memory.
const ANSWERS_A_LOOK: u64 = 64;
/// Or by this part of what it was.
const GROWTH_MAX: f64 = 0.05;

struct Actions {
    echo: String,
    fails: String,
    slow: String,
    talks: String,
    hungry: String,
    loops: String,
    counts: String,
}

impl Actions {
    fn upload(server: &Server) -> Self {
        let service = |name: &str, main: &str, policy: &str| {
            server.upload(name, "service", main, &[("policy", policy)])
        };
        for (name, cron) in [("second", "every 1s"), ("pair", "every 2s")] {
            server.upload(name, "repeat", ECHO, &[("cron_expr", cron)]);
        }
        Self {
            echo: service("echo", ECHO, "{}"),
            fails: service("fails", FAILS, r#"{"retry_attempts": 2, "retry_delay_ms": 50}"#),
            slow: service("slow", SLOW, "{}"),
            talks: service("talks", TALKS, "{}"),
            hungry: service("hungry", HUNGRY, "{}"),
            loops: service("loops", LOOPS, r#"{"wall_ms": 100}"#),
            counts: service("counts", COUNTS, r#"{"stateful": true}"#),
        }
    }
}

/// One of the callers: does one thing after another.
struct Client {
    address: SocketAddr,
    number: u64,
    step: u64,
}

impl Client {
    fn call(&self, method: &str, path: &str) -> Call {
        Call::to(self.address, method, &format!("/api/default/{path}"))
    }

    fn invoke(&self, action: &str) -> Call {
        self.call("POST", &format!("actions/{action}/invoke")).json(&json!([self.number, self.step]))
    }

    /// What is done in this step, and the statuses that it may be answered with.
    fn step(&mut self, actions: &Actions) {
        self.step += 1;
        let later = |call: Call| call.header("Prefer", "respond-async");
        let (call, statuses): (Call, &[u16]) = match self.step % 40 {
            1 | 21 => (later(self.invoke(&actions.fails)), &[202, 429]),
            2 => (self.invoke(&actions.fails), &[502]),
            3 | 23 => (self.invoke(&actions.slow), &[200]),
            4 => (self.invoke(&actions.talks), &[200]),
            5 => (later(self.invoke(&actions.talks)), &[202, 429]),
            6 => (self.invoke(&actions.hungry), &[200]),
            7 | 27 => (self.invoke(&actions.loops), &[502]),
            8 | 28 => (self.invoke(&actions.counts), &[200]),
            9 => (self.call("GET", "runs?limit=100"), &[200]),
            10 => (self.call("GET", "actions"), &[200]),
            11 => (self.call("GET", &format!("actions/{}/runs?status=errored", actions.fails)), &[200]),
            12 => return self.come_and_go(),
            13 => (self.call("POST", "actions/none/invoke").body("["), &[400, 404]),
            14 => (later(self.invoke(&actions.echo)).header("Idempotency-Key", &self.key()), &[202]),
            15 => (self.call("GET", "actions").no_auth(), &[401]),
            step if step % 2 == 0 => (later(self.invoke(&actions.echo)), &[202, 429]),
            _ => (self.invoke(&actions.echo), &[200]),
        };
        expect(&call.send(), statuses);
    }

    fn key(&self) -> String {
        format!("{} {}", self.number, self.step)
    }

    /// An action that is uploaded, gets a second version, runs and is removed.
    fn come_and_go(&self) {
        let upload = |main: &str, id: Option<&str>| -> String {
            let name = format!("visitor-{}-{}", self.number, self.step);
            let mut fields =
                vec![("name", &*name), ("owner", "root@example.com"), ("filename", "action.zip")];
            fields.extend([("execution_details", "service"), ("service_account", "root@example.com")]);
            fields.extend(id.map(|id| ("id", id)));
            let zip = Zip::new().file("main.py", main).bytes();
            let answer = self.call("POST", "actions/upload").multipart(&fields, Some(&zip)).send();
            answer.is(200)["uuid"].as_str().expect("an id").to_owned()
        };
        let main = |version: u32| format!("KEY = '{} {version}'\ndef main():\n    return KEY\n", self.key());
        let id = upload(&main(1), None);
        upload(&main(2), Some(&id));
        assert_eq!(self.invoke(&id).send().is(200)["result"], format!("{} 2", self.key()));
        expect(&self.call("DELETE", &format!("actions/{id}")).send(), &[200]);
    }
}

#[track_caller]
fn expect(answer: &Answer, statuses: &[u16]) {
    assert!(
        statuses.contains(&answer.status),
        "{} is none of {statuses:?}: {}",
        answer.status,
        answer.text()
    );
}

impl Sample {
    fn of(server: &Server, began: Instant, answers: u64, memory_mib: f64) -> Self {
        let proc = Path::new("/proc").join(server.pid().to_string());
        let metrics = server.call("GET", "/metrics").send().text();
        // Of all guests together.
        let metric = |name: &str| -> f64 {
            let rows = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
            rows.filter_map(|row| row.split_once("} ")?.1.parse::<f64>().ok()).sum()
        };
        let (files, bytes) = tree(&server.dir().join("data"));
        let figures = [
            memory_mib,
            fs::read_dir(proc.join("fd")).expect("it runs").count() as f64,
            of_status(server, "Threads"),
            files as f64,
            bytes as f64 / f64::from(1 << 20),
            metric("actiond_images_hot"),
            metric("actiond_slots_alive"),
        ];
        Self { seconds: began.elapsed().as_secs_f64(), answers, figures }
    }

    fn print(&self) {
        let figures: Vec<String> = self.figures.iter().map(|figure| format!("{figure:>12.1}")).collect();
        println!("{:>8.1} {:>9} {}", self.seconds, self.answers, figures.join(" "));
    }
}

/// What the kernel says of the server under that name.
fn of_status(server: &Server, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel says so");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

fn memory_mib(server: &Server) -> f64 {
    of_status(server, "VmRSS") / 1024.0
}

/// Files below a folder, and what they take on the disk. Some go while they are counted.
fn tree(folder: &Path) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            let below = tree(&entry.path());
            (files, bytes) = (files + below.0, bytes + below.1);
        } else {
            (files, bytes) = (files + 1, bytes + metadata.blocks() * 512);
        }
    }
    (files, bytes)
}

/// By how much a figure grew over these samples: by the line that fits them best.
fn growth(samples: &[Sample], figure: usize) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (time, value) = (mean(&|sample| sample.seconds), mean(&|sample| sample.figures[figure]));
    let both = |sample: &Sample| (sample.seconds - time) * (sample.figures[figure] - value);
    let (above, below) = (mean(&both), mean(&|sample| (sample.seconds - time).powi(2)));
    let span =
        samples.last().map_or(0.0, |last| last.seconds) - samples.first().map_or(0.0, |first| first.seconds);
    if below == 0.0 { 0.0 } else { above / below * span }
}

/// Samples while answers come, until the time is up.
fn watch(server: &Server, answered: &Receiver<()>, whole: Duration) -> Vec<Sample> {
    #[expect(clippy::disallowed_methods, reason = "nothing here pauses time")]
    let (began, mut answers, mut samples) = (Instant::now(), 0, Vec::new());
    let heads: Vec<String> = FIGURES.iter().map(|(name, _)| format!("{name:>12}")).collect();
    println!("{:>8} {:>9} {}", "seconds", "answers", heads.join(" "));
    let mut least_mib = memory_mib(server);
    while began.elapsed() < whole {
        assert!(answered.recv().is_ok(), "a caller ended: {}", server.stderr());
        answers += 1;
        if answers % ANSWERS_A_LOOK == 0 {
            least_mib = least_mib.min(memory_mib(server));
        }
        if began.elapsed() >= whole / SAMPLES * samples.len() as u32 {
            let sample = Sample::of(server, began, answers, least_mib);
            sample.print();
            samples.push(sample);
            least_mib = memory_mib(server);
        }
    }
    samples
}

/// Says of each figure whether it is flat over the second half; how many are not.
fn verdict(samples: &[Sample]) -> usize {
    let half = &samples[samples.len() / 2..];
    let mut growing = 0;
    for (figure, (name, chance)) in FIGURES.iter().enumerate() {
        let mean = half.iter().map(|sample| sample.figures[figure]).sum::<f64>() / half.len() as f64;
        let (grew, most) = (growth(half, figure), (mean * GROWTH_MAX).max(*chance));
        let flat = grew <= most;
        growing += usize::from(!flat);
        let word = if flat { "flat" } else { "GROWING" };
        println!("{name:<12} {word}: {grew:+.1} over the second half, around {mean:.1} (at most {most:+.1})");
    }
    growing
}

fn caller(mut client: Client, actions: &Actions, answered: &SyncSender<()>) {
    loop {
        client.step(actions);
        if answered.send(()).is_err() {
            return;
        }
    }
}

#[test]
fn what_the_server_takes_stays_flat() {
    #[expect(clippy::disallowed_methods, reason = "scripts/soak says how long")]
    let seconds = std::env::var("E2E_SOAK_SECONDS");
    let seconds = seconds.ok().and_then(|seconds| seconds.parse().ok());
    let whole = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let server = Server::start_with(ENV);
    let actions = Actions::upload(&server);
    let (tell, answered) = sync_channel(0);
    let samples = thread::scope(|scope| {
        for number in 0..CLIENTS {
            let client = Client { address: server.address(), number, step: number * 13 };
            let (actions, tell) = (&actions, tell.clone());
            scope.spawn(move || caller(client, actions, &tell));
        }
        drop(tell);
        // Callers end when nobody listens any more.
        let answered = answered;
        watch(&server, &answered, whole)
    });
    let growing = verdict(&samples);
    for sample in &samples {
        let within = sample.figures.iter().zip(FIGURES_MAX).all(|(figure, most)| *figure <= most);
        assert!(within, "{sample:?} is more than {FIGURES_MAX:?}");
    }
    let runs = server.get("/api/default/runs?status=queued").is(200);
    assert!(runs["runs"].as_array().is_some_and(|waiting| waiting.len() < 50), "it does not keep up");
    let ended = server.stop();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(seconds.is_none() || growing == 0, "{growing} figures grow");
}

#[test]
fn growth_is_that_of_the_line_through_all_samples() {
    let samples = |values: &[f64]| -> Vec<Sample> {
        let sample =
            |(at, value): (usize, &f64)| Sample { seconds: at as f64, answers: 0, figures: [*value; 7] };
        values.iter().enumerate().map(sample).collect()
    };
    for (values, expected) in [
        (&[1.0, 1.0, 1.0][..], 0.0),
        (&[1.0, 2.0, 3.0, 4.0], 3.0),
        (&[4.0, 2.0], -2.0),
        (&[5.0, 9.0, 5.0], 0.0),
        (&[7.0], 0.0),
    ] {
        assert!((growth(&samples(values), 0) - expected).abs() < 1e-9, "{values:?}");
    }
}
