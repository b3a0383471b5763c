"""Stepping Out, 2020: 400 referrals, and what six women learnt."""

from datetime import date

from history import History, after, dealt, strided

TENANT = "published-stepping-out"

# Whole percentages of 400, from the page on the source of referrals; they sum to 100.
SOURCES = {
    "council_or_childrens_social_care": 192,  # 48%
    "self": 88,  # 22%
    "police": 28,  # 7%
    "childrens_centre": 20,  # 5%
    "early_help": 20,  # 5%
    "idva": 20,  # 5%
    "college": 20,  # 5%
    "voluntary": 12,  # 3%
}

# The table of skills, a row for each of the six.
SKILLS = [
    ["breathing_techniques", "dealing_with_anxiety", "warning_signs"],
    ["dealing_with_anxiety", "reflection"],
    ["breathing_techniques", "cognitive_behavioural_therapy"],
    ["reflection"],
    ["warning_signs"],
    ["dealing_with_anxiety"],
]

FIRST = date(2017, 9, 4)


def history():
    told = History()
    sources = strided(dealt(SOURCES), 37)
    # Chosen: two referrals a day apart or so, until January 2020.
    for n, source in enumerate(sources):
        case, referred = f"s{n + 1:03}", after(FIRST, n * 2)
        told.tell(case, referred, "ReferralReceived", {
            "person_id": f"w{n + 1:03}", "programme": "stepping-out", "role": "victim_survivor",
            "area": "central_bedfordshire", "source": source,
        })
    # Chosen: the six are the first whom a council or a children's centre referred, since the report
    # names social services and children's centres among their ways into the programme.
    six = [n for n, source in enumerate(sources)
           if source in ("council_or_childrens_social_care", "childrens_centre")][: len(SKILLS)]
    for n, skills in zip(six, SKILLS):
        case, referred = f"s{n + 1:03}", after(FIRST, n * 2)
        told.tell(case, after(referred, 3), "ReferralAccepted", {})
        told.tell(case, after(referred, 3), "CaseAllocated", {"worker": "w-stepping-out"})
        told.tell(case, after(referred, 10), "ContactAttempted", {"channel": "face_to_face", "outcome": "reached"})
        for k, skill in enumerate(skills):
            told.tell(case, after(referred, 100 + 7 * k), "SupportProvided", {"kind": "one_to_one", "skill": skill})
        told.tell(case, after(referred, 400), "MeasureRecorded", {
            "instrument": "soft-outcomes/1", "stage": "exit", "values": {"confidence": "yes"},
        })
    return told
