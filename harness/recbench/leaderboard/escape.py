"""Text from plugins and data, made safe for the format it is written into.

Every function first drops what could disguise text (control and bidirectional
characters, line breaks) and then escapes what the format would act upon.
"""

import html as _html
import re
import unicodedata
from collections.abc import Callable

LONGEST = 400
_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_FORMULA = tuple("=+-@＝＋－＠|%")  # noqa: RUF001 - spreadsheets read wide ones too

_MARKDOWN = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        # parsers disagree about a backslash before a pipe in a table: no backslashes
        "|": "&#124;",
        "\\": "&#92;",
        "`": "&#96;",
    }
    | {char: f"\\{char}" for char in "*_[]~#!$"}
)
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
    }
    | {char: f"\\{char}" for char in "{}$&#_%"}
)


def clean(text: object, longest: int = LONGEST) -> str:
    """Return one line of visible text, at most ``longest`` characters."""
    line = "".join(" " if c in _SPACES else c for c in str(text)[: 4 * longest])
    line = "".join(c for c in line if unicodedata.category(c) not in _HIDDEN)
    line = " ".join(line.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def markdown(text: object) -> str:
    """Return text that Markdown shows as it is, in a sentence or a table cell."""
    line = clean(text).translate(_MARKDOWN)
    # GitHub makes links of bare addresses
    line = line.replace("://", ":&#47;/")
    return re.sub(r"(?i)\b(www)\.", r"\1&#46;", line)


def markdown_code(text: object) -> str:
    """Return text in a code span where it may stand in one, else escaped."""
    line = clean(text)
    tame = line and not set(line) & set("`|\\")
    return f"`{line}`" if tame else markdown(line)


def markdown_prose(text: object) -> str:
    """Return a sentence in which what stands between backticks is a code span.

    Spaces at its ends are dropped, as Markdown does.
    """
    parts = clean(text).split("`")
    if len(parts) % 2 == 0:
        return markdown(text)  # a backtick without its other half
    return "".join(
        _between_spaces(part, markdown_code if i % 2 else markdown)
        for i, part in enumerate(parts)
    ).strip()


def _between_spaces(text: str, escape: Callable[[str], str]) -> str:
    """Return escaped text between the spaces that it begins and ends with."""
    inner = text.strip()
    if not inner:
        return text
    start = text.index(inner)
    return text[:start] + escape(inner) + text[start + len(inner) :]


def markdown_block(lines: list[str]) -> str:
    """Return lines as a fenced block that none of them can close."""
    cleaned = [clean(line, 4 * LONGEST) for line in lines]
    runs = re.findall(r"`{3,}", "\n".join(cleaned))
    fence = "`" * (1 + max((len(run) for run in runs), default=2))
    return "\n".join((f"{fence}sh", *cleaned, fence))


def html(text: object) -> str:
    """Return text for an HTML element or a quoted attribute."""
    return _html.escape(clean(text), quote=True)


def latex(text: object) -> str:
    """Return text for a LaTeX table cell."""
    return clean(text).translate(_LATEX)


def csv(text: object) -> str:
    """Return text for a CSV cell that no spreadsheet takes for a formula.

    Only for text: a number such as -0.5 must stay a number.
    """
    line = clean(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
