import pytest
from generator.markers import MarkerError, fill, written_by_hand


def words(words):
    return "/".join(words)


def test_fills_blocks_and_numbers_and_nothing_else():
    page = (
        "# A\n\n<!-- begin: table a b=1,2 -->\nold\n\nmore old\n<!-- end -->\n"
        "It is <!-- n: mean a -->1<!-- /n --> or <!-- n: mean b --><!-- /n -->.\n"
    )
    assert fill(page, words, words) == (
        "# A\n\n<!-- begin: table a b=1,2 -->\ntable/a/b=1,2\n<!-- end -->\n"
        "It is <!-- n: mean a -->mean/a<!-- /n --> or <!-- n: mean b -->mean/b<!-- /n -->.\n"
    )


def test_filling_again_changes_nothing():
    page = "a\n<!-- begin: x -->\n<!-- end -->\nb <!-- n: y -->1<!-- /n -->\n"
    once = fill(page, words, words)
    assert fill(once, words, words) == once


def test_leaves_fences_and_backticks_alone():
    page = "```\n<!-- begin: x -->\n```\n~~~\n<!-- n: y -->\n~~~\nand `<!-- n: x -->1<!-- /n -->`\n"
    assert fill(page, words, words) == page


@pytest.mark.parametrize(
    "page",
    [
        "<!-- begin: x -->\ntext\n",
        "<!-- begin: x -->\n<!-- begin: y -->\n<!-- end -->\n",
        "text\n<!-- end -->\n",
        "text <!-- begin: x -->\n",
        "text <!-- n: x -->1\n",
        "<!-- n: x -->1<!-- /n --> begins the line\n",
    ],
)
def test_refuses_markers_that_do_not_pair(page):
    with pytest.raises(MarkerError, match=r"line \d: "):
        fill(page, words, words)


def test_an_error_names_its_line():
    def refuse(words):
        raise MarkerError("unknown")

    with pytest.raises(MarkerError, match="line 3: unknown"):
        fill("a\n\nb <!-- n: x -->1<!-- /n -->\n", words, refuse)


def test_what_is_written_by_hand_is_what_nobody_generates():
    page = (
        "one 1.5 <!-- n: x -->2.5<!-- /n -->\n```\n3.5\n```\n<!-- begin: y -->\n4.5\n<!-- end -->\n"
        "`5.5` [six](6.5)\n"
    )
    assert [(n, text.split()) for n, text in written_by_hand(page)] == [
        (1, ["one", "1.5"]),
        (5, []),
        (7, []),
        (8, ["[six"]),
    ]
