//! Services of others, as far as a library asks: how they answer, and what they have to have been asked.

use serde_json::{Value, json};

use crate::services::{Heard, Said};

/// MD5 of the message that goes into the queue: the library checks it.
const MESSAGE_MD5: &str = "0f253c6398626ce1a3bf123b35341050";

fn answered(status: u16, body: &Value) -> Said {
    Said::new(status, "application/json", body.to_string())
}

pub(super) fn slack(heard: &Heard, before: &[Heard]) -> Said {
    let path = heard.path.as_str();
    if path.starts_with("/services/") {
        return Said::new(200, "text/html", "ok");
    }
    if heard.header("authorization") != "Bearer xoxb-hidden" {
        return answered(200, &json!({"ok": false, "error": "not_authed"}));
    }
    if path == "/api/chat.postMessage" {
        if heard.json()["channel"] != "#alerts" {
            return answered(200, &json!({"ok": false, "error": "channel_not_found"}));
        }
        if before.is_empty() {
            return answered(429, &json!({"ok": false, "error": "ratelimited"})).with("Retry-After: 0");
        }
        return answered(200, &json!({"ok": true, "ts": "1764460800.000100"}));
    }
    let (name, next) = if heard.text().contains("cursor=two") { ("grace", "") } else { ("ada", "two") };
    let page = json!({"ok": true, "members": [{"name": name}], "response_metadata": {"next_cursor": next}});
    answered(200, &page)
}

pub(super) fn slack_heard(heard: &[Heard]) {
    let calls: Vec<_> = heard.iter().map(|heard| (heard.method.as_str(), heard.path.as_str())).collect();
    let post = ("POST", "/api/chat.postMessage");
    let list = ("POST", "/api/users.list");
    assert_eq!(calls, [post, post, post, list, list, ("POST", "/services/T0/B0/hidden"), post]);
    assert_eq!(heard[4].text(), "limit=1&cursor=two");
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*Grüße*"}}]);
    assert_eq!(heard[1].json(), json!({"channel": "#alerts", "text": "42 errors", "blocks": blocks}));
    assert_eq!(heard[5].json(), json!({"text": "42 errors", "blocks": blocks}));
}

pub(super) fn aws(heard: &Heard, _before: &[Heard]) -> Said {
    let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
    let listed = |key: &str, size: u32, more: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?><ListBucketResult><Name>logs</Name>{more}<Contents><Key>2026/{key}</Key>\
             <Size>{size}</Size></Contents></ListBucketResult>"
        );
        Said::new(200, "application/xml", text)
    };
    match (heard.method.as_str(), path) {
        ("PUT", _) => Said::new(200, "application/xml", "").with("ETag: \"e1\""),
        ("POST", "/logs/large") => {
            let id = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
            Said::new(200, "application/xml", id)
        }
        ("HEAD", _) => Said::new(404, "application/xml", ""),
        ("GET", "/logs") if query.contains("continuation-token=next") => listed("b", 2, ""),
        ("GET", "/logs") => listed(
            "a",
            1,
            "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>",
        ),
        ("GET", _) => Said::new(200, "text/plain", "archived"),
        _ => answered(200, &json!({"MessageId": "m1", "MD5OfMessageBody": MESSAGE_MD5})),
    }
}

pub(super) fn aws_heard(heard: &[Heard]) {
    let calls: Vec<_> = heard.iter().map(|heard| (heard.method.as_str(), heard.path.as_str())).collect();
    let object = "/logs/2026/11/30%20%C3%BC.json";
    let list = "/logs?list-type=2&prefix=2026%2F&encoding-type=url";
    let next = "/logs?list-type=2&prefix=2026%2F&continuation-token=next&encoding-type=url";
    let all = [
        ("PUT", object),
        ("GET", object),
        ("POST", "/logs/large?uploads"),
        ("PUT", "/logs/large?uploadId=u1&partNumber=1"),
        ("PUT", "/logs/large?uploadId=u1&partNumber=2"),
        ("POST", "/logs/large?uploadId=u1"),
        ("GET", list),
        ("GET", next),
        ("HEAD", "/logs/missing"),
        ("POST", "/"),
    ];
    assert_eq!(calls, all);
    let (queue, bucket) = heard.split_last().expect("there are some");
    for (heard, service) in bucket.iter().map(|heard| (heard, "s3")).chain([(queue, "sqs")]) {
        let signature = heard.header("authorization");
        let scope = format!("/eu-central-1/{service}/aws4_request, SignedHeaders=");
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signature}");
        assert!(signature.contains(&scope) && signature.contains(", Signature="), "{signature}");
    }
    assert!(heard[0].text().contains(&"{\"level\":\"error\"}\n".repeat(1000)), "{}", heard[0].text());
    let bytes = |heard: &Heard| heard.body.iter().filter(|&&byte| byte == b'x').count();
    assert!(bytes(&heard[3]) >= 8 << 20 && bytes(&heard[3]) + bytes(&heard[4]) >= 10_000_000);
    assert!(heard[5].text().contains("<PartNumber>2</PartNumber>"), "{}", heard[5].text());
    assert_eq!(queue.header("x-amz-target"), "AmazonSQS.SendMessage");
    assert_eq!(queue.json()["MessageBody"], "42 errors");
}

pub(super) fn elastic(heard: &Heard, _before: &[Heard]) -> Said {
    let source = json!({"level": "error", "text": "grüße"});
    let said = match heard.path.as_str() {
        "/logs/_doc/1" => answered(201, &json!({"_index": "logs", "_id": "1", "result": "created"})),
        "/_bulk" => {
            let items = vec![json!({"index": {"status": 201}}); heard.text().lines().count() / 2];
            answered(200, &json!({"took": 1, "errors": false, "items": items}))
        }
        "/logs/_search" => {
            let hits = json!({"total": {"value": 1}, "hits": [{"_id": "1", "_source": source}]});
            answered(200, &json!({"took": 1, "timed_out": false, "hits": hits}))
        }
        _ => answered(404, &json!({"_index": "logs", "found": false})),
    };
    said.with("X-Elastic-Product: Elasticsearch")
}

pub(super) fn elastic_heard(heard: &[Heard]) {
    let calls: Vec<_> = heard.iter().map(|heard| (heard.method.as_str(), heard.path.as_str())).collect();
    let bulk = ("PUT", "/_bulk");
    let get = ("GET", "/logs/_doc/missing");
    let search = ("POST", "/logs/_search");
    assert_eq!(calls, [("PUT", "/logs/_doc/1"), bulk, bulk, search, get, search, search]);
    for heard in heard {
        assert_eq!(heard.header("authorization"), "ApiKey hidden");
        assert!(heard.header("accept").starts_with("application/vnd.elasticsearch+json; compatible-with="));
    }
    assert_eq!(heard[0].json(), json!({"level": "error", "text": "grüße"}));
    let bulk = heard[1].text();
    let lines: Vec<Value> =
        bulk.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(lines.len(), 100);
    assert_eq!(lines[..2], [json!({"index": {"_index": "logs", "_id": "2"}}), json!({"n": 2})]);
    assert_eq!(heard[3].json()["query"], json!({"match": {"level": "error"}}));
}
