"""Who owns which service."""

OWNERS = {
    "checkout": {"team": "payments", "runbook": "https://wiki.example.com/checkout"},
    "search": {"team": "discovery", "runbook": "https://wiki.example.com/search"},
}
