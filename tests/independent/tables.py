"""The tables, written from what they are said to be, with the statistics of SciPy, statsmodels and lifelines."""

from collections import Counter, defaultdict
from datetime import timedelta

import numpy
from dateutil.relativedelta import relativedelta
from lifelines import KaplanMeierFitter
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

YEAR = 365.25 * 86400
RISK = ["standard", "medium", "high"]
SEVERITY = ["none", "standard", "moderate", "high"]
MISSING = ["not_asked", "declined", "unknown_to_client", "unsafe_to_ask"]

GROUPS = {
    "arm": lambda case: case.arm or "none",
    "area": lambda case: case.referral["data"]["area"],
    "role": lambda case: case.referral["data"]["role"],
    "source": lambda case: case.referral["data"]["source"],
    "contacted": lambda case: "yes" if case.is_contacted() else "no",
    "complex": lambda case: "yes" if case.is_complex() else "no",
    "behaviour_change_work": lambda case: "yes" if case.worked_on_behaviour() else "no",
}


def grouped(cases, by):
    groups = defaultdict(list)
    for case in cases:
        groups[GROUPS[by](case)].append(case)
    return dict(sorted(groups.items()))


def percent(part, whole):
    return 100 * part / whole if whole else None


def share(part, whole):
    if not whole:
        return {"cases": part, "of": whole, "percent": None, "percent_between": None}
    lower, upper = proportion_confint(part, whole, method="wilson")
    return {"cases": part, "of": whole, "percent": 100 * part / whole, "percent_between": {"lower": 100 * lower, "upper": 100 * upper}}


def shares_beside(first, second):
    (a, n), (b, m) = first, second
    beside = {"first": share(a, n), "second": share(b, m)}
    if not n or not m:
        return beside
    lower, upper = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    beside["difference"] = 100 * (a / n - b / m)
    beside["difference_between"] = {"lower": 100 * lower, "upper": 100 * upper}
    beside["fisher_exact_p"] = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue
    return beside


def distribution(values):
    if not values:
        return None
    q1, median, q3 = numpy.quantile(values, [0.25, 0.5, 0.75])
    return {
        "count": len(values), "mean": numpy.mean(values), "min": min(values), "max": max(values), "lower_quartile": q1, "median": median,
        "upper_quartile": q3, "standard_deviation": numpy.std(values, ddof=1) if len(values) > 1 else None,
    }


def referrals(cases, by):
    def of(some):
        statuses = [case.status for case in some]
        declined = [case.of("ReferralDeclined")[-1]["data"]["reason"] for case in some if case.status == "declined"]
        return {
            "referred": len(some), "percent": percent(len(some), len(cases)), "declined": statuses.count("declined"),
            "waiting": statuses.count("waiting"), "undecided": statuses.count("referred"),
            "accepted": sum(status in ("accepted", "open", "closed") for status in statuses), "decline_reasons": dict(Counter(declined)),
        }

    return {"total": of(cases), "groups": {name: of(some) for name, some in grouped(cases, by).items()}}


def attrition(cases):
    steps = {
        "referred": len(cases), "accepted": sum(bool(c.of("ReferralAccepted")) for c in cases), "allocated": sum(bool(c.of("CaseAllocated")) for c in cases),
        "attempted": sum(bool(c.of("ContactAttempted")) for c in cases), "reached": sum(c.is_contacted() for c in cases),
        "closed": sum(c.status == "closed" for c in cases),
    }
    reasons = Counter(c.of("CaseClosed")[-1]["data"]["reason"] for c in cases if c.status == "closed")
    return {"steps": {name: {"cases": n, "percent": percent(n, len(cases))} for name, n in steps.items()}, "closure_reasons": dict(reasons)}


