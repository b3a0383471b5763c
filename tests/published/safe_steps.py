"""Safe Steps, summary of 2017: twelve placements over twelve months."""

from datetime import date

from history import History, after

TENANT = "published-safe-steps"
FIRST = date(2015, 10, 5)

# At October 2016: one moved on as planned, eight were moved elsewhere, three were still there.
ENDS = ["goals_met"] + ["transferred"] * 8 + [None] * 3
# From 14 to 17, 15 in the mean; which of them are how old is chosen.
AGES = [14, 15, 14, 17, 15, 14, 16, 14, 15, 17, 14, 15]


def history():
    told = History()
    for n, reason in enumerate(ENDS):
        # Chosen: one young woman every four weeks; the three who are there came last. Two homes in turn.
        case, moved_in, home = f"y{n + 1:02}", after(FIRST, n * 28), f"home_{n % 2 + 1}"
        told.tell(case, moved_in, "ReferralReceived", {
            "person_id": f"g{n + 1:02}", "programme": "safe-steps", "role": "young_person", "area": "london",
            "source": "council_or_childrens_social_care", "age_years": AGES[n],
            "criteria": ["risk_of_sexual_exploitation"],
        })
        told.tell(case, moved_in, "ReferralAccepted", {})
        told.tell(case, moved_in, "CaseAllocated", {"worker": f"w-{home.replace('_', '-')}"})
        told.tell(case, moved_in, "PlacementChanged", {"kind": "specialist_home", "to": home})
        if reason:
            left = after(moved_in, 100)
            told.tell(case, left, "PlacementChanged", {
                "kind": "specialist_home", "from": home,
                "reason": "planned_move" if reason == "goals_met" else "transferred",
            })
            closed = {"reason": reason}
            if reason == "transferred":
                closed["approver"] = "w-manager"
            told.tell(case, left, "CaseClosed", closed)
    return told
