"""The tables of an evaluation, computed from a history alone: a second way to the same figures.

Written from what the tables say they are, not from the program: the two have to agree. Pointers are
those of the program's answers; where a pointer goes into a list, `level=high` is its member with that.
"""

from collections import Counter
from math import comb
from statistics import mean, median, stdev


def answer(question, cases):
    """The table that answers a question over these cases."""
    question = dict(question)
    name = question.pop("table")
    return TABLES[name](cases, **question)


def outcome(cases, measure, **stages):
    by = stages.pop("by", None)
    if by is not None:
        assert by == "behaviour_change_work"
        groups = {"yes": [c for c in cases if c.has_behaviour_work()], "no": [c for c in cases if not c.has_behaviour_work()]}
        return {"groups": {name: outcome(group, measure, **stages) for name, group in groups.items()}}
    sides = [[case.value(measure, stages[end]) for end in ("from", "to")] for case in cases]
    pairs = [tuple(side) for side in sides if all(isinstance(value, str) for value in side)]
    known = {value for pair in pairs for value in pair}
    scale = ["none", "standard", "moderate", "high"]
    levels = scale if known <= set(scale) else sorted(known)
    counts = Counter(pairs)
    used = lambda value: value not in ("none", "no", "0")
    stopped = sum(used(a) and not used(b) for a, b in pairs)
    began = sum(used(b) and not used(a) for a, b in pairs)
    changes = []
    for level in levels:
        before, after = sum(a == level for a, _ in pairs), sum(b == level for _, b in pairs)
        percent = 100 * (after - before) / before if before else None
        changes.append({"level": level, "from": before, "to": after, "percent": percent})
    return {
        "cases": len(cases), "pairs": len(pairs), "missing": len(cases) - len(pairs), "levels": levels,
        "matrix": [[counts[a, b] for b in levels] for a in levels], "changes": changes,
        "any_use": {
            "used_from": sum(used(a) for a, _ in pairs), "used_to": sum(used(b) for _, b in pairs),
            "stopped": stopped, "began": began, "both": sum(used(a) and used(b) for a, b in pairs),
            "neither": sum(not used(a) and not used(b) for a, b in pairs),
        },
        "mcnemar_exact_p": mcnemar(stopped, began),
    }


def mcnemar(stopped, began):
    n = stopped + began
    tail = sum(comb(n, k) for k in range(min(stopped, began) + 1))
    return min(1.0, 2 * tail / 2**n)


def grouped(cases, by):
    of = {
        "area": lambda c: c.referral["data"]["area"], "source": lambda c: c.referral["data"]["source"],
        "role": lambda c: c.referral["data"]["role"],
        "contacted": lambda c: "yes" if c.reached() else "no",
        "behaviour_change_work": lambda c: "yes" if c.has_behaviour_work() else "no",
        "arm": lambda c: (c.of("ArmAllocated") or [{"arm": "none"}])[-1]["arm"],
    }[by]
    groups = {}
    for case in cases:
        groups.setdefault(of(case), []).append(case)
    return groups


def referrals(cases, by):
    groups = grouped(cases, by)
    return {"total": decisions(cases, len(cases)), "groups": {name: decisions(group, len(cases)) for name, group in groups.items()}}


def scores(cases, measure, by):
    """Of what a referral says in a number."""
    assert measure in ("age_years", "incidents_12_months")
    def of(group):
        told = [case.referral["data"].get(measure) for case in group]
        known = [number for number in told if number is not None]
        reasons = Counter(case.referral["data"].get("missing_reasons", {}).get(measure, "not_recorded")
                          for case, number in zip(group, told) if number is None)
        return {"cases": len(group), "missing": reasons, "values": {
            "count": len(known), "mean": mean(known), "standard_deviation": stdev(known), "min": min(known),
            "median": median(known), "max": max(known)}}
    groups = grouped(cases, by)
    answer = {"groups": {name: of(group) for name, group in groups.items()}}
    if len(groups) == 2:
        first, second = (
            [number for case in group if (number := case.referral["data"].get(measure)) is not None]
            for _, group in sorted(groups.items()))
        answer["beside"] = {"mann_whitney": rank_test(first, second)}
    return answer


