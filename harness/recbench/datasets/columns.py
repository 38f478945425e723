"""Which column holds the users, the items, the ratings and the times."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recbench.errors import DataError, unknown_name

ALIASES: dict[str, tuple[str, ...]] = {
    role: tuple(words.split())
    for role, words in {
        "user": "user userid uid usercode username customer customerid member memberid "
        "reviewer reviewerid visitor visitorid profile profileid account accountid "
        "listener session sessionid u",
        "item": "item itemid iid itemcode movie movieid film product productid "
        "parentasin asin book bookid isbn track trackid song songid artist artistid "
        "article articleid business businessid place placeid poi location locationid "
        "venue venueid game gameid joke jokeid app appid anime animeid recipe recipeid "
        "news newsid sku i",
        "rating": "rating ratings score scores stars star overall rate preference pref "
        "value feedback weight count counts plays playcount playcounts listens "
        "listencount quantity clicks views r",
        "timestamp": "timestamp timestamps time ts unixtime unixreviewtime datetime "
        "date eventtime createdat created ratedat reviewtime t",
    }.items()
}
RATING_WORDS = frozenset(ALIASES["rating"][:8])
COUNT_WORDS = frozenset(ALIASES["rating"][12:-1]) | {"weight"}
ROLES = ("user", "item", "rating", "timestamp")
OPTIONAL = ("rating", "timestamp")
EARLIEST = 100_000_000  # a third column above it holds times (1973), not ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns used; None where the file has no such column."""

    user: str
    item: str
    rating: str | None = None
    timestamp: str | None = None

    def __str__(self) -> str:
        """Return them in one line, as they are shown to the user."""
        found = [(role, getattr(self, role)) for role in ROLES]
        return ", ".join(f"{role}: {name or 'none'}" for role, name in found)


def word(name: str) -> str:
    """Return a column name without case, signs and a ``:type`` suffix."""
    return re.sub(r"[^a-z0-9]", "", name.lower().split(":")[0])


def choose(
    names: Sequence[str],
    *,
    where: str,
    wanted: dict[str, str | None],
    numbered: bool = False,
    third_is_time: bool = False,
) -> Columns:
    """Choose the columns of a table.

    Args:
        names: The columns of the table; "1", "2", ... where it has no header.
        where: The file, for messages.
        wanted: Per role the column that the user named; "none" for no such column.
        numbered: Whether the table has no header.
        third_is_time: Whether the third of three columns looks like times.

    Returns:
        The choice.

    Raises:
        DataError: If a column is missing, named twice or serves two roles.
        UsageError: If a column that the user named is not there.
    """
    found: dict[str, str | None] = {}
    for role in ROLES:
        name = wanted.get(role)
        if name is None:
            continue
        if name == "none" and role in OPTIONAL and name not in names:
            found[role] = None
        elif name not in names:
            raise unknown_name(f"column (for {role}, in {where})", name, names)
        else:
            found[role] = name
    if numbered:
        _by_position(names, found, third_is_time=third_is_time)
    else:
        _by_name(names, found)
    for role in ("user", "item"):
        if found.get(role) is None:
            msg = (
                f"{where}: which column holds the {role}s? It has "
                f"{', '.join(map(repr, names))}; name it with --{role} COLUMN"
            )
            raise DataError(msg)
    _check(names, found, where)
    return Columns(**found)  # type: ignore[arg-type]  # user and item were checked above


def _by_name(names: Sequence[str], found: dict[str, str | None]) -> None:
    """Fill the roles still open by the names of the columns."""
    for role in ROLES:
        if role in found:
            continue
        free = [name for name in names if name not in found.values()]
        by_word = {word(name): name for name in reversed(free)}
        found[role] = next(
            (by_word[alias] for alias in ALIASES[role] if alias in by_word), None
        )


def _by_position(
    names: Sequence[str], found: dict[str, str | None], *, third_is_time: bool
) -> None:
    """Fill the roles still open by the usual order of columns."""
    order = ["user", "item", "rating", "timestamp"]
    if len(names) == 3 and third_is_time:
        order = ["user", "item", "timestamp", "rating"]
    free = [name for name in names if name not in found.values()]
    for role in order:
        if role not in found:
            found[role] = free.pop(0) if free else None


def _check(names: Sequence[str], found: dict[str, str | None], where: str) -> None:
    """Refuse one column in two roles, and a name that two columns have."""
    used = [name for name in found.values() if name is not None]
    for name in used:
        if used.count(name) > 1:
            msg = f"{where}: column {name!r} cannot serve two purposes"
            raise DataError(msg)
        if list(names).count(name) > 1:
            msg = f"{where}: two columns are named {name!r}: rename one"
            raise DataError(msg)
