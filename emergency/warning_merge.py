"""Two near episodes as one 两次过程合并: which issued warnings are too near, and the one that takes their place.

When the gap is too short to clear the air, the warning that would have been lifted between them never was: it is one
episode, at the stricter level, from the earlier start to the later end (环大气〔2017〕86号 slides; the hours of the gap
are a setting of the rule data, procedure.merge_gap_hours).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from emergency.lifecycle import Refused
from emergency.warning import AirWarning, Draft, merged


def near(first: Draft, second: Draft, gap: timedelta) -> bool:
    """Whether two PM2.5 warnings of one area lie closer than the gap, or overlap; never when the gap is nothing."""
    if not gap or not (first.starts_measures and second.starts_measures) or first.area != second.area:
        return False
    return second.starts_at - first.expected_end < gap and first.starts_at - second.expected_end < gap


def too_near(
    content: Draft, running: Sequence[AirWarning], *, identifier: str, gap: timedelta
) -> tuple[AirWarning, ...]:
    """The warnings beside which a draft cannot stand as an episode of its own; those that it replaces are none."""
    ended = {identifier, content.replaces, *content.merges}
    return tuple(one for one in running if one.identifier not in ended and near(content, one.draft, gap))


def require_apart(content: Draft, running: Sequence[AirWarning], *, identifier: str, gap: timedelta) -> None:
    """Refuse a second PM2.5 warning beside one in force when the gap is too short for two episodes."""
    for other in too_near(content, running, identifier=identifier, gap=gap):
        raise Refused(
            act="起草预警",
            subject=f"预警 {identifier}",
            state="起草中",
            rule=(
                f"与{other.draft.name} {other.identifier}的间隔不足{gap.total_seconds() / 3600:.0f}小时，按一次过程处理"
            ),
            possible=f"请按较高级别起草替代 {other.identifier} 的预警，起止时间覆盖两次过程",
        )


def as_one(content: Draft, issued: Sequence[AirWarning], *, identifier: str, gap: timedelta) -> Draft:
    """The draft widened until no issued warning is too near; the same draft when none is.

    The warning that starts first is the one replaced, unless the draft already replaces one (then that one's own end
    and level are past: the draft is the newer word on it); the others stand in `merges`.
    """
    while found := too_near(content, issued, identifier=identifier, gap=gap):
        first = min(found, key=lambda one: (one.draft.starts_at, one.identifier))
        if content.replaces is None:
            content = merged(first.draft, content, replaces=first.identifier)
        else:
            widened = merged(content, first.draft, replaces=content.replaces)
            content = replace(widened, consultation=content.consultation, merges=(*content.merges, first.identifier))
    return content
