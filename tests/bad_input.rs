//! What bad input gets, on every route that the description names: the envelope, a status and a word that are documented,
//! and never a failure of ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::server::{Answer, Call, Server};

const KSUID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";
const RUN: &str = "01a21190-3848-7000-8d2d-57cb23ab64f6";
/// Routes that need no account.
const OPEN: [&str; 2] = ["/config", "/hooks/{token}"];
const ECHO: &str = "def main(data):\n    return data\n";

/// A route as it is described.
struct Route {
    method: String,
    path: String,
    /// Query fields that are no text.
    query: Vec<String>,
    /// A body that could be right.
    body: Option<Value>,
    is_form: bool,
}

impl Route {
    fn all(server: &Server) -> Vec<Self> {
        let described = server.call("GET", "/openapi.json").no_auth().send().is(200);
        let mut routes = Vec::new();
        for (path, methods) in described["paths"].as_object().expect("paths") {
            for (method, route) in methods.as_object().expect("methods") {
                let parameters = route["parameters"].as_array().cloned().unwrap_or_default();
                let query = parameters.iter().filter(|field| field["in"] == "query");
                let query = query.filter(|field| field["schema"]["type"] != "string");
                let content = route["requestBody"]["content"].as_object();
                let json = content.and_then(|content| content.get("application/json"));
                routes.push(Self {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    query: query.filter_map(|field| Some(field["name"].as_str()?.to_owned())).collect(),
                    body: match path.as_str() {
                        // Nothing is required, but something has to be there.
                        "/api/{org}/users/{email}" => json.map(|_| json!({"role": "viewer"})),
                        _ => json.map(|json| sample(&described, &json["schema"])),
                    },
                    is_form: content.is_some_and(|content| content.contains_key("multipart/form-data")),
                });
            }
        }
        assert!(routes.len() > 40, "only {} routes", routes.len());
        routes
    }

    fn is_job(&self) -> bool {
        self.path.contains("/v1/job")
    }

    /// The path with these in the places of what it names.
    fn filled(&self, with: &[(&str, &str)]) -> String {
        let usual = [
            ("org", "default"),
            ("id", KSUID),
            ("hook", KSUID),
            ("run_id", RUN),
            ("version", "1"),
            ("email", "no@one.example.com"),
            ("name", "NONE"),
            ("token", "none"),
        ];
        let all = with.iter().chain(&usual);
        all.fold(self.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
    }

    /// What a path names.
    fn names(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    fn call(&self, server: &Server, path: &str) -> Call {
        let call = server.call(&self.method, path);
        let call = if self.is_job() { call.auth(("token", "")) } else { call };
        match &self.body {
            Some(body) => call.json(body),
            None if self.is_form => {
                let fields = [
                    ("name", "echo"),
                    ("owner", ""),
                    ("filename", "a.zip"),
                    ("execution_details", "service"),
                    ("id", KSUID),
                    ("service_account", crate::server::ROOT.0),
                ];
                call.multipart(&fields, Some(&crate::zips::Zip::with_main().bytes()))
            }
            None => call,
        }
    }
}

/// The least that a schema takes.
fn sample(described: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(described, described.pointer(&reference[1..]).expect("what it refers to"));
    }
    match schema["type"].as_str() {
        Some("string") => json!("x"),
        Some("array") => json!([]),
        Some("integer") => json!(1),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let field = |name: &Value| {
                let name = name.as_str()?;
                Some((name.to_owned(), sample(described, &schema["properties"][name])))
            };
            Value::Object(required.iter().filter_map(field).collect::<Map<_, _>>())
        }
    }
}

/// The statuses of each word, by the table in docs/api.md.
fn documented() -> BTreeMap<String, Vec<u16>> {
    let text = include_str!("../docs/api.md");
    let errors = text.split("\n## ").find(|part| part.starts_with("Errors")).expect("it has such a part");
    let mut words = BTreeMap::new();
    for row in errors.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        let statuses: Vec<u16> =
            cells[2].split(',').map(|cell| cell.trim().parse().expect("a status")).collect();
        for word in cells[1].split('`').skip(1).step_by(2) {
            words.insert(word.to_owned(), statuses.clone());
        }
    }
    words
}

/// It has one of these statuses and is the envelope, or what job routes have instead.
#[track_caller]
fn is_refused(answer: &Answer, statuses: &[u16], is_job: bool, what: &str) {
    let text = answer.text();
    let shown: String = text.chars().take(300).collect();
    assert!(statuses.contains(&answer.status), "{what}: {} {shown}", answer.status);
    let json: Result<Value, _> = serde_json::from_str(&text);
    if is_job && (json.as_ref().is_ok_and(Value::is_string) || [400, 401].contains(&answer.status)) {
        return;
    }
    let json = json.unwrap_or_else(|_| panic!("{what}: no envelope: {} {shown}", answer.status));
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    assert_eq!(json["code"], answer.status, "{what}: {shown}");
    assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {shown}");
    assert_eq!(json["trace_id"].as_str(), answer.header("x-request-id"), "{what}: {shown}");
    let word = json["error_detail"].as_str().unwrap_or_default();
    let known = documented().get(word).is_some_and(|statuses| statuses.contains(&answer.status));
    assert!(known, "{what}: docs/api.md has no {word:?} with {}", answer.status);
}

fn server() -> Server {
    Server::start_with(&[("ACTIOND_ACTION_SERVER_TOKEN", "token")])
}

