"""Weekly hours in a named zone (terms §2). The registry expands them into UTC intervals at submit."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from concord.decision.limits import Zone
from concord.decision.scalars import Distinct

HOURS_MOST = 20  # of one offer
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", examples=["17:00"])]
Intervals: TypeAlias = Sequence[tuple[datetime, datetime]]  # half-open, in UTC, ascending, apart from each other


class WeeklyHours(BaseModel):
    """On these days from `from` until just before `to`, by the wall clock of the zone; `to` 24:00 is midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    days: Annotated[list[Day], Field(min_length=1, max_length=7), Distinct]
    from_: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.to <= self.from_:
            raise PydanticCustomError("hours_backward", "`to` is later than `from` on the same day")
        return self


def is_open(intervals: Intervals, at: datetime) -> bool:
    """Whether the instant lies in one of the intervals."""
    place = bisect_right(intervals, at, key=lambda interval: interval[0])
    return place > 0 and at < intervals[place - 1][1]