def outcome(cases, measure, by=None, **stages):
    def of(some):
        sides = [(case.measured(measure, stages["from"]), case.measured(measure, stages["to"])) for case in some]
        pairs = [pair for pair in sides if all(isinstance(value, str) for value in pair)]
        levels = RISK if measure == "risk_level" else (SEVERITY if pairs else [])
        counts = Counter(pairs)
        use = lambda value: value != "none"
        used = Counter((use(a), use(b)) for a, b in pairs)
        def missing(side):
            counted = Counter("not_recorded" if s[side] is None else s[side]["missing"] for s in sides if not isinstance(s[side], str))
            return {reason: counted[reason] for reason in [*MISSING, "not_recorded"]}
        changes = []
        for level in levels:
            before, after = sum(a == level for a, _ in pairs), sum(b == level for _, b in pairs)
            changes.append({"level": level, "from": before, "to": after, "percent": 100 * (after - before) / before if before else None})
        stopped, began, both = used[True, False], used[False, True], used[True, True]
        discordant = stopped + began
        return {
            "cases": len(some), "pairs": len(pairs), "missing": len(some) - len(pairs), "levels": levels, "changes": changes,
            "matrix": [[counts[a, b] for b in levels] for a in levels], "missing_from": missing(0), "missing_to": missing(1),
            "any_use": {"used_from": stopped + both, "used_to": began + both, "stopped": stopped, "began": began, "both": both, "neither": used[False, False]},
            "mcnemar_exact_p": stats.binomtest(stopped, discordant).pvalue if discordant else 1.0,
            "used_from": share(stopped + both, len(pairs)), "used_to": share(began + both, len(pairs)), "stopped": share(stopped, stopped + both),
        }

    answer = of(cases)
    if by and cases:
        answer["groups"] = {name: of(some) for name, some in grouped(cases, by).items()}
        if len(answer["groups"]) == 2:
            (first, a), (second, b) = answer["groups"].items()
            answer["beside"] = {"first": first, "second": second} | {
                name: shares_beside((a[name]["cases"], a[name]["of"]), (b[name]["cases"], b[name]["of"])) for name in ("used_from", "used_to", "stopped")
            }
    return answer


def contacts(cases):
    def of(per_case):
        attempts = [a for some in per_case for a in some]
        return {
            "attempts": len(attempts), "reached": sum(a["outcome"] == "reached" for a in attempts), "cases": sum(bool(some) for some in per_case),
            "minutes": sum(a.get("duration_min", 0) for a in attempts), "outcomes": dict(Counter(a["outcome"] for a in attempts)),
        }

    made = [[fact["data"] for fact in case.of("ContactAttempted")] for case in cases]
    channels = {a["channel"] for some in made for a in some}
    purpose = lambda a: a.get("purpose", "not_said")
    purposes = {purpose(a) for some in made for a in some}
    return {
        "purposes": {one: of([[a for a in some if purpose(a) == one] for some in made]) for one in purposes},
        "cases": len(cases), "attempted_cases": sum(bool(some) for some in made), "reached_cases": sum(c.is_contacted() for c in cases), "total": of(made),
        "channels": {channel: of([[a for a in some if a["channel"] == channel] for some in made]) for channel in channels},
    }


def worked(cases, pieces):
    per_case = [pieces(case) for case in cases]
    count = lambda holds: {"recorded": sum(holds(p) for some in per_case for p in some), "cases": sum(any(map(holds, some)) for some in per_case)}
    every = {p for some in per_case for p in some}
    two = lambda i, j: {
        a: {b: count(lambda p, a=a, b=b: (p[i], p[j]) == (a, b)) for b in {p[j] for p in every if p[i] == a}} for a in {p[i] for p in every}
    }
    return {
        "cases": len(cases), "total": count(lambda p: True), "first": {a: count(lambda p, a=a: p[0] == a) for a in {p[0] for p in every}},
        "second": two(0, 1), "third": two(1, 2),
    }


def agency_work(cases):
    said = lambda d: (d["agency"], d.get("work", "not_said"), d.get("purpose", "not_said"))
    return worked(cases, lambda case: [said(fact["data"]) for fact in case.of("AgencyActionRecorded")])


def support(cases):
    said = lambda d: (d.get("need", "not_said"), d["kind"], d.get("programme_status", "not_said"))
    return worked(cases, lambda case: [said(fact["data"]) for fact in case.of("SupportProvided")])


def skills(cases):
    learnt = [[fact["data"]["skill"] for fact in case.of("SupportProvided") if "skill" in fact["data"]] for case in cases]
    codes = {skill for some in learnt for skill in some}
    return {"cases": len(cases), "skills": {c: {"recorded": sum(some.count(c) for some in learnt), "cases": sum(c in some for some in learnt)} for c in codes}}


