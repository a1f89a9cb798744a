"""CPU-bound work of the kinds that actions do. `main` returns the best of five timings of each, in seconds.

One file for both sides: the benchmark runs it as an action inside the sandbox and as a script in a native CPython.
"""

import hashlib
import json
import re
import sys
import time

_RECORDS = [
    {"id": number, "pod": f"pod-{number % 17}", "log": f"GET /items/{number} took {number % 91} ms", "ok": number % 3 == 0}
    for number in range(2_000)
]
_LINES = [
    f"Dec 10 06:55:{number % 60:02} LabSZ sshd[{24_000 + number}]: Failed password for invalid user u{number % 31} "
    f"from 203.0.{number % 113}.{number % 251} port {1_024 + number} ssh2"
    for number in range(2_000)
]
_LINE = re.compile(r"sshd\[(\d+)\]: Failed password for (?:invalid user )?(\w+) from ([\d.]+) port (\d+)")
_BYTES = "\n".join(_LINES).encode()


def fib():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    return fib(25)


def floats():
    total = 0.0
    for number in range(100_000):
        total += number * 0.5 / (number + 1.0) - total * 1e-9
    return total


def dicts():
    counts = {}
    for number in range(200_000):
        key = "key-" + str(number % 1_000)
        counts[key] = counts.get(key, 0) + len(key)
    return len(counts)


def json_records():
    return len(json.loads(json.dumps(_RECORDS)))


def regex():
    return sum(_LINE.search(line) is not None for line in _LINES)


def sha256():
    return hashlib.sha256(_BYTES).hexdigest()


def sort():
    return sorted(_RECORDS, key=lambda record: (record["pod"], -record["id"]))[0]


def parse():
    rows = []
    for line in _LINES:
        words = line.split()
        rows.append("{:>8} {user} {}:{port}".format(words[4].strip("sh[d]:"), words[12], user=words[10], port=words[14]))
    return len("\n".join(rows))


SUITE = (fib, floats, dicts, json_records, regex, sha256, sort, parse)


def main():
    return {function.__name__: min(_seconds(function) for _ in range(5)) for function in SUITE}


def _seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
