"""Each testable clause of SPEC.md is cited by a vector or a test, and no other id is cited.

A test cites a clause by naming its id anywhere in its file, best in the docstring of the test
that fails when the clause is broken. A range such as "TOP-001 to TOP-003" cites its ends only.
"""

import json
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Sections 1 to 17 of SPEC.md.
GROUPS = "TOP CON CHA PAY MAC ENT CHN JRN ACK RSN STA DES CMD TIM LIM ERR CMP".split()
CITED = re.compile(rf"\b(?:{'|'.join(GROUPS)})-\d{{3}}\b")
DEFINED = re.compile(r"^\*\*([A-Z]{3}-\d{3})\*\* (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
CODE = ("protocol", "firmware", "hub")


def clauses() -> dict[str, str]:
    """Clause id to text, in SPEC.md's order."""
    return dict(DEFINED.findall((ROOT / "protocol" / "SPEC.md").read_text()))


def binding() -> list[str]:
    """The ids of the clauses that a test can hold somebody to."""
    return [
        clause for clause, text in clauses().items() if not text.strip().endswith("(informative)")
    ]


def cited_in(text: str) -> set[str]:
    return set(CITED.findall(text))


def vector_citations() -> dict[str, str]:
    """Clause id to the vector file that cites it; only the ``clauses`` of a case count."""
    found = {}
    for path in sorted((ROOT / "protocol" / "vectors").glob("*.json")):
        for case in json.loads(path.read_text()):
            found.update(dict.fromkeys(case["clauses"], path.name))
    return found


def python_citations(*folders: str) -> dict[str, str]:
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            here = str(path.relative_to(ROOT))
            found.update(dict.fromkeys(cited_in(path.read_text(encoding="utf-8")), here))
    return found


def test_no_id_is_defined_twice():
    ids = re.findall(
        r"^\*\*([A-Z]{3}-\d{3})\*\*", (ROOT / "protocol" / "SPEC.md").read_text(), re.M
    )
    assert [clause for clause, count in Counter(ids).items() if count > 1] == []
    assert len(ids) == len(clauses()) > 90


def test_each_group_is_numbered_from_001_without_a_hole():
    by_group = {group: [] for group in GROUPS}
    for clause in clauses():
        by_group[clause[:3]].append(int(clause[4:]))
    assert by_group == {group: list(range(1, len(by_group[group]) + 1)) for group in GROUPS}
    assert all(by_group.values())


def test_each_testable_clause_says_must_should_or_may():
    words = re.compile(r"\b(MUST|SHOULD|MAY)\b")
    texts = clauses()
    assert [clause for clause in binding() if not words.search(texts[clause])] == []


def test_every_testable_clause_is_cited_by_a_vector_or_a_test():
    cited = vector_citations() | python_citations("tests")
    uncited = [clause for clause in binding() if clause not in cited]
    assert uncited == [], f"{len(uncited)} clauses of SPEC.md have no test: {' '.join(uncited)}"


def test_no_clause_is_cited_that_does_not_exist():
    cited = vector_citations() | python_citations("tests", *CODE)
    spec = cited_in((ROOT / "protocol" / "SPEC.md").read_text())
    cited |= dict.fromkeys(spec, "protocol/SPEC.md")
    unknown = {clause: where for clause, where in cited.items() if clause not in clauses()}
    assert unknown == {}
