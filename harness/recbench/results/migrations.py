"""Pure steps from every released record format to the present one."""

from collections.abc import Callable
from typing import Any

from recbench.errors import DataError
from recbench.results.record import SCHEMA

STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Schema number to the step that leads to the next one."""


def upgrade(data: Any) -> dict[str, Any]:  # noqa: ANN401 - decoded JSON
    """Return the data of a record in the present schema.

    Raises:
        DataError: If it is no record, or a newer recbench wrote it.
    """
    if not isinstance(data, dict) or type(data.get("schema")) is not int:
        msg = "it is no recbench record: it has no schema number"
        raise DataError(msg)
    record: dict[str, Any] = data
    while record["schema"] < SCHEMA:
        if record["schema"] not in STEPS:
            raise DataError(f"no step leads on from schema {record['schema']}")
        record = STEPS[record["schema"]](record)
    if record["schema"] > SCHEMA:
        msg = (
            f"it has schema {record['schema']}, this recbench reads up to {SCHEMA}: "
            "upgrade recbench"
        )
        raise DataError(msg)
    return record
