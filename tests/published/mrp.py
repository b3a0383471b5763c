"""Medium Risk Plus, final report of 2016: 111 referrals, who engaged by whose account, incidents, support."""

from datetime import date
from statistics import stdev

from ages import Group
from history import History, after, shared, strided

TENANT = "published-mrp"

FIRST = date(2013, 11, 18)
# Referred from here on: the women about whom the two datasets do not agree.
REST = date(2014, 11, 10)
UNTIL = date(2015, 8, 1)

# Who engaged, by the workers' account (none, sporadic, engaged, or nothing known) and by the police's
# (whether a start date was given): section 4.1.1 and table 4.1.1.
#
# Of 111, 90 have both accounts: the police say 69 and 21, the workers 40 and 50; they agree on 57, of
# whom 38 engaged. So 38 + 31 = 69, 38 + 2 = 40, 19 + 31 = 50, 19 + 2 = 21. The workers know of 95
# (55, 9, 31), so that five of whom the police say nothing did not engage. The 57 have 7 sporadic of
# the 9, so that the two of whom only the workers say so are sporadic.
ENGAGED, SPORADIC = 31, 7  # by both accounts
NEITHER = 19  # by both accounts
POLICE_ONLY = 31
WORKERS_ONLY = 2
# Chosen: the five are the two who had moved away and the three who were not the victim (3.3.2).
DECLINED = ["out_of_area"] * 2 + ["identified_as_perpetrator"] * 3
UNKNOWN = 16

# Areas: of the 111, and of the 57 (52.6%, 17.5%, 29.8%).
AREAS_AGREED = {"city": 30, "north": 10, "south": 17}
AREAS_REST = {"city": 10, "north": 24, "south": 20}

# Ages by area: how many are known, their sum, the bounds of their deviation, median, youngest and oldest (4.1).
# All 111 would come to a mean of no more than 34.5; 34.6 is told of those known, so that four at least are
# not, all in the North. Medians are not told, nor deviations by area: chosen, so that all come to 10.1.
AGES = {
    "city": Group(40, 1449, (11.6, 11.7), 35, 20, 71),
    "north": Group(30, 955, (7.1, 7.3), 31, 20, 46),
    "south": Group(37, 1293, (10.0, 10.1), 34, 18, 55),
}

# Support given to the 38 (4.4), in women.
SUPPORT = {
    "housing": 20, "mental_health": 17, "physical_health": 5, "healthy_relationships": 18, "parenting": 9,
    "drugs": 2, "alcohol": 4, "debt_finance": 19, "employment": 2, "education": 5,
}
OFFERED, COMPLETED, STARTED, WAITING = 22, 3, 3, 6  # the group programme; 3 + 3 is our division of 6
OTHER_AGENCIES = 24  # 63.2% of 38
# Needs and circumstances of the 38 (4.2.3).
NEEDS = {"mental_health": 16, "drugs": 8, "alcohol": 8, "debt_finance": 11}
ON_PLAN, OFF_PLAN = 11, 6  # children on child protection plans, and taken off them
ORDERS, ORDERS_ENGAGED, ORDERS_HELPED = 29, 16, 6

# Police outcomes of the 208 crimes in the City (4.3).
OUTCOMES = {"no_further_action": 125, "charge_or_summons": 78, "dvpn": 2, "undetected": 2, "caution": 1}


