"""Log records in, summaries out: what most actions do. JSON, re, str, dict, datetime, sorting."""

import collections
import datetime
import json
import re
import statistics

LINE = re.compile(
    r"(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<when>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>[^ "]+)(?: HTTP/(?P<version>[\d.]+))?" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')
SECRET = re.compile(r"(?i)\b(password|token|secret)=\S+")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")


def access_line(i: int) -> str:
    return (
        f"10.{i % 7}.{i % 250}.{i % 13} - user{i % 31} [12/Mar/2026:10:{i % 60:02}:{i % 59:02} +0000] "
        f'"{("GET", "POST", "PUT")[i % 3]} /api/v{i % 4}/items/{i}?q=caf\u00e9&token=abc{i} HTTP/1.1" {200 + i % 5 * 75} {i * 37 % 9001}'
    )


def record(i: int) -> dict[str, object]:
    return {
        "_timestamp": 1_741_773_600_000_000 + i * 1_234_567,
        "level": ("info", "warn", "error", "debug")[i % 4],
        "message": f"request {i} took {i * 7 % 1000}ms user=u{i % 17} path=\"/a b/{i}\" password=hunter{i} \u2713",
        "kubernetes": {"pod": f"api-{i % 9}-x7f", "namespace": "prod" if i % 3 else "dev", "labels": {"app": "api", "tier": None}},
        "duration_ms": i * 7 % 1000 / 3,
        "ok": bool(i % 5),
        "tags": ["a", "b", str(i % 11)],
    }


def parse_lines(lines: list[str]) -> dict[str, collections.Counter[str]]:
    seen: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for line in lines:
        match = LINE.match(line)
        if match is None:
            continue
        fields = match.groupdict()
        path, _, _query = fields["path"].partition("?")
        seen["status"][fields["status"]] += 1
        seen["host"][fields["host"].rsplit(".", 1)[0]] += 1
        seen["path"]["/".join(path.split("/")[:3]).lower()] += int(fields["bytes"]) if fields["bytes"].isdigit() else 0
        datetime.datetime.strptime(fields["when"], "%d/%b/%Y:%H:%M:%S %z")
    return seen


def enrich(records: list[dict[str, object]]) -> list[dict[str, object]]:
    out = []
    for entry in records:
        message = str(entry["message"])
        flat = {k: v for k, v in entry.items() if not isinstance(v, dict)}
        for outer, inner in entry.items():
            if isinstance(inner, dict):
                flat.update({f"{outer}_{k}": v for k, v in inner.items()})
        flat.update({k: v.strip('"') for k, v in PAIR.findall(message)})
        flat["message"] = ADDRESS.sub("*", SECRET.sub(r"\1=***", message)).replace("\t", " ").strip()
        when = datetime.datetime.fromtimestamp(int(entry["_timestamp"]) / 1e6, datetime.UTC)
        flat["when"] = when.isoformat()
        flat["hour"] = when.replace(minute=0, second=0, microsecond=0).strftime("%Y-%m-%dT%H:00Z")
        flat["age"] = (datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC) - when).total_seconds()
        out.append(flat)
    return out


def summarize(records: list[dict[str, object]]) -> list[dict[str, object]]:
    groups: dict[tuple[object, object], list[float]] = collections.defaultdict(list)
    for entry in records:
        groups[entry["level"], entry.get("kubernetes_namespace")].append(float(entry["duration_ms"]))
    rows = []
    for (level, namespace), values in groups.items():
        values.sort()
        rows.append(
            {
                "level": level,
                "namespace": namespace,
                "count": len(values),
                "mean": statistics.fmean(values),
                "p99": values[int(len(values) * 0.99)],
                "text": "%s/%s: %.2f" % (level, namespace, max(values)),
            }
        )
    return sorted(rows, key=lambda row: (-row["count"], str(row["level"])))


def main() -> None:
    for turn in range(12):
        records = [record(i + turn) for i in range(800)]
        text = json.dumps(records)
        assert json.loads(text) == records
        lines = "\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in records)
        again = [json.loads(line) for line in lines.splitlines()]
        summary = summarize(enrich(again))
        json.dumps(summary, indent=2, sort_keys=True)
        parse_lines([access_line(i) for i in range(800)])


main()