def rank_test(first, second):
    """U of the first against the second, and its z with the correction for ties."""
    m, n = len(first), len(second)
    u = sum((a > b) + (a == b) / 2 for a in first for b in second)
    ties = sum(t**3 - t for t in Counter(first + second).values())
    deviation = (m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))) ** 0.5 if m and n else 0
    return {"u_first": u, "z": (u - m * n / 2) / deviation if deviation else None}


def decisions(cases, all_cases):
    statuses = Counter(case.status() for case in cases)
    return {
        "referred": len(cases), "percent": 100 * len(cases) / all_cases,
        "accepted": statuses["accepted"] + statuses["open"] + statuses["closed"],
        "declined": statuses["declined"], "waiting": statuses["waiting"], "undecided": statuses["referred"],
        "decline_reasons": Counter(d["reason"] for case in cases for d in case.of("ReferralDeclined")),
    }


def attrition(cases):
    closed = [case.of("CaseClosed")[-1]["reason"] for case in cases if case.status() == "closed"]
    steps = {
        "referred": len(cases), "accepted": sum(bool(c.of("ReferralAccepted")) for c in cases),
        "allocated": sum(bool(c.of("CaseAllocated")) for c in cases), "attempted": sum(bool(c.attempts()) for c in cases),
        "reached": sum(c.reached() > 0 for c in cases), "closed": len(closed),
    }
    steps = {name: {"cases": count, "percent": 100 * count / len(cases)} for name, count in steps.items()}
    return {"steps": steps, "closure_reasons": Counter(closed)}


def by_rule(name, case):
    if name == "mrp-engagement/1":
        return "none" if case.reached() == 0 else "sporadic" if case.reached() < 3 else "engaged"
    assert name == "police-engagement/1"
    return "engaged" if case.of("CaseAllocated") else "none"


def rule(cases, rule):
    counts = Counter(by_rule(rule, case) for case in cases)
    return {"cases": len(cases), "answers": {a: {"cases": n, "percent": 100 * n / len(cases)} for a, n in counts.items()}}


def agreement(cases, first, second):
    counts = {}
    for case in cases:
        counts.setdefault(by_rule(first, case), Counter())[by_rule(second, case)] += 1
    return {"cases": len(cases), "matrix": counts}


def contacts(cases):
    attempts = [a for case in cases for a in case.attempts()]
    purposes = Counter(a.get("purpose", "not_said") for a in attempts)
    return {
        "cases": len(cases), "attempted_cases": sum(bool(c.attempts()) for c in cases),
        "reached_cases": sum(c.reached() > 0 for c in cases),
        "total": {"attempts": len(attempts), "reached": sum(a["outcome"] == "reached" for a in attempts)},
        "purposes": {purpose: {"attempts": count} for purpose, count in purposes.items()},
    }


def agency_work(cases):
    return work(cases, lambda c: [(a["agency"], a["work"], a["purpose"]) for a in c.of("AgencyActionRecorded")])


def support(cases):
    return work(cases, lambda c: [
        (s.get("need", "not_said"), s["kind"], s.get("programme_status", "not_said")) for s in c.of("SupportProvided")])


def work(cases, pieces_of):
    def of(pieces_by_case):
        return {"recorded": sum(map(len, pieces_by_case)), "cases": sum(map(bool, pieces_by_case))}
    all_pieces = [pieces_of(case) for case in cases]
    codes = {piece for pieces in all_pieces for piece in pieces}
    only = lambda keep: of([[p for p in pieces if keep(p)] for pieces in all_pieces])
    third = {b: {c: only(lambda p, b=b, c=c: p[1:] == (b, c)) for _, b2, c in codes if b2 == b} for _, b, _ in codes}
    return {
        "cases": len(cases), "total": of(all_pieces),
        "first": {a: only(lambda p, a=a: p[0] == a) for a, _, _ in codes}, "third": third,
    }


def completeness(cases, measures, stages):
    def one(measure, stage):
        count = sum(isinstance(case.value(measure, stage), str) for case in cases)
        return {"expected": len(cases), "recorded": count, "percent": 100 * count / len(cases)}
    return {"cases": len(cases), "measures": {m: {s: one(m, s) for s in stages} for m in measures}}


