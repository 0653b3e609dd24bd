"""Pictures in the docs: those of reports, small, and left alone where they look the same."""

import io

import numpy as np
import pytest
from generator import figures
from generator.markers import MarkerError
from PIL import Image

ASKED = ("bp_lambda", "quick", "mixtures-mnist", ())


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def test_a_picture_is_small_and_not_blank():
    content = figures.picture(*ASKED)
    image = Image.open(io.BytesIO(content))
    assert image.width <= 1600
    assert len(content) < 100_000
    assert np.asarray(image.convert("L"), dtype=float).std() > 5
    assert figures.title(*ASKED)


def test_a_study_has_figures_too():
    asked = ("tune", "mnist-fcn-depth4-rate", "budget", ())
    assert figures.title(*asked)
    assert Image.open(io.BytesIO(figures.picture(*asked))).height > 200


def test_names_of_files_are_plain():
    name = figures.file_name("table1", "quick", "depths", ("dataset=mnist,seed<3",))
    assert name == "table1-quick-depths-dataset-mnist-seed-3.png"


def test_what_looks_the_same_is_left_alone(tmp_path):
    path = tmp_path / "figures" / "a.png"
    pixels = np.full((40, 40, 3), 255, np.uint8)
    assert figures.update(path, png(pixels), check=True)
    assert not path.exists()
    assert figures.update(path, png(pixels), check=False)
    before = path.read_bytes()
    pixels[0, 0] = 250  # antialiasing
    assert not figures.update(path, png(pixels), check=False)
    assert path.read_bytes() == before
    pixels[10:20] = 0  # another line
    assert figures.update(path, png(pixels), check=True)
    assert figures.update(path, png(pixels[:30]), check=True)


def test_a_thin_line_of_another_colour_is_another_picture(tmp_path):
    path, pixels = tmp_path / "a.png", np.full((400, 400, 3), 255, np.uint8)
    line = pixels.copy()
    line[100:103, 50:90] = (17, 119, 51)
    assert figures.update(path, png(line), check=False)
    brown, moved, text = pixels.copy(), pixels.copy(), line.copy()
    brown[100:103, 50:90] = (91, 58, 26)
    moved[101:104, 50:90] = (17, 119, 51)
    text[300:304, 50:60] = 90
    assert figures.update(path, png(brown), check=True)
    assert not figures.update(path, png(moved), check=True)
    assert not figures.update(path, png(text), check=True)


def test_an_unknown_figure_names_those_that_there_are():
    with pytest.raises(MarkerError, match="mixtures-mnist"):
        figures.title("bp_lambda", "quick", "curves", ())
    with pytest.raises(MarkerError, match="budget"):
        figures.title("tune", "mnist-fcn-depth4-rate", "nothing", ())
