"""Training sees the past only; a model file holds numbers only and is refused when anything about it does not fit."""

import json
import pickle
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast import air, features, train
from forecast.features import Area
from plans.errors import DataError


def test_training_until_a_day_never_reads_a_later_value(small_air, areas, light_model):
    until = date(2015, 1, 10)
    other = small_air.copy(deep=True)
    later = other["valid_time"].values > air.utc(air.day_bounds(until)[0])
    for name in air.POLLUTANTS:
        other[name].values[:, later] = 300.0

    first, second = (train.train(data, until=until, areas=areas, model=light_model) for data in (small_air, other))

    assert first.manifest["last_day"] == "2015-01-09"
    assert first.digest == second.digest


def test_training_from_an_archive_is_training_from_its_data(fill_archive, small_air, areas, small_model, light_model):
    """All hours but the very last before `until` were received by then (one hour of delay)."""
    made = train.train(
        fill_archive(small_air), until=date(2015, 2, 20), start=date(2014, 9, 1), areas=areas, model=light_model
    )

    assert made.manifest["first_day"] == small_model.manifest["first_day"]
    assert made.manifest["last_day"] == small_model.manifest["last_day"]
    np.testing.assert_allclose(made.model.trust, small_model.model.trust, atol=0.15)


def test_a_stored_model_is_the_same_model(tmp_path, small_model):
    path = train.save(small_model, tmp_path / "model")

    again = train.load(tmp_path / "model")

    assert again.digest == small_model.digest
    assert again.manifest == small_model.manifest
    assert again.areas == small_model.areas
    assert [file.name for file in (tmp_path / "model").iterdir()] == [path.name]


def test_the_manifest_says_by_what_it_was_made(small_model):
    manifest = small_model.manifest

    assert manifest["simulated"] is True
    assert manifest["code"] == train.code_digest()
    assert (manifest["weather_mode"], manifest["issue_hour"]) == ("none", 24)
    assert "pm25_level_24h" in manifest["features"]
    assert len(manifest["data"]) == 64


def rewritten(path, **changes):
    """The model file with some entries replaced, as a forger without the code would do it."""
    with np.load(path) as file:
        held = {name: file[name] for name in file.files}
    manifest = json.loads(held["manifest"].tobytes().decode()) | changes.pop("manifest", {})
    held["manifest"] = np.frombuffer(json.dumps(manifest).encode(), dtype=np.uint8)
    np.savez(path, **{**held, **changes})


def test_a_changed_array_or_manifest_is_refused(tmp_path, small_model):
    path = train.save(small_model, tmp_path)
    rewritten(path, **{"array/trust": np.ones((7, 3))})
    with pytest.raises(DataError, match="was changed since it was written"):
        train.load(path)

    path = train.save(small_model, tmp_path)
    rewritten(path, manifest={"last_day": "2099-01-01"})
    with pytest.raises(DataError, match="was changed since it was written"):
        train.load(path)


def test_a_model_of_other_code_is_refused(tmp_path, small_model, monkeypatch):
    path = train.save(small_model, tmp_path)
    monkeypatch.setattr(train, "code_digest", lambda: "0" * 64)

    with pytest.raises(DataError, match=r"made by other code .*Train again"):
        train.load(path)


