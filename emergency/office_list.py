"""Acts of the office on editions of the reduction list: store a checked one, put it into use, withdraw it."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from emergency import edition
from emergency.lifecycle import Actor, Refused
from emergency.office_base import Acts, existing, refuse_existing
from emergency.record import Record
from plans.enterprise_csv import PLANT_COLUMNS, list_of_text
from plans.enterprise_list import EnterpriseList
from plans.places import Places, places_of_text
from plans.staggered import Window, windows_of_text

LIST, WINDOWS, PLACES = "text/csv; kind=list", "text/csv; kind=windows", "text/csv; kind=places"


class ListActs(Acts):
    """Acts of the office on editions of the reduction list."""

    def store_edition(
        self,
        listing: EnterpriseList,
        text: str,
        *,
        file: str,
        by: Actor,
        now: datetime,
        windows: str = "",
        places: str = "",
    ) -> edition.Edition:
        """Keep a checked list as a new edition; `text` is the list in the stored columns, the others optional CSVs.

        Refused when an edition of that name exists; DataError when the windows or places do not fit the list.
        """
        if windows:
            windows_of_text(windows, name="windows", listing=listing)
        if places:
            places_of_text(places, name="places")
        identifier = f"list-{listing.edition}"
        with self.record.act(now) as act:
            refuse_existing(act, "edition", identifier, "入库")
            digest = act.file(text.encode(), media_type=LIST, title=f"清单 {listing.edition}")
            filed = {
                f"{what}_digest": act.file(content.encode(), media_type=kind, title=f"{word} {listing.edition}")
                for what, content, kind, word in (
                    ("windows", windows, WINDOWS, "错峰窗口"), ("places", places, PLACES, "企业位置"),
                )
                if content
            }  # fmt: skip
            events = edition.store(
                identifier=identifier,
                name=listing.edition,
                city=listing.city,
                digest=digest,
                file=file,
                enterprises=len(listing.enterprises),
                units=sum(len(plant.units) for plant in listing.enterprises),
                by=by,
                now=now,
                **filed,
            )
            made = act.append("edition", identifier, events)
            assert isinstance(made, edition.Edition)
            return made

    def adopt_edition(self, identifier: str, *, by: Actor, now: datetime) -> edition.Edition:
        """Put a stored edition into use; the one in use until now is replaced in the same transaction."""
        with self.record.act(now) as act:
            state = existing(act, "edition", identifier)
            if by.role.key not in ("office_director", "vice_mayor", "mayor"):
                raise Refused(
                    act="启用",
                    subject=f"清单版本 {identifier}",
                    state=state.state.chinese,
                    rule=f"{by.role.chinese}无权启用清单",
                    possible="应由office_director启用",
                )
            adopted = edition.adopt(state, by=by, now=now)
            for row in self.record.now("edition", states=("in_use",)):
                before = existing(act, "edition", row["stream"])
                act.append("edition", row["stream"], edition.supersede(before, successor=identifier, by=by, now=now))
            made = act.append("edition", identifier, adopted)
            assert isinstance(made, edition.Edition)
            return made

    def withdraw_edition(self, identifier: str, *, reason: str, by: Actor, now: datetime) -> edition.Edition:
        """Take a stored edition back."""
        with self.record.act(now) as act:
            state = existing(act, "edition", identifier)
            made = act.append("edition", identifier, edition.withdraw(state, reason=reason, by=by, now=now))
            assert isinstance(made, edition.Edition)
            return made


def edition_in_use(record: Record) -> edition.Edition | None:
    """The edition that orders are made from; None while the record holds none in use."""
    rows = record.now("edition", states=("in_use",))
    return record.state("edition", rows[-1]["stream"]) if rows else None


def list_of(record: Record, kept: edition.Edition) -> EnterpriseList:
    """The list of an edition, read back from its exhibit."""
    return list_of_text(_text(record, kept.digest), name=kept.name, city=kept.city, edition=kept.name)


def list_of_plant(record: Record, kept: edition.Edition, identifier: str) -> EnterpriseList:
    """The same with the rows of one plant only, none when the edition has none such: quick even for a long list."""
    rows = csv.reader(io.StringIO(_text(record, kept.digest)))
    heading = next(rows)
    at = heading.index(PLANT_COLUMNS[0])
    own = [row for row in rows if len(row) > at and row[at].strip() == identifier]
    if not own:
        return EnterpriseList(kept.city, kept.name, (), kept.digest)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heading, *own])
    return list_of_text(out.getvalue(), name=kept.name, city=kept.city, edition=kept.name)


def windows_of(record: Record, kept: edition.Edition) -> tuple[Window, ...]:
    """The staggered windows that were stored with an edition."""
    return windows_of_text(_text(record, kept.windows_digest), name=kept.name) if kept.windows_digest else ()


def places_of(record: Record, kept: edition.Edition) -> Places:
    """Where the plants of an edition lie; empty when nobody said."""
    return places_of_text(_text(record, kept.places_digest), name=kept.name) if kept.places_digest else {}


def _text(record: Record, digest: str) -> str:
    found = record.exhibit(digest)
    assert found is not None, f"the edition names an exhibit that is not on file: {digest}"
    return found[1].decode()
