"""The routers of the response's pages, gathered so that the application names them once."""

from __future__ import annotations

from console import board
from console.staff import inspection, lists

ROUTERS = (lists.router, inspection.router, board.router)