class Trap:
    """Would create a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_in_the_clothes_of_a_model_is_never_opened(tmp_path):
    sign = tmp_path / "sprung"
    bare, packed = tmp_path / "model.npz", tmp_path / "packed.npz"
    bare.write_bytes(pickle.dumps(Trap(sign)))
    np.savez(packed, manifest=np.array([Trap(sign)], dtype=object), allow_pickle=True)

    for path in (bare, packed):
        with pytest.raises(DataError, match="not a model of ours"):
            train.load(path)
    assert not sign.exists()


def test_a_missing_model_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(DataError, match="Train one with lantian train"):
        train.load(tmp_path / "none.npz")


def test_unknown_words_and_empty_pasts_are_refused(small_air):
    with pytest.raises(DataError, match=r"expected demo \| full, found heroic"):
        train.train(small_air, until=date(2015, 1, 1), effort="heroic")
    with pytest.raises(DataError, match="model is not known"):
        train.train(small_air, until=date(2015, 1, 1), model="oracle")
    with pytest.raises(DataError, match="no data to train on"):
        train.train(small_air, until=date(2014, 1, 1))


def _silent(air_, *codes, known_days=0, until="2015-02-20"):
    """The air with nothing measured at some stations but in the last days of training."""
    out = air_.copy(deep=True)
    before = out["valid_time"].values <= np.datetime64(until) - np.timedelta64(known_days * 24 + 8, "h")
    for name in air.POLLUTANTS:
        for code in codes:
            values = out[name].values[out["station"].values.tolist().index(code)]
            values[before if known_days else slice(None)] = np.nan
    return out


def test_stations_of_which_nothing_was_measured_are_named_in_the_refusal(small_air, codes):
    with pytest.raises(DataError, match=rf"no data to train on \({codes[0]}, {codes[1]}\).*Compare the codes"):
        train.train(_silent(small_air, *codes), until=date(2015, 2, 20))


@pytest.mark.parametrize("known_days", [0, 5])
def test_a_station_with_hardly_a_day_is_left_out_and_the_others_are_learned(small_air, areas, codes, known_days):
    alone = (Area(codes[1], (codes[1],)),)
    thin = _silent(small_air, codes[0], known_days=known_days)

    made = train.train(thin, until=date(2015, 2, 20), areas=areas[1:], model="climatology")

    assert [codes[0]] == made.manifest["areas_left_out"] and alone == made.areas
    assert made.region == (codes[1],)


def test_an_area_that_is_needed_is_not_left_out_but_asked_for(small_air, areas, codes):
    """Of the office's stations one alone was measured: half of them is not more than half of its mean."""
    city = Area("city", (codes[0], "S9X", "S9Y"))
    known = small_air.reindex(station=[*codes, "S9X", "S9Y"])

    with pytest.raises(DataError, match=rf"no data to train on \({codes[0]}, S9X, S9Y\).*found hardly any"):
        train.train(known, until=date(2015, 2, 20), areas=(city, areas[1]), model="climatology", needed="city")


def test_a_station_with_three_weeks_is_learned(small_air, areas, codes):
    thin = _silent(small_air, codes[0], known_days=21)

    made = train.train(thin, until=date(2015, 2, 20), areas=areas[1:], model="climatology")

    assert [] == made.manifest["areas_left_out"] and areas[1:] == made.areas


def test_a_day_of_which_the_model_says_nothing_is_refused(small_air, areas, small_model):
    class Mute:
        def paths(self, sample, *, area, rows, count, seeds):
            said = small_model.model.paths(sample, area=area, rows=rows, count=count, seeds=seeds)
            said[1] = np.nan
            return said

    sample = features.build(small_air, areas=areas, region=areas[0].stations)
    rows, mute = np.array([100, 101]), replace(small_model, model=Mute())

    with pytest.raises(DataError, match=rf"says nothing of a day \({areas[0].key}\): found {sample.days[101]}"):
        mute.paths(sample, area=areas[0].key, rows=rows, count=10, seeds=np.arange(2, dtype=np.uint64))


def test_no_damage_to_a_file_ends_in_anything_but_a_sentence(tmp_path, small_air, areas):
    path = train.save(train.train(small_air, until=date(2015, 2, 20), areas=areas[:1], model="persistence"), tmp_path)
    whole = path.read_bytes()
    luck = np.random.default_rng(0)
    flips = [*range(0, 200, 3), *luck.integers(0, len(whole), 300).tolist(), *range(len(whole) - 400, len(whole), 7)]
    damaged = [b"", whole[:4], whole[: len(whole) // 2]]
    damaged += [whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :] for at in flips]

    refused = 0
    for found in damaged:
        path.write_bytes(found)
        try:
            train.load(path)  # a byte that no value hangs on, as the hour of writing, may be any
        except DataError:
            refused += 1

    assert refused > len(damaged) / 2


@pytest.mark.parametrize("name", ["almanac.py", "weather_modes.py", "features.py"])
def test_what_makes_predictors_belongs_to_the_code_of_a_model(name):
    assert name in train.CODE
