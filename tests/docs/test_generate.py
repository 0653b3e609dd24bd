"""README and docs say what the records say; `make docs` makes them."""

import pytest
from generate import main, pages

PAGE = """# A page

<!-- begin: table deep quick rule=dni -->
<!-- end -->

It ends at <!-- n: mean deep quick rule=dni,depth=6 -->0<!-- /n --> %.
"""


@pytest.mark.slow  # CI makes the docs anew and compares them
def test_text_and_records_agree(capsys):
    assert main(["--check", "--no-figures"]) == 0, capsys.readouterr().err


@pytest.mark.slow
def test_figures_and_records_agree(capsys):
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_there_are_pages():
    assert {"README.md", "gate.md", "own-rule.md"} <= {path.name for path in pages()}


def test_check_tells_a_number_that_no_record_has_and_writes_nothing(page, capsys):
    path = page(PAGE)
    assert main([str(path), "--check"]) == 1
    assert "page.md" in capsys.readouterr().err
    assert path.read_text() == PAGE
    assert main([str(path)]) == 0
    assert main([str(path), "--check"]) == 0
    made = path.read_text()
    assert "paper" not in made.splitlines()[3]
    assert "| 6 |" in made
    path.write_text(made.replace("ends at", "ends with"))
    assert main([str(path), "--check"]) == 0  # words are nobody's but the writer's
    number = made.rpartition(" -->")[0].rpartition("-->")[2].removesuffix("<!-- /n")
    path.write_text(made.replace(f">{number}<", ">1.00<"))
    assert main([str(path), "--check"]) == 1


def test_a_bad_marker_is_one_line_that_names_page_and_line(page, capsys):
    path = page("text\n\n<!-- begin: chart table1 quick -->\n<!-- end -->\n")
    assert main([str(path)]) == 2
    error = capsys.readouterr().err
    assert "page.md: line 3: unknown block 'chart'" in error
    assert error.count("\n") == 1
