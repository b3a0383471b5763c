"""Random histories in the format of ops/history-format.md: late entries, corrections, retractions,
closures and reopenings, recorded in rising times."""

import json
import random
from datetime import datetime, timedelta, timezone

BEGIN = datetime(2016, 5, 1, tzinfo=timezone.utc)
AREAS = ["essex", "south_wales", "west_sussex"]
ABUSE = ["physical", "sexual", "harassment_stalking", "jealousy_coercion"]
SEVERITIES = ["none", "standard", "moderate", "high"]
MISSING = ["not_asked", "declined", "unknown_to_client", "unsafe_to_ask"]


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def mixed(rng):
    """Some fact of daily work."""
    kind = rng.choice(["contact"] * 5 + ["risk"] * 3 + ["incident"] * 2 + ["measure"] * 2 + ["agency", "support", "move", "need", "order", "children"])
    if kind == "contact":
        data = {"channel": rng.choice(["phone", "text", "home_visit"]), "outcome": rng.choice(["reached", "no_answer", "left_message"])}
        if rng.random() < 0.7:
            data["direction"] = rng.choice(["outgoing", "outgoing", "incoming"])
        if rng.random() < 0.6:
            data["duration_min"] = rng.randint(1, 90)
        if rng.random() < 0.4:
            data["purpose"] = rng.choice(["behaviour_change", "safety_planning"])
        return "ContactAttempted", data
    if kind == "risk":
        data = {"instrument": "dara/1", "level": rng.choice(["standard", "medium", "high"]), "assessor_role": rng.choice(["idva", "police_officer"])}
        if rng.random() < 0.5:
            data["stage"] = rng.choice(["intake", "exit"])
        return "RiskAssessed", data
    if kind == "incident":
        data = {"kind": rng.choice(["crime", "domestic_incident"])}
        if rng.random() < 0.6:
            data["police_outcome"] = rng.choice(["no_further_action", "charge_or_summons", "caution"])
        return "IncidentReported", data
    if kind == "agency":
        data = {"agency": rng.choice(["police", "housing", "camhs"]), "action": "joint_meeting"}
        if rng.random() < 0.8:
            data["work"] = rng.choice(["direct", "indirect"])
        if rng.random() < 0.8:
            data["purpose"] = rng.choice(["information_sharing", "disruption"])
        return "AgencyActionRecorded", data
    if kind == "support":
        data = {"kind": rng.choice(["one_to_one", "group_programme", "practical"])}
        if rng.random() < 0.8:
            data["need"] = rng.choice(["housing", "healthy_relationships"])
        if rng.random() < 0.4:
            data["skill"] = rng.choice(["confidence", "recognises_abuse"])
        return "SupportProvided", data
    if kind == "need":
        data = {"need": rng.choice(["housing", "drugs", "alcohol", "mental_health", "debt_finance"])}
        if rng.random() < 0.6:
            data["severity"] = rng.choice(SEVERITIES[1:])
        return "NeedIdentified", data
    if kind == "order":
        data = {"kind": rng.choice(["non_molestation_order", "dvpn"])}
        if rng.random() < 0.6:
            data["helped_to_obtain"] = rng.random() < 0.5
        return "ProtectiveOrderRecorded", data
    if kind == "children":
        return "ChildProtectionStatusChanged", {"to": rng.choice(["child_in_need", "child_protection_plan", "closed"])}
    if kind == "move":
        return "PlacementChanged", {"kind": "home", "from": "home_1", "reason": rng.choice(["separation", "repairs"])}
    values = {abuse: rng.choice(SEVERITIES) if rng.random() < 0.85 else {"missing": rng.choice(MISSING)} for abuse in rng.sample(ABUSE, rng.randint(1, 4))}
    return "MeasureRecorded", {"instrument": "abuse-severity/1", "stage": rng.choice(["intake", "exit"]), "values": values}


def another(rng, event_type, data):
    """Other facts of a type."""
    if event_type == "NeedResolved":
        return data | {"outcome": rng.choice(["met", "partly_met", "not_met"])}
    if event_type == "ContactHeld":
        return {"reason": rng.choice(["planned_or_pending", "on_hold_cjs", "not_safe"])}
    while True:
        kind, other = mixed(rng)
        if kind == event_type:
            return other