#[test]
fn every_route_asks_who_is_there() {
    let server = server();
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    let new = json!({"email": "viewer@other.example.com", "role": "viewer"});
    let made = server.post("/api/other/service_accounts", &new).is(200);
    let viewer = ("viewer@other.example.com", made["token"].as_str().expect("a token"));
    for route in Route::all(&server).iter().filter(|route| !OPEN.contains(&&*route.path)) {
        let (what, path) = (format!("{} {}", route.method, route.path), route.filled(&[]));
        let nobody = route.call(&server, &path).no_auth().send();
        is_refused(&nobody, &[401], route.is_job(), &what);
        let wrong = route.call(&server, &path).auth((viewer.0, "wrong")).send();
        assert_eq!((wrong.status, &*wrong.text()), (401, "Unauthorized Access"), "{what}");
        let stranger = route.call(&server, &path).auth(viewer).send();
        match (route.is_job(), route.method.as_str(), route.path.as_str()) {
            (true, ..) => assert_eq!(stranger.status, 401, "{what}"),
            (false, "GET", "/api/organizations") => {
                assert_eq!(stranger.is(200)["data"].as_array().map(Vec::len), Some(1));
            }
            (false, ..) => is_refused(&stranger, &[403], false, &what),
        }
    }
}

#[test]
fn ids_of_nothing_are_not_found() {
    let server = server();
    // OpenObserve's own.
    let bad = ["/actions/{id}", "/actions/download/{id}", "/actions/test/{id}", "/actions/upload"];
    for route in &Route::all(&server) {
        let what = format!("{} {}", route.method, route.path);
        if route.names().iter().all(|name| *name == "org") && !route.is_form {
            continue;
        }
        // What it names is made by it.
        if what == "PUT /api/{org}/secrets/{name}" {
            continue;
        }
        let answer = route.call(&server, &route.filled(&[])).send();
        let expected: &[u16] = match () {
            () if route.is_job() => &[500, 400],
            () if bad.iter().any(|end| route.path.ends_with(end)) => &[400],
            () => &[404],
        };
        is_refused(&answer, expected, route.is_job(), &what);
    }
}

#[test]
fn methods_that_are_none_of_a_route_s_are_refused() {
    let server = server();
    let routes = Route::all(&server);
    let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for route in &routes {
        paths.entry(&route.path).or_default().push(&route.method);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        paths.insert(path, vec!["GET"]);
    }
    for (path, methods) in paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            // Where there is no such static path, it is an action's id.
            let is_id = path.ends_with("/actions/bulk") || path.ends_with("/actions/upload");
            if !methods.contains(&method) && !is_id {
                let route = routes.iter().find(|route| route.path == path);
                let filled = route.map_or_else(|| path.to_owned(), |route| route.filled(&[]));
                let answer = server.call(method, &filled).send();
                let what = format!("{method} {path}");
                if answer.header("x-request-id").is_some() {
                    is_refused(&answer, &[405], false, &what);
                } else {
                    assert_eq!(
                        (answer.status, &answer.json()["error_detail"]),
                        (405, &json!("method_not_allowed"))
                    );
                }
            }
        }
    }
    is_refused(&server.get("/nowhere"), &[404], false, "no route");
}

#[test]
fn bodies_and_fields_of_the_wrong_shape_are_refused() {
    let server = server();
    let id = server.upload("echo", "service", ECHO, &[]);
    let bodies: &[&[u8]] = &[
        b"{",
        b"3",
        b"\"x\"",
        b"nul",
        b"{\"a\":}",
        b"\xff",
        b"{\"role\": 1, \"name\": []}",
        b"[]",
        b"[null]",
    ];
    for route in &Route::all(&server) {
        let path = route.filled(&[("id", &id)]);
        let what = format!("{} {}", route.method, route.path);
        let takes_any = route.path.ends_with("/invoke") || route.path.starts_with("/hooks/");
        for body in bodies.iter().filter(|body| {
            route.body.is_some() && !(takes_any && body.first().is_some_and(|first| b"{[".contains(first)))
        }) {
            let call = route.call(&server, &path).body(*body).send();
            let expected: &[u16] = if route.is_job() { &[400, 500] } else { &[400, 404, 422] };
            is_refused(&call, expected, route.is_job(), &format!("{what} {}", String::from_utf8_lossy(body)));
        }
        if route.body.as_ref().is_some_and(|body| body.as_object().is_some_and(|body| !body.is_empty())) {
            let empty = route.call(&server, &path).json(&json!({})).send();
            is_refused(&empty, if route.is_job() { &[400, 500] } else { &[400, 422] }, route.is_job(), &what);
        }
        for field in &route.query {
            let answer = route.call(&server, &format!("{path}?{field}=x")).send();
            is_refused(&answer, &[400], route.is_job(), &format!("{what}?{field}=x"));
        }
    }
    assert_eq!(
        server.get("/api/default/actions").is(200).as_array().map(Vec::len),
        Some(1),
        "nothing is new"
    );
}

#[test]
fn paths_that_are_no_text_are_refused() {
    let server = server();
    let long = "a".repeat(5_000);
    for route in &Route::all(&server) {
        for name in route.names() {
            for (value, expected) in [
                ("%ff", &[400, 401][..]),
                ("%zz", &[400, 403, 404, 500]),
                ("%00", &[400, 403, 404, 500]),
                ("%2f..%2f", &[400, 403, 404, 500]),
                ("%22%3Cscript%3E", &[400, 403, 404, 500]),
                (&long, &[400, 403, 404, 500]),
            ] {
                let answer = route.call(&server, &route.filled(&[(name, value)])).send();
                let shown: String = value.chars().take(20).collect();
                let what = format!("{} {} {name}={shown}", route.method, route.path);
                let text = answer.text();
                assert!(route.is_job() || answer.status < 500, "{what}: {text}");
                // Nobody has an organisation, an action or anything else of such a name.
                if !(route.is_job() && (name == "org" || answer.status == 200)) {
                    is_refused(&answer, expected, route.is_job(), &what);
                }
            }
        }
    }
}
