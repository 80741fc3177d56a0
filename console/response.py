"""The routers of the response's pages, gathered so that the application names them once."""

from __future__ import annotations

from console import board
from console.portal import link
from console.staff import inspection, lists, what_if

ROUTERS = (what_if.router, lists.router, inspection.router, board.router, link.router)
