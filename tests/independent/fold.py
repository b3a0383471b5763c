"""What was true of a case at a date, as it was known at another: the rules of two clocks, in a few lines."""

from datetime import datetime


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Case:
    """The facts of one case in force, in the order in which they happened."""

    def __init__(self, facts, as_of):
        self.facts, self.as_of = facts, as_of
        self.referral = next((fact for fact in facts if fact["type"] == "ReferralReceived"), None)

    def of(self, event_type):
        return [fact for fact in self.facts if fact["type"] == event_type]

    @property
    def status(self):
        status = None
        for fact in self.facts:
            status = {
                "ReferralReceived": "referred", "ReferralDeclined": "declined", "ReferralWaitlisted": "waiting",
                "ReferralAccepted": "accepted", "CaseAllocated": "open", "CaseClosed": "closed", "CaseReopened": "open",
            }.get(fact["type"], status)
        return status

    @property
    def episode_began_at(self):
        return [fact["at"] for fact in self.facts if fact["type"] in ("ReferralReceived", "CaseReopened")][-1]

    @property
    def arm(self):
        arms = self.of("ArmAllocated")
        return arms[-1]["data"]["arm"] if arms else None

    @property
    def worker(self):
        given = self.of("CaseAllocated")
        return given[-1]["data"]["worker"] if given else None

    @property
    def exited_at(self):
        return self.of("CaseClosed")[-1]["at"] if self.status == "closed" else None

    def is_contacted(self):
        return any(fact["data"]["outcome"] == "reached" for fact in self.of("ContactAttempted"))

    def reached_at(self):
        return [fact["at"] for fact in self.of("ContactAttempted") if fact["data"]["outcome"] == "reached"]

    def needs(self):
        """Each need with what came of it, or None."""
        outcomes = {fact["data"]["need"]: fact["data"]["outcome"] for fact in self.of("NeedResolved")}
        return [(fact["data"], outcomes.get(fact["event_id"])) for fact in self.of("NeedIdentified")]

    def is_complex(self):
        kinds = {need["need"] for need, outcome in self.needs() if outcome is None}
        return "complex_needs" in self.referral["data"].get("criteria", []) or len(kinds & {"drugs", "alcohol", "housing", "mental_health"}) >= 2

    def worked_on_behaviour(self):
        contacts = (f["data"] for f in self.of("ContactAttempted"))
        support = (f["data"] for f in self.of("SupportProvided"))
        return any(d["outcome"] == "reached" and d.get("purpose") == "behaviour_change" for d in contacts) or any(
            d["kind"] in ("one_to_one", "group_programme") and d.get("need") == "healthy_relationships" for d in support
        )

    def measured(self, measure, stage):
        """The latest value, `{"missing": reason}`, or None."""
        value = None
        for fact in self.facts:
            data = fact["data"]
            if data.get("stage") != stage:
                continue
            if measure == "risk_level" and fact["type"] == "RiskAssessed":
                value = data["level"]
            elif fact["type"] == "MeasureRecorded" and measure in data["values"]:
                value = data["values"][measure]
        return value


def cases(lines, as_of, known_at, reading):
    """Every case whose referral is in view. Read as recorded, nothing is corrected or taken back, and the order is that of recording."""
    by_case, amended = {}, {}
    for position, line in enumerate(lines):
        if moment(line["recorded_at"]) > known_at:
            break
        key = (line["case"], line["data"].get("corrects") or line["data"].get("retracts"))
        if line["type"] in ("FactCorrected", "FactRetracted"):
            amended[key] = line
        else:
            by_case.setdefault(line["case"], []).append((position, line))
    for name, events in sorted(by_case.items()):
        facts = []
        for position, line in events:
            amendment = amended.get((name, line["event_id"]))
            fact = {"type": line["type"], "data": line["data"], "at": moment(line["occurred_at"]), "position": position, "event_id": line["event_id"]}
            if reading == "recorded":
                amendment = None
            if amendment and amendment["type"] == "FactRetracted":
                continue
            if amendment:
                fact["data"] = amendment["data"]["replacement"]["data"]
                fact["at"] = moment(amendment["data"]["occurred"]["at"])
            if fact["at"] <= as_of:
                facts.append(fact)
        order = (lambda fact: fact["position"]) if reading == "recorded" else (lambda fact: (fact["at"], fact["position"]))
        case = Case(sorted(facts, key=order), as_of)
        if case.referral:
            yield case
