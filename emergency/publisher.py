"""Who publishes, under which codes: what CAP and GB/T 35965.1 ask of a sender, all of it settings with a mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it stands in messages, with how sure it is and where it comes from."""

    value: str
    confidence: Literal["A", "B", "C", "I"]
    source: str


EVENT_CODE = Code("12Q02", "B", "公开程序代码；GB/T 35561的相应代码未见，启用前请与当地预警信息发布中心核对")
"""Event type of a government heavy-pollution warning, of its ozone and sand branches too: no code of theirs was found.
Never 11B19 or 11B07: 霾 and 沙尘暴 are products of the weather service."""

ORGANISATION_CODE = Code("000", "C", "GB/T 4657机构代码未定；启用前请按当地预警信息发布中心分配的代码设置")

REGIONS: dict[str, Code] = {
    "beijing": Code("110000", "A", "GB/T 2260"),
    "xiangyang": Code("420600", "A", "GB/T 2260"),
    "wangcheng": Code("430112", "A", "GB/T 2260"),
}
"""Region code by area key. An area that is not in the table (the sample city) gets NO_REGION and no geocode."""

NO_REGION = Code("000000", "I", "虚构的样例市没有行政区划代码")


@dataclass(frozen=True, slots=True)
class Publisher:
    """The office as sender of warnings."""

    sender: str
    """CAP sender; no space, comma, `<` or `&` (CAP 1.2, 3.2.1)."""
    name: str
    """Who issues, in Chinese: the government or the office it authorised (大气污染防治法 第95条)."""
    name_english: str
    region: Code
    organisation: Code = ORGANISATION_CODE
    event: Code = EVENT_CODE
    polygons: tuple[str, ...] = ()
    """Rings of "lat,lon" pairs with spaces between, first equal to last (CAP 1.2, 3.2.4); the region code may do."""

    @property
    def sender_code(self) -> str:
        """ZZZZZZDDDUUUXX: region, organisation, inner code 000, 00 (GB/T 35965.1, annex).

        >>> publisher_of("beijing", "北京市").sender_code
        '11000000000000'
        """
        return f"{self.region.value}{self.organisation.value}00000"


def publisher_of(area: str, area_name: str) -> Publisher:
    """The publisher of an area key: its region code where the table has one."""
    place = area.replace("-", " ").replace("_", " ").title()
    word = "".join(letter for letter in area.lower() if letter.isascii() and (letter.isalnum() or letter in "-_."))
    return Publisher(
        sender=f"clean-air-office@{word or 'city'}.invalid",
        name=f"{area_name}重污染天气应急指挥部办公室",
        name_english=f"Heavy Pollution Response Office of {place}",
        region=REGIONS.get(area, NO_REGION),
    )
