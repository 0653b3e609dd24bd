"""A gate's findings as JUnit XML, which every CI system displays.

Regressions and changed results are failures, what one side lacks is an error; what is inconclusive
or incomparable is skipped, with the reason.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from ...results.statistics.gate_finding import GateFinding

_ELEMENTS = {
    "regression": "failure",
    "changed": "failure",
    "missing": "error",
    "inconclusive": "skipped",
    "incomparable": "skipped",
}
_NUMBERS = ("estimate", "low", "high", "unit", "p", "n", "spread")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(findings: Sequence[GateFinding], suite: str = "sgbench gate") -> str:
    """Return the XML document: one test case per finding, in the class of its kind."""
    elements = [_ELEMENTS.get(finding.verdict) for finding in findings]
    counts = {
        "tests": len(findings),
        "failures": elements.count("failure"),
        "errors": elements.count("error"),
        "skipped": elements.count("skipped"),
    }
    attributes = {"name": _clean(suite), **{name: str(n) for name, n in counts.items()}}
    root = ET.Element("testsuites", attributes)
    cases = ET.SubElement(root, "testsuite", attributes)
    for finding, element in zip(findings, elements, strict=True):
        names = {"classname": f"sgbench.{finding.kind}", "name": _clean(finding.name)}
        case = ET.SubElement(cases, "testcase", names)
        numbers = {name: finding.to_dict()[name] for name in _NUMBERS}
        properties = ET.SubElement(case, "properties")
        for name, value in numbers.items():
            if value is not None:
                ET.SubElement(properties, "property", {"name": name, "value": str(value)})
        said = _clean(f"{finding.verdict}: {finding.words}")
        if element is None:
            ET.SubElement(case, "system-out").text = said
        else:
            ET.SubElement(case, element, {"message": said, "type": finding.verdict})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _clean(text: str) -> str:
    """Return `text` with a � for each character that XML cannot hold, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
