"""The printed call list: whom to telephone because no receipt is on record. The receipt then names who called.

What was said on the telephone is put on record with `Office.acknowledge_order(signer=..., by=the officer who called)`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime

from emergency.messages import DRILL_MARK, local
from emergency.office import Office
from emergency.vocabulary import Level

COLUMNS = ("序号", "单位", "电话", "级别", "应签收时间", "已催办", "送达情况", "通话人", "通话时间", "对方签收人")


def call_list(office: Office, *, phone_of: Callable[[str], str | None], now: datetime) -> str:
    """The list as CSV text (with a byte order mark, for spreadsheets): the longest overdue first.

    The last three columns are empty: they are for the pen. A unit without a number is on the list all the same.
    """
    rows = office.record.now("order", states=("issued", "delivered"))
    rows = tuple(sorted(rows, key=lambda row: (row["body"]["respond_by"], row["enterprise"])))
    stream = io.StringIO()
    writer = csv.writer(stream)
    mark = DRILL_MARK if office.record.drill else ""
    writer.writerow([f"{mark}未签收单位电话清单（{local(now)}）"])
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, start=1):
        body = row["body"]
        writer.writerow(
            [
                number,
                _safe(body["enterprise_name"]),
                _safe(phone_of(row["enterprise"]) or "未登记"),
                Level.of(row["level"]).chinese,
                local(datetime.fromisoformat(body["respond_by"])),
                body["chases"],
                "已送达" if row["state"] == "delivered" else "未送达",
                "",
                "",
                "",
            ]
        )
    return "\ufeff" + stream.getvalue()


def _safe(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
