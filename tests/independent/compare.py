"""Asks the program for every table of random histories at random pairs of dates, computes each a second way, and
names every figure that differs. See README.md."""

import argparse
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import fold
import histories
import tables

QUESTIONS = [
    {"table": "referrals", "by": "source"},
    {"table": "referrals", "by": "arm"},
    {"table": "attrition"},
    {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"},
    {"table": "outcome", "measure": "jealousy_coercion", "from": "intake", "to": "exit", "by": "behaviour_change_work"},
    {"table": "outcome", "measure": "sexual", "from": "intake", "to": "exit", "by": "contacted"},
    {"table": "contacts"},
    {"table": "agency_work"},
    {"table": "support"},
    {"table": "completeness", "measures": ["physical", "sexual"], "stages": ["intake", "exit"]},
    {"table": "incidents", "months_before": 6, "months_after": 12, "step_months": 3},
    {"table": "incidents", "months_before": 3},
    {"table": "incidents", "months_before": 3, "months_after": 3, "step_months": 1, "around": "separation"},
    {"table": "trajectory"},
    {"table": "risk_over_time", "months": 15},
    {"table": "waiting", "by": "role"},
    {"table": "agreement", "first": {"measure": "risk_level", "by": "idva"}, "second": {"measure": "risk_level", "by": "police_officer"}},
    {"table": "scores", "measure": "incidents_12_months", "by": "contacted"},
    {"table": "scores", "measure": "incidents_12_months", "by": "role"},
    {"table": "scores", "measure": "age_years", "by": "contacted"},
    {"table": "scores", "measure": "age_years", "by": "area"},
    {"table": "outcome", "measure": "risk_level", "from": "intake", "to": "exit", "by": "arm"},
    {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit", "by": "complex"},
    {"table": "referrals", "by": "area"},
    {"table": "waiting", "by": "contacted"},
    {"table": "skills"},
    {"table": "needs"},
    {"table": "combinations", "measures": ["physical", "sexual", "harassment_stalking"], "stage": "intake"},
    {"table": "contact_holds"},
    {"table": "protective_orders"},
    {"table": "child_protection"},
    {"table": "incidents_per_case"},
    {"table": "agreement", "first": "mrp-engagement/1", "second": "police-engagement/1"},
    {"table": "rule", "rule": "mrp-engagement/1"},
    {"table": "rule", "rule": "police-engagement/1"},
    {"table": "rule", "rule": "dormant/1"},
    {"table": "rule", "rule": "complex/1"},
    {"table": "rule", "rule": "notts-repeat/1"},
    {"table": "rule", "rule": "waiting-to-reach/1"},
    {"table": "rule", "rule": "latest-assessment/1"},
]

COHORTS = [
    ({"statuses": ["accepted", "open", "closed"]}, lambda case: case.status in ("accepted", "open", "closed")),
    ({}, lambda case: True),
    ({"roles": ["victim_survivor"], "contacted": True}, lambda case: case.referral["data"]["role"] == "victim_survivor" and case.is_contacted()),
    ({"arms": ["control"], "areas": ["essex", "south_wales"]}, lambda case: case.arm == "control" and case.referral["data"]["area"] != "west_sussex"),
]


def differences(expected, given, path=""):
    """Every figure of ours that is not as computed; what is not computed a second way is passed over."""
    if isinstance(expected, dict):
        if not isinstance(given, dict):
            yield path, expected, given
            return
        for name, value in expected.items():
            yield from differences(value, given.get(name), f"{path}/{name}")
        if path.rsplit("/", 1)[-1] in EXHAUSTIVE and set(given) != set(expected):
            yield path, sorted(expected), sorted(given)
    elif isinstance(expected, list):
        if not isinstance(given, list) or len(given) != len(expected):
            yield path, expected, given
            return
        for place, (a, b) in enumerate(zip(expected, given)):
            yield from differences(a, b, f"{path}/{place}")
    elif isinstance(expected, str) or expected is None or isinstance(given, str) or given is None:
        if expected != given:
            yield path, expected, given
    elif abs(expected - given) > 1e-6 * max(1.0, abs(expected)):
        yield path, expected, given


# Nothing is sealed in a history without words; the program wants a key all the same.
ENVIRONMENT = {"THROUGHLINE_MASTER_KEY": base64.b64encode(os.urandom(32)).decode()} | os.environ

# Maps that have a member for each code there is: one more is a difference too.
EXHAUSTIVE = {
    "groups", "channels", "outcomes", "first", "kinds", "police_outcomes", "series", "moves", "closure_reasons",
    "workers", "decline_reasons", "matrix", "incident_not_told", "purposes", "skills", "needs", "severities",
    "counts", "combinations", "unchanged", "from", "last", "ever", "went", "answers", "missing",
}


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--dates", type=int, default=3)
    told = parser.parse_args()
    rng = random.Random(told.seed)
    lines = histories.history(told.seed, told.cases)
    tenant = f"random-{told.seed}"
    figures = found = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        histories.written(lines, path / "history.jsonl")
        run(told.program, "migrate")
        run(told.program, "log", "load", str(path / "history.jsonl"), "--tenant", tenant)
        run(told.program, "log", "live", "--tenant", tenant)
        for n, (document, _) in enumerate(COHORTS):
            document = {"id": f"cohort-{n}", "version": 1, "title": f"Cohort {n}", "programme": "drive"} | document
            (path / "cohort.json").write_text(json.dumps(document))
            run(told.program, "cohort", "define", str(path / "cohort.json"), "--tenant", tenant)
        begin, end = (fold.moment(lines[place]["recorded_at"]) for place in (0, -1))
        for n in range(told.dates * len(COHORTS)):
            cohort, (_, admits) = n % len(COHORTS), COHORTS[n % len(COHORTS)]
            as_of, known_at = (begin + timedelta(seconds=rng.randrange(int((end - begin).total_seconds()))) for _ in range(2))
            reading = rng.choice(["effective", "effective", "recorded"])
            plan = {
                "edition": f"edition-{n}", "title": "Random", "cohort": f"cohort-{cohort}", "questions": QUESTIONS, "reading": reading,
                "as_of": histories.stamp(as_of), "known_at": histories.stamp(known_at),
            }
            (path / "plan.json").write_text(json.dumps(plan))
            run(told.program, "edition", "publish", str(path / "plan.json"), "--tenant", tenant)
            results = json.loads(run(told.program, "edition", "show", f"edition-{n}", "--tenant", tenant, "--json"))["results"]
            members = [case for case in fold.cases(lines, as_of, known_at, reading) if admits(case)]
            if results["counts"]["cases"] != len(members):
                found += 1
                print(f"seed {told.seed} edition {n}: {results['counts']['cases']} cases, not {len(members)}")
                continue
            for section in results["tables"]:
                question = dict(section["question"])
                expected = tables.TABLES[question.pop("table")](members, **question)
                figures += 1
                for place, ours, theirs in differences(expected, section["answer"]):
                    found += 1
                    print(f"seed {told.seed} edition {n} as of {plan['as_of']} known at {plan['known_at']} {reading} {section['question']} {place}: {theirs}, not {ours}")
    print(f"seed {told.seed}: {len(lines)} events, {figures} tables, {found} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
