"""The office's own map: read whole or refused, drawn with its review number, and no boundary of ours beside it."""

import json

import pytest

from console.charts_map import Spot, compass, invented_ground, station_map
from console.map import INVENTED
from console.map_file import MapFile, read_map
from plans.errors import DataError

from .test_air import STATIONS, world  # noqa: F401  a fixture: three stations with air

pytestmark = pytest.mark.anyio
RING = [[112.0, 28.0], [113.0, 28.0], [113.0, 29.0], [112.0, 28.0]]
GOOD = {"source": "样例测绘院，2024年", "number": "湘S(2024)001号"}


def geojson(*geometries):
    features = [{"type": "Feature", "properties": {}, "geometry": one} for one in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def spot(name="甲站", lon=112.4, lat=28.3, **more):
    fields = {"aqi": 120, "level": 3, "word": "轻度污染", "silent": False, "age_minutes": 20, "wind": (2.0, 0.0)}
    return Spot(name, lon, lat, **(fields | more))


def test_areas_and_lines_of_every_kind_are_read_and_points_left_out():
    read = read_map(
        geojson(
            {"type": "Polygon", "coordinates": [RING]},
            {"type": "MultiPolygon", "coordinates": [[RING], [RING, RING]]},
            {"type": "LineString", "coordinates": RING[:2]},
            {"type": "MultiLineString", "coordinates": [RING[:2], RING[1:]]},
            {"type": "Point", "coordinates": [112, 28]},
            {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [RING]}]},
            None,
        ),
        **GOOD,
    )

    assert (5, 3) == (len(read.areas), len(read.lines))
    assert read == MapFile.from_json(read.to_json())


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (b"\x89PNG", {}, "not JSON"),
        (b"[" * 100_000, {}, "not JSON"),
        (b"[1, 2]", {}, "no GeoJSON"),
        (b'{"type": "Topology"}', {}, "no GeoJSON"),
        (geojson(), {}, "nothing to draw"),
        (geojson({"type": "Polygon", "coordinates": "x"}), {}, "no GeoJSON"),
        (
            geojson({"type": "Polygon", "coordinates": [[[28.0, 112.0], [29, 113]]]}),
            {},
            "outside China.*longitude first",
        ),
        (geojson({"type": "Polygon", "coordinates": [[[12467782.0, 3246902.0], [1, 2]]]}), {}, "outside China"),
        (geojson({"type": "Polygon", "coordinates": [[["112", "28"], [113, 28]]]}), {}, "outside China"),
        (geojson({"type": "LineString", "coordinates": [[112, 28]]}), {}, "no points"),
        (geojson({"type": "Polygon", "coordinates": [RING]}), {"number": "第一号"}, "review number"),
        (geojson({"type": "Polygon", "coordinates": [RING]}), {"source": " "}, "no source"),
        (b" " * (4 * 1024 * 1024 + 1), {}, "too large"),
        (geojson({"type": "LineString", "coordinates": [[112, 28]] * 200_001}), {}, "too fine"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(content, more, sentence):
    with pytest.raises(DataError, match=sentence):
        read_map(content, **(GOOD | more))


def test_a_picture_holds_value_name_age_and_wind_and_no_markup_of_a_name():
    drawn = station_map([spot('<b>"甲"'), spot("乙站", 112.5, 28.4, silent=True, wind=None)], invented(), title="图")

    assert "<b>" not in drawn and "&lt;b&gt;" in drawn
    assert "AQI 120 轻度污染" in drawn and "数据20分钟前" in drawn and "北风 2.0 m/s" in drawn
    assert "失联" in drawn and 1 == drawn.count("map-wind")


def invented():
    return invented_ground([(112.4, 28.3), (112.5, 28.4)], source=INVENTED)


def test_the_wind_is_named_by_where_it_comes_from_and_drawn_where_it_goes():
    assert ["北风", "东北风", "西风", "北风"] == [compass(to) for to in (0, 45, 270, 359)]
    drawn = station_map([spot(wind=(5.0, 0.0))], MapFile((), (), "", ""), title="图")  # from the north: southwards
    begin = drawn.split('class="map-wind" d="M')[1].split("M")[0]
    (x1, y1), (x2, y2) = ([float(v) for v in pair.split()] for pair in begin.split("L"))

    assert x1 == x2 and y2 > y1, "down on the picture is south"


def test_marks_that_lie_on_one_spot_are_pushed_apart():
    drawn = station_map([spot(f"{n}站") for n in range(6)], MapFile((), (), "", ""), title="图")
    places = [tuple(part.split('"')[i] for i in (1, 3)) for part in drawn.split('map-spot swatch-3" cx=')[1:]]

    assert 6 == len(set(places))


def test_a_fine_map_is_thinned_until_it_travels_lightly():
    from math import cos, radians, sin

    turns = [radians(number * 360 / 50_000) for number in range(50_001)]
    ring = [[112 + sin(turn), 28 + cos(turn)] for turn in turns]
    drawn = station_map([spot()], read_map(geojson({"type": "Polygon", "coordinates": [ring]}), **GOOD), title="图")

    assert len(drawn) < 40_000


async def test_the_office_brings_its_map_and_the_number_stands_under_it(world):
    director = await world.user("office_director")
    before = (await director.get("/map")).text
    assert "还没有导入底图" in before and "没有导入底图，只画站点的相对位置" in before

    ground = geojson({"type": "Polygon", "coordinates": [[[115, 39], [117, 39], [117, 41], [115, 39]]]})
    answer = await send(director, ground, **GOOD)
    assert 303 == answer.status_code, answer.text
    for path in ("/map", "/desk", "/wall"):
        shown = (await director.get(path)).text
        assert GOOD["number"] in shown and GOOD["source"] in shown and "map-area" in shown
        assert INVENTED not in shown


async def test_a_wrong_file_leaves_the_map_as_it_was(world):
    director = await world.user("office_director")
    answer = await send(director, b"not a map", **GOOD)

    assert 400 == answer.status_code
    assert "文件不是 GeoJSON" in answer.text
    assert world.record.noted("map") is None


async def test_a_duty_officer_sees_the_map_and_may_not_change_it(world):
    duty = await world.user("duty_officer")

    assert 'enctype="multipart/form-data"' not in (await duty.get("/map")).text
    assert 403 == (await duty.client.post("/map", data={"source": "x"})).status_code


async def send(user, content, **fields):
    from .conftest import hidden

    shown = await user.get("/map")
    files = {"file": ("map.geojson", content, "application/geo+json")}
    return await user.client.post("/map", data={**hidden(shown.text, "/map"), **fields}, files=files)
