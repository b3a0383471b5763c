#!/usr/bin/env python3
"""Computes every figure from the histories and compares it with what the report states.

    python3 tests/published/check.py        # prints what differs, exits 1 if anything does
"""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import cases
import tables

HERE = Path(__file__).parent
REPORTS = ("drive-year1", "mrp", "stepping-out", "safe-steps")
DECIMALS = {"percent": 1, "p": 3}


def load(report):
    return json.loads((HERE / "figures" / f"{report}.json").read_text())


class Answers:
    """The tables of one report's history, each computed once."""

    def __init__(self, document):
        self.document = document
        self.cases = cases.read(HERE / "histories" / f"{document['tenant']}.jsonl")
        self.members, self.tables = {}, {}

    def figure(self, given):
        """The value of `given`: a sum, less what is subtracted, per what it is divided by."""
        value = sum(map(self.term, given["of"])) - sum(map(self.term, given.get("less", [])))
        if "per" in given:
            value = given.get("times", 1) * value / sum(map(self.term, given["per"]))
        return value

    def term(self, term):
        asked = self.document["asked"]
        known_at = asked[term.get("known", "known_at")]
        where = (term["cohort"], known_at)
        if where not in self.members:
            cohort = self.document["cohorts"][term["cohort"]]
            self.members[where] = cases.members(self.cases, cohort, asked["as_of"], known_at)
        key = (*where, json.dumps(term["table"], sort_keys=True))
        if key not in self.tables:
            self.tables[key] = tables.answer(term["table"], self.members[where])
        return tables.at(self.tables[key], term["at"])


def rounded(value, decimals):
    """Half away from zero, as reports round."""
    return float(Decimal(repr(round(value, 9))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def decimals_of(figure):
    return figure.get("decimals", DECIMALS.get(figure["unit"], 0))


def differences(report):
    document = load(report)
    answers = Answers(document)
    for figure in document["figures"]:
        if figure["given"] is not None:
            ours = rounded(answers.figure(figure["given"]), decimals_of(figure))
            expected = figure.get("computed", figure["value"])
            if ours != expected:
                yield figure["id"], figure["value"], expected, ours
            if "computed" in figure and figure["computed"] == figure["value"]:
                yield figure["id"], "is no slip", expected, ours


if __name__ == "__main__":
    found = [(report, *difference) for report in REPORTS for difference in differences(report)]
    for difference in found:
        print(*difference)
    sys.exit(1 if found else 0)
