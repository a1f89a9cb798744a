//! The documentation as a server shows it: to everybody, whole, and nothing in it leads nowhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::server::{Answer, Server};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

fn get(server: &Server, path: &str) -> Answer {
    server.call("GET", path).no_auth().send()
}

/// The values of an attribute of tags.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(&*start).skip(1).filter_map(|rest| rest.split_once('"')).map(|(value, _)| value).collect()
}

/// Where a link of a page below `/docs/` leads: the path, and the part of the page.
fn led(page: &str, link: &str) -> (String, Option<String>) {
    let (file, part) =
        link.split_once('#').map_or((link, None), |(file, part)| (file, Some(part.to_owned())));
    let path = match file {
        "" => page.to_owned(),
        "./" => "/docs/".to_owned(),
        file => format!("/docs/{file}"),
    };
    (path, part)
}

#[test]
fn every_page_is_shown_and_every_link_leads_to_something() {
    let server = Server::start();
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let mut links: BTreeSet<(String, Option<String>)> = [("/docs/".to_owned(), None)].into();
    loop {
        let next = links.iter().map(|(path, _)| path).find(|path| !pages.contains_key(*path));
        let Some(path) = next.cloned() else { break };
        let answer = get(&server, &path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let html = answer.text();
        if answer.header("content-type") == Some("text/html; charset=utf-8") {
            assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{path}");
            let inside = values(&html, "href").into_iter().chain(values(&html, "src"));
            let inside = inside.filter(|link| !link.contains(':') && *link != "../");
            links.extend(inside.map(|link| led(&path, link)));
            assert!(!html.contains("<script") && values(&html, "style").is_empty(), "{path}");
        }
        pages.insert(path, html);
    }
    for (path, part) in &links {
        let named = part.as_ref().is_none_or(|part| values(&pages[path], "id").contains(&&**part));
        assert!(named, "{path} has no part {part:?}");
    }
    // Each page of the book is reached.
    for name in ["first-action", "hooks", "configuration", "benchmarks", "benchmarks.svg", "style.css"] {
        assert!(pages.contains_key(&format!("/docs/{name}")), "{name}: {:?}", pages.keys());
    }
}

#[test]
fn pages_are_kept_by_browsers_as_long_as_they_are_the_same() {
    let server = Server::start();
    let first = get(&server, "/docs/hooks");
    let tag = first.header("etag").expect("it has one").to_owned();
    for (known, status) in [(&*tag, 304), ("\"another\"", 200)] {
        let again = server.call("GET", "/docs/hooks").no_auth().header("If-None-Match", known).send();
        assert_eq!((again.status, again.header("etag")), (status, Some(&*tag)), "{known}");
        assert_eq!(again.body.is_empty(), status == 304);
    }
    get(&server, "/docs/gone").is_refused(404, "not_found", "there is no page gone: /docs/ lists all");
    get(&server, "/docs/hooks.md").is_refused(
        404,
        "not_found",
        "there is no page hooks.md: /docs/ lists all",
    );
    assert_eq!(server.call("POST", "/docs/hooks").no_auth().send().status, 405);
}

#[test]
fn pages_lie_below_the_path_of_the_public_address_too() {
    let server = Server::start_with(&[("ACTIOND_PUBLIC_URL", "https://example.com/actions/")]);
    for prefix in ["", "/actions"] {
        let moved = get(&server, &format!("{prefix}/docs"));
        // It is meant as seen from where it was asked.
        assert_eq!((moved.status, moved.header("location")), (308, Some("docs/")), "{prefix}");
        let page = get(&server, &format!("{prefix}/docs/hooks"));
        assert_eq!(page.status, 200);
        let absolute = |link: &&str| link.starts_with('/');
        assert!(!values(&page.text(), "href").iter().any(absolute), "its links work wherever it is");
    }
}
