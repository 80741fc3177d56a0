"""What the console is built from: one office, what it may read, whose clock it goes by, and its secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from emergency.directory import Directory
from emergency.office import Instruction, Office
from emergency.vocabulary import BEIJING, Level
from plans.rulebook import Rules
from plans.schema import AqiEdition, CityPlan

if TYPE_CHECKING:
    from pathlib import Path

    from console.lists import ListInUse
    from console.oidc import Provider
    from forecast.archive import Archive

SHORTEST_SECRET = 32
"""Bytes of the signing key; 32 is the block of SHA-256 that signs with it (RFC 2104 3)."""


@dataclass(frozen=True)
class Settings:
    """Everything `create_app` needs; nothing in the console reads the environment or a real clock besides."""

    office: Office
    directory: Directory
    archive: Archive | None
    now: Callable[[], datetime]
    plan: CityPlan
    rules: Callable[[date], Rules]
    area: str
    stations: Sequence[str]
    """Station codes on the desk."""
    mean_of: Sequence[str]
    """Station codes of the city mean."""
    delay: timedelta
    instructions: Callable[[Level], Sequence[Instruction]]
    list_digest: str
    secret_key: bytes
    simulated_air: bool = False
    secure_cookie: bool = True
    second_factor_required: bool = False
    """Whether staff must set up the second factor before anything else."""
    idle_timeout: timedelta = timedelta(hours=4)
    """After so long without a click a session is over; the desk's own refresh is no click. Long enough for a quiet
    stretch of a night duty (a setting of the office, confidence I)."""
    longest_session: timedelta = timedelta(hours=14)
    """Over whatever happens: a night duty with hand-over (a setting of the office, confidence I)."""
    lists: ListInUse | None = None
    """The reduction list in use and its editions; None where a console is opened without one."""
    uploads: Path | None = None
    """Where uploaded lists wait for their checks."""
    oidc: Provider | None = None
    """The city's own log-in provider; None: accounts and passwords only."""
    range_half_width: int = 15
    """Published range = central AQI ± this (public code of a regional forecast system, confidence B; domain 5.1)."""

    def __post_init__(self) -> None:
        """Refuse a secret that can be guessed."""
        if len(self.secret_key) < SHORTEST_SECRET:
            raise ValueError(f"The secret key has {len(self.secret_key)} bytes; {SHORTEST_SECRET} are needed.")

    def aqi(self, now: datetime) -> AqiEdition:
        """The AQI edition by which observed values are judged: the one in force on the day of `now`."""
        return self.rules(now.astimezone(BEIJING).date()).aqi

    def base_daily(self) -> Mapping[str, Decimal]:
        """The whole-society emission, t a day per pollutant, of the list's own plan; empty where none is on file."""
        plan = self.lists.plan if self.lists is not None else self.plan
        return {} if plan.base_daily is None else {str(key): value for key, value in plan.base_daily.value.items()}

    def digest_of_list(self) -> str:
        """Of the list that orders are made from now."""
        return self.lists.digest() if self.lists is not None else self.list_digest

    @property
    def replay(self) -> bool:
        """Whether the record holds a replay, whose clock is kept in the record itself."""
        return self.office.record.noted("replay") is not None