def history():
    told = History()
    areas = areas_of_cases()
    ages = ages_of_cases(areas)
    counts = incidents_of_cases(areas)
    outcomes = [code for code, count in OUTCOMES.items() for _ in range(count)]
    for n in range(111):
        case, referred = f"m{n + 1:03}", day_of(n)
        told.tell(case, referred, "ReferralReceived", {
            "person_id": f"w{n + 1:03}", "programme": "mrp", "role": "victim_survivor", "area": areas[n],
            "source": "police",
        } | ({"missing_reasons": {"age_years": "not_asked"}} if ages[n] is None else {"age_years": ages[n]}))
        taken = outcomes if areas[n] == "city" else None
        tell_incidents(told, case, referred, counts[n], taken)
        tell_engagement(told, case, referred, n, areas[n])
    for n in range(ORDERS_ENGAGED):
        helped = {"helped_to_obtain": True} if n < ORDERS_HELPED else {}
        told.tell(f"m{n + 1:03}", after(day_of(n), 60), "ProtectiveOrderRecorded", {"kind": "restraining_order"} | helped)
    for n in range(57, 57 + ORDERS - ORDERS_ENGAGED):
        told.tell(f"m{n + 1:03}", after(day_of(n), 60), "ProtectiveOrderRecorded", {"kind": "restraining_order"})
    tell_casework(told)
    return told


def day_of(n):
    return after(FIRST, n * 6) if n < 57 else after(REST, (n - 57) * 3)


def areas_of_cases():
    """Those who are agreed on first; within both lots the areas are dealt out by strides."""
    agreed = [area for area, count in AREAS_AGREED.items() for _ in range(count)]
    rest = [area for area, count in AREAS_REST.items() for _ in range(count)]
    return strided(agreed, 10) + strided(rest, 11)


def ages_of_cases(areas):
    """Those not known are the last of the North, with whom nobody spoke."""
    ages = [None] * len(areas)
    for area, group in AGES.items():
        here = [n for n, of in enumerate(areas) if of == area][: group.count]
        for n, age in zip(here, strided(next(group.ways()), 7), strict=True):
            ages[n] = age
    return ages


def tell_engagement(told, case, referred, n, area):
    """What makes the two accounts: contacts that reached her, and whether a worker was given."""
    agreed = ENGAGED + SPORADIC + NEITHER
    if n < ENGAGED + SPORADIC:
        accept(told, case, referred, area)
        contacts = 3 if n < ENGAGED else 1
    elif n < agreed:
        accept(told, case, referred, None)
        # Seven were with another service (4.1.1).
        if n >= agreed - 7:
            told.tell(case, after(referred, 30), "CaseClosed", {"reason": "supported_elsewhere"})
        return
    elif n < agreed + POLICE_ONLY:
        accept(told, case, referred, area)
        contacts = 0
    elif n < agreed + POLICE_ONLY + WORKERS_ONLY:
        accept(told, case, referred, None)
        contacts = 1
    elif n < 111 - UNKNOWN:
        told.tell(case, after(referred, 2), "ReferralDeclined", {"reason": DECLINED[n - (111 - UNKNOWN) + 5]})
        return
    else:
        return
    for k in range(contacts):
        told.tell(case, after(referred, 10 + 7 * k), "ContactAttempted", {"channel": "face_to_face", "outcome": "reached"})


def accept(told, case, referred, area):
    told.tell(case, after(referred, 2), "ReferralAccepted", {})
    if area:
        told.tell(case, after(referred, 3), "CaseAllocated", {"worker": f"w-{area}"})


def tell_casework(told):
    """Support, needs and children of the 38, each dealt out from another place on."""
    start = 0
    def women(count):
        nonlocal start
        start += 7
        return [(start + k) % 38 for k in range(count)]

    def tell(n, days, event_type, data, **more):
        told.tell(f"m{n + 1:03}", after(day_of(n), days), event_type, data, **more)

    for need, count in NEEDS.items():
        for n in women(count):
            tell(n, 20, "NeedIdentified", {"need": need})
    for need, count in SUPPORT.items():
        kind = "one_to_one" if need == "healthy_relationships" else "practical"
        for n in women(count):
            tell(n, 30, "SupportProvided", {"kind": kind, "need": need})
    offered = women(OFFERED)
    # The group programme names no need, so that an offer does not count as help with one.
    for k, n in enumerate(offered):
        status = (["completed"] * COMPLETED + ["started"] * STARTED + ["waiting"] * WAITING)[k : k + 1]
        for at, code in enumerate(["offered", *status]):
            tell(n, 40 + 20 * at, "SupportProvided", {"kind": "group_programme", "programme_status": code})
    for n in women(OTHER_AGENCIES):
        tell(n, 50, "AgencyActionRecorded", {
            "agency": "voluntary", "action": "service_access", "work": "indirect", "purpose": "support",
        })
    for k, n in enumerate(women(ON_PLAN)):
        tell(n, 15, "ChildProtectionStatusChanged", {"to": "child_protection_plan"})
        if k < OFF_PLAN:
            tell(n, 90, "ChildProtectionStatusChanged", {"from": "child_protection_plan", "to": "closed"})


