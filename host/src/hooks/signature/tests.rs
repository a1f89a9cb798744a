//! Each scheme by a table: a published signature, and everything that is off about others.

use axum::http::{HeaderName, HeaderValue};

use super::*;

/// When the published signatures were made, and what they are over.
const AT: i64 = 1_614_265_330;
const STANDARD_BODY: &str = r#"{"test": 2432232314}"#;
const STANDARD_KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const GITHUB_KEY: &[u8] = b"It's a Secret to Everybody";
const GITHUB_SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
/// RFC 4231, test case 2: the scheme itself is HMAC-SHA256 over the body, in hexadecimal digits.
const RFC_BODY: &str = "what do ya want for nothing?";
const RFC_SIGNATURE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
const WINDOW: Duration = Duration::from_secs(300);

type Headers<'a> = &'a [(&'static str, &'a str)];

#[track_caller]
fn row(
    what: &str,
    signature: &Signature,
    headers: Headers<'_>,
    body: &str,
    now: i64,
    expected: Result<Option<&[u8]>, BadSignature>,
) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let now = Timestamp::from_second(now).unwrap();
    let checked = check(signature, &map, body.as_bytes(), now);
    assert_eq!(checked, expected.map(|message| message.map(<[u8]>::to_vec)), "{what}");
}

