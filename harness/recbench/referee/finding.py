"""What a check found, and the grade that findings add up to.

========= =========================================================================
A         every check was made and passed
B         only minor findings, or a check that could not be made
C         one major finding
D         two major findings or more
F         a fatal one: the figures cannot be believed
========= =========================================================================
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["pass", "unknown", "fail"]
Weight = Literal["minor", "major", "fatal"]
Grade = Literal["A", "B", "C", "D", "F"]

WEIGHTS: tuple[Weight, ...] = ("minor", "major", "fatal")
_BADNESS = {"pass": 0, "unknown": 1, "fail": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        id: Name of the check.
        looks_at: What it looks at, in a few words.
        verdict: ``pass``, ``fail``, or ``unknown`` where it could not be made.
        weight: What failing means for the grade.
        message: What was found, in a sentence.
        evidence: The numbers behind it, as plain data.
    """

    id: str
    looks_at: str
    verdict: Verdict
    weight: Weight
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every finding about one suite.

    Attributes:
        suite: Name of the suite.
        scope: What was looked at: ``records``, or ``records, data and lists``.
        findings: In the order of the checks.
    """

    suite: str
    scope: str
    findings: tuple[Finding, ...]

    @property
    def grade(self) -> Grade:
        """Return the grade."""
        return grade(self.findings)

    def __str__(self) -> str:
        """Return the grade and its reasons, one a line."""
        from recbench.referee import words

        reasons = (f"- {words.reason(found)}" for found in self.failed)
        return "\n".join((f"{self.suite}: {words.headline(self)}", *reasons))

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Return what lowers the grade, the worst first."""
        bad = [f for f in self.findings if f.verdict == "fail"]
        bad.sort(key=lambda f: -WEIGHTS.index(f.weight))
        return (*bad, *(f for f in self.findings if f.verdict == "unknown"))


def grade(findings: Iterable[Finding]) -> Grade:
    """Return the grade that findings add up to."""
    found = list(findings)
    failed = [f.weight for f in found if f.verdict == "fail"]
    if "fatal" in failed:
        return "F"
    majors = failed.count("major")
    if majors:
        return "C" if majors == 1 else "D"
    return "B" if failed or any(f.verdict == "unknown" for f in found) else "A"


def merged(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return one finding per check: the worst verdict, all messages and evidence.

    A check that failed in one place and could not be made in another has failed.
    """
    by_id: dict[str, list[Finding]] = {}
    for found in findings:
        by_id.setdefault(found.id, []).append(found)
    return tuple(_joined(group) for group in by_id.values())


def _joined(group: Sequence[Finding]) -> Finding:
    worst = max(group, key=lambda f: (_BADNESS[f.verdict], WEIGHTS.index(f.weight)))
    alike = [f for f in group if f.verdict == worst.verdict]
    evidence: dict[str, Any] = {}
    for found in group:
        evidence |= found.evidence
    return Finding(
        id=worst.id,
        looks_at=worst.looks_at,
        verdict=worst.verdict,
        weight=worst.weight,
        message="; ".join(dict.fromkeys(f.message for f in alike)),
        evidence=evidence,
    )
