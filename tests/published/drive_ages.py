"""Drive, year 1: the ages of perpetrators and victim-survivors (table 1, appendices 1 and 2, p. 35)."""

from bisect import bisect_left, bisect_right

from ages import Group, together
from history import strided

# By area, of either arm: how many, the sum, the bounds of the deviation, median, youngest and oldest. Means,
# deviations and medians by site are told. Within their roundings the sums and bounds are chosen so that the
# whole of an arm comes to what is told of it; of the perpetrators the the two columns of table 1 have
# changed places, as no ages that fit the sites come to them as they stand. Youngest and oldest are chosen.
#
# Of victim-survivors of the intervention the sites' means come to 33.0 only if not every age in Essex is
# known: chosen are the two whose gender is not known either.
PERPETRATORS = {
    "intervention": (31.5, {
        "essex": Group(67, 2483, (12.95, 13.0), 35, 17, 76),
        "south_wales": Group(70, 2209, (10.75, 10.8), 28.5, 17, 64),
        "west_sussex": Group(61, 2127, (10.55, 10.6), 33, 17, 66),
    }),
    "control": (32, {
        "essex": Group(428, 14715, (11.75, 11.8), 32, 16, 82),
        "south_wales": Group(754, 25160, (10.75, 10.8), 31, 16, 75),
        "west_sussex": Group(392, 13555, (11.25, 11.3), 32.5, 16, 79),
    }),
}
VICTIM_SURVIVORS = {
    "intervention": (30, {
        "essex": Group(65, 2344, (14.75, 14.85), 33, 15, 80),
        "south_wales": Group(70, 2126, (9.85, 9.95), 29, 15, 54),
        "west_sussex": Group(61, 2006, (11.85, 11.95), 32, 15, 62),
    }),
    "control": (31, {
        "essex": Group(428, 14980, (13.65, 13.7), 32, 13, 86),
        "south_wales": Group(754, 25108, (12.05, 12.1), 31, 13, 80),
        "west_sussex": Group(392, 13014, (13.15, 13.2), 31, 13, 83),
    }),
}

# Of the 48: the sum of all ages, youngest, oldest, and the medians of those reached and the others. In how many
# pairs of one each the reached one is the older (ties count half): 168, which is z = -2.27; and of their
# victim-survivors 192, which are ranks of 20.11 and 27.38 in the mean. Their medians are not told.
PERPETRATORS_CLOSED = (1584, 17, 76, (27, 32), 168)
VICTIM_SURVIVORS_CLOSED = (1440, 15, 54, (), 192)


def perpetrators(arm, areas, reached=()):
    return aged(*PERPETRATORS[arm], areas, reached, PERPETRATORS_CLOSED)


def victim_survivors(arm, areas, reached=()):
    return aged(*VICTIM_SURVIVORS[arm], areas, reached, VICTIM_SURVIVORS_CLOSED)


def aged(middle, groups, areas, reached, wanted):
    """The age of everybody of an arm, in order; `reached` says of those who closed, the first, who was reached.

    Where a group has fewer ages than people, those of the last are not known.
    """
    ages = [None] * len(areas)
    for (area, group), found in zip(groups.items(), together(groups.values(), middle)):
        here = [n for n, of in enumerate(areas) if of == area]
        for n, age in zip(here[: group.count], strided(found, 11), strict=True):
            ages[n] = age
    if reached:
        exchange(ages, areas, Closed(reached, *wanted))
    return ages


class Closed:
    """What is told of the ages of the 48."""

    def __init__(self, reached, total, youngest, oldest, medians, older):
        self.reached, self.total, self.youngest, self.oldest = reached, total, youngest, oldest
        self.medians, self.older = medians, older

    def distance(self, ages):
        """How far ages are from it: 0 where all of it holds."""
        youngest, oldest = self.youngest, self.oldest
        first = sorted(age for age, is_reached in zip(ages, self.reached) if is_reached)
        others = sorted(age for age, is_reached in zip(ages, self.reached) if not is_reached)
        halves = sum(bisect_left(others, age) + bisect_right(others, age) for age in first)
        # A mean that is told in whole years leaves some room.
        away = max(0, abs(sum(first + others) - self.total) - 20) + abs(halves - 2 * self.older)
        away += 20 * sum((age < youngest) + (age > oldest) for age in first + others)
        away += 20 * ((youngest not in first + others) + (oldest not in first + others))
        for ages, middle in zip((first, others), self.medians):
            # How many are on the wrong side of the median; of both groups the number is odd.
            half = len(ages) // 2
            away += 20 * max(0, bisect_left(ages, middle) - half) + 20 * max(0, half + 1 - bisect_right(ages, middle))
        return away


def exchange(ages, areas, closed):
    """Exchanges the ages of two of one area, one of them of the 48, for as long as that brings them nearer."""
    count = len(closed.reached)
    away = closed.distance(ages[:count])
    while away:
        before = away
        for n in range(count):
            for other in range(len(ages)):
                if areas[other] != areas[n] or ages[other] in (None, ages[n]):
                    continue
                ages[n], ages[other] = ages[other], ages[n]
                nearer = closed.distance(ages[:count])
                if nearer < away:
                    away = nearer
                else:
                    ages[n], ages[other] = ages[other], ages[n]
        assert away < before, "no exchange brings them nearer"
