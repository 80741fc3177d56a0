"""Readers: the real files with their three habits, and every way a file can be wrong."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from forecast import air
from forecast.quality import Flag, unpack
from forecast.readers import city_hourly, cnemc_snapshot, five_city, prsa, station_list
from plans.errors import DataError

PRSA_HEADER = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
PRSA_ROW = "1,2015,12,1,{hour},{pm25},470,35,132,{co},26,1.5,1015.2,-3,0,{wd},1.1,{station}"
CITY_HEADER = "time,city,AQI,PM2.5,PM10,SO2,NO2,O3,CO"


def row(hour=0, pm25="464", co="7200", wd="NNW", station="Dongsi"):
    return PRSA_ROW.format(hour=hour, pm25=pm25, co=co, wd=wd, station=station)


def prsa_file(tmp_path, *rows, header=PRSA_HEADER, name="PRSA_Data_Dongsi.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def at(data, station, name, hour):
    """The value of a station at an hour given in Beijing time."""
    return float(data[name].sel(station=station, valid_time=air.utc(hour.replace(tzinfo=air.BEIJING))))


# The three habits of hours and units ------------------------------------------------------------------------


def test_prsa_labels_are_the_end_of_the_hour_and_co_becomes_milligrams(tmp_path):
    data = prsa.read(prsa_file(tmp_path, row(hour=0)))

    assert datetime(2015, 11, 30, 16, tzinfo=UTC) == air.moment(data["valid_time"].values[0])
    assert (
        data["station"].values[0],
        float(data["co"].values[0, 0]),
        float(data["wind_direction"].values[0, 0]),
    ) == ("1003A", 7.2, 337.5)


@pytest.mark.data
def test_the_five_city_set_and_prsa_agree_once_both_label_the_end_of_the_hour(shared_data):
    """Recorded in the data's README: the same instrument at Dongsi, equal in 97 % of hours, one label apart."""
    five = five_city.read(shared_data / "pm_five_cities_2010_2014" / "BeijingPM20100101_20141231.csv.gz")
    twelve = prsa.read(shared_data / "beijing_prsa_2013_2016" / "PRSA_Data_Dongsi_20130301-20160229.csv.gz")
    hours = np.intersect1d(five["valid_time"].values, twelve["valid_time"].values)
    one = five["pm25"].sel(station="Beijing:Dongsi", valid_time=hours).values
    other = twelve["pm25"].sel(station="1003A", valid_time=hours).values
    both = ~np.isnan(one) & ~np.isnan(other)

    assert both.sum() > 14_000
    assert (one == other)[both].mean() > 0.96
    assert (one[1:] == other[:-1])[both[1:] & both[:-1]].mean() < 0.3


@pytest.mark.data
def test_the_twelve_stations_as_counted_in_their_readme(shared_data):
    data = prsa.read(shared_data / "beijing_prsa_2013_2016")

    assert dict(data.sizes) == {"station": 12, "valid_time": 26_304}
    missing = float(np.isnan(data["pm25"].sel(station="1003A")).mean() * 100)
    assert missing == pytest.approx(1.41, abs=0.005)
    assert float(data["co"].max()) == 10.0
    listed = station_list.known(station_list.read(shared_data / "beijing_prsa_2013_2016" / "stations.csv"))
    for station in prsa.STATIONS.values():
        assert (station.name, station.lon, station.lat) == (
            listed[station.code].name,
            listed[station.code].lon,
            listed[station.code].lat,
        )
    assert "1002A" not in prsa.CITY_MEAN and len(prsa.CITY_MEAN) == 11


@pytest.mark.data
def test_the_snapshot_has_its_ozone_columns_put_right(shared_data):
    """Station 1001A: the feed's o3_24h column holds the hour's 164, its o3 column the largest of 24 hours."""
    path = shared_data / "official_station_snapshot" / "cnemc_stations_2017-07-07T16.csv"
    data = cnemc_snapshot.read(path)

    assert dict(data.sizes) == {"station": 1495, "valid_time": 1}
    assert at(data, "1002A", "o3", datetime(2017, 7, 7, 16)) == 160.0  # noqa: DTZ001
    assert at(data, "1002A", "published_o3_24h", datetime(2017, 7, 7, 16)) == 179.0  # noqa: DTZ001
    assert (data["o3"] <= data["published_o3_24h"]).sum() > 1400
    place = {station.code: station for station in cnemc_snapshot.stations(path)}
    assert (place["1002A"].name, place["1002A"].city) == ("定陵", "北京")


