"""How a response orders its list: only the difference; released where the list says nothing; joined by a merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from emergency import activation, messages, order
from emergency.lifecycle import Actor, Event
from emergency.office_base import Desk, Instruction, activation_of, order_of
from emergency.record import Act, Message

_ENDED = ("superseded", "released", "exempted", "closed")
_OPEN = tuple(state.key for state in order.OrderState if state.key not in _ENDED)


def running_response(act: Act, episode: str) -> activation.Activation | None:
    """The response of an episode that is scheduled, in force or paused; None when there is none."""
    state = act.state("activation", f"response-{episode}")
    done = (
        activation.ActivationState.ENDED,
        activation.ActivationState.CANCELLED,
        activation.ActivationState.REVIEWED,
    )
    return None if state is None or state.state in done else activation_of(state)


def open_orders(act: Act, response: str) -> list[order.Order]:
    """The orders of a response that are neither superseded, released, exempted nor closed, by identifier."""
    return [order_of(state) for state in act.states("order", parent=response, states=_OPEN)]


def order_the_list(
    act: Act,
    desk: Desk,
    response: activation.Activation,
    instructions: Sequence[Instruction],
    *,
    starts_at: datetime,
    by: Actor,
    now: datetime,
) -> dict[str, str]:
    """Issue one order per enterprise, or only the difference to what is in force; enterprise to order afterwards."""
    in_force: dict[str, str] = {}
    running = {current.enterprise: current for current in open_orders(act, response.identifier)}
    act.expect("order", [_name(response, instruction.enterprise, 0) for instruction in instructions])
    respond_by, execute_by = now + desk.respond_within, starts_at + desk.execute_within
    twice = [name for name, count in Counter(item.enterprise for item in instructions).items() if count > 1]
    if twice:
        raise ValueError(f"{twice[0]} stands twice in the instructions; one order each.")
    for instruction in sorted(instructions, key=lambda item: item.enterprise):
        current = running.pop(instruction.enterprise, None)
        if not instruction.measures and not instruction.voluntary:
            if current is not None:
                release(act, current, reason="该级别无措施", by=by, now=now)
            continue
        if current is not None and _same(current.measures, instruction.measures):
            in_force[instruction.enterprise] = current.identifier
            continue  # what is ordered does not change: the order in force stands
        identifier = in_force[instruction.enterprise] = _unused(act, response, instruction.enterprise)
        title, body = messages.order_text(
            enterprise_name=instruction.enterprise_name,
            level=response.level,
            measures=instruction.measures,
            voluntary=instruction.voluntary,
            starts_at=starts_at,
            respond_by=respond_by,
            drill=act.drill,
            audience=instruction.audience,
        )
        if current is not None:
            act.append(
                "order",
                current.identifier,
                order.supersede(current, successor=identifier, by=by, now=now),
            )
        events: tuple[Event, ...] = order.issue(
            identifier=identifier,
            episode=response.episode,
            activation=response.identifier,
            enterprise=instruction.enterprise,
            enterprise_name=instruction.enterprise_name,
            level=response.level.word,
            measures=instruction.measures,
            voluntary=instruction.voluntary,
            respond_by=respond_by,
            execute_by=execute_by,
            replaces=current.identifier if current else None,
            by=by,
            now=now,
            basis=(response.list_digest,),
            audience=instruction.audience,
        )
        call = Message(f"{identifier}.issued", instruction.audience, instruction.enterprise, title, body)
        act.append("order", identifier, events, messages=[call])
    for current in running.values():
        release(act, current, reason="清单该级别不再包含", by=by, now=now)
    return in_force


def _name(response: activation.Activation, enterprise: str, later: int) -> str:
    return order.identifier_of(
        activation=response.identifier, round_number=response.adjustments + later, enterprise=enterprise
    )


def _unused(act: Act, response: activation.Activation, enterprise: str) -> str:
    """The name of the enterprise's next order: that of the round, or a later one where the list changed within it."""
    later = 0
    while act.version("order", _name(response, enterprise, later)):
        later += 1
    return _name(response, enterprise, later)


def join(
    act: Act,
    other: activation.Activation,
    in_force: Mapping[str, str],
    stood: Mapping[str, order.Order],
    *,
    end: datetime,
    by: Actor,
    now: datetime,
) -> None:
    """End a response whose episode is merged; its orders go over into those `in_force`.

    Who gets a new order reads it there; whose order stands unchanged (it is among those that `stood`) is told that it
    goes on until `end`; who has none any more is released.
    """
    reason = "两次过程间隔不足，并为一次过程"
    scheduled = other.state is activation.ActivationState.SCHEDULED
    ending = (activation.cancel if scheduled else activation.end)(other, reason=reason, by=by, now=now)
    act.append("activation", other.identifier, ending)
    for current in open_orders(act, other.identifier):
        successor = in_force.get(current.enterprise)
        if successor is None:
            if current.enterprise in stood:  # released just now, with its one message
                act.append("order", current.identifier, order.release(current, reason=reason, by=by, now=now))
            else:
                release(act, current, reason=reason, by=by, now=now)
            continue
        calls: list[Message] = []
        before = stood.get(current.enterprise)
        if before is not None and before.identifier == successor:
            said = messages.order_goes_on(before.enterprise_name, until=end, drill=act.drill)
            calls = [Message(f"{successor}.goes-on.{current.activation}", current.audience, current.enterprise, *said)]
        ended = order.supersede(current, successor=successor, by=by, now=now)
        act.append("order", current.identifier, ended, messages=calls)


def release(act: Act, current: order.Order, *, reason: str, by: Actor, now: datetime) -> None:
    """Release one order and tell the enterprise."""
    title, body = messages.order_released(
        enterprise_name=current.enterprise_name, now=now, drill=act.drill, audience=current.audience
    )
    call = Message(f"{current.identifier}.released", current.audience, current.enterprise, title, body)
    act.append("order", current.identifier, order.release(current, reason=reason, by=by, now=now), messages=[call])


def _same(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> bool:
    return [dict(measure) for measure in before] == [dict(measure) for measure in after]
