"""Tries to derive suppressed counts of releases: random cohorts are released as counts, and integer programming finds
the least and the most that each suppressed cell can be, given what is published of its table."""

import argparse
import csv
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy
from scipy.optimize import Bounds, LinearConstraint, milp

import histories
from compare import run

ALL = "(all)"


def tables(path):
    """The rows of a release, by table."""
    by_table = {}
    for row in csv.DictReader(path.open(newline="")):
        by_table.setdefault(row["table"], []).append(row)
    return by_table


def bounds(rows):
    """Each suppressed row with the least and the most that it can be."""
    inner = [r for r in rows if r["class"] != ALL and r["later_class"] != ALL]
    cells = [(r["group"], r["class"], r["later_class"]) for r in inner]

    def holds(row):
        """Which inner cells a row is the sum of."""
        whole = row["class"] == ALL
        return numpy.array([
            float((whole or cell[:2] == (row["group"], row["class"])) and row["later_class"] in (ALL, cell[2])
                  or (whole and row["later_class"] == "")) for cell in cells
        ])

    published = [row for row in rows if row["suppressed"] == "false"]
    counts = [int(row["cases"]) for row in published]
    known = LinearConstraint(numpy.array([holds(row) for row in published]), counts, counts)
    for row in rows:
        if row["suppressed"] == "true":
            ends = []
            for sign in (1, -1):
                found = milp(sign * holds(row), constraints=known, integrality=numpy.ones(len(cells)), bounds=Bounds(0, numpy.inf))
                ends.append(round(sign * found.fun) if found.success else None)
            yield row, *ends


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--seeds", type=int, default=10)
    told = parser.parse_args()
    cells = derived = 0
    run(told.program, "migrate")
    for seed in range(1, told.seeds + 1):
        rng = random.Random(seed)
        tenant, threshold = f"random-{seed}", rng.choice([5, 10])
        question = {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"}
        by = rng.choice([None, "arm", "area", "contacted", "complex"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            histories.written(histories.history(seed, rng.choice([60, 120, 250])), path / "history.jsonl")
            run(told.program, "log", "load", str(path / "history.jsonl"), "--tenant", tenant)
            run(told.program, "log", "live", "--tenant", tenant)
            cohort = {"id": "all", "version": 1, "title": "All", "programme": "drive"}
            (path / "cohort.json").write_text(json.dumps(cohort))
            run(told.program, "cohort", "define", str(path / "cohort.json"), "--tenant", tenant)
            (path / "questions.json").write_text(json.dumps([question | {"by": by}]))
            asked = ["--questions", str(path / "questions.json"), "--threshold", str(threshold)]
            run(told.program, "release", "counts", "all", "--tenant", tenant, *asked, "--out", str(path / "out"))
            for name, rows in tables(path / "out" / "counts.csv").items():
                for row, least, most in bounds(rows):
                    cells += 1
                    if least is not None and least == most:
                        derived += 1
                        print(f"seed {seed} {name} {row['group']} {row['class']} {row['later_class']}: {least}")
    print(f"{cells} suppressed cells, {derived} derived")
    sys.exit(1 if derived or not cells else 0)


if __name__ == "__main__":
    main()