@pytest.mark.data
def test_city_values_keep_only_hourly_means_in_the_contract(shared_data):
    data = city_hourly.read(shared_data / "china_city_hourly_2018_2019" / "city_hourly_20181201-20190630.csv.gz")

    assert dict(data.sizes) == {"station": 40, "valid_time": 4890}
    assert (
        at(data, "上海", "pm25", datetime(2018, 12, 1)),  # noqa: DTZ001
        at(data, "上海", "co", datetime(2018, 12, 1)),  # noqa: DTZ001
        at(data, "上海", "published_pm25_24h", datetime(2018, 12, 1)),  # noqa: DTZ001
    ) == (32.0, 0.43, 58.0)
    published = {str(name) for name in data if str(name).startswith("published_")}
    assert set(air.POLLUTANTS) == set(map(str, data)) - published


@pytest.mark.data
def test_sentinel_codes_are_removed_and_remembered(shared_data):
    """Shenyang has dew point -97 where nothing was measured."""
    data = five_city.read(shared_data / "pm_five_cities_2010_2014" / "ShenyangPM20100101_20141231.csv.gz")
    marked = unpack(data["weather_flags"].values, "dew_point", names=air.WEATHER) == Flag.SENTINEL

    assert marked.any()
    assert np.isnan(data["dew_point"].values[marked]).all()
    assert float(data["dew_point"].min()) > -45


def test_rain_of_999990_is_a_code_and_not_a_flood(tmp_path):
    header = "No,year,month,day,hour,season,PM_Dongsi,DEWP,HUMI,PRES,TEMP,cbwd,Iws,precipitation,Iprec"
    path = tmp_path / "BeijingPM.csv"
    path.write_text(
        f"{header}\n1,2014,1,1,0,4,50,-21,43,1021,-11,NW,1.79,999990,0\n2,2014,1,1,1,4,60,-21,0,1021,-11,NW,4.92,0.2,0\n"
    )

    data = five_city.read(path)

    assert np.isnan(data["rain"].values[0, 0])
    assert unpack(data["weather_flags"].values, "rain", names=air.WEATHER)[0, 0] == Flag.SENTINEL
    assert np.isnan(data["relative_humidity"].values[0, 1])
    assert data["wind_speed"].values[0].tolist() == pytest.approx([1.79, 3.13])


@pytest.mark.data
def test_the_national_list_of_stations(shared_data):
    stations = station_list.read(shared_data / "stations" / "cnemc_stations.csv")

    assert len(stations) == 1498
    assert station_list.known(stations)["1001A"].name == "万寿西宫"


# What can be wrong with a file ------------------------------------------------------------------------------

BAD = [
    ("not there", lambda p: p / "none.csv", "The file is not there"),
    ("empty", lambda p: prsa_file(p, header=""), "The file is empty"),
    ("column", lambda p: prsa_file(p, header=PRSA_HEADER.replace("NO2", "N02")), "row 1): expected NO2, found No"),
    ("header twice", lambda p: prsa_file(p, header=PRSA_HEADER.replace("No", "CO")), "twice in the header .*row 1"),
    ("cut row", lambda p: prsa_file(p, row(), "2,2015,12"), r"Dongsi.csv row 3\): expected 18 fields, found 3"),
    ("text", lambda p: prsa_file(p, row(), row(1, pm25="high")), r"row 3\): expected a number, found high"),
    ("negative", lambda p: prsa_file(p, row(pm25="-4")), r"PM2.5 is impossible .*row 2\): expected 0..*found -4 ug/m3"),
    ("infinite", lambda p: prsa_file(p, row(pm25="inf")), "PM2.5 is impossible"),
    ("duplicate", lambda p: prsa_file(p, row(), row(1), row(1)), r"An hour stands twice .*row 4\).*also row 3"),
    ("station", lambda p: prsa_file(p, row(station="Tongzhou")), r"station is not known .*row 2.*found Tongzhou"),
    ("no station", lambda p: prsa_file(p, row(station="NA")), "station is not known"),
    ("wind", lambda p: prsa_file(p, row(wd="UP")), r"wind is not known .*found UP"),
    ("hour 24", lambda p: prsa_file(p, row(hour=24)), r"hour does not exist .*row 2\).*found 2015 12 1 24"),
]


