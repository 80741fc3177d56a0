"""The routers of the response's pages, gathered so that the application names them once."""

from __future__ import annotations

from console.staff import inspection

ROUTERS = (inspection.router,)
