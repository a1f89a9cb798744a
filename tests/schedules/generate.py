#!/usr/bin/env python3
"""Writes croniter.tsv: expressions, zones and times, and the five times at which another implementation says they are due.

    python3 -m venv VENV && VENV/bin/pip install croniter==7.0.0 python-dateutil==4.0.0 tzdata==2026.6
    VENV/bin/python tests/schedules/generate.py

The same versions write the same file. Rows are: expression as actiond reads it, zone, after, five times; all times in UTC.
"""

import random
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

from croniter import croniter

ROWS = 2400
TIMES = 5
# The years whose rules are known: later ones may change.
FIRST, LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
# Changes at 2 or 3 o'clock, at 1, at midnight, by half an hour, at odd offsets; and none.
ZONES = {
    "Europe/Berlin": 6,
    "America/New_York": 5,
    "Australia/Lord_Howe": 4,
    "America/Sao_Paulo": 4,
    "Europe/London": 2,
    "Africa/Cairo": 2,
    "America/Havana": 2,
    "America/Santiago": 2,
    "America/St_Johns": 2,
    "Asia/Beirut": 2,
    "Asia/Tehran": 2,
    "Pacific/Chatham": 2,
    "Asia/Kolkata": 2,
    "UTC": 3,
}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
MACROS = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]

# Only the database of the package counts, not that of the machine.
zoneinfo.reset_tzpath(to=[])
draw = random.Random(20260329)


def changes(zone):
    """The moments at which clocks of the zone are changed, to the second."""
    found, at, step = [], FIRST, timedelta(hours=12)

    def offset(at):
        return at.astimezone(zone).utcoffset()

    while at < LAST:
        if offset(at) != offset(at + step):
            low, high = at, at + step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high)
        at += step
    return found


def any_case(name):
    return draw.choice([name, name.upper(), name.capitalize()])


def value(low, high, names=None):
    number = draw.randint(low, high)
    return any_case(names[number - low]) if names and draw.random() < 0.5 else str(number)


def span(low, high, names=None):
    """A range with two different ends: one of equal ends is a row of its own, below."""
    first, last = sorted(draw.sample(range(low, high + 1), 2))
    if names and draw.random() < 0.5:
        return f"{any_case(names[first - low])}-{any_case(names[last - low])}"
    return f"{first}-{last}"


def field(low, high, star, names=None):
    """A field that is a star with the likelihood `star`."""
    if draw.random() < star:
        return "*"
    kind = draw.choice(["value", "value", "value", "list", "range", "range/", "*/", "from/", "mixed"])
    step = draw.choice([step for step in (2, 3, 4, 5, 6, 7, 10, 12, 15, 20, 30) if step <= (high - low + 1) // 2])
    match kind:
        case "value":
            return value(low, high, names)
        case "list":
            return ",".join(value(low, high, names) for _ in range(draw.randint(2, 4)))
        case "range":
            return span(low, high, names)
        case "range/":
            return f"{span(low, high, names)}/{draw.randint(2, 4)}"
        case "*/":
            return f"*/{step}"
        case "from/":
            return f"{draw.randint(low, high - 1)}/{step}"
    return f"{span(low, high, names)},{value(low, high, names)}"


def days():
    """Day of month, month, day of week."""
    month = field(1, 12, 0.75, MONTHS)
    match draw.choice(["any"] * 10 + ["month"] * 4 + ["week"] * 5 + ["or"] * 5 + ["last"] * 3 + ["last weekday"] * 3):
        case "any":
            return draw.choice(["*", "?"]), "*", draw.choice(["*", "?"])
        case "month":
            return field(1, 28, 0), month, "*"
        case "week":
            return draw.choice(["*", "?"]), month, draw.choice([field(0, 6, 0, WEEKDAYS), "7", "5-7", "fri-sun", "sat-mon"])
        case "or":
            # No weekday by a star in steps: croniter then looks at the other field in another way (differences.txt).
            return field(1, 31, 0), month, draw.choice([value(0, 6, WEEKDAYS), span(0, 6, WEEKDAYS), "7", "1,3,5"])
        case "last":
            return draw.choice(["L", "l", "1,15,L", "10,L", "L,20-22"]), month, draw.choice(["*", "*", "?"])
    return "*", month, ",".join(f"{day}{draw.choice('Ll')}" for day in draw.sample(range(8), draw.choice([1, 1, 1, 2])))


def expression():
    """An expression, and about how many hours lie between its times."""
    if draw.random() < 0.04:
        macro = draw.choice(MACROS)
        return any_case(macro), 1 if macro == "@hourly" else 24
    day, month, weekday = days()
    # Hours at which clocks are changed somewhere are more likely.
    hour = draw.choice([field(0, 23, 0.1), field(0, 23, 0.9), str(draw.randint(0, 3)), "1-3", "2", "0", "*/2"])
    minute = draw.choice([field(0, 59, 0.1), str(draw.choice([0, 15, 30, 45])), "*/15", "0,30"])
    fields = [minute, hour, day, month, weekday]
    if draw.random() < 0.15:
        fields.insert(0, draw.choice(["0", "30", field(0, 59, 0.1)]))
    dense = hour == "*" or "/" in hour or "-" in hour or "," in hour
    return " ".join(fields), 1 if dense else 24


def translated(text):
    """The expression as croniter wants it: it writes 5L as L5, and knows names of expressions in small letters only."""
    if text.startswith("@"):
        return text.lower()
    *head, weekday = text.split()
    parts = [f"L{part[0]}" if part.upper().endswith("L") else part for part in weekday.split(",")]
    return " ".join([*head, ",".join(parts)])


def due(text, zone, after):
    # The sixth field is in front for us.
    there = croniter(translated(text), after.astimezone(zone), second_at_beginning=True)
    return [there.get_next(datetime).astimezone(UTC) for _ in range(TIMES)]


def moment(zone_changes, hours):
    """A time at which to begin: two thirds shortly before clocks are changed."""
    if zone_changes and draw.random() < 0.67:
        before = draw.randint(0, 4 * 3600) if hours == 1 else draw.randint(0, 60 * 3600)
        return draw.choice(zone_changes) - timedelta(seconds=before // 60 * 60 + draw.choice([0, 0, 1, 59]))
    return FIRST + timedelta(seconds=draw.randrange(int((LAST - FIRST).total_seconds())))


def short(at):
    return at.strftime("%Y-%m-%dT%H:%MZ" if at.second == 0 else "%Y-%m-%dT%H:%M:%SZ")


def main():
    zones = {name: zoneinfo.ZoneInfo(name) for name in ZONES}
    zone_changes = {name: changes(zone) for name, zone in zones.items()}
    rows = {}
    # Where both are known to think differently, in all their forms.
    odd = ["0 5-5 * * *", "0 0 * mar-mar *", "0 0 * * 3-3", "0 9 27 * 5L", "0 9 25,30 * 1L", "0 0 */2 * */2", "0 6 1-31 * */3"]
    while len(rows) < ROWS:
        name = draw.choices(list(ZONES), list(ZONES.values()))[0]
        text, hours = (odd.pop(), 24) if odd else expression()
        after = moment(zone_changes[name], hours)
        rows.setdefault((text, name, after), due(text, zones[name], after))
    lines = ("\t".join([text, name, short(after), *map(short, times)]) for (text, name, after), times in rows.items())
    path = Path(__file__).with_name("croniter.tsv")
    path.write_text("".join(f"{line}\n" for line in lines))
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
