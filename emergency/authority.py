"""Which role may do which act of the office. Who signs a level is the plan's matter and stands in warning.Authority.

No document read says which desk convenes or files (confidence C): the table is a setting of the office. That the system
never publishes, lifts or concludes is not: only people do (大气污染防治法 第95条).
"""

from __future__ import annotations

from emergency.lifecycle import Actor, Refused
from emergency.vocabulary import Role

OFFICE = (Role.DUTY_OFFICER, Role.OFFICE_DIRECTOR)
MAY: dict[str, tuple[Role, ...]] = {
    "召集会商": OFFICE,
    "记录缺席": (*OFFICE, Role.SYSTEM),
    "形成结论": (Role.OFFICE_DIRECTOR,),
    "取消会商": OFFICE,
    "起草预警": OFFICE,
    "修改后重报": OFFICE,
    "撤回草稿": OFFICE,
    "发布预警": OFFICE,
    "提请解除": OFFICE,
    "解除预警": OFFICE,
    "登记上级通知": OFFICE,
}
"""Act to the roles that may do it; an act that does not stand here is not restricted by role."""


def require(act: str, by: Actor, *, subject: str, state: str) -> None:
    """Nothing when the role may do the act; Refused with the roles that may otherwise."""
    roles = MAY[act]
    if by.role in roles:
        return
    raise Refused(
        act=act,
        subject=subject,
        state=state,
        rule=f"{by.role.chinese}不能办理这一步",
        possible=f"应由{'或'.join(role.chinese for role in roles if role is not Role.SYSTEM)}办理",
    )