@pytest.mark.parametrize(("make", "says"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_wrong_file_ends_in_one_sentence(tmp_path, make, says):
    with pytest.raises(DataError, match=says.replace("row 1)", r"row 1\)")) as caught:
        prsa.read(make(tmp_path))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (bytes(range(256)) * 4, "not UTF-8 text"),
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-20], "cut or damaged"),
        (b"PK\x03\x04\x00\x00" + b"\x00" * 50, "not text"),
        ("时间,城市\n".encode("gb18030"), "row 1.*expected comma-separated UTF-8 text"),
    ],
)
def test_bytes_that_are_no_table_are_named(tmp_path, content, says):
    path = tmp_path / "PRSA_Data_Dongsi.csv"
    path.write_bytes(content)

    with pytest.raises(DataError, match=says):
        prsa.read(path)


def test_a_folder_without_files_and_a_station_in_two_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no such file"):
        prsa.read(tmp_path)
    prsa_file(tmp_path, row(), name="PRSA_Data_A.csv")
    prsa_file(tmp_path, row(), name="PRSA_Data_B.csv")
    with pytest.raises(DataError, match="two files"):
        prsa.read(tmp_path)


def test_stations_of_a_folder_share_one_axis(tmp_path):
    prsa_file(tmp_path, row(0), name="PRSA_Data_Dongsi.csv")
    prsa_file(tmp_path, row(1, station="Tiantan"), name="PRSA_Data_Tiantan.csv")

    data = prsa.read(tmp_path)

    assert data["station"].values.tolist() == ["1003A", "1004A"]
    assert np.array_equal(data["pm25"].values, [[464, np.nan], [np.nan, 464]], equal_nan=True)


def test_a_city_row_with_an_unreadable_hour_is_named(tmp_path):
    path = tmp_path / "city.csv"
    path.write_text(f"{CITY_HEADER}\n2018-12-01 00:00,北京,50,1,2,3,4,5,0.4\n12/1 01:00,北京,50,1,2,3,4,5,0.4\n")

    with pytest.raises(DataError, match=r"row 3\): expected Beijing time as 2018-12-01 00:00, found 12/1 01:00"):
        city_hourly.read(path)


def test_a_city_file_with_co_in_micrograms_is_refused(tmp_path):
    path = tmp_path / "city.csv"
    path.write_text(f"{CITY_HEADER}\n2018-12-01 00:00,北京,50,1,2,3,4,5,800\n")

    with pytest.raises(DataError, match=r"CO is impossible .*expected 0..500 mg/m3, found 800 mg/m3. Check the unit"):
        city_hourly.read(path)


def test_an_unknown_five_city_file_or_site_is_refused(tmp_path):
    (tmp_path / "Harbin.csv").write_text("a\n")
    with pytest.raises(DataError, match="city is not known"):
        five_city.read(tmp_path / "Harbin.csv")
    header = "year,month,day,hour,PM_Moon,DEWP,HUMI,PRES,TEMP,cbwd,Iws,precipitation"
    (tmp_path / "Beijing.csv").write_text(f"{header}\n")
    with pytest.raises(DataError, match=r"site is not known .*found Moon"):
        five_city.read(tmp_path / "Beijing.csv")


def test_a_station_list_refuses_a_code_twice_and_a_place_off_the_earth(tmp_path):
    path = tmp_path / "stations.csv"
    path.write_text("code,name,city,lon,lat\n1A,甲,样例,116,40\n1A,乙,样例,116,41\n")
    with pytest.raises(DataError, match=r"code stands twice .*row 3\): found 1A, also row 2"):
        station_list.read(path)
    path.write_text("code,name,city,lon,lat\n1A,甲,样例,400,40\n")
    with pytest.raises(DataError, match="not on Earth"):
        station_list.read(path)