#[test]
fn standard_webhooks() {
    use BadSignature::{Malformed, Missing, Time, Wrong};
    let key = |text: &str| STANDARD.decode(text).unwrap();
    let signed = |keys: &[&str]| Signature::StandardWebhooks {
        keys: keys.iter().map(|text| key(text)).collect(),
        window: WINDOW,
    };
    let (one, id, body) = (signed(&[STANDARD_KEY]), STANDARD_ID, STANDARD_BODY);
    let two = signed(&["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", STANDARD_KEY]);
    let wrong = signed(&["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]);
    let time = AT.to_string();
    let given = |id, time, signature| {
        [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)]
    };
    let right = given(id, &time, STANDARD_SIGNATURE);
    let several = format!("v1,AAAA v1a,zzz v2,x {STANDARD_SIGNATURE}");
    let late = format!("{}{STANDARD_SIGNATURE}", "v1,AAAA ".repeat(SIGNATURES_MAX));
    let found = || Ok(Some(id.as_bytes()));
    row("as published", &one, &right, body, AT, found());
    row("several signatures", &one, &given(id, &time, &several), body, AT, found());
    row("as many as may be", &one, &given(id, &time, &late[8..]), body, AT, found());
    row("one more", &one, &given(id, &time, &late), body, AT, Err(Wrong));
    row("several keys", &two, &right, body, AT, found());
    row("another key", &wrong, &right, body, AT, Err(Wrong));
    row("another body", &one, &right, "{\"test\": 2432232315}", AT, Err(Wrong));
    row("a space more", &one, &right, "{\"test\":  2432232314}", AT, Err(Wrong));
    row("another id", &one, &given("msg_other", &time, STANDARD_SIGNATURE), body, AT, Err(Wrong));
    row("another time", &one, &given(id, "1614265331", STANDARD_SIGNATURE), body, AT, Err(Wrong));
    row("the oldest", &one, &right, body, AT + 300, found());
    row("too old", &one, &right, body, AT + 301, Err(Time(300)));
    row("the most ahead", &one, &right, body, AT - 300, found());
    row("too far ahead", &one, &right, body, AT - 301, Err(Time(300)));
    row("no id", &one, &right[1..], body, AT, Err(Missing("webhook-id")));
    row("no time", &one, &[right[0], right[2]], body, AT, Err(Missing("webhook-timestamp")));
    row("no signature", &one, &right[..2], body, AT, Err(Missing("webhook-signature")));
    row("nothing", &one, &[], body, AT, Err(Missing("webhook-id")));
    row("an empty id", &one, &given("", &time, STANDARD_SIGNATURE), body, AT, Err(Malformed("webhook-id")));
    let long = "i".repeat(257);
    row("a long id", &one, &given(&long, &time, STANDARD_SIGNATURE), body, AT, Err(Malformed("webhook-id")));
    for time in ["", "now", "+1614265330", "-1", "1614265330.0", "99999999999999999999"] {
        let headers = given(id, time, STANDARD_SIGNATURE);
        row(time, &one, &headers, body, AT, Err(Malformed("webhook-timestamp")));
    }
    for signature in ["", "v1", "v1,", "v1,?", "v2,AAAA", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
        let expected = if signature == "v1," { Wrong } else { Malformed("webhook-signature") };
        row(signature, &one, &given(id, &time, signature), body, AT, Err(expected));
    }
    row("half of it", &one, &given(id, &time, "v1,g0hM9SsE+OTPJTGt"), body, AT, Err(Wrong));
    let twice = [right[0], right[1], right[2], right[2]];
    row("two headers", &one, &twice, body, AT, Err(Malformed("webhook-signature")));
    row("no text", &one, &given(id, &time, "v1,é"), body, AT, Err(Malformed("webhook-signature")));
}

#[test]
fn grafana_without_a_time() {
    use BadSignature::{Malformed, Missing, Wrong};
    const HEADER: &str = "x-grafana-alerting-signature";
    let signed = |key: &[u8]| Signature::Grafana { key: key.to_vec(), window: Duration::ZERO };
    let right = signed(b"Jefe");
    row("as published", &right, &[(HEADER, RFC_SIGNATURE)], RFC_BODY, AT, Ok(None));
    row("at any time", &right, &[(HEADER, RFC_SIGNATURE)], RFC_BODY, 0, Ok(None));
    let upper = RFC_SIGNATURE.to_uppercase();
    row("large digits", &right, &[(HEADER, &upper)], RFC_BODY, AT, Ok(None));
    row("another key", &signed(b"Jefes"), &[(HEADER, RFC_SIGNATURE)], RFC_BODY, AT, Err(Wrong));
    row("another body", &right, &[(HEADER, RFC_SIGNATURE)], "what", AT, Err(Wrong));
    row("no signature", &right, &[], RFC_BODY, AT, Err(Missing(HEADER)));
    for given in ["5", "zz", "sha256=5b", "é"] {
        row(given, &right, &[(HEADER, given)], RFC_BODY, AT, Err(Malformed(HEADER)));
    }
    for given in ["", "5b", &RFC_SIGNATURE[..62]] {
        row(given, &right, &[(HEADER, given)], RFC_BODY, AT, Err(Wrong));
    }
}

#[test]
fn grafana_with_a_time() {
    use BadSignature::{Malformed, Missing, Time, Wrong};
    const HEADER: &str = "x-grafana-alerting-signature";
    const TIME: &str = "x-grafana-alerting-timestamp";
    // `printf '1614265330:{"test": 2432232314}' | openssl dgst -sha256 -hmac Jefe`
    const SIGNATURE: &str = "416ba30e667fe55aad6b9a0bc0c4ed7d135dcf9ee3cf2280b14a68d97d2b18af";
    let right = Signature::Grafana { key: b"Jefe".to_vec(), window: WINDOW };
    let wrong = Signature::Grafana { key: b"jefe".to_vec(), window: WINDOW };
    let untimed = Signature::Grafana { key: b"Jefe".to_vec(), window: Duration::ZERO };
    let time = AT.to_string();
    let given = [(TIME, &*time), (HEADER, SIGNATURE)];
    let (body, tag) = (STANDARD_BODY, hex(SIGNATURE).unwrap());
    let found = || Ok(Some(&*tag));
    row("right", &right, &given, body, AT, found());
    row("the oldest", &right, &given, body, AT + 300, found());
    row("too old", &right, &given, body, AT + 301, Err(Time(300)));
    row("the most ahead", &right, &given, body, AT - 300, found());
    row("too far ahead", &right, &given, body, AT - 301, Err(Time(300)));
    row("another key", &wrong, &given, body, AT, Err(Wrong));
    row("another body", &right, &given, "{}", AT, Err(Wrong));
    row("another time", &right, &[(TIME, "1614265331"), given[1]], body, AT, Err(Wrong));
    row("no time", &right, &given[1..], body, AT, Err(Missing(TIME)));
    row("no signature", &right, &given[..1], body, AT, Err(Missing(HEADER)));
    row("garbage", &right, &[(TIME, "soon"), given[1]], body, AT, Err(Malformed(TIME)));
    // The time moved into the body: it is the same text, but a hook that wants a time is not deceived.
    let moved = format!("{AT}:{body}");
    row("moved", &right, &given[1..], &moved, AT, Err(Missing(TIME)));
    row("not wanted", &untimed, &given, body, AT, Err(Wrong));
}

#[test]
fn github_deliveries() {
    use BadSignature::{Malformed, Missing, Wrong};
    const HEADER: &str = "x-hub-signature-256";
    const DELIVERY: &str = "x-github-delivery";
    const BODY: &str = "Hello, World!";
    let right = Signature::GitHub { key: GITHUB_KEY.to_vec() };
    let wrong = Signature::GitHub { key: b"It's a secret to everybody".to_vec() };
    let (given, id) = ((HEADER, GITHUB_SIGNATURE), (DELIVERY, "72d3162e-cc78-11e3-81ab-4c9367dc0958"));
    row("as published", &right, &[given], BODY, AT, Ok(None));
    row("with its id", &right, &[given, id], BODY, AT, Ok(Some(id.1.as_bytes())));
    row("another key", &wrong, &[given], BODY, AT, Err(Wrong));
    row("another body", &right, &[given], "Hello, World?", AT, Err(Wrong));
    row("no signature", &right, &[id], BODY, AT, Err(Missing(HEADER)));
    for text in ["", &GITHUB_SIGNATURE[7..], "sha1=757107ea", "sha256=757107e", "sha256=?"] {
        row(text, &right, &[(HEADER, text)], BODY, AT, Err(Malformed(HEADER)));
    }
    row("half of it", &right, &[(HEADER, &GITHUB_SIGNATURE[..39])], BODY, AT, Err(Wrong));
    row("an empty id", &right, &[given, (DELIVERY, "")], BODY, AT, Err(Malformed(DELIVERY)));
}

#[test]
fn without_a_scheme_nothing_is_asked() {
    row("nothing", &Signature::None, &[], "", AT, Ok(None));
}
