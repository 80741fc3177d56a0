"""The words of the office: levels, roles, pollutants, each with its Chinese name.

The glossary in docs/vocabulary.md is generated from this module, so a word has one spelling everywhere. Nothing here
holds a number of the law; those live in plans/ with their clause.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
"""The one local time of the product (北京时间)."""


class Level(IntEnum):
    """Warning level 预警级别, ordered so that a comparison speaks the law: red > orange > yellow > none."""

    NONE = 0
    YELLOW = 1
    ORANGE = 2
    RED = 3

    @property
    def word(self) -> str:
        """The English key used in rules and JSON, e.g. "orange"."""
        return self.name.lower()

    @property
    def chinese(self) -> str:
        """The word on screens and documents, e.g. 橙色."""
        return ("无", "黄色", "橙色", "红色")[self]

    @property
    def response(self) -> str:
        """The response class that follows, e.g. Ⅱ级 (domain 3.2: yellow Ⅲ, orange Ⅱ, red Ⅰ)."""
        return ("无", "Ⅲ级", "Ⅱ级", "Ⅰ级")[self]

    @classmethod
    def of(cls, word: str) -> Level:
        """The level of an English key; ValueError names the allowed keys.

        >>> Level.of("red") is Level.RED
        True
        """
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"Unknown warning level {word!r}; expected one of none, yellow, orange, red.") from None


class Role(Enum):
    """Who acts. A person holds one or more roles; authority is looked up by role, never by name."""

    DUTY_OFFICER = ("duty_officer", "值班员")
    FORECASTER = ("forecaster", "环境监测站预报员")
    METEOROLOGIST = ("meteorologist", "气象台预报员")
    EXPERT = ("expert", "专家团队")
    TERRITORY = ("territory", "属地代表")
    OFFICE_DIRECTOR = ("office_director", "蓝天办（点长制办公室）主任")
    VICE_MAYOR = ("vice_mayor", "分管副市（区）长")
    MAYOR = ("mayor", "市（区）长")
    INSPECTOR = ("inspector", "督导检查员")
    ENTERPRISE = ("enterprise", "企业联系人")
    DEPARTMENT = ("department", "成员单位联络员")
    ADMINISTRATOR = ("administrator", "系统管理员")
    SYSTEM = ("system", "系统")

    def __init__(self, key: str, chinese: str) -> None:
        self.key = key
        self.chinese = chinese

    @classmethod
    def of(cls, key: str) -> Role:
        """The role of a key; ValueError names the allowed keys."""
        for role in cls:
            if role.key == key:
                return role
        raise ValueError(f"Unknown role {key!r}; expected one of {', '.join(role.key for role in cls)}.")


POLLUTANT_CHINESE: dict[str, str] = {
    "pm25": "PM2.5",
    "pm10": "PM10",
    "so2": "二氧化硫",
    "no2": "二氧化氮",
    "co": "一氧化碳",
    "o3": "臭氧",
}
"""Pollutant keys used everywhere, with the name on screens."""
