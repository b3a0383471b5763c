"""Drive, year 1, 2017: 198 perpetrators and 1,574 controls, 48 closed cases, 441 victim-survivors."""

from datetime import date
from itertools import product

import drive_ages
from drive_casework import plan_contact, tell_direct_work, tell_holds, tell_indirect_work
from history import History, after, dealt, strided

TENANT = "published-drive"

FIRST = date(2016, 4, 4)
# The 48 who closed were referred before this day, the others from it on.
OTHERS = date(2016, 7, 1)
DAYS = 290  # over which the others, and all controls, were referred
LATE = date(2017, 6, 1)  # when the late entries were recorded

INTERVENTION, CONTROL, CLOSED = 198, 1574, 48
# Areas of the 198: the only whole numbers of which the percentages of gender by site (appendix 1) can be.
# Of the controls they and those of all can be of 753 or 754, 392 to 394 and 427 to 429 alone, and a median
# of 32.5 needs an even number in West Sussex.
AREAS = ["essex", "south_wales", "west_sussex"]
AREAS_INTERVENTION = {"essex": 67, "south_wales": 70, "west_sussex": 61}
AREAS_CONTROL = {"essex": 428, "south_wales": 754, "west_sussex": 392}

N, S, M, H = "none", "standard", "moderate", "high"
# Severity at intake and exit, of those with behaviour change work and of the others: consistent with
# any use (analysis 1 and 3A), the percentages of figures 2a and 2b and of appendix 3's figure 2, and
# with seven rises that are three cases'. The first rises come first in each list.
CHANGE_WORK = {
    "physical": {(N, N): 1, (H, N): 3, (H, H): 4, (M, M): 1},
    "sexual": {(N, N): 7, (M, N): 1, (M, M): 1, (S, S): 1},
    "harassment_stalking": {(N, N): 4, (M, N): 2, (M, M): 1, (S, S): 1},
    "jealousy_coercion": {(N, N): 5, (M, M): 1, (S, S): 1},
}
NO_CHANGE_WORK = {
    "physical": {(M, H): 2, (N, N): 5, (H, N): 3, (S, S): 1, (M, M): 2, (H, H): 12},
    "sexual": {(N, S): 1, (S, M): 1, (N, N): 14, (H, N): 1, (M, N): 1, (M, S): 1},
    "harassment_stalking": {(N, S): 2, (N, M): 1, (N, N): 5, (H, N): 1, (M, N): 2, (S, N): 1, (M, M): 4, (S, S): 4},
    "jealousy_coercion": {(N, N): 6, (M, N): 1, (M, M): 8, (S, S): 2, (H, H): 1},
}
# Any use was told of more cases than severity: 35, 30 and 27 pairs against 34, 28 and 25. The exits of
# these were recorded late, so that what was known before gives the one and what is known after the other.
LATE_PAIRS = {
    "physical": [(H, H)],
    "harassment_stalking": [(N, N), (S, N)],
    "jealousy_coercion": [(N, N), (S, N)],
}

# Complex needs (table 3): how many have exactly these, among the 39 of whom something is known. Of the
# fifteen with three needs, how many lack which follows from the four totals.
NEEDS = ["substance_misuse", "alcohol_misuse", "housing_difficulties", "mental_health_difficulties"]
HAVE = {
    "": 5, "S": 2, "A": 2, "H": 5, "M": 2, "SA": 2, "SM": 2, "AM": 1,
    "SAM": 4, "SHM": 4, "AHM": 4, "SAH": 3, "SAHM": 3,
}
# Yes and missing among the 19 who were reached, and among the 29. Housing is told as 5 and 5, which is
# not the 19 of the same row: 14 and 5 is.
REACHED_YES, REACHED_MISSING = (8, 7, 14, 8), (5, 6, 0, 5)
OTHERS_MISSING = (14, 15, 20, 15)

# Idva's judgement at exit (table 5): what is not told of a row is put into one code.
IDVA_EXIT = {
    "intervention": (
        {"moderate_reduction": 15, "limited_or_none": 4},
        {"permanent": 3, "long_term": 2, "medium_term": 10},
        {"much_safer": 13, "slightly_safer": 6},
    ),
    "control": (
        {"moderate_reduction": 161, "limited_or_none": 60},
        {"permanent": 11, "long_term": 45, "medium_term": 107},
        {"much_safer": 113, "slightly_safer": 54, "no_change": 15},
    ),
}