def one_case(rng, name):
    """The events of one case: (recorded, line)."""
    referred = BEGIN + timedelta(days=rng.randrange(300), seconds=rng.randrange(86400))
    clock = [referred]
    lines, facts = [], []

    def later(days):
        clock[0] += timedelta(days=rng.randint(0, days), seconds=rng.randint(1, 80000))
        return clock[0]

    def tell(event_type, data, occurred=None, **more):
        recorded = clock[0]
        event_id = f"e{len(lines)}"
        line = {"recorded_at": recorded, "case": name, "type": event_type, "event_id": event_id, "data": data, **more}
        if event_type not in ("FactCorrected", "FactRetracted"):
            line["occurred_at"] = stamp(occurred or recorded)
        lines.append(line)
        return event_id

    data = {
        "person_id": f"p-{name}", "programme": "drive", "programme_version": 1, "role": rng.choice(["perpetrator", "victim_survivor"]),
        "area": rng.choice(AREAS), "source": rng.choice(["police", "marac", "idva"]),
    }
    if rng.random() < 0.7:
        data["latest_incident_at"] = stamp(referred - timedelta(days=rng.randint(0, 90)))
    if rng.random() < 0.7:
        data["incidents_12_months"] = rng.randint(0, 9)
    if rng.random() < 0.6:
        data["age_years"] = rng.randint(16, 70)
    elif rng.random() < 0.5:
        data["missing_reasons"] = {"age_years": rng.choice(MISSING)}
    if rng.random() < 0.2:
        data["criteria"] = ["complex_needs"]
    tell("ReferralReceived", data)
    later(20)
    fate = rng.random()
    if fate < 0.1:
        tell("ReferralDeclined", {"reason": "out_of_area"})
        return lines
    if fate < 0.2:
        tell("ReferralWaitlisted", {})
        if rng.random() < 0.5:
            return lines
        later(20)
    elif fate < 0.25:
        return lines
    tell("ReferralAccepted", {})
    later(10)
    if rng.random() < 0.9:
        tell("CaseAllocated", {"worker": rng.choice(["w-1", "w-2", "w-3"])})
        later(5)
    if rng.random() < 0.8:
        tell("ArmAllocated", {"arm": rng.choice(["intervention", "control"]), "method": "permuted-block/1"})
        later(5)
    opened = clock[0]
    has_worker = lines[-1]["type"] in ("CaseAllocated", "ArmAllocated") and any(line["type"] == "CaseAllocated" for line in lines)
    for _ in range(rng.randint(0, 14)):
        later(25)
        event_type, data = mixed(rng)
        occurred = clock[0]
        if rng.random() < 0.35:
            occurred = max(opened, clock[0] - timedelta(days=rng.randint(0, 60)))
        facts.append((tell(event_type, data, occurred), event_type, data, occurred))
    resolved = set()
    for event_id in [event_id for event_id, event_type, *_ in facts if event_type == "NeedIdentified" and rng.random() < 0.5]:
        later(20)
        resolved.add(event_id)
        outcome = {"need": event_id, "outcome": rng.choice(["met", "partly_met", "not_met"])}
        facts.append((tell("NeedResolved", outcome), "NeedResolved", outcome, clock[0]))
    # After the contacts, which a hold would forbid.
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            later(20)
            held = {"reason": rng.choice(["planned_or_pending", "on_hold_cjs", "not_safe"])}
            facts.append((tell("ContactHeld", held), "ContactHeld", held, clock[0]))
    if has_worker and rng.random() < 0.6:
        later(30)
        tell("CaseClosed", {"reason": rng.choice(["time_limit", "moved_area"])})
        if rng.random() < 0.2:
            later(60)
            tell("CaseReopened", {})
    for event_id, event_type, data, occurred in facts:
        chance = rng.random()
        later(40)
        if chance < 0.15:
            other = data
            while other == data:
                other = another(rng, event_type, data)
            moved = occurred if rng.random() < 0.6 else max(opened, occurred - timedelta(days=rng.randint(0, 5)))
            tell("FactCorrected", {"corrects": event_id, "occurred": {"at": stamp(moved)}, "replacement": {"type": event_type, "data": other}})
        elif chance < 0.25 and event_id not in resolved:
            tell("FactRetracted", {"retracts": event_id})
    return lines


def history(seed, cases):
    """The lines of a history, in the order of recording; no two at one time."""
    rng = random.Random(seed)
    lines = [line for n in range(cases) for line in one_case(rng, f"c{n:04d}")]
    lines.sort(key=lambda line: line["recorded_at"])
    last = None
    for line in lines:
        at = line["recorded_at"]
        if last is not None and at <= last:
            at = last + timedelta(seconds=1)
        last = at
        line["recorded_at"] = stamp(at)
        if line.get("occurred_at", "") > line["recorded_at"]:
            line["occurred_at"] = line["recorded_at"]
    return lines


def written(lines, path):
    with open(path, "w") as out:
        for line in lines:
            out.write(json.dumps(line) + "\n")
