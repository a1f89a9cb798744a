//! Payloads: log records as JSON text.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::Result;

/// Two records of a login that failed: a small payload.
pub(crate) const TWO: &str = r#"[
    {"time": 1763900000, "log": "Failed password for invalid user webmaster from 203.0.113.7 port 38926 ssh2"},
    {"time": 1763900002, "log": "Failed password for invalid user postgres from 198.51.100.23 port 40112 ssh2"}
]"#;

const USERS: &[&str] = &["root", "admin", "webmaster", "postgres", "oracle", "guest", "test"];

/// Records like those of an SSH server that is tried from everywhere.
pub(crate) fn generated(count: usize) -> String {
    let lines = (0..count).map(|number| {
        let (user, port) = (USERS[number % USERS.len()], 1_024 + number * 37 % 60_000);
        let address = format!("203.0.{}.{}", number % 113, number * 7 % 251);
        let said = match number % 4 {
            0 => format!("Failed password for invalid user {user} from {address} port {port} ssh2"),
            1 => format!("Received disconnect from {address}: 11: Bye Bye [preauth]"),
            2 => format!(
                "reverse mapping checking getaddrinfo for host-{number}.example.net [{address}] failed"
            ),
            _ => format!(
                "pam_unix(sshd:auth): authentication failure; uid=0 tty=ssh rhost={address} user={user}"
            ),
        };
        format!(
            "Dec 10 06:{:02}:{:02} LabSZ sshd[{}]: {said}",
            number / 60 % 60,
            number % 60,
            24_200 + number
        )
    });
    payload(lines)
}

/// The first lines of a log file as records.
pub(crate) fn from_log(path: &Path, count: usize) -> Result<String> {
    let text =
        fs::read_to_string(path).map_err(|source| format!("cannot read {}: {source}", path.display()))?;
    if text.lines().count() < count {
        return Err(format!("{} has fewer than {count} lines", path.display()).into());
    }
    Ok(payload(text.lines().take(count).map(str::to_owned)))
}

fn payload(lines: impl Iterator<Item = String>) -> String {
    let record = |(number, log): (usize, String)| {
        json!({
            "_timestamp": 1_763_900_000_000_000_u64 + number as u64 * 1_000,
            "kubernetes_pod_name": format!("sshd-{}", number % 12),
            "kubernetes_docker_id": format!("{:016x}", number % 12 * 7_919),
            "kubernetes_pod_id": format!("pod-{}", number % 12),
            "log": log,
        })
    };
    Value::Array(lines.enumerate().map(record).collect()).to_string()
}
