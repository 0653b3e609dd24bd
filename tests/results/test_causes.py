"""What may be the cause of a difference between two results of one cell."""

from dataclasses import replace

from sgbench.results.causes import causes


def test_equal_machines_that_are_known_have_no_cause(make):
    one = replace(make.record(), processor="AuthenticAMD 25 17", instructions="AVX512")
    assert causes([one, one]) == []


def test_each_property_that_differs_is_named_with_its_values(make):
    one = replace(make.record(), processor="AuthenticAMD 25 17", instructions="AVX512")
    other = replace(one, instructions="DEFAULT", replicas=3)
    assert causes([one, other]) == ["instructions: AVX512; DEFAULT", "replicas: 1; 3"]


def test_what_a_record_does_not_say_is_not_known_to_differ(make):
    old = make.record()  # as before schema 5
    new = replace(old, processor="AuthenticAMD 25 17", instructions="AVX512")
    assert causes([old, new]) == [
        "processor: not recorded; AuthenticAMD 25 17",
        "instructions: not recorded; AVX512",
    ]
    assert causes([old, old]) == ["processor and instructions: not recorded"]


def test_versions_of_cuda_are_causes(make):
    one = replace(make.record(), cuda="12.8", cudnn="91002")
    assert causes([one, replace(one, cudnn="92000")]) == ["cudnn: 91002; 92000"]
    assert causes([one, one]) == []
