"""When something that recurs is due: the five fields of cron, in UTC.

    minute  hour  day of the month  month  day of the week (0 is Sunday)

A field is `*`, a number, a range `1-5`, any of them with a step `*/15`, or a list of these. Where
both days are restricted, either of them is enough, as in every cron.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
EVERY = "*"
MAX_DAYS = 366 * 8
"""Further than any February 29th is away."""


@dataclass(frozen=True)
class Cron:
    expression: str

    def __post_init__(self) -> None:
        """Raises ValueError for what is no expression, or never comes."""
        self.after(datetime(2000, 1, 1, tzinfo=UTC))

    def after(self, moment: datetime) -> datetime:
        """The first minute of the schedule that begins after `moment`."""
        minutes, hours, *_ = fields = self._fields()
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for days in range(MAX_DAYS):
            day = (start + timedelta(days=days)).replace(hour=0, minute=0)
            if not self._is_day(day, fields):
                continue
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    due = day.replace(hour=hour, minute=minute)
                    if due >= start:
                        return due
        raise ValueError(f"{self.expression!r} never comes")

    def _is_day(self, day: datetime, fields: list[frozenset[int]]) -> bool:
        _, _, days, months, weekdays = fields
        if day.month not in months:
            return False
        of_month, of_week = self.expression.split()[2], self.expression.split()[4]
        is_day, is_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        if EVERY in (of_month, of_week):
            return is_day and is_weekday
        return is_day or is_weekday

    def _fields(self) -> list[frozenset[int]]:
        words = self.expression.split()
        if len(words) != len(BOUNDS):
            raise ValueError(f"{self.expression!r} has not five fields")
        return [_numbers(word, *bounds) for word, bounds in zip(words, BOUNDS, strict=True)]


def _numbers(word: str, lowest: int, highest: int) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        first, last = _ends(span, lowest, highest)
        if step and not span.endswith(EVERY) and "-" not in span:
            last = highest
        if not lowest <= first <= last <= highest or (step and int(step) < 1):
            raise ValueError(f"{part!r} is not within {lowest} to {highest}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _ends(span: str, lowest: int, highest: int) -> tuple[int, int]:
    if span == EVERY:
        return lowest, highest
    first, _, last = span.partition("-")
    return int(first), int(last or first)
