"""Cases of a history at two dates, and which of them a cohort admits."""

import json


def read(path):
    """The cases of a history, each a list of its facts in the order of recording."""
    cases = {}
    for line in path.read_text().splitlines():
        fact = json.loads(line)
        cases.setdefault(fact["case"], []).append(fact)
    return cases


class Case:
    """What is known of a case at two dates."""

    def __init__(self, facts, as_of, known_at):
        facts = [f for f in facts if f["occurred_at"] <= as_of and f["recorded_at"] <= known_at]
        self.facts = sorted(facts, key=lambda f: f["occurred_at"])
        self.as_of = as_of
        self.referral = next((f for f in self.facts if f["type"] == "ReferralReceived"), None)

    def of(self, event_type):
        return [f["data"] for f in self.facts if f["type"] == event_type]

    def attempts(self):
        return self.of("ContactAttempted")

    def reached(self):
        return sum(a["outcome"] == "reached" for a in self.attempts())

    def exited(self):
        return next((f["occurred_at"] for f in reversed(self.facts) if f["type"] == "CaseClosed"), None)

    def status(self):
        steps = [("CaseClosed", "closed"), ("CaseAllocated", "open"), ("ReferralAccepted", "accepted"),
                 ("ReferralDeclined", "declined"), ("ReferralWaitlisted", "waiting")]
        return next((status for step, status in steps if self.of(step)), "referred")

    def value(self, measure, stage):
        """The latest value of a measure; `None` where nothing is recorded, a map where it is missing."""
        found = [m["values"][measure] for m in self.of("MeasureRecorded")
                 if m["stage"] == stage and measure in m["values"]]
        return found[-1] if found else None

    def has_behaviour_work(self):
        return any(a["outcome"] == "reached" and a.get("purpose") == "behaviour_change" for a in self.attempts()) or any(
            s["kind"] in ("one_to_one", "group_programme") and s.get("need") == "healthy_relationships"
            for s in self.of("SupportProvided"))


def members(cases, cohort, as_of, known_at):
    """The cases of a cohort at two dates."""
    def admits(case):
        referral = case.referral and case.referral["data"]
        arm = (case.of("ArmAllocated") or [{}])[-1].get("arm")
        return referral and all((
            referral["programme"] == cohort["programme"],
            not cohort.get("roles") or referral["role"] in cohort["roles"],
            not cohort.get("areas") or referral["area"] in cohort["areas"],
            not cohort.get("arms") or arm in cohort["arms"],
            within(case.referral["occurred_at"], cohort.get("referred")),
            "exited" not in cohort or (case.exited() is not None and within(case.exited(), cohort["exited"])),
            not cohort.get("statuses") or case.status() in cohort["statuses"],
            all(isinstance(case.value(m["measure"], m["stage"]), (str, int)) for m in cohort.get("measured", [])),
            "contacted" not in cohort or cohort["contacted"] == (case.reached() > 0),
        ))
    told = (Case(facts, as_of, known_at) for facts in cases.values())
    return [case for case in told if admits(case)]


def within(at, window):
    return window is None or (window.get("from", "") <= at and ("until" not in window or at < window["until"]))
