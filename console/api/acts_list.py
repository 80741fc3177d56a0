"""Acts on reduction lists, signed links and the map: the import with its mapping, editions, what is taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from console import uploads
from console.api.acting import Asked, Digest, Done, File, Identifier, Key, do, done, form_of, once, route
from console.api.door import CallerOf
from console.page import BadForm, Console
from console.staff import lists, maps
from emergency.directory import Account
from plans.enterprise_csv import COLUMNS

router = APIRouter()
Heading = Annotated[str, StringConstraints(max_length=200)]


class Sheet(Asked):
    """A list as xlsx or CSV, and what lies beside it."""

    edition: Annotated[str, Field(min_length=1, max_length=40, description="版本名称")]
    file: File
    windows: File | None = Field(None, description="错峰窗口表，UTF-8的CSV，base64编码")
    places: File | None = Field(None, description="位置表，UTF-8的CSV，base64编码")
    sample: bool = False


class Mapping(Asked):
    """What the headings mean: a column of the list, or null to leave it out."""

    columns: dict[Heading, Annotated[str, StringConstraints(max_length=40)] | None] = Field({}, max_length=400)
    units: dict[Heading, Annotated[str, StringConstraints(max_length=20)]] = Field({}, max_length=400)
    skip_sheets: list[Annotated[str, StringConstraints(max_length=80)]] = Field([], max_length=100)
    blank_is_zero: bool = False
    days_per_year: int = Field(365, ge=1, le=366)


class Revocation(Asked):
    """Why a link is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Map(Asked):
    """The office's own reviewed map."""

    file: File
    source: Annotated[str, Field(min_length=1, max_length=200)]
    number: Annotated[str, Field(min_length=1, max_length=40, description="审图号")]


@route("/lists", "上传减排清单", router)
def upload(request: Request, asked: Sheet, caller: CallerOf, key: Key) -> Response:
    """Keep a file to be looked at; nothing is stored yet. `identifier` of the answer is its digest."""

    def work(console: Console, _account: Account, _now: datetime) -> Done:
        made = lists.take_from(lists.folder_of(console), form_of(asked))
        return _kept(console, made)

    return once(request, caller, key, asked, work)


@route("/lists/{digest}/mapping", "指定清单各列的含义", router)
def decide(request: Request, digest: Digest, asked: Mapping, caller: CallerOf, key: Key) -> Response:
    """Take what was decided about the columns."""
    unknown = sorted({one for one in asked.columns.values() if one is not None} - set(COLUMNS))

    def work(console: Console, _account: Account, _now: datetime) -> Done:
        if unknown:
            raise BadForm(f"清单没有这些列：{'、'.join(unknown[:5])}。可用的列：{'、'.join(COLUMNS)}。")
        kept = lists.upload_of(console, digest)
        kept.columns, kept.units, kept.skip_sheets = dict(asked.columns), dict(asked.units), list(asked.skip_sheets)
        kept.blank_is_zero, kept.days_per_year = asked.blank_is_zero, asked.days_per_year
        uploads.save(lists.folder_of(console), kept)
        return _kept(console, kept)

    return once(request, caller, key, asked, work)


@route("/lists/{digest}/store", "清单入库", router)
def store(request: Request, digest: Digest, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Store the checked list as a new edition, not yet in use."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        kept = lists.store_from(console, lists.upload_of(console, digest), by=account.actor, now=now)
        return done(console, "edition", kept.identifier)

    return once(request, caller, key, asked, work)


@route("/editions/{identifier}/adopt", "启用清单版本", router)
def adopt(request: Request, identifier: Identifier, asked: Asked, caller: CallerOf, key: Key) -> Response:
    """Put an edition into use: orders are made from it from now on."""
    return do(request, caller, key, "edition", identifier, asked,
              lambda office, by, now: office.adopt_edition(identifier, by=by, now=now))  # fmt: skip


@route("/links/{identifier}/revoke", "撤销签收链接", router)
def revoke(request: Request, identifier: Identifier, asked: Revocation, caller: CallerOf, key: Key) -> Response:
    """Take a signed link back."""
    return do(request, caller, key, "link", identifier, asked,
              lambda office, by, now: office.revoke_link(
                  identifier, reason=asked.reason, by=by, now=now))  # fmt: skip


@route("/map", "启用底图", router)
def bring(request: Request, asked: Map, caller: CallerOf, key: Key) -> Response:
    """Put the office's own map in place."""

    def work(console: Console, account: Account, now: datetime) -> Done:
        maps.bring_from(console, form_of(asked), by=account, now=now)
        return Done(identifier=asked.number, state="in_use", version=1)

    return once(request, caller, key, asked, work)


def _kept(console: Any, made: uploads.Upload) -> Done:
    found = uploads.report_of(lists.folder_of(console), made, city=lists.lists_of(console).plan.city)
    return Done(identifier=made.digest, state="usable" if found.listing is not None else "faulty", version=1)
