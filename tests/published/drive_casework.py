"""Drive, year 1: who of the 48 was reached, why others were not, and the work that was done."""

from history import after, dealt, shared

SITE_2 = "south_wales"  # which site is which is not told

# The first 30 of the 48, ten of each area: direct work with 19, nine of them in site 2, among them ten
# who were reached. Of these nine had support and nine behaviour change work (see figures/drive-year1.json:
# that everybody who was reached had support cannot be).
#
# By area: number of cases reached with both, reached with support alone, reached with behaviour change
# work alone, tried in vain.
DIRECT = {"south_wales": (6, 1, 0, 2), "essex": (1, 0, 1, 3), "west_sussex": (1, 0, 0, 4)}
REACHED_LATER, CHANGED_LATER = 9, 2  # of the other 18

# References to work in those 30 cases. 1625, 129 and 29 are told; the rest is the smallest that the
# percentages allow, if no reference counts twice: support is 5% of all indirect work, direct work
# 15% of all work, and of it 56% contact, 31% support, 12% behaviour change; 81% is in site 2.
DISRUPTION, SAFEGUARDING, SAFEGUARDING_CASES, ADVOCACY, ADVOCACY_CASES, SUPPORT = 1625, 129, 18, 29, 13, 94
DIRECT_SUPPORT = {True: 84, False: 19}  # in site 2, elsewhere
DIRECT_CHANGE = {True: 30, False: 10}
DIRECT_CONTACT = {True: 151, False: 34}
DIRECT_OTHER = {True: 3, False: 0}


def plan_contact(closed):
    """Who of the 48 was reached, supported, worked with, or tried in vain."""
    first = closed[:30]
    for area, (both, support, change, vain) in DIRECT.items():
        # From the last on: the first cases of the first area are the ones whose severity rose.
        cases = [case for case in reversed(first) if case.area == area]
        for case in cases[: both + support + change]:
            case.is_reached = True
        for case in cases[:both]:
            case.has_support = case.has_change_work = True
        for case in cases[both : both + support]:
            case.has_support = True
        for case in cases[both + support : both + support + change]:
            case.has_change_work = True
        for case in cases[: both + support + change + vain]:
            case.was_tried = True
    for k, case in enumerate(closed[30 : 30 + 2 * REACHED_LATER : 2]):
        case.is_reached = case.was_tried = True
        case.has_change_work = k < CHANGED_LATER


def tell_holds(told, not_reached):
    """Why nobody turned to the 29: unchanged for 23; four changed to not safe, two to planned."""
    reasons = dealt({
        ("planned_or_pending",): 12, ("on_hold_cjs",): 7, ("not_safe",): 4,
        # From which of the two reasons the four changed is not told.
        ("planned_or_pending", "not_safe"): 2, ("on_hold_cjs", "not_safe"): 2,
        ("on_hold_cjs", "planned_or_pending"): 2,
    })
    for case, held in zip(not_reached, reasons, strict=True):
        for k, reason in enumerate(held):
            # Told at three months, and changed at six.
            day = after(case.referred, 91 * (k + 1))
            if k > 0:
                told.tell(case.case, day, "ContactHoldLifted", {"hold": f"hold-{k}"})
            told.tell(case.case, day, "ContactHeld", {"reason": reason}, event_id=f"hold-{k + 1}")


def tell_direct_work(told, closed):
    first = closed[:30]
    for in_site_2 in (True, False):
        here = [case for case in first if (case.area == SITE_2) == in_site_2]
        supported = [case for case in here if case.has_support]
        for case, count in zip(supported, shared(DIRECT_SUPPORT[in_site_2], len(supported))):
            for k in range(count):
                need = ["housing", "drugs", "debt_finance", "mental_health", "employment"][k % 5]
                day = after(case.referred, 30 + k * 10)
                told.tell(case.case, day, "SupportProvided", {"kind": "practical", "need": need})
        changed = [case for case in here if case.has_change_work]
        for case, count in zip(changed, shared(DIRECT_CHANGE[in_site_2], len(changed))):
            for k in range(count):
                tell_attempt(told, case, 60 + k * 20, "reached", "behaviour_change")
        tell_contacting(told, here, DIRECT_CONTACT[in_site_2], DIRECT_OTHER[in_site_2])
    for case in closed[30:]:
        if case.is_reached:
            tell_attempt(told, case, 21, "reached", "first_contact")
        if case.has_change_work:
            tell_attempt(told, case, 60, "reached", "behaviour_change")


def tell_contacting(told, here, contacts, other):
    """Three attempts with each who was tried in vain, before contact was held; the rest with the reached."""
    in_vain = [case for case in here if case.was_tried and not case.is_reached]
    reached = [case for case in here if case.is_reached]
    for case in in_vain:
        for k in range(3):
            tell_attempt(told, case, 21 + 14 * k, "no_answer", "first_contact")
    for case, count in zip(reached, shared(contacts - 3 * len(in_vain), len(reached))):
        for k in range(count):
            tell_attempt(told, case, 21 + 10 * k, "no_answer" if k else "reached", "first_contact")
    for case in reached[:other]:
        tell_attempt(told, case, 280, "reached", "review")


def tell_attempt(told, case, days, outcome, purpose):
    told.tell(case.case, after(case.referred, days), "ContactAttempted", {
        "channel": "phone", "outcome": outcome, "purpose": purpose,
    })


def tell_indirect_work(told, first):
    """Which agency it was with is told in words alone: dealt out in turn."""
    agencies = ["idva_service", "probation_nps", "police", "probation_crc", "childrens_social_care", "marac", "housing"]
    kinds = (
        (DISRUPTION, len(first), "disruption", "information_shared", agencies),
        (SAFEGUARDING, SAFEGUARDING_CASES, "safeguarding", "child_safeguarding", ["childrens_social_care"]),
        (SUPPORT, len(first), "support", "service_access", ["housing", "substance_service", "mental_health", "benefits"]),
        (ADVOCACY, ADVOCACY_CASES, "advocacy", "institutional_advocacy",
         ["idva_service", "probation_crc", "police", "housing", "childrens_social_care"]),
    )
    for count, cases, purpose, action, with_ in kinds:
        total = 0
        for case, share in zip(first[:cases], shared(count, cases)):
            for k in range(share):
                day = after(case.referred, 5 + k * 280 // share)
                told.tell(case.case, day, "AgencyActionRecorded", {
                    "agency": with_[total % len(with_)], "action": action, "work": "indirect", "purpose": purpose,
                })
                total += 1