def incidents_of_cases(areas):
    """Domestic incidents and crimes of each woman, from section 4.3.

    All 111: 1120. The 57: 684, of which 445 domestic and 239 crimes; from 1 to 58 a woman, of domestic
    incidents from 0 to 58, of crimes from 0 to 20. The 38: 12.7 a woman (standard deviation 8.9) of
    which 68.7% domestic, the 19: 56.4%; only 482 with 331 domestic, and 202 with 114, come to that.
    The City: 561, of which 353 domestic and 208 crimes.
    """
    engaged = engaged_incidents()
    neither = [(6, crimes) for crimes in shared(88, 19)]
    agreed = engaged + neither
    assert sum(d for d, _ in agreed) == 445 and sum(c for _, c in agreed) == 239
    totals = [d + c for d, c in agreed]
    assert (min(totals), max(totals)) == (1, 58) and max(c for _, c in agreed) == 20
    city = [agreed[n] for n in range(57) if areas[n] == "city"]
    domestic, crimes = 353 - sum(d for d, _ in city), 208 - sum(c for _, c in city)
    assert domestic > 0 and crimes > 0
    others = 1120 - 684 - domestic - crimes
    # Chosen: of the women of whom less is told, those in the City share what is left of its numbers,
    # the others what is left of the whole, all of it domestic.
    in_city = zip(shared(domestic, 10), shared(crimes, 10), strict=True)
    elsewhere = iter([(count, 0) for count in shared(others, 44)])
    return agreed + [next(in_city) if area == "city" else next(elsewhere) for area in areas[57:]]


def engaged_incidents():
    """38 women: 331 domestic incidents and 151 crimes, one with 58 and none of them crimes, one with 1."""
    fixed = [(58, 0), (1, 0), (0, 20)]
    totals = [12] * 18 + [11] * 17
    # Pairs are moved apart until the spread is the report's.
    for k in range(17):
        if stdev([58, 1, 20, *totals]) >= 8.9:
            break
        totals[k] += 4
        totals[34 - k] -= 4
    assert round(stdev([58, 1, 20, *totals]), 1) == 8.9
    rest = [(total - crimes, crimes) for total, crimes in zip(totals, shared(131, 35), strict=True)]
    assert sum(d for d, _ in fixed + rest) == 331 and sum(c for _, c in fixed + rest) == 151
    assert min(d for d, _ in rest) >= 0
    return fixed + rest


def tell_incidents(told, case, referred, counts, outcomes):
    """Chosen: at equal distances from twelve months before the referral to the end of July 2015."""
    domestic, crimes = counts
    begin = after(referred, -364)
    span = (UNTIL - begin).days
    kinds = strided_kinds(domestic, crimes)
    for k, kind in enumerate(kinds):
        data = {"kind": kind, "source": "police"}
        if kind == "crime" and outcomes is not None:
            data["police_outcome"] = outcomes.pop(0)
        happened = after(begin, 1 + k * (span - 2) // len(kinds))
        told.tell(case, happened, "IncidentReported", data, recorded=max(happened, referred))


def strided_kinds(domestic, crimes):
    """Crimes spread evenly among the domestic incidents."""
    total, kinds, due = domestic + crimes, [], 0
    for _ in range(total):
        due += crimes
        kinds.append("crime" if due >= total else "domestic_incident")
        due -= total if due >= total else 0
    return kinds