def incidents(cases, months_before):
    assert months_before == 12
    found = []
    for case in cases:
        referred = case.referral["occurred_at"]
        begin = f"{int(referred[:4]) - 1}{referred[4:]}"
        found += [(f["occurred_at"] >= referred, f["data"]) for f in case.facts
                  if f["type"] == "IncidentReported" and begin <= f["occurred_at"] < case.as_of]
    def sides(keep):
        before, after = (sum(keep(d) and is_after == side for is_after, d in found) for side in (False, True))
        return before, after
    def rates(keep):
        before, after = sides(keep)
        return {"before": {"incidents": before}, "after": {"incidents": after}}
    outcomes = {d.get("police_outcome", "not_said") for _, d in found}
    return {
        "cases": len(cases), "total": rates(lambda d: True),
        "kinds": {k: rates(lambda d, k=k: d["kind"] == k) for k in ("domestic_incident", "crime")},
        "police_outcomes": {o: rates(lambda d, o=o: d.get("police_outcome", "not_said") == o) for o in outcomes},
    }


def incidents_per_case(cases):
    def spread(keep):
        counts = [sum(keep(d) for d in case.of("IncidentReported")) for case in cases]
        return {"mean": mean(counts), "min": min(counts), "max": max(counts), "standard_deviation": stdev(counts)}
    kinds = ("domestic_incident", "crime")
    return {"total": spread(lambda d: True), "kinds": {k: spread(lambda d, k=k: d["kind"] == k) for k in kinds}}


def contact_holds(cases):
    held = [[h["reason"] for h in case.of("ContactHeld")] for case in cases]
    return {
        "cases": sum(map(bool, held)),
        "unchanged": Counter(reasons[0] for reasons in held if len(set(reasons)) == 1),
        "changed": {"cases": sum(len(set(reasons)) > 1 for reasons in held),
                    "last": Counter(reasons[-1] for reasons in held if len(set(reasons)) > 1)},
    }


def combinations(cases, measures, stage):
    counts, kinds = Counter(), Counter()
    for case in cases:
        values = {name: case.value(name, stage) for name in measures}
        if any(isinstance(value, str) for value in values.values()):
            has = [name for name in measures if values[name] == "yes"]
            counts[str(len(has))] += 1
            kinds["+".join(has) or "none"] += 1
    return {"cases": sum(counts.values()), "counts": counts, "combinations": kinds}


def needs(cases):
    found = Counter(need for case in cases for need in {n["need"] for n in case.of("NeedIdentified")})
    return {"cases": len(cases), "needs": {need: {"cases": count} for need, count in found.items()}}


def protective_orders(cases):
    orders = [case.of("ProtectiveOrderRecorded") for case in cases]
    return {"cases": sum(map(bool, orders)),
            "helped_to_obtain": sum(any(o.get("helped_to_obtain") for o in found) for found in orders)}


def child_protection(cases):
    found = [case.of("ChildProtectionStatusChanged") for case in cases]
    ever, went = Counter(), {}
    for changes in found:
        for status in {change["to"] for change in changes}:
            ever[status] += 1
            went.setdefault(status, Counter())[changes[-1]["to"]] += 1
    return {"ever": ever, "went": went}


def skills(cases):
    found = Counter(s for case in cases for s in {p["skill"] for p in case.of("SupportProvided") if "skill" in p})
    return {"skills": {skill: {"cases": count} for skill, count in found.items()}}


TABLES = {f.__name__: f for f in (
    outcome, referrals, attrition, rule, agreement, contacts, agency_work, support, completeness, incidents,
    incidents_per_case, contact_holds, combinations, needs, protective_orders, child_protection, skills,
    scores,
)}


def at(table, pointer):
    """The figure at a pointer; 0 for a code that nothing was counted under."""
    value = table
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            key, _, wanted = step.partition("=")
            found = [m for m in value if m.get(key) == wanted] if wanted else [value[int(step)]]
            if not found:
                return 0
            value = found[0]
        else:
            if step not in value:
                return 0
            value = value[step]
    return value
