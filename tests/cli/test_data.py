"""`sgbench data`: list, fetch and verify."""

import pytest


def test_list_and_verify(sgbench):
    lines = sgbench("data", "list").stdout.splitlines()
    states = dict(line.split()[:2] for line in lines if not line.startswith(" "))
    assert states == {
        "cifar10": "missing",
        "copy": "generated",
        "counting": "missing",
        "counting_digits": "bundled",
        "descriptions": "bundled",
        "digits": "bundled",
        "mnist": "missing",
        "ptb": "missing",
        "repeat_copy": "generated",
    }
    assert len({line.index(states[line.split()[0]]) for line in lines if line[0] != " "}) == 1
    done = sgbench("data", "verify", "digits")
    assert done.exit_code == 0
    assert done.stdout.startswith("digits: digits.csv.gz ")
    assert sgbench("data", "fetch", "digits").stdout == "digits: bundled\n"
    assert sgbench("data", "verify", "copy").stdout.startswith("copy: generated")
    assert sgbench("data", "fetch", "copy").stdout == "copy: generated\n"


def test_verify_names_every_set_that_is_not_there(sgbench):
    done = sgbench("data", "verify")
    assert done.exit_code == 2
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["cifar10:", "mnist:", "ptb:"]
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "copy",
        "descriptions",
        "digits",
        "repeat_copy",
    ]


@pytest.mark.parametrize(
    ("line", "argument", "remedy"),
    [
        ("list mnits", "'mnits'", "'mnist'"),
        ("fetch digits cifar", "'cifar'", "'cifar10'"),
        ("verfy", "'verfy'", "'verify'"),
    ],
)
def test_bad_input_is_one_line(refused, line, argument, remedy):
    told = refused("data", *line.split())
    assert argument in told
    assert remedy in told


def test_no_network_on_fetch(refused, monkeypatch):
    import requests

    def fail(*arguments, **options):
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(requests, "get", fail)
    monkeypatch.setattr("builtins.print", lambda *words, **options: None)
    line = refused("data", "fetch", "mnist")
    assert "mnist's train-images-idx3-ubyte.gz" in line
    assert "ConnectionError" in line
    assert "SHA-256 440fcabf" in line
