"""The board at a plant's gate 公示牌, open to everybody: what the list orders per level, and a QR code that leads here.

Nothing but the list's public part is shown: no contact, no emission, no finding.
"""

from __future__ import annotations

import io

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.language import _
from console.page import account_of, console_of, missing, page
from console.staff.lists import board_address, revisions, sheet, sheet_document

router = APIRouter()


@router.get("/board/{identifier}")
def board(request: Request, identifier: str) -> Response:
    """The board of one plant, to be read or printed."""
    return page(request, "board.html", sheet=sheet(request, identifier))


@router.get("/board/{identifier}/qr.svg")
def code(request: Request, identifier: str) -> Response:
    """The QR code of the board's address, error correction M (a board in the open gets scratched)."""
    import segno

    made = sheet(request, identifier)
    address = board_address(request, made)
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=6, border=4, xmldecl=False, nl=False)
    return Response(out.getvalue(), media_type="image/svg+xml")


@router.get("/plant")
def own(request: Request) -> Response:
    """A plant's own sheet, on its phone."""
    enterprise = account_of(request).enterprise
    if not enterprise or console_of(request).settings.lists is None:
        raise missing(_("一厂一案"))
    return page(request, "plant.html", sheet=sheet(request, enterprise), own=True, **revisions(request, enterprise))


@router.get("/plant/document")
def own_document(request: Request) -> Response:
    """The same as a document, its own only."""
    enterprise = account_of(request).enterprise
    if not enterprise or console_of(request).settings.lists is None:
        raise missing(_("一厂一案"))
    return sheet_document(request, enterprise)
