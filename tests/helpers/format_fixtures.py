"""Writes the files of tests/data/formats: `PYTHONPATH=.:tests python -m helpers.format_fixtures`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aemodels.core.types import Recording
from aemodels.io import write_las, write_segy
from helpers.frame_files import DlisFrame, LisChannel, LisFrame, dlis_bytes, lis_bytes
from helpers.known_recordings import known_line, known_well
from helpers.paths import FORMATS_DATA
from helpers.segy_files import segy_bytes

NULL = "-999.25"
VERSION = "~Version Information\n VERS. {version} : CWLS LOG ASCII STANDARD\n WRAP. {wrap} : WRAP MODE\n"
WELL = "~Well Information\n STRT.M {start} : START\n STOP.M {stop} : STOP\n STEP.M 0.5 : STEP\n NULL. -999.25 : NULL\n"
CURVES = " DEPT.M : 1 DEPTH\n GR.GAPI : 2 GAMMA RAY\n RHOB.G/CC : 3 BULK DENSITY\n"


def rows_of(well: Recording, null: str = NULL) -> list[list[str]]:
    """Cells of a well's table as text: depth, then the curves, in the shortest decimals."""
    columns = [[f"{depth:.1f}" for depth in well.axis]]
    columns += [
        [null if np.isnan(value) else f"{value:.2f}".rstrip("0").rstrip(".") for value in row] for row in well.values
    ]
    return [list(cells) for cells in zip(*columns, strict=True)]


def las_text(well: Recording, version: str, wrap: str = "NO") -> str:
    """A LAS file written out by hand."""
    start, stop = f"{well.axis[0]:.1f}", f"{well.axis[-1]:.1f}"
    # Version 1.2 has the name behind the colon, later ones before it.
    name = f" WELL. WELL : {well.name}\n" if version == "1.2" else f" WELL. {well.name} : WELL\n"
    text = VERSION.format(version=version, wrap=wrap) + WELL.format(start=start, stop=stop) + name
    if version == "3.0":
        text = text.replace("~Well", " DLM. COMMA : DELIMITER\n~Well")
        return text + "~Log_Definition\n" + CURVES + "~Log_Data | Log_Definition\n" + _joined(rows_of(well), ",")
    text += "~Curve Information\n" + CURVES + "~Ascii\n"
    if wrap == "YES":
        return text + "".join(f"{cells[0]}\n  {' '.join(cells[1:])}\n" for cells in rows_of(well))
    return text + _joined(rows_of(well), " ")


def write_las_fixtures(folder: Path) -> None:
    """Write the LAS files: versions 1.2, 2.0 and 3.0, wrapped, and by the project's own writer."""
    well = known_well()
    (folder / "las-1.2.las").write_text(las_text(well, "1.2"))
    (folder / "las-2.0.las").write_text(las_text(well, "2.0"))
    (folder / "las-2.0-wrapped.las").write_text(las_text(well, "2.0", "YES"))
    (folder / "las-3.0.las").write_text(las_text(well, "3.0"))
    write_las(well, folder / "las-own-writer.las")


def write_segy_fixtures(folder: Path) -> None:
    """Write the SEG-Y files: seven sample formats, little-endian, and by the project's own writer."""
    line = known_line()
    names = {1: "ibm", 2: "int32", 3: "int16", 5: "ieee", 6: "double", 8: "int8", 9: "int64"}
    for code, name in names.items():
        (folder / f"segy-{name}.sgy").write_bytes(segy_bytes(line.values, code=code))
    (folder / "segy-little-endian.segy").write_bytes(segy_bytes(line.values, code=5, order="<"))
    write_segy(line, folder / "segy-own-writer-revision-2.sgy", revision=2)


