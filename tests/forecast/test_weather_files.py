"""Files of weather models: the real samples, GRIB and Zarr made here, dialects of names and units, interpolation."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from forecast import weather_files
from forecast.readers.station_list import Station
from forecast.weather import check_run
from plans.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
BEIJING = Station("1003A", "东四", "北京", 116.4174, 39.9289)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sizes", "variable"),
    [
        ("gfs_u10_20210509T06_f000_global1deg.grib2", (1, 1, 181, 360), "wind_east"),
        ("gfs_dswrf_dlwrf_20250129T06_f027_global1deg.grib2", (1, 1, 181, 360), "shortwave"),
        ("ecmwf_fc_ztu_20180404T12_4steps_global5deg.grib", (1, 4, 37, 72), "temperature_850hpa"),
        ("era5_t2m_20170101T12.grib", (1, 1, 121, 201), "temperature"),
        ("era5_z_t_pl_members_20170101_china.nc", (4, 1, 16, 25), "temperature_500hpa"),
        ("ncep_air_temperature_small.nc", (20, 1, 25, 53), "temperature"),
    ],
)
def test_the_real_samples_become_runs(shared_data, name, sizes, variable) -> None:
    run = weather_files.read_run(shared_data / "nwp_samples" / name)

    assert ("issued_at", "lead_hours", "latitude", "longitude") == run[variable].dims
    assert sizes == run[variable].shape


@pytest.mark.data
def test_a_grib_file_gives_what_cfgrib_reads_in_the_contracts_unit(shared_data) -> None:
    path = shared_data / "nwp_samples" / "ecmwf_fc_ztu_20180404T12_4steps_global5deg.grib"
    with xr.open_dataset(path, engine="cfgrib", backend_kwargs={"indexpath": ""}, decode_timedelta=True) as raw:
        kelvin = raw["t"].sel(isobaricInhPa=850, latitude=40, longitude=115).values

    run = weather_files.read_run(path)
    celsius = run["temperature_850hpa"].sel(latitude=40, longitude=115).values[0]

    assert pytest.approx(kelvin.astype(float) - 273.15) == celsius
    assert [0, 12, 24, 36] == run["lead_hours"].values.tolist()
    assert not list(path.parent.glob("*.idx"))


@pytest.mark.data
def test_members_are_averaged_and_counted(shared_data) -> None:
    run = weather_files.read_run(shared_data / "nwp_samples" / "era5_z_t_pl_members_20170101_china.nc")

    assert 10 == run.attrs["members"]
    assert "member" not in run.dims


def field(**more) -> xr.Dataset:
    """A plane: temperature = latitude + 2 x longitude, which bilinear interpolation must keep exactly."""
    lat, lon = np.arange(45.0, 30.0, -1.0), np.arange(110.0, 121.0)
    plane = lat[:, None] + 0.2 * lon[None, :]
    step = np.array([6, 12], dtype="timedelta64[h]").astype("timedelta64[ns]")
    shape = ("step", "latitude", "longitude")
    data = {"t2m": (shape, np.stack([plane, plane]) + 273.15 - 40, {"units": "K"})}
    data |= {name: (shape, np.stack([plane * 0 + a, plane * 0 + b]), attrs) for name, (a, b, attrs) in more.items()}
    coords = {"time": np.datetime64("2015-03-01T12", "ns"), "step": step, "latitude": lat, "longitude": lon}
    return xr.Dataset(data, coords=coords)


def test_bilinear_interpolation_keeps_a_plane(tmp_path) -> None:
    field().to_netcdf(tmp_path / "run.nc")

    run = weather_files.at_stations(weather_files.read_run(tmp_path / "run.nc"), [BEIJING])

    assert ("issued_at", "lead_hours", "station") == run["temperature"].dims
    assert pytest.approx(BEIJING.lat + 0.2 * BEIJING.lon - 40) == run["temperature"].values[0, 1, 0]


def test_a_global_grid_is_closed_over_the_date_line() -> None:
    lon = np.arange(-180.0, 180.0, 10.0)
    lat = np.arange(-90.0, 91.0, 10.0)
    values = np.broadcast_to(np.where(lon < 0, -lon - 180, 180 - lon), (1, 1, len(lat), len(lon))) / 10.0
    dims = ("issued_at", "lead_hours", "latitude", "longitude")
    coords = {"issued_at": [np.datetime64("2015-03-01", "us")], "lead_hours": [0.0], "latitude": lat, "longitude": lon}
    run = check_run(xr.Dataset({"temperature": (dims, values)}, coords=coords))

    near = weather_files.at_stations(run, [Station("x", "x", "", 175.0, 0.0)])

    assert pytest.approx(0.5) == near["temperature"].item()


def test_a_station_outside_the_grid_is_refused_not_extrapolated(tmp_path) -> None:
    field().to_netcdf(tmp_path / "run.nc")
    run = weather_files.read_run(tmp_path / "run.nc")

    with pytest.raises(DataError, match="outside the grid"):
        weather_files.at_stations(run, [Station("x", "x", "", 87.6, 43.8)])


def test_rain_since_the_start_becomes_rain_per_step_in_millimetres(tmp_path) -> None:
    attrs = {"units": "m", "GRIB_stepType": "accum"}
    field(tp=(0.002, 0.005, attrs)).to_netcdf(tmp_path / "run.nc")

    run = weather_files.read_run(tmp_path / "run.nc")
    each = weather_files.read_run(tmp_path / "run.nc", accumulated="per_step")

    assert pytest.approx([2.0, 3.0]) == run["rain"].values[0, :, 0, 0].tolist()
    assert pytest.approx([2.0, 5.0]) == each["rain"].values[0, :, 0, 0].tolist()


def test_the_later_part_of_a_run_does_not_tell_the_rain_of_all_that_went_before(tmp_path) -> None:
    """Cut into files by lead, the sums of the second still count from the start of the run."""
    attrs = {"units": "m", "GRIB_stepType": "accum"}
    part = field(tp=(0.025, 0.027, attrs))
    part["step"] = np.array([72, 78], dtype="timedelta64[h]").astype("timedelta64[ns]")
    part.to_netcdf(tmp_path / "part.nc")
    rain = weather_files.read_run(tmp_path / "part.nc")["rain"].values[0, :, 0, 0]

    np.testing.assert_allclose(rain, [np.nan, 2.0])


def test_radiation_sums_become_watts(tmp_path) -> None:
    field(ssrd=(6 * 3600 * 100.0, 12 * 3600 * 100.0, {"units": "J m**-2"})).to_netcdf(tmp_path / "run.nc")

    run = weather_files.read_run(tmp_path / "run.nc")

    assert pytest.approx([100.0, 100.0]) == run["shortwave"].values[0, :, 0, 0].tolist()


def test_netcdf_and_zarr_read_alike(tmp_path) -> None:
    pytest.importorskip("zarr", reason="the extra zarr is not installed")
    field().to_netcdf(tmp_path / "run.nc")
    field().to_zarr(tmp_path / "run.zarr", consolidated=True, zarr_format=2)

    one, two = (weather_files.read_run(tmp_path / f"run{suffix}") for suffix in (".nc", ".zarr"))

    xr.testing.assert_allclose(one["temperature"], two["temperature"])


def test_a_run_written_by_us_reads_back_with_its_cf_names(tmp_path) -> None:
    field().to_netcdf(tmp_path / "run.nc")
    run = weather_files.read_run(tmp_path / "run.nc")
    run.to_netcdf(tmp_path / "again.nc")

    again = weather_files.read_run(tmp_path / "again.nc")

    assert ("air_temperature", "degC") == tuple(again["temperature"].attrs[key] for key in ("standard_name", "units"))
    assert "forecast_reference_time" == again["issued_at"].attrs["standard_name"]
    xr.testing.assert_allclose(run["temperature"], again["temperature"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.nc", None, "not there"),
        ("weather.xyz", b"x", "kind of file"),
        ("broken.nc", b"not a netcdf file", "cannot be read"),
        ("broken.grib2", b"not a grib file", "cannot be read|no weather"),
    ],
)
def test_what_is_no_weather_file_is_refused_in_one_sentence(tmp_path, name, content, words) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=words):
        weather_files.read_run(tmp_path / name)


def test_an_unknown_unit_is_refused(tmp_path) -> None:
    data = field()
    data["t2m"].attrs["units"] = "furlong"
    data.to_netcdf(tmp_path / "run.nc")

    with pytest.raises(DataError, match="furlong"):
        weather_files.read_run(tmp_path / "run.nc")


def test_kelvin_called_celsius_is_refused(tmp_path) -> None:
    data = field()
    data["t2m"].attrs["units"] = "degC"
    data.to_netcdf(tmp_path / "run.nc")

    with pytest.raises(DataError, match="temperature is impossible"):
        weather_files.read_run(tmp_path / "run.nc")


def test_a_process_that_reads_a_file_and_then_opens_postgres_ends_without_a_crash() -> None:
    """Two wheels with an OpenLDAP each: loaded the wrong way round the process dies after its work, with status 139."""
    code = "from forecast import weather_files; import xarray; xarray.backends.list_engines(); import psycopg"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_of_the_stations_those_inside_the_grid_are_taken_and_a_single_step_is_refused(tmp_path) -> None:
    field().to_netcdf(tmp_path / "run.nc")
    run = weather_files.read_run(tmp_path / "run.nc")
    far, nowhere = Station("9A", "远", "", 80.0, 40.0), Station("8A", "无坐标")

    assert ["1003A"] == weather_files.at_those_inside(run, [far, BEIJING, nowhere])["station"].values.tolist()
    with pytest.raises(DataError, match="No station of the archive lies inside"):
        weather_files.at_those_inside(run, [far, nowhere])
    with pytest.raises(DataError, match=r"single step of a run \(run.nc\): found 12 h.*Join the files"):
        weather_files.at_those_inside(run.isel(lead_hours=[1]), [BEIJING])
