"""E-mail and group robots (企业微信, 钉钉, 飞书) through the library apprise: the address is its URL.

For example `mailtos://user:password@mail.example/?to=...`, `wecombot://KEY`, `dingtalk://TOKEN`, `feishu://TOKEN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.deliver import Handed

SCHEMES = frozenset({"mailto", "mailtos", "wecombot", "dingtalk", "feishu", "lark"})
"""What may be an address; others of the library could run programs or write files."""


class AppriseChannel:
    """An outside channel by apprise."""

    name = "apprise"
    sealed = False

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Notify once; a drill's message is refused before the library is loaded."""
        if message["drill"]:
            return Handed("refused", "演练消息不得发出")
        scheme = address.split("://", 1)[0].lower()
        if scheme not in SCHEMES:
            return Handed("refused", f"不支持的地址类型：{scheme}")
        import apprise

        sender = apprise.Apprise()
        if not sender.add(address):
            return Handed("refused", "地址格式不正确")
        told = sender.notify(title=str(message["subject"]), body=str(message["body"]))
        return Handed("handed") if told else Handed("failed", "发送未成功")
