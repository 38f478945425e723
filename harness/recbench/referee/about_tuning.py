"""Checks of how parameters were chosen: for whom, on what, with which budget."""

from collections.abc import Mapping
from typing import Any

from recbench.referee.case import Case, named
from recbench.referee.finding import Finding
from recbench.results import canonical
from recbench.results.record import Record


def tuned(case: Case) -> Finding:
    """Whether parameters were chosen for this data, by a search that is on record."""
    untuned, elsewhere = [], []
    models = by_model(case)
    for model, rows in models.items():
        found = [record for record in rows if _is_tuned(case, record)]
        if not found:
            untuned.append(model)
        elif not any(_for_this(case, record) for record in found):
            elsewhere.append(model)
    message = f"all {len(models)} models with parameters were tuned for this suite"
    parts = []
    if untuned:
        parts.append(
            f"untuned, at parameters nobody searched for: {named(untuned)} (`recbench "
            f"tune {case.suite}` grants each the same budget)"
        )
    if elsewhere:
        parts.append(f"tuned for another suite or data set: {named(elsewhere)}")
    return Finding(
        id="tuned",
        looks_at="parameters tuned for this suite, baselines included",
        verdict="fail" if parts else "pass",
        weight="minor",
        message="; ".join(parts) or message,
        evidence={
            "untuned": untuned,
            "tuned_elsewhere": elsewhere,
            "with_parameters": len(models),
        },
    )


def by_model(case: Case) -> dict[str, list[Record]]:
    """Return one record of each row that has parameters, by model."""
    found: dict[str, list[Record]] = {}
    for rows in case.rows.values():
        if rows[0].params:
            found.setdefault(rows[0].model, []).append(rows[0])
    return found


def _is_tuned(case: Case, record: Record) -> bool:
    """Return whether a row has a tuning budget or the parameters of a tuned preset."""
    params = canonical.encode(record.params)
    shipped = case.presets.get(record.model, ())
    return bool(_budget(case, record)) or any(
        canonical.encode(p) == params for p in shipped
    )


def _budget(case: Case, record: Record) -> Mapping[str, Any]:
    """Return the budget of a row, also where its search ended at the defaults."""
    if record.budget:
        return record.budget
    params = canonical.encode(record.params)
    ended = case.searches.get(record.model, ())
    return next((b for p, b in ended if canonical.encode(p) == params), {})


def _for_this(case: Case, record: Record) -> bool:
    """Return whether a search looked at this suite and data, as far as it says."""
    fingerprint = record.dataset.get("fingerprint")
    data = record.budget.get("dataset") or {}
    searched = record.budget.get("suite", case.suite)
    return bool(
        searched == case.suite
        and data.get("fingerprint", fingerprint) == fingerprint
        and record.budget.get("protocol_hash", record.protocol_hash)
        == record.protocol_hash
    )


def budget(case: Case) -> Finding:
    """The same tuning budget for every model that has parameters."""
    granted: dict[str, list[str]] = {}
    cut = []
    for model, rows in by_model(case).items():
        budgets = (_budget(case, record) for record in rows)
        searches = [found for found in budgets if found] or [{}]
        for search in searches:
            text = canonical.encode(search.get("granted", search)).decode()
            models = granted.setdefault(text, [])
            if model not in models:
                models.append(model)
        if any(search.get("cut") for search in searches):
            cut.append(model)
    message = "no model was tuned" if set(granted) <= {"{}"} else "one budget for all"
    if len(granted) > 1:
        parts = (
            f"{'none' if text == '{}' else text}: {named(models)}"
            for text, models in sorted(granted.items())
        )
        message = f"models had different tuning budgets ({'; '.join(parts)})"
    if cut:
        message += f"; cut short by the clock: {named(cut)}"
    return Finding(
        id="budget",
        looks_at="the same tuning budget for every model",
        verdict="fail" if len(granted) > 1 else "pass",
        weight="major",
        message=message,
        evidence={
            "granted": {text: len(m) for text, m in sorted(granted.items())},
            "cut": cut,
        },
    )