def needs(cases):
    found = [case.needs() for case in cases]
    met = {}
    for code in {need["need"] for some in found for need, _ in some}:
        of = [(need, outcome) for some in found for need, outcome in some if need["need"] == code]
        met[code] = {
            "cases": sum(any(need["need"] == code for need, _ in some) for some in found), "identified": len(of),
            "severities": dict(Counter(need.get("severity", "not_said") for need, _ in of)), "outcomes": dict(Counter(outcome or "open" for _, outcome in of)),
        }
    return {"cases": len(cases), "with_needs": sum(map(bool, found)), "needs": met}


def combinations(cases, measures, stage):
    counts, which, unknown = Counter(), Counter(), 0
    for case in cases:
        values = {measure: case.measured(measure, stage) for measure in measures}
        if not any(isinstance(value, str) for value in values.values()):
            unknown += 1
            continue
        has = [measure for measure in measures if isinstance(values[measure], str) and values[measure] != "none"]
        counts[str(len(has))] += 1
        which["+".join(has) or "none"] += 1
    return {"cases": len(cases) - unknown, "unknown": unknown, "counts": dict(counts), "combinations": dict(which)}


def contact_holds(cases):
    held = [reasons for case in cases if (reasons := [fact["data"]["reason"] for fact in case.of("ContactHeld")])]
    changed = [reasons for reasons in held if len(set(reasons)) > 1]
    went = defaultdict(Counter)
    for reasons in changed:
        went[reasons[0]][reasons[-1]] += 1
    return {
        "cases": len(held), "unchanged": dict(Counter(reasons[0] for reasons in held if len(set(reasons)) == 1)),
        "changed": {"cases": len(changed), "from": {a: dict(b) for a, b in went.items()}, "last": dict(Counter(reasons[-1] for reasons in changed))},
    }


def protective_orders(cases):
    made = [orders for case in cases if (orders := [fact["data"] for fact in case.of("ProtectiveOrderRecorded")])]
    return {
        "cases": len(made), "orders": sum(map(len, made)), "helped_to_obtain": sum(any(order.get("helped_to_obtain") for order in orders) for orders in made),
        "kinds": dict(Counter(kind for orders in made for kind in {order["kind"] for order in orders})),
    }


def child_protection(cases):
    known = [statuses for case in cases if (statuses := [fact["data"]["to"] for fact in case.of("ChildProtectionStatusChanged")])]
    went = defaultdict(Counter)
    for statuses in known:
        for status in set(statuses):
            went[status][statuses[-1]] += 1
    return {"cases": len(known), "ever": dict(Counter(s for statuses in known for s in set(statuses))), "went": {a: dict(b) for a, b in went.items()}}


def incidents_per_case(cases):
    of = [[fact["data"]["kind"] for fact in case.of("IncidentReported")] for case in cases]
    return {
        "cases": len(cases), "total": distribution([float(len(kinds)) for kinds in of]),
        "kinds": {kind: distribution([float(kinds.count(kind)) for kinds in of]) for kind in ("crime", "domestic_incident")},
    }


def engaged(case):
    times = len(case.reached_at())
    return "none" if times < 1 else "sporadic" if times < 3 else "engaged"


def dormant(case):
    if case.status != "open":
        return "not_applicable"
    since = max([case.episode_began_at, *(at for at in case.reached_at() if at >= case.episode_began_at)])
    return "yes" if case.as_of >= since + timedelta(days=60) else "no"


def a_repeat(case):
    begin = case.as_of - relativedelta(months=12)
    within = [fact for fact in case.of("IncidentReported") if begin <= fact["at"] <= case.as_of]
    told = case.referral["at"] >= begin and case.referral["data"].get("incidents_12_months", 0) > 2
    return "yes" if len(within) > 2 or told else "no"


