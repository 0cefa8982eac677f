"""The files of an evaluation: what is torn is cut off, what was changed is refused, a column is mapped, not read."""

import numpy as np
import pytest
import torch

from rwlib.conventions import InputError
from rwlib.evaluation.files import FeatureFile, RowFile
from rwlib.evaluation.tables import ROW_KEYS

CELLS = [("contiguous", 1), ("discontiguous", 3)]
METRICS = ["l1", "hole_psnr"]


def row_file(folder):
    return RowFile(folder / "rows.csv", ["a", "b"], CELLS, METRICS)


def rows_of(photo, l1=0.125, psnr=20.5):
    return [
        dict(zip(ROW_KEYS, (method, kind, bucket, photo), strict=True)) | {"l1": l1, "hole_psnr": psnr}
        for kind, bucket in CELLS
        for method in "ab"
    ]


@pytest.fixture
def three(tmp_path):
    """Three photographs."""
    file = row_file(tmp_path)
    for photo in range(3):
        file.append(rows_of(photo))
    return file


def test_what_was_appended_is_read_back(three):
    assert three.n_photos() == 3
    (first, second) = three.read(2)
    assert first[0] == {"method": "a", "kind": "contiguous", "bucket": "1", "photo": "0", "l1": "0.125",
                        "hole_psnr": "20.5"}  # fmt: skip
    assert [row["photo"] for row in second] == ["1"] * 4


@pytest.mark.parametrize("kept", range(0, 30, 3))
def test_a_file_cut_anywhere_goes_on_as_if_it_were_whole(three, kept):
    """The header too: a second one after a torn one would make every later line the wrong one."""
    whole = three.file.read_bytes()
    header = len(whole.split(b"\n")[0]) + 1
    for size in (kept, header + kept, len(whole) - kept):
        three.file.write_bytes(whole[:size])
        for photo in range(three.n_photos(), 3):
            three.append(rows_of(photo))
        assert three.file.read_bytes() == whole


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-inf", "", "x", "1e", "0.1250", " 0.125", "0_1", "\0", "0.1234567"]
)
def test_what_is_no_measurement_is_refused(three, text):
    whole = three.file.read_bytes()
    three.file.write_bytes(whole.replace(b"contiguous,3,1,0.125", b"contiguous,3,1," + text.encode(), 1))
    with pytest.raises(InputError, match="out: line 8 of .*rows.csv has the l1 .*, which is no measurement") as caught:
        three.n_photos()
    assert str(caught.value).isprintable()


def test_psnr_of_equal_images_is_a_measurement(tmp_path):
    file = row_file(tmp_path)
    file.append(rows_of(0, psnr=float("inf")))
    assert file.n_photos() == 1
    file.file.write_bytes(file.file.read_bytes().replace(b"inf", b"-inf"))
    with pytest.raises(InputError, match="line 2 of .* has the hole_psnr '-inf', which is no measurement"):
        file.n_photos()


@pytest.mark.parametrize(
    "line",
    [b"a,contiguous,1,0,0.125", b"a,contiguous,1,0,0.125,20.5,1", b"\0" * 9, b"\xff\xfe", b"", b"x" * 200_000, b'"a'],
)
def test_a_line_of_another_kind_is_refused(three, line):
    lines = three.file.read_bytes().split(b"\n")
    lines[1] = line
    three.file.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="line 2 of .* is not the expected a,contiguous,1,0; it was changed"):
        three.n_photos()


def test_a_column_of_features_is_mapped_to_the_file(tmp_path):
    file = FeatureFile(tmp_path / "features.f32", 3, 2)
    rows = torch.arange(24.0).reshape(4, 3, 2)
    for photo in rows:
        file.append(photo)
    assert file.n_photos() == 4
    column = file.column(1, 3)
    assert isinstance(column, np.memmap) and column.shape == (3, 2)
    np.testing.assert_array_equal(column, rows[:3, 1])
    file.cut(2)
    assert file.n_photos() == 2 and torch.equal(torch.tensor(file.column(2, 2)), rows[:2, 2])