def history():
    told = History()
    closed = [Closed(n) for n in range(CLOSED)]
    plan_contact(closed)
    rest = []
    for area, count in AREAS_INTERVENTION.items():
        rest += [area] * (count - CLOSED // 3)
    rest = strided(rest, 7)
    control = strided(dealt(AREAS_CONTROL), 11)
    areas = [case.area for case in closed] + rest
    reached = [case.is_reached for case in closed]
    for n, age in enumerate(drive_ages.perpetrators("intervention", areas, reached)):
        tell_perpetrator(told, f"p{n + 1:03}", f"a{n + 1:03}", day_of(n), areas[n], age, "intervention")
    for n, age in enumerate(drive_ages.perpetrators("control", control)):
        tell_perpetrator(told, f"c{n + 1:04}", f"b{n + 1:04}", control_day(n), control[n], age, "control")
    tell_closed(told, closed)
    ages = {
        "intervention": drive_ages.victim_survivors("intervention", areas, reached),
        "control": drive_ages.victim_survivors("control", control),
    }
    tell_victim_survivors(told, areas, control, ages)
    return told


class Closed:
    """One of the 48: what was done."""

    def __init__(self, n):
        self.n, self.case, self.area = n, f"p{n + 1:03}", AREAS[n % 3]
        self.referred = day_of(n)
        self.is_reached = self.has_support = self.has_change_work = self.was_tried = False


def day_of(n):
    """Of the intervention arm: the 48 over eleven weeks, then the others."""
    if n < CLOSED:
        return after(FIRST, n * 8 // 5)
    return after(OTHERS, (n - CLOSED) * DAYS // (INTERVENTION - CLOSED))


def control_day(n):
    return after(FIRST, n * 380 // CONTROL)


def tell_referral(told, case, person, referred, role, area, age):
    told.tell(case, referred, "ReferralReceived", {
        "person_id": person, "programme": "drive", "role": role, "area": area, "source": "marac",
    } | ({"missing_reasons": {"age_years": "not_asked"}} if age is None else {"age_years": age}))


def tell_perpetrator(told, case, person, referred, area, age, arm):
    tell_referral(told, case, person, referred, "perpetrator", area, age)
    told.tell(case, after(referred, 1), "ReferralAccepted", {})
    told.tell(case, after(referred, 1), "ArmAllocated", {"arm": arm, "method": "permuted-block/1"})
    if arm == "intervention":
        told.tell(case, after(referred, 2), "CaseAllocated", {"worker": f"w-{area.replace('_', '-')}"})


def tell_closed(told, closed):
    values = severity(closed)
    needs = complex_needs(closed)
    judged = change_in_risk(closed)
    for case in closed:
        stage = {"intake": {}, "exit": {}}
        late = {}
        for kind, (intake, exit_, is_late) in values[case.n].items():
            stage["intake"][kind] = intake
            (late if is_late else stage["exit"])[kind] = exit_
        tell_measure(told, case, "abuse-severity/1", "intake", 14, stage["intake"])
        tell_measure(told, case, "complex-needs/1", "intake", 14, needs[case.n])
        tell_measure(told, case, "abuse-severity/1", "exit", 298, stage["exit"])
        tell_measure(told, case, "abuse-severity/1", "exit", 298, late, recorded=LATE)
        tell_measure(told, case, "case-manager-exit/1", "exit", 298, {"change_in_risk": judged[case.n]})
        told.tell(case.case, after(case.referred, 300), "CaseClosed", {"reason": "time_limit"})
    tell_holds(told, [case for case in closed if not case.is_reached])
    tell_direct_work(told, closed)
    tell_indirect_work(told, closed[:30])


def tell_measure(told, case, instrument, stage, days, values, recorded=None):
    if values:
        data = {"instrument": instrument, "stage": stage, "values": values}
        told.tell(case.case, after(case.referred, days), "MeasureRecorded", data, recorded=recorded)


def severity(closed):
    """Of each case, by kind of abuse: intake, exit, and whether the exit was recorded late."""
    values = [{} for _ in closed]
    with_work = [case for case in closed if case.has_change_work]
    without = [case for case in closed if not case.has_change_work]
    # Those whose severity rose are three of site 1, the first area.
    risers = [case for case in without if case.area == AREAS[0]][:3]
    without = risers + [case for case in without if case not in risers]
    for cases, pairs in ((with_work, CHANGE_WORK), (without, NO_CHANGE_WORK)):
        for kind, counts in pairs.items():
            for case, pair in zip(cases, dealt(counts)):
                values[case.n][kind] = (*pair, False)
    for kind, pairs in LATE_PAIRS.items():
        for case, pair in zip(reversed(without), pairs, strict=False):
            assert kind not in values[case.n]
            values[case.n][kind] = (*pair, True)
    return values


def complex_needs(closed):
    """Yes, no or missing for each need of each case."""
    reached = [case for case in closed if case.is_reached]
    others = [case for case in closed if not case.is_reached]
    # How many of each combination are among the reached: the first way that gives their totals.
    combinations = list(HAVE)
    ways = product(*(range(count + 1) for count in HAVE.values()))
    fits = lambda way: sum(way) == len(reached) and all(
        sum(k for k, have in zip(way, combinations) if key in have) == yes
        for key, yes in zip("SAHM", REACHED_YES)
    )
    way = next(filter(fits, ways))
    dealt_reached = [have for have, k in zip(combinations, way) for _ in range(k)]
    dealt_others = [have for (have, count), k in zip(HAVE.items(), way) for _ in range(count - k)]
    found = {}
    for cases, have, missing in ((reached, dealt_reached, REACHED_MISSING), (others, dealt_others, OTHERS_MISSING)):
        unknown = len(cases) - len(have)  # nothing is known of these at all
        answers = [{key: "yes" for key in combination} for combination in have]
        for key, count in zip("SAHM", missing):
            open_ = [a for a in sorted(answers, key=len) if key not in a]
            noes = len(open_) - (count - unknown)
            # Those with least to tell come first to a no, so that something is known of each.
            for k, answer in enumerate(sorted(open_, key=lambda a: "no" in a.values())):
                answer[key] = "no" if k < noes else None
        assert all("yes" in a.values() or "no" in a.values() for a in answers)
        for case, answer in zip(cases, answers):
            found[case.n] = {
                need: answer[key] or {"missing": "not_asked"} for need, key in zip(NEEDS, "SAHM")
            }
        for case in cases[len(have) :]:
            found[case.n] = {need: {"missing": "not_asked"} for need in NEEDS}
    return [found[case.n] for case in closed]


def change_in_risk(closed):
    """Case managers' judgement (table 4): 14 known of each group; how great a change was is not told."""
    judged = [None] * len(closed)
    groups = (
        (True, {"reduced_slightly": 9, "no_change": 4, "increased_slightly": 1, "dont_know": 5}),
        (False, {"reduced_slightly": 5, "no_change": 8, "increased_slightly": 1, "dont_know": 15}),
    )
    for is_reached, counts in groups:
        cases = [case for case in closed if case.is_reached == is_reached]
        for case, code in zip(cases, dealt(counts), strict=True):
            judged[case.n] = code
    return judged


def tell_victim_survivors(told, areas, control, ages):
    """One of each perpetrator, referred on the same day, of whom the age is told; 441 with an Idva: data at intake.

    Of the 62, 21 belong to the 48 and six of these have data at exit, 19 in all; of the 379, 204 have
    data at exit and 221 a judgement. Chosen: severity is the same at both, since what is told of it is
    in figures whose bars have lost their names.
    """
    linked = list(range(CLOSED - 21, CLOSED)) + list(range(CLOSED, CLOSED + 41))
    with_exit = set(linked[:6]) | set(linked[21 : 21 + 13])
    judged = rows(IDVA_EXIT["intervention"], 19)
    for n, age in enumerate(ages["intervention"]):
        case = f"v{n + 1:03}"
        tell_victim_survivor(told, case, day_of(n), areas[n], age, "intervention")
        if n in linked:
            judgement = judged.pop(0) if n in with_exit else None
            tell_idva(told, case, day_of(n), n in with_exit, judgement)
    judged = rows(IDVA_EXIT["control"], 221)
    for k, age in enumerate(ages["control"]):
        case = f"u{k + 1:04}"
        tell_victim_survivor(told, case, control_day(k), control[k], age, "control")
        # The first of them, so that all have an exit behind them by the end of the year.
        if k < 379:
            tell_idva(told, case, control_day(k), k < 204, judged[k] if k < 221 else None)


def rows(judgement, count):
    """A row of the judgement for each: the three questions were not answered for all."""
    change, lasting, safety = (dealt(counts) for counts in judgement)
    assert len(change) == count
    keys = ("change_in_risk", "sustainability", "safety")
    return [{key: codes[n] for key, codes in zip(keys, (change, lasting, safety)) if n < len(codes)} for n in range(count)]


def tell_victim_survivor(told, case, referred, area, age, arm):
    tell_referral(told, case, case, referred, "victim_survivor", area, age)
    told.tell(case, after(referred, 1), "ReferralAccepted", {})
    # The arm of the perpetrator: by it the report tells the two groups of victim-survivors apart.
    told.tell(case, after(referred, 1), "ArmAllocated", {"arm": arm, "method": "permuted-block/1"})


def tell_idva(told, case, referred, has_exit, judgement):
    severities = {"instrument": "abuse-severity/1", "values": {"physical": "standard"}}
    told.tell(case, after(referred, 3), "MeasureRecorded", severities | {"stage": "intake"})
    if has_exit:
        told.tell(case, after(referred, 90), "MeasureRecorded", severities | {"stage": "exit"})
    if judgement:
        told.tell(case, after(referred, 90), "MeasureRecorded", {"instrument": "idva-exit/1", "stage": "exit", "values": judgement})
