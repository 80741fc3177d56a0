"""The daily archive files: hours of a day, cut files, and files that are not there yet."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from flows.sources import cnemc, quotsoft
from plans.errors import SourceError

from .asking import BEIJING, HOUR, NOW, asker
from .conftest import plain, policy

DAY = (
    "date,hour,type,1001A,1002A\n"
    "20240229,0,PM2.5,10,11\n20240229,0,CO,0.5,\n20240229,0,O3_24h,99,99\n"
    "20240229,1,PM2.5,12,—\n20240229,1,AQI,50,60\n"
)


def test_a_days_file_gives_both_hours_and_hour_0_is_hour_24_of_the_day_before(server):
    server.says("/china_sites_20240229.csv", plain(DAY, kind="text/csv"))
    server.says("/china_sites_20240301.csv", plain("date,hour,type,1001A,1002A\n", kind="text/csv"))
    source = replace(quotsoft.SOURCE, base=server.url, policy=policy())
    data = source.pull(asker("quotsoft"), start=NOW - 24 * HOUR, end=NOW, now=NOW).dataset

    assert ["2024-02-28T16:00", "2024-02-28T17:00"] == [str(hour)[:16] for hour in data["valid_time"].values]
    assert np.array_equal([[10, 12], [11, np.nan]], data["pm25"].values, equal_nan=True)
    assert np.array_equal([[0.5, np.nan], [np.nan, np.nan]], data["co"].values, equal_nan=True)
    assert "o3" not in data, "O3_24h is another statistic"


def test_a_file_that_is_not_there_yet_is_noted_and_the_other_days_are_taken(server):
    server.says("/china_sites_20240229.csv", plain(DAY, kind="text/csv"))
    source = replace(quotsoft.SOURCE, base=server.url, policy=policy())
    found = source.pull(asker("quotsoft"), start=NOW - 24 * HOUR, end=NOW, now=NOW)

    assert 2 == found.dataset.sizes["valid_time"]
    assert ("the file of 2024-03-01 is not there (yet)",) == found.notes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<html>", "not of the archive"),
        (DAY.replace("1002A\n", "1001A\n"), "stands twice"),
        (DAY[:-4], "row 6.*expected 5 fields|cut"),
        (DAY.replace("20240229,1", "20240228,1"), "another day"),
        (DAY.replace("29,1,PM2.5", "29,25,PM2.5"), "another day"),
    ],
)
def test_a_file_that_is_cut_or_of_another_day_is_refused(text, sentence):
    text = text if "cut" not in sentence else DAY.replace("1,AQI,50,60", "1,AQI,50")
    with pytest.raises(SourceError, match=sentence):
        quotsoft.read_day(text, day=datetime(2024, 2, 29, tzinfo=BEIJING).date(), where="f.csv", now=NOW)


def test_a_days_file_of_cities_has_an_address_of_its_own_and_shares_the_rate(server):
    head = "date,hour,type,北京,长沙\n"
    server.says("/china_cities_20240229.csv", plain(head + "20240229,1,PM2.5,10,11\n", kind="text/csv"))
    cities = replace(quotsoft.CITIES, base=server.url, policy=policy())
    found = cities.pull(asker("quotsoft-cities"), start=NOW - 23 * HOUR, end=NOW - 22 * HOUR, now=NOW)

    assert ["北京", "长沙"] == list(found.dataset["station"].values)
    assert ("北京", "北京市") == (found.stations[0].code, found.stations[0].name)
    assert ("quotsoft", "cnemc") == (quotsoft.CITIES.policy.shared, cnemc.CITIES.policy.shared)
