"""The jobs that peers do: the same Python files and the same two records that our own runs get."""

from pathlib import Path

_ACTIONS = Path(__file__).resolve().parents[2] / "runtime" / "benches" / "actions"

RECORDS = (
    '[{"time": 1763900000, "log": "Failed password for invalid user webmaster from 203.0.113.7 port 38926 ssh2"},'
    ' {"time": 1763900002, "log": "Failed password for invalid user postgres from 198.51.100.23 port 40112 ssh2"}]'
)

MODULES = "json re datetime os sys hashlib hmac base64 urllib.parse urllib.request logging uuid random".split()

# Row names of ours, and the action behind each.
JOBS = {"no imports": "nothing.py", "13 imports": "imports.py"}


def action(job: str) -> str:
    """The text of the action that does this job."""
    return (_ACTIONS / JOBS[job]).read_text()


# What a call of `main` needs; some peers can import only when they are built.
IMPORTS = "import json\nimport logging\n"


def call(job: str) -> str:
    """An expression that calls the action's `main` as the sandbox does, given its payload in `payload`."""
    arguments = "json.loads(payload)" + ("" if job == "no imports" else ', logging.getLogger("action")')
    return f"json.dumps(main({arguments}))"


def script(job: str) -> str:
    """All that follows the action's text in a script of its own."""
    return f"{IMPORTS}payload = {RECORDS!r}\nprint({call(job)})\n"
