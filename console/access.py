"""Who may open or send what: one table for every route of the console. What is not in it, nobody may.

Authority over acts (who may sign a red warning) is not here but in the life-cycles, by the city plan. This table only
says which doors exist for which roles; an enterprise never passes a staff door, and the other way round.
"""

from __future__ import annotations

from emergency.vocabulary import Role

PUBLIC: frozenset[Role] | None = None
"""Open without log-in."""

PLANT = frozenset({Role.ENTERPRISE, Role.DEPARTMENT})
"""Those who receive orders: plants, and departments with their tasks. Each sees only its own."""
STAFF = frozenset(Role) - PLANT - {Role.SYSTEM}
ANYONE = STAFF | PLANT
DUTY = frozenset({Role.DUTY_OFFICER})
OFFICE = frozenset({Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR})
DIRECTOR = frozenset({Role.OFFICE_DIRECTOR})
LEADERS = frozenset({Role.OFFICE_DIRECTOR, Role.VICE_MAYOR, Role.MAYOR})
SPEAKERS = frozenset({
    Role.FORECASTER, Role.METEOROLOGIST, Role.EXPERT, Role.TERRITORY, Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR,
})  # fmt: skip
INSPECTORS = frozenset({Role.INSPECTOR, Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR})
CLOCK = frozenset({Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR, Role.ADMINISTRATOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})

