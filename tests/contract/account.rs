//! Who sends the requests: each file has an organisation and accounts of its own.

use serde_json::json;

use super::{TOKEN, pattern::Names};
use crate::server::{Call, ROOT, Server};

const ROLES: [&str; 4] = ["admin", "editor", "invoker", "viewer"];

/// The accounts of a file, on the server under test; `stranger` administers another organisation.
pub(super) struct Accounts {
    org: String,
    /// Name, address, token.
    known: Vec<(&'static str, String, String)>,
}

impl Accounts {
    pub(super) fn make(servers: &[&Server], org: &str) -> Self {
        let elsewhere = format!("{org}-other");
        let mut known = Vec::new();
        for server in servers.iter().rev() {
            known.clear();
            for name in [org, &elsewhere] {
                server.post("/api/organizations", &json!({"name": name})).is(200);
            }
            let accounts = ROLES.map(|role| (role, role, org)).into_iter();
            for (name, role, org) in accounts.chain([("stranger", "admin", elsewhere.as_str())]) {
                let email = format!("{name}@{org}.example.com");
                let account = json!({"email": email, "role": role});
                let made = server.post(&format!("/api/{org}/service_accounts"), &account).is(200);
                let token = made["token"].as_str().expect("a token").to_owned();
                known.push((name, email, token));
            }
        }
        Self { org: org.to_owned(), known }
    }

    /// What files call them: `{org}`, `{editor}`, `{editor_token}`, …
    pub(super) fn names(&self) -> Names {
        let mut names = Names::default();
        names.set("org", &self.org);
        names.set("root", ROOT.0);
        for (name, email, token) in &self.known {
            names.set(name, email);
            names.set(&format!("{name}_token"), token);
        }
        names
    }

    /// The request as that one's.
    pub(super) fn call(&self, call: Call, who: &str) -> Call {
        match who {
            "root" => call,
            "nobody" => call.no_auth(),
            "cluster" => call.auth((TOKEN, "")),
            _ => match (self.known.iter().find(|(name, ..)| *name == who), who.split_once(':')) {
                (Some((_, email, token)), _) => call.auth((email, token)),
                (None, Some(pair)) => call.auth(pair),
                (None, None) => panic!("nobody is called {who}"),
            },
        }
    }
}
