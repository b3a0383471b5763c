"""Whole ages that come to what a report states of groups: means, medians, deviations, the youngest and oldest."""

from itertools import product
from math import ceil, floor
from statistics import median

# The bends that are tried for the ages below the median and above it, in tenths.
BENDS = range(5, 30, 2)


class Group:
    """What the ages of a group come to: their sum, the bounds of their deviation, median, least and most."""

    def __init__(self, count, total, deviation, middle, least, most):
        self.count, self.total, self.deviation, self.middle = count, total, deviation, middle
        self.least, self.most = least, most

    def ways(self):
        """Ages in rising order that fit: along a curve on either side of the median, the upper ones moved."""
        half = self.count // 2
        for below, above in product(BENDS, BENDS):
            steps = range(half)
            lower = [self.middle - (self.middle - self.least) * ((half - k) / half) ** (below / 10) for k in steps]
            upper = [self.middle + (self.most - self.middle) * ((k + 1) / half) ** (above / 10) for k in steps]
            lower, upper = [floor(age + 0.5) for age in lower], [floor(age + 0.5) for age in upper]
            # A median of .5 lies between two neighbours, a whole one between two that are equal.
            lower[-1], upper[0] = floor(self.middle), ceil(self.middle)
            lower += [int(self.middle)] * (self.count % 2)
            if self.move(lower, upper):
                ages = lower + sorted(upper)
                assert (len(ages), sum(ages), median(ages)) == (self.count, self.total, self.middle)
                yield ages

    def move(self, lower, upper):
        """Moves the upper ages year by year, the total first, then apart or together; whether that succeeds."""
        last = len(upper) - 1
        total = sum(lower) + sum(upper)
        squares = sum(age * age for age in lower + upper)
        # What the squares may come to.
        low, high = (d * d * (self.count - 1) + self.total**2 / self.count for d in self.deviation)
        for step in range(20 * len(upper)):
            # Neither the median nor the oldest is moved.
            at = 1 + step * 7 % (last - 1)
            if total != self.total:
                by = self.allowed(upper[at], 1 if total < self.total else -1)
                total, squares = total + by, squares + by * (2 * upper[at] + by)
                upper[at] += by
                continue
            if low <= squares <= high:
                return True
            apart = 1 if squares < low else -1
            least, most = min(at, last - at), max(at, last - at)
            if 0 < least < most and self.allowed(upper[least], -apart) and self.allowed(upper[most], apart):
                squares += 2 * apart * (upper[most] - upper[least]) + 2
                upper[least] -= apart
                upper[most] += apart
        return False

    def allowed(self, age, by):
        return by if ceil(self.middle) <= age + by <= self.most else 0


def together(groups, middle):
    """Ages of several groups of which the median of all is this: the first ways that come to it."""
    found = []
    for group in groups:
        # One way for each number of ages below the median and up to it.
        ways = {}
        for ages in group.ways():
            ways.setdefault((sum(age < middle for age in ages), sum(age <= middle for age in ages)), ages)
        found.append(ways)
    for ways in product(*(ways.values() for ways in found)):
        if median(sum(ways, [])) == middle:
            return ways
    raise ValueError("no ages come to this median")
