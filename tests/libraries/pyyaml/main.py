"""Reads rules with anchors, dates and several documents, and writes them again."""

import yaml

TEXT = """\
defaults: &defaults {level: error, keep: 30}
rules:
  - <<: *defaults
    name: payments
    since: 2026-11-30
  - <<: *defaults
    level: warning
    query: |
      SELECT *
      FROM logs
---
[1, 0x10, 1e3, ~, yes, "grüße"]
"""


def main():
    first, second = yaml.safe_load_all(TEXT)
    again = yaml.safe_dump(first, sort_keys=True, allow_unicode=True)
    try:
        yaml.safe_load("a: [1,\nb: 2")
    except yaml.YAMLError as error:
        broken = error.problem_mark.line
    try:
        yaml.safe_load("!!python/object/apply:os.getcwd []")
    except yaml.YAMLError as error:
        unsafe = type(error).__name__
    return {
        "payments": first["rules"][0] | {"since": first["rules"][0]["since"].isoformat()},
        "query": first["rules"][1]["query"],
        "second": second,
        "again": yaml.safe_load(again) == first,
        "broken": broken,
        "unsafe": unsafe,
        "native": yaml.__with_libyaml__,
    }