ACCESS: dict[tuple[str, str], frozenset[Role] | None] = {
    ("GET", "/health"): PUBLIC,
    ("GET", "/static/{name}"): PUBLIC,
    ("GET", "/favicon.svg"): PUBLIC,
    ("GET", "/login"): PUBLIC,
    ("POST", "/login"): PUBLIC,
    ("POST", "/login/code"): PUBLIC,
    ("POST", "/language"): PUBLIC,
    ("GET", "/login/oidc"): PUBLIC,
    ("GET", "/login/oidc/back"): PUBLIC,
    ("POST", "/logout"): ANYONE,
    ("GET", "/me"): ANYONE,
    ("POST", "/me/password"): ANYONE,
    ("POST", "/me/factor"): ANYONE,
    ("POST", "/me/factor/confirm"): ANYONE,
    ("GET", "/"): ANYONE,
    # duty desk
    ("GET", "/desk"): STAFF,
    ("GET", "/desk/live"): STAFF,
    ("GET", "/wall"): STAFF,
    ("GET", "/wall/live"): STAFF,
    ("GET", "/debrief"): STAFF,
    ("GET", "/map"): STAFF,
    ("POST", "/map"): DIRECTOR | ADMINISTRATORS,
    # the watch
    ("GET", "/watch"): STAFF,
    ("POST", "/watch/acknowledge"): OFFICE,
    # outlook
    ("GET", "/outlook"): STAFF,
    ("GET", "/standing"): STAFF,
    # what the public sees; /public itself is answered before this table is asked, and holds no act
    ("GET", "/preview"): STAFF,
    ("GET", "/preview/{name}"): STAFF,
    # rules
    ("GET", "/rules"): STAFF,
    ("GET", "/rules/{name}"): STAFF,
    # log-ins
    ("GET", "/accounts"): ADMINISTRATORS,
    ("POST", "/accounts"): ADMINISTRATORS,
    ("POST", "/accounts/tokens"): ADMINISTRATORS,
    ("POST", "/accounts/tokens/{identifier}/close"): ADMINISTRATORS,
    ("POST", "/accounts/{identifier}/renew"): ADMINISTRATORS,
    ("POST", "/accounts/{identifier}/factor"): ADMINISTRATORS,
    ("POST", "/accounts/{identifier}/close"): ADMINISTRATORS,
    ("POST", "/accounts/{identifier}/open"): ADMINISTRATORS,
    # other systems that are told
    ("GET", "/webhooks"): ADMINISTRATORS,
    ("POST", "/webhooks/{identifier}/ping"): ADMINISTRATORS,
    ("POST", "/webhooks/{identifier}/pause"): ADMINISTRATORS,
    ("POST", "/webhooks/{identifier}/resume"): ADMINISTRATORS,
    # consultations
    ("GET", "/consultations"): STAFF,
    ("GET", "/consultations/{identifier}"): STAFF,
    ("GET", "/consultations/{identifier}/judgement"): STAFF,
    ("POST", "/consultations/{identifier}/convene"): OFFICE,
    ("POST", "/consultations/{identifier}/opinion"): SPEAKERS,
    ("POST", "/consultations/{identifier}/absence"): OFFICE,
    ("POST", "/consultations/{identifier}/conclude"): DIRECTOR,
    ("POST", "/consultations/{identifier}/cancel"): OFFICE,
    # warnings
    ("GET", "/warnings"): STAFF,
    ("GET", "/warnings/draft"): OFFICE,
    ("POST", "/warnings/draft"): OFFICE,
    ("POST", "/warnings/preview"): OFFICE,
    ("GET", "/warnings/{identifier}"): STAFF,
    ("POST", "/warnings/{identifier}/approve"): STAFF,  # who may sign is the plan's matter, and it answers in words
    ("POST", "/warnings/{identifier}/return"): STAFF,
    ("POST", "/warnings/{identifier}/withdraw"): OFFICE,
    ("POST", "/warnings/{identifier}/issue"): OFFICE,
    ("GET", "/warnings/{identifier}/redraft"): OFFICE,
    ("POST", "/warnings/{identifier}/redraft"): OFFICE,
    ("POST", "/warnings/{identifier}/ask-lift"): OFFICE,
    ("POST", "/warnings/{identifier}/sign-lift"): STAFF,
    ("POST", "/warnings/{identifier}/lift"): OFFICE,
    # duty: roster, calls, hand-over, control, pause
    ("GET", "/duty"): STAFF,
    ("GET", "/duty/roster"): STAFF,
    ("POST", "/duty/roster"): OFFICE,
    ("POST", "/duty/roster/withdraw"): OFFICE,
    ("GET", "/duty/calendar.ics"): STAFF,
    ("GET", "/duty/calls"): STAFF,
    ("POST", "/duty/calls/{identifier}/take"): STAFF,
    ("POST", "/duty/calls/{identifier}/jump"): OFFICE,
    ("GET", "/duty/handover"): STAFF,
    ("POST", "/duty/handover"): OFFICE,
    ("POST", "/duty/handover/{identifier}/take"): OFFICE,
    ("GET", "/duty/telephone"): STAFF,
    ("POST", "/duty/telephone"): OFFICE,
    ("GET", "/duty/measures"): STAFF,
    ("POST", "/duty/control"): OFFICE,
    ("POST", "/duty/superior"): OFFICE,
    ("POST", "/duty/at-once"): OFFICE,
    ("POST", "/duty/pause"): STAFF,
    ("POST", "/duty/resume"): STAFF,
    # orders
    ("GET", "/orders"): STAFF,
    ("POST", "/orders/chase"): OFFICE,
    ("GET", "/orders/{identifier}"): STAFF,
    ("GET", "/orders/{identifier}/document"): STAFF,
    ("POST", "/orders/{identifier}/acknowledge"): OFFICE,
    ("POST", "/orders/{identifier}/chase"): OFFICE,
    ("POST", "/orders/{identifier}/answer"): OFFICE,
    ("POST", "/orders/{identifier}/exempt"): DIRECTOR,
    ("POST", "/orders/{identifier}/refuse-exemption"): OFFICE,
    # reduction lists and plant sheets
    ("GET", "/list"): STAFF,
    ("GET", "/list/export"): STAFF,
    ("GET", "/list/what-if"): STAFF,
    ("GET", "/list/watering"): STAFF,
    ("GET", "/list/import"): OFFICE,
    ("POST", "/list/import"): OFFICE,
    ("GET", "/list/import/{digest}"): OFFICE,
    ("POST", "/list/import/{digest}"): OFFICE,
    ("POST", "/list/import/{digest}/store"): OFFICE,
    ("GET", "/list/editions/{identifier}"): STAFF,
    ("POST", "/list/editions/{identifier}/adopt"): DIRECTOR,
    ("GET", "/list/plants/{identifier}"): STAFF,
    ("GET", "/list/plants/{identifier}/document"): STAFF,
    ("POST", "/list/plants/{identifier}/link"): OFFICE,
    ("GET", "/links"): OFFICE,
    ("POST", "/links/{identifier}/revoke"): OFFICE,
    ("GET", "/link/{name}"): PUBLIC,
    ("POST", "/link/{name}"): PUBLIC,
    ("GET", "/board/{identifier}"): PUBLIC,
    ("GET", "/board/{identifier}/qr.svg"): PUBLIC,
    ("GET", "/plant"): frozenset({Role.ENTERPRISE}),
    ("GET", "/plant/document"): frozenset({Role.ENTERPRISE}),
    # inspections
    ("GET", "/inspections"): STAFF,
    ("GET", "/inspections/{identifier}"): STAFF,
    ("POST", "/inspections/{identifier}"): INSPECTORS,
    # problems
    ("GET", "/problems"): STAFF,
    ("GET", "/problems/circular"): STAFF,
    ("GET", "/problems/{identifier}"): STAFF,
    ("POST", "/problems/{identifier}/assign"): OFFICE,
    ("POST", "/problems/{identifier}/rectify"): frozenset({Role.TERRITORY, Role.DUTY_OFFICER}),
    ("POST", "/problems/{identifier}/look-back"): INSPECTORS,
    # record, reports, replay
    ("GET", "/record"): STAFF,
    ("POST", "/record/verify"): STAFF,
    ("GET", "/exhibits/{digest}"): STAFF,
    ("GET", "/reports"): STAFF,
    ("GET", "/replay"): STAFF,
    ("POST", "/replay"): CLOCK,
    # enterprise portal
    ("GET", "/my"): PLANT,
    ("GET", "/my/{identifier}"): PLANT,
    ("GET", "/my/{identifier}/document"): PLANT,
    ("POST", "/my/{identifier}/acknowledge"): PLANT,
    ("POST", "/my/{identifier}/execute"): PLANT,
    ("POST", "/my/{identifier}/measure"): PLANT,
    ("POST", "/my/{identifier}/ask"): PLANT,
    ("POST", "/my/{identifier}/exemption"): PLANT,
    ("POST", "/my/{identifier}/ledger"): PLANT,
    ("POST", "/my/{identifier}/gate"): PLANT,
}


def allowed(method: str, path: str, role: Role | None) -> bool:
    """Whether a role (None: nobody logged in) may use the route; False for a route that is not in the table."""
    if (method, path) not in ACCESS:
        return False
    roles = ACCESS[method, path]
    return roles is None or role in roles