def days_to_reach(case):
    until = min(case.reached_at(), default=case.as_of)
    return str(max(0, (until - case.referral["at"]) // timedelta(days=1)))


def latest_level(case):
    levels = [fact["data"]["level"] for fact in case.of("RiskAssessed")]
    return levels[-1] if levels else "not_applicable"


RULES = {
    "mrp-engagement/1": engaged,
    "police-engagement/1": lambda case: "engaged" if case.of("CaseAllocated") else "none",
    "dormant/1": dormant,
    "complex/1": lambda case: "yes" if case.is_complex() else "no",
    "notts-repeat/1": a_repeat,
    "latest-assessment/1": latest_level,
    "waiting-to-reach/1": days_to_reach,
}


def rule(cases, rule):
    answers = Counter(RULES[rule](case) for case in cases)
    return {"cases": len(cases), "answers": {answer: {"cases": n, "percent": percent(n, len(cases))} for answer, n in answers.items()}}


def completeness(cases, measures, stages):
    def of(values):
        there = ["not_recorded" if v is None else "recorded" if isinstance(v, str) else v["missing"] for v in values]
        missing = Counter(there)
        recorded = missing.pop("recorded", 0)
        return {"expected": len(there), "recorded": recorded, "percent": percent(recorded, len(there)), "missing": dict(missing)}

    workers = defaultdict(list)
    for case in cases:
        workers[case.worker or "none"] += [case.measured(m, s) for m in measures for s in stages]
    return {
        "cases": len(cases), "workers": {name: of(values) for name, values in workers.items()},
        "measures": {m: {s: of([case.measured(m, s) for case in cases]) for s in stages} for m in measures} if cases else {},
    }


def incidents(cases, months_before, months_after=None, step_months=None, around=None):
    per_case, total, kinds, outcomes, steps = [], Counter(), defaultdict(Counter), defaultdict(Counter), defaultdict(lambda: [0, 0.0])
    seconds = Counter()
    for case in cases:
        zero = case.referral["at"]
        if around:
            moves = [f["at"] for f in case.of("PlacementChanged") if f["data"].get("reason") == around]
            if not moves:
                continue
            zero = min(moves)
        begin, end = zero - relativedelta(months=months_before), case.as_of
        if months_after is not None:
            end = min(end, zero + relativedelta(months=months_after))
        seconds["before"] += (zero - begin).total_seconds()
        seconds["after"] += (end - zero).total_seconds()
        spans = []
        if step_months:
            n = -(months_before // step_months + 1)
            while zero + relativedelta(months=n * step_months) < end:
                low = max(begin, zero + relativedelta(months=n * step_months))
                high = min(end, zero + relativedelta(months=(n + 1) * step_months))
                if low < high:
                    spans.append((n * step_months, low, high))
                    steps[n * step_months][1] += (high - low).total_seconds()
                n += 1
        of_case = Counter()
        for fact in case.of("IncidentReported"):
            if not begin <= fact["at"] < end:
                continue
            side = "after" if fact["at"] >= zero else "before"
            of_case[side] += 1
            total[side] += 1
            kinds[fact["data"]["kind"]][side] += 1
            outcomes[fact["data"].get("police_outcome", "not_said")][side] += 1
            for name, low, high in spans:
                if low <= fact["at"] < high:
                    steps[name][0] += 1
        per_case.append((of_case["before"], of_case["after"], (zero - begin).total_seconds(), (end - zero).total_seconds()))

    def rate(count, time):
        years = time / YEAR
        answer = {"incidents": count, "person_years": years, "rate": None, "between": None}
        if years > 0:
            lower = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
            answer |= {"rate": count / years, "between": {"lower": lower / years, "upper": stats.chi2.ppf(0.975, 2 * count + 2) / 2 / years}}
        return answer

    def both(counts):
        answer = {side: rate(counts[side], seconds[side]) for side in ("before", "after")}
        if seconds["before"] > 0 and seconds["after"] > 0:
            a, b, times = counts["after"], counts["before"], seconds["before"] / seconds["after"]
            odds = lambda p: p / (1 - p)
            answer["ratio"] = {
                "estimate": a / b * times if b else None, "p": stats.binomtest(a, a + b, seconds["after"] / (seconds["after"] + seconds["before"])).pvalue if a + b else 1.0,
                "between": {"lower": odds(stats.beta.ppf(0.025, a, b + 1)) * times if a else 0.0, "upper": odds(stats.beta.ppf(0.975, a + 1, b)) * times if b else None},
            }
        else:
            answer["ratio"] = None
        return answer

    yearly = [(a / y if y else 0, b / x if x else 0) if x and y else None for b, a, x, y in per_case]
    return {
        "cases": len(per_case), "total": both(total), "kinds": {k: both(c) for k, c in kinds.items()}, "police_outcomes": {k: both(c) for k, c in outcomes.items()},
        "series": {str(n): rate(*counted) for n, counted in steps.items()},
        "per_case": {
            "before": {str(k): n for k, n in Counter(b for b, *_ in per_case).items()}, "after": {str(k): n for k, n in Counter(a for _, a, *_ in per_case).items()},
            "fewer": sum(pair is not None and pair[0] < pair[1] - 1e-12 for pair in yearly), "more": sum(pair is not None and pair[0] > pair[1] + 1e-12 for pair in yearly),
        },
    }


def levels_by_time(case):
    """A series goes by time, also where the reading goes by recording."""
    return [(f["at"], f["data"]["level"]) for f in sorted(case.of("RiskAssessed"), key=lambda f: (f["at"], f["position"]))]


def trajectory(cases):
    days, moves, first, last, counts = Counter(), defaultdict(Counter), Counter(), Counter(), Counter()
    for case in cases:
        assessed = levels_by_time(case)
        if not assessed:
            continue
        end = case.exited_at or case.as_of
        for (at, level), until in zip(assessed, [at for at, _ in assessed[1:]] + [end]):
            days[level] += max(0.0, (until - at).total_seconds()) / 86400
        levels = [level for _, level in assessed]
        for a, b in zip(levels, levels[1:]):
            moves[a][b] += 1
        ranks = [RISK.index(level) for level in levels]
        first[levels[0]] += 1
        last[levels[-1]] += 1
        counts["fell"] += ranks[-1] < ranks[0]
        counts["rose"] += ranks[-1] > ranks[0]
        counts["rose_before_they_fell"] += ranks[-1] < ranks[0] and max(ranks) > ranks[0]
    return {
        "cases": len(cases), "assessed": sum(first.values()), "days": dict(days), "moves": {a: dict(b) for a, b in moves.items()}, "first": dict(first), "last": dict(last),
        # Drive does not say for how long a reduction has to last.
        "sustained": 0, "fell": counts["fell"], "rose": counts["rose"], "rose_before_they_fell": counts["rose_before_they_fell"],
    }


def risk_over_time(cases, months):
    answer = []
    for month in range(months + 1):
        standing = {"month": month, "observed": 0, "not_assessed": 0, "levels": {level: 0 for level in RISK}}
        for case in cases:
            at = case.referral["at"] + relativedelta(months=month)
            if at > (case.exited_at or case.as_of):
                continue
            standing["observed"] += 1
            levels = [level for assessed_at, level in levels_by_time(case) if assessed_at <= at]
            if levels:
                standing["levels"][levels[-1]] += 1
            else:
                standing["not_assessed"] += 1
        answer.append(standing)
    return {"cases": len(cases), "months": answer}


def waiting(cases, by=None):
    whole_days = lambda since, until: max(0, (until - since) // timedelta(days=1))

    def time_to(some, when):
        waits = []
        for case in some:
            happened = min(when(case), default=None)
            ended = case.exited_at or (case.of("ReferralDeclined")[-1]["at"] if case.status == "declined" else None) or case.as_of
            waits.append((whole_days(case.referral["at"], happened or ended), happened is not None))
        came = [float(days) for days, happened in waits if happened]
        answer = {"waiting": len(waits) - len(came), "happened": distribution(came), "curve": None}
        if waits:
            fitter = KaplanMeierFitter().fit([days for days, _ in waits], [happened for _, happened in waits])
            table = fitter.event_table
            steps = {
                float(time): {"events": int(row.observed), "censored": int(row.censored), "at_risk": int(row.at_risk), "survival": float(fitter.survival_function_.loc[time].iloc[0])}
                for time, row in table.iterrows() if row.observed or row.censored
            }
            # Half to the last digit: lifelines' own median passes over a half that comes to 0.5000000000000001.
            median = next((time for time, step in sorted(steps.items()) if step["survival"] < 0.5 + 1e-9), None)
            answer["curve"] = {"cases": len(waits), "events": len(came), "median": median, "steps": [{"time": t} | s for t, s in sorted(steps.items())]}
        return answer

    def of(some):
        told = [(case, case.referral["data"].get("latest_incident_at")) for case in some]
        from fold import moment

        days = [float(whole_days(moment(at), case.referral["at"])) for case, at in told if at]
        decided = lambda case: [f["at"] for f in case.of("ReferralAccepted") + case.of("ReferralDeclined")]
        tried = lambda case: [f["at"] for f in case.of("ContactAttempted") if f["data"].get("direction") != "incoming" or f["data"]["outcome"] == "reached"]
        reached = lambda case: [f["at"] for f in case.of("ContactAttempted") if f["data"]["outcome"] == "reached"]
        missing = sum(not at for _, at in told)
        return {
            "cases": len(some), "incident_to_referral": distribution(days), "incident_not_told": {"not_recorded": missing} if missing else {},
            "referral_to_decision": time_to(some, decided), "referral_to_attempt": time_to(some, tried), "referral_to_reach": time_to(some, reached),
        }

    return {"total": of(cases), "groups": {name: of(some) for name, some in grouped(cases, by).items()} if by else {}}


def agreement(cases, first, second):
    def said(case, source):
        if isinstance(source, str):
            return RULES[source](case)
        told = None
        for fact in case.of("RiskAssessed"):
            if fact["data"]["assessor_role"] == source["by"]:
                told = fact["data"]["level"]
        return told

    both = [(said(case, first), said(case, second)) for case in cases]
    told = [pair for pair in both if None not in pair]
    agree = sum(a == b for a, b in told)
    matrix = defaultdict(Counter)
    for a, b in told:
        matrix[a][b] += 1
    answer = {
        "cases": len(cases), "told_by_both": len(told), "told_by_first_alone": sum(b is None and a is not None for a, b in both),
        "told_by_second_alone": sum(a is None and b is not None for a, b in both), "matrix": {a: dict(b) for a, b in matrix.items()}, "agree": share(agree, len(told)),
    }
    if told:
        categories = sorted({value for pair in told for value in pair})
        n = len(told)
        chance = sum(sum(a == c for a, _ in told) * sum(b == c for _, b in told) for c in categories) / n / n
        answer["kappa"] = (agree / n - chance) / (1 - chance) if chance < 1 else None
    return answer


def scores(cases, measure, by):
    number = lambda case: case.referral["data"].get(measure)
    why = lambda case: case.referral["data"].get("missing_reasons", {}).get(measure, "not_recorded")
    groups = grouped(cases, by)
    values = {name: [float(number(c)) for c in some if number(c) is not None] for name, some in groups.items()}
    answer = {
        "groups": {
            name: {"cases": len(some), "values": distribution(values[name]), "missing": dict(Counter(why(c) for c in some if number(c) is None))}
            for name, some in groups.items()
        }
    }
    if len(groups) == 2:
        (a, first), (b, second) = values.items()
        answer["beside"] = {"first_group": a, "second_group": b, "first": distribution(first), "second": distribution(second)}
        if first and second:
            ties = len(set(first + second)) < len(first + second)
            exact = not ties and len(first) < 50 and len(second) < 50
            test = stats.mannwhitneyu(first, second, method="exact" if exact else "asymptotic")
            m, n, ranks = len(first), len(second), stats.rankdata(first + second)
            ties = sum(t**3 - t for t in Counter(first + second).values())
            deviation = (m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))) ** 0.5
            answer["beside"]["mann_whitney"] = {
                "u_first": test.statistic, "p": test.pvalue, "mean_rank_first": ranks[:m].mean(), "mean_rank_second": ranks[m:].mean(),
                "z": (test.statistic - m * n / 2) / deviation if deviation else None,
            }
            answer["beside"]["shift"] = float(numpy.median(numpy.subtract.outer(first, second)))
    return answer


TABLES = {
    function.__name__: function
    for function in (
        referrals, attrition, outcome, contacts, agency_work, support, skills, needs, combinations, contact_holds, protective_orders, child_protection,
        completeness, incidents, incidents_per_case, trajectory, risk_over_time, waiting, agreement, rule, scores,
    )
}
