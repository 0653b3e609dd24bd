"""What checks find, and how failures that a rule declares are judged."""

import pytest
from sgbench.bench.conformance.checks import Check, Failed, Skipped, Warned, run_checks


def check(name, error=None):
    def run():
        if error is not None:
            raise error

    return Check(name=name, sentence="it is right", run=run)


def found(error=None, expected=None):
    (finding,) = run_checks([check("one", error)], expected or {}, None)
    return finding


@pytest.mark.parametrize(
    ("error", "verdict", "words"),
    [
        (None, "holds", "it is right"),
        (Failed("it is wrong"), "fails", "it is wrong"),
        (Warned("look"), "warning", "look"),
        (Skipped("no M"), "skipped", "no M"),
        (ValueError("a\nb"), "fails", "ValueError: a b"),
        (SystemExit(0), "fails", "SystemExit: 0"),
    ],
)
def test_verdicts(error, verdict, words):
    finding = found(error)
    assert (finding.check, finding.verdict) == ("one", verdict)
    assert words in finding.words
    assert "\n" not in finding.words


def test_the_others_need_the_first():
    checks = [check("runs", Failed("it is wrong")), check("two"), check("three")]
    found = list(run_checks(checks, {}, None))
    assert [one.verdict for one in found] == ["fails", "skipped", "skipped"]
    assert "runs" in found[-1].words
    found = list(run_checks(checks[::-1], {}, None))
    assert [one.verdict for one in found] == ["holds", "holds", "fails"]


def test_what_is_printed_meanwhile_is_no_result(capsys):
    list(run_checks([Check(name="one", sentence="", run=lambda: print("hello"))], {}, None))
    assert capsys.readouterr() == ("", "hello\n")


class TestExpectedFailures:
    REASON = {"one": "by design"}  # noqa: RUF012

    def test_a_failure_is_as_declared(self):
        finding = found(Failed("it is wrong"), self.REASON)
        assert finding.verdict == "expected"
        assert "by design" in finding.words

    def test_what_holds_after_all_is_a_failure(self):
        finding = found(None, self.REASON)
        assert finding.verdict == "fails"
        assert "expected_failures" in finding.words
        assert "remove" in finding.words

    def test_a_fault_in_the_code_is_not_what_was_declared(self):
        assert found(ValueError("a"), self.REASON).verdict == "fails"

    def test_what_does_not_apply_stays_so(self):
        assert found(Skipped("no M"), self.REASON).verdict == "skipped"

    def test_a_name_that_no_check_has(self):
        holds, unknown = run_checks([check("one")], {"onne": "?"}, None)
        assert holds.verdict == "holds"
        assert unknown.verdict == "fails"
        assert "did you mean 'one'" in unknown.words