def write_csv_fixtures(folder: Path) -> None:
    """Write the CSV files: each delimiter, decimal comma, units in the header cells and in a row of their own."""
    rows = rows_of(known_well(), null="")
    comma = "DEPTH (m),GR (gAPI),RHOB (g/cm3)\n" + _joined(rows, ",")
    (folder / "csv-comma.csv").write_bytes(comma.encode())
    commas = [[cell.replace(".", ",") for cell in cells] for cells in rows]
    semicolon = "DEPT;GR;RHOB\nm;gAPI;g/cm3\n" + _joined(commas, ";")
    (folder / "csv-semicolon-decimal-comma-unit-row.csv").write_bytes(semicolon.replace("\n", "\r\n").encode())
    named = [['"KN\u00d6WN 1"', *cells, ""] for cells in rows_of(known_well(), "-9999")]
    tab = "# exported by hand\nWELL\tDEPTH_M\tGR_gAPI\tRHOB[g/cm3]\t\n" + _joined(named, "\t")
    (folder / "csv-tab-well-column-cp1252.csv").write_bytes(tab.encode("cp1252"))
    (folder / "csv-byte-order-mark.csv").write_bytes(b"\xef\xbb\xbf" + comma.encode())


def write_frame_fixtures(folder: Path) -> None:
    """Write the DLIS and LIS files: upwards in 0.1 in, with an array, and with densities as integers."""
    well = known_well()
    curves = {"GR": (well.values[0], "gAPI"), "RHOB": (np.nan_to_num(well.values[1], nan=-999.25), "g/cm3")}
    plain = {"DEPT": (well.axis, "m"), **curves, "WAVE": (np.ones((well.axis.size, 8), np.int16), "")}
    (folder / "dlis-float.dlis").write_bytes(dlis_bytes(("KNOWN-1", [DlisFrame(plain)])))
    upwards = {name: (values[::-1].copy(), unit) for name, (values, unit) in curves.items()}
    tenths = {"TDEP": ((well.axis / 0.00254)[::-1].copy(), "0.1 in"), **upwards}
    (folder / "dlis-upwards-tenth-inch.dlis").write_bytes(dlis_bytes(("KNOWN-1", [DlisFrame(tenths)])))
    density = np.nan_to_num(1000 * well.values[1].astype(float), nan=-9999).round()
    channels = [LisChannel("DEPT", "M", well.axis), LisChannel("GR", "GAPI", well.values[0])]
    frame = LisFrame([*channels, LisChannel("RHOB", "K/M3", density, 73)], absent=-9999.0)
    (folder / "lis-79.lis").write_bytes(lis_bytes(("KNOWN-1", [frame])))


def write_parquet_fixtures(folder: Path) -> None:
    """Write the Parquet files: by pandas, and with units in the metadata of the columns."""
    well = known_well()
    named = {"DEPTH [m]": well.axis, "GR [gAPI]": well.values[0], "RHOB [g/cm3]": well.values[1]}
    pd.DataFrame(named | {"WELL": ["KNOWN-1"] * well.axis.size}).to_parquet(folder / "parquet-pandas.parquet")
    fields = [("DEPT", "m"), ("GR", "gAPI"), ("RHOB", "g/cm3")]
    schema = pa.schema([pa.field(name, pa.float64(), metadata={"unit": unit}) for name, unit in fields])
    columns = [well.axis, well.values[0].round(2), well.values[1].astype(float).round(2)]
    arrays = [pa.array(column, type=pa.float64(), mask=np.isnan(column)) for column in columns]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / "parquet-units-in-metadata.parquet")


def _joined(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    return "".join(delimiter.join(cells) + "\n" for cells in rows)


if __name__ == "__main__":
    FORMATS_DATA.mkdir(parents=True, exist_ok=True)
    write_las_fixtures(FORMATS_DATA)
    write_segy_fixtures(FORMATS_DATA)
    write_csv_fixtures(FORMATS_DATA)
    write_frame_fixtures(FORMATS_DATA)
    write_parquet_fixtures(FORMATS_DATA)
