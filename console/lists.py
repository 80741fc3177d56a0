"""The reduction list that orders are made from: the edition in use on the record, else the one the post came with."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

from console.lasting import lasting
from console.list_sums import Sums, sums_of
from emergency.edition import Edition
from emergency.instructions import department_instructions, instructions_of
from emergency.office import Instruction
from emergency.office_list import edition_in_use, list_of, places_of, windows_of
from emergency.record import Record
from emergency.vocabulary import Level
from plans.city_plan import CityPlan
from plans.enterprise_list import EnterpriseList
from plans.list_diff import ListDiff, diff_lists
from plans.list_export import write_list_workbook
from plans.places import Places
from plans.staggered import Window

MOST_SUMS = 16
"""Sums that are kept; a person tries out a few sets of plants that are shut."""
MOST_LISTS = 3
"""Editions that are kept: the one in use, the one to come, the one before."""


class ListInUse:
    """Looks at the record at every call, and reads a list again only when another edition is in use."""

    def __init__(
        self, record: Record, plan: CityPlan, *, fallback: EnterpriseList | None, places: Places | None = None
    ) -> None:
        self.record, self.plan, self.fallback, self._places = record, plan, fallback, places or {}

        @lru_cache(maxsize=MOST_LISTS)
        def beside(kept: Edition) -> tuple[tuple[Window, ...], Places]:
            return windows_of(record, kept), places_of(record, kept)

        @lru_cache(maxsize=8)
        def ordered(_digest: str, level: Level) -> tuple[Instruction, ...]:
            listing = self.listing()
            own = instructions_of(listing, level) if listing is not None else ()
            return (*own, *department_instructions(plan, level)) if listing is not None else ()

        self._beside, self._ordered = beside, ordered
        self._lock = threading.RLock()
        self._lists: dict[tuple[str, str], EnterpriseList] = {}
        self._sums: dict[tuple[object, ...], Sums] = {}
        self._changes: tuple[tuple[str, ...], ListDiff] | None = None

    def edition(self) -> Edition | None:
        """The edition in use; None while it is the list that the post came with."""
        return edition_in_use(self.record)

    def listing(self) -> EnterpriseList | None:
        """The list; None for an office that has none yet."""
        kept = self.edition()
        return self.of(kept) if kept is not None else self.fallback

    def of(self, kept: Edition) -> EnterpriseList:
        """The list of any edition; the last few are remembered, for reading a long one takes a second."""
        with self._lock:
            found = self._lists.get((kept.digest, kept.name))
            if found is None:
                with lasting():
                    found = list_of(self.record, kept)
            self._remember(found)
            return found

    def changes(self, kept: Edition) -> ListDiff | None:
        """What an edition changes against the list in use, remembered for whoever looks again; None without a list."""
        before = self.listing()
        if before is None:
            return None
        asked = (before.digest, before.edition, kept.digest, kept.name)
        with self._lock:
            if self._changes is None or self._changes[0] != asked:
                self._changes = (asked, diff_lists(before, self.of(kept)))
            return self._changes[1]

    def remember(self, listing: EnterpriseList) -> None:
        """Keep a list that somebody has just read and stored as an edition."""
        with self._lock:
            self._remember(listing)

    def _remember(self, listing: EnterpriseList) -> None:
        key = (listing.digest, listing.edition)
        self._lists = {**{name: one for name, one in self._lists.items() if name != key}, key: listing}
        for name in list(self._lists)[:-MOST_LISTS]:
            del self._lists[name]

    def workbook(self, folder: Path, kept: Edition | None) -> Path | None:
        """Where the list of an edition (None: the one the post came with) lies as a workbook; None without a list.

        It is written once, at the latest when it is asked for, with its windows and places.
        """
        listing = self.of(kept) if kept is not None else self.fallback
        if listing is None:
            return None
        windows, places = self._beside(kept) if kept is not None else ((), self._places)
        beside = hashlib.sha256(repr((windows, sorted(places.items()))).encode()).hexdigest()[:12]
        path = folder / f"{listing.digest}-{beside}.xlsx"
        with self._lock:
            if not path.is_file():
                folder.mkdir(parents=True, exist_ok=True)
                write_list_workbook(listing, path, windows=windows, places=places)
        return path

    def digest(self) -> str:
        """Of the list's text; empty without a list."""
        kept = self.edition()
        return kept.digest if kept is not None else self.fallback.digest if self.fallback else ""

    def windows(self) -> tuple[Window, ...]:
        """Staggered windows that came with the edition."""
        kept = self.edition()
        return self._beside(kept)[0] if kept is not None else ()

    def places(self) -> Places:
        """Where the plants lie, as far as the edition (or the list that the post came with) says."""
        kept = self.edition()
        return self._beside(kept)[1] if kept is not None else self._places

    def sums(self, listing: EnterpriseList, *, on: date, shut: Sequence[str]) -> Sums:
        """What the list adds up to on a day without the plants that are shut anyway."""
        windows = self.windows()
        key = (listing.digest, windows, on if windows else None, tuple(shut))
        with self._lock:
            if key not in self._sums:
                if len(self._sums) >= MOST_SUMS:
                    self._sums = {}
                self._sums[key] = sums_of(listing, self.plan, windows=windows, on=on, shut=shut)
            return self._sums[key]

    def instructions(self, level: Level) -> Sequence[Instruction]:
        """What a level orders of plants and departments."""
        return self._ordered(self.digest(), level)
