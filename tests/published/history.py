"""Writes histories in the format of ops/history-format.md: coded facts alone, no names, no words."""

import json
from datetime import date, datetime, timedelta, timezone


class History:
    """Facts of many cases, put in the order in which they were recorded.

    A fact is recorded on the morning of the day on which it happened, unless it says otherwise:
    seconds after nine o'clock, in the order of telling, so that times rise strictly.
    """

    def __init__(self):
        self._facts = []

    def tell(self, case, occurred, event_type, data, *, recorded=None, event_id=None):
        """One fact. Dates are days; an incident from before a referral names when it was told."""
        self._facts.append((recorded or occurred, len(self._facts), case, occurred, event_type, data, event_id))

    def lines(self):
        day, second = None, 0
        for recorded, _, case, occurred, event_type, data, event_id in sorted(self._facts, key=lambda f: f[:2]):
            second = second + 1 if recorded == day else 0
            day = recorded
            at = datetime(day.year, day.month, day.day, 9, tzinfo=timezone.utc) + timedelta(seconds=second)
            assert at.date() == day, "more facts than seconds in a day"
            line = {"recorded_at": stamp(at), "case": case, "type": event_type, "occurred_at": stamp(occurred)}
            if event_id:
                line["event_id"] = event_id
            line["data"] = data
            yield json.dumps(line, separators=(",", ":"))

    def write(self, path):
        path.write_text("".join(f"{line}\n" for line in self.lines()))


def stamp(at):
    """A day or a moment, as a timestamp."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def after(first: date, days: int) -> date:
    return first + timedelta(days=days)


def dealt(codes):
    """Codes with how many there are of each, one after the other: `dealt({"a": 2, "b": 1})` is a, a, b."""
    return [code for code, count in codes.items() for _ in range(count)]


def strided(things, stride):
    """The same things in another fixed order, so that two characteristics do not go hand in hand."""
    from math import gcd

    assert gcd(stride, len(things)) == 1, "the stride has to visit every place once"
    return [things[n * stride % len(things)] for n in range(len(things))]


def shared(total, parts):
    """A whole in parts as equal as can be, the larger ones first."""
    return [total // parts + (n < total % parts) for n in range(parts)]
