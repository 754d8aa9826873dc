import numpy as np
import pyproj
import pytest

from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput


def test_an_unknown_system_is_only_refused_when_it_is_needed():
    crs = Crs("EPSG:0", "cells.parquet")
    assert crs.definition == "EPSG:0"
    for ask in (lambda: crs.system, lambda: crs.is_geographic, lambda: crs.projjson):
        with pytest.raises(InvalidInput, match="unknown coordinate system") as caught:
            ask()
        assert caught.value.where == {"filename": "cells.parquet"}


def test_a_system_is_looked_up_once(monkeypatch):
    crs = Crs("EPSG:3121", "cells.parquet")
    system = crs.system
    monkeypatch.setattr("sampling_units.crs.systems.find_crs", None)
    assert crs.system is system
    assert not crs.is_geographic
    assert not crs.outside_domain(np.array([(5e5, 1e6)])).any()


def test_the_projjson_of_a_file_stays_as_it_is():
    own = pyproj.CRS.from_epsg(3121).to_json_dict() | {"remarks": "surveyed in 1992"}
    assert Crs(own).projjson is own
    assert Crs("EPSG:3121").projjson["id"] == {"authority": "EPSG", "code": 3121}


@pytest.mark.parametrize(("other", "is_same"), [("EPSG:4326", True), ("EPSG:4258", False), ("EPSG:3121", False)])
def test_both_codes_of_longitude_and_latitude_are_the_same(other, is_same):
    assert Crs(LONGITUDE_LATITUDE).is_same_as(Crs(other)) is is_same
