"""Reads dates as people write them, adds months and time zones, and lists what recurs."""

import datetime

from dateutil import easter, parser, relativedelta, rrule, tz


def main():
    start = parser.parse("Mon Nov 30 2026 11:15 PM +0100")
    berlin = tz.gettz("Europe/Berlin")
    local = datetime.datetime(2026, 7, 1, 12, tzinfo=berlin)
    last = rrule.rrulestr("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", dtstart=datetime.datetime(2026, 1, 1))
    between = relativedelta.relativedelta(datetime.date(2026, 3, 1), datetime.date(2024, 2, 29))
    return {
        "parsed": start.isoformat(),
        "utc": start.astimezone(tz.UTC).isoformat(),
        "iso": parser.isoparse("2026-W49-1T08").isoformat(),
        "month": (datetime.date(2026, 1, 31) + relativedelta.relativedelta(months=1)).isoformat(),
        "between": [between.years, between.months, between.days],
        "summer": [local.isoformat(), local.tzname()],
        "fridays": [day.date().isoformat() for day in last],
        "easter": easter.easter(2026).isoformat(),
    }
