"""Whatever the text, a format shows it as text and nothing else."""

import csv
import io
import re
import unicodedata
from html.parser import HTMLParser

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recbench.leaderboard import escape
from recbench.leaderboard.grid import grid

SHARP = "|*_[]<>`\\~#!$&()=+-@:/.\"'{}^%\t\r\n\u202e\u2066\u200b\u2028 abc1"
texts = st.one_of(st.text(max_size=60), st.text(alphabet=SHARP, max_size=60))
PARSER = MarkdownIt("gfm-like", {"linkify": False}).enable("table")


def inline(source):
    """Return the tokens and the visible text of a table cell."""
    page = grid([[source, "end"]], ["a", "b"], "ll", "pipe")
    tokens = PARSER.parse(page)
    cells = [t for t in tokens if t.type == "inline"][2:]
    assert len(cells) == 2, page
    return cells[0].children, cells[1].content


def visible(children):
    return "".join(child.content for child in children)


@given(texts)
@example("a\\|b")
@example("\\`|`")
@example("`` ` ``")
@example("http://evil.example www.evil.example")
def test_markdown_shows_the_text_itself(text) -> None:
    children, end = inline(escape.markdown(text))

    assert end == "end"
    assert {c.type for c in children} <= {"text", "text_special"}
    assert visible(children) == escape.clean(text)


@given(texts)
@example("a`b|c\\")
def test_markdown_code_shows_the_text_itself(text) -> None:
    children, end = inline(escape.markdown_code(text))

    assert end == "end"
    assert {c.type for c in children} <= {"text", "text_special", "code_inline"}
    assert visible(children) == escape.clean(text)


@given(texts)
@example("run `a b` or `c`: `")
@example(" `x`` y `|`z` ")
@example("` a` b ` `")
@example("` `")
def test_a_sentence_shows_its_text_without_the_backticks_of_its_code(text) -> None:
    shown = escape.markdown_prose(text)
    children, end = inline(shown)

    assert end == "end"
    assert shown == shown.strip()  # Markdown shows no spaces there
    assert {c.type for c in children} <= {"text", "text_special", "code_inline"}
    expected = escape.clean(text).replace("`", "").strip()
    assert visible(children).replace("`", "").strip() == expected


@given(texts)
def test_no_address_is_left_for_github_to_link(text) -> None:
    shown = escape.markdown(text)

    assert "://" not in shown
    assert not re.search(r"(?i)\bwww\.", shown)


@given(st.lists(texts, max_size=5))
@example(["```", "````` x"])
def test_no_line_closes_its_fenced_block(lines) -> None:
    tokens = PARSER.parse(escape.markdown_block(lines) + "\n\nafter\n")

    assert tokens[0].type == "fence"
    assert len([t for t in tokens if t.type == "fence"]) == 1
    shown = tokens[0].content.split("\n")[:-1]
    assert shown == [escape.clean(line, 1600) for line in lines] or not lines


class Page(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@given(texts)
@example("'\" onload=alert(1) x='")
def test_html_shows_the_text_itself_in_elements_and_attributes(text) -> None:
    page = Page()
    page.feed(f'<p title="{escape.html(text)}">{escape.html(text)}</p>')
    page.close()

    assert page.tags == ["p"]
    assert page.attributes == [("title", escape.clean(text))]
    assert page.text == escape.clean(text)


@given(st.lists(texts, min_size=1, max_size=4))
@example(["=1+1", "\t=1", "@x", "＝1"])  # noqa: RUF001 - a wide equals sign
def test_csv_cells_come_back_and_none_is_a_formula(cells) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([escape.csv(c) for c in cells])

    rows = list(csv.reader(io.StringIO(out.getvalue())))

    assert len(rows) == 1
    for back, cell in zip(rows[0], cells, strict=True):
        assert back.removeprefix("'") == escape.clean(cell).removeprefix("'")
        assert not back.startswith(tuple("=+-@\t\r＝＋－＠"))  # noqa: RUF001


def unescaped_latex(text):
    """Read what our escapes print; anything else special is an error."""
    commands = {
        "textbackslash": "\\",
        "textasciitilde": "~",
        "textasciicircum": "^",
        "textless": "<",
        "textgreater": ">",
        "textbar": "|",
        "textquotedbl": '"',
        "textasciigrave": "`",
        "textquotesingle": "'",
    }
    pattern = r"\\([a-z]+)\{\}|\\([{}$&#_%])|([^\\{}$&#_%~^<>|\"`'])"
    out, place = "", 0
    while place < len(text):
        match = re.compile(pattern).match(text, place)
        assert match, text[place:]
        name, char, plain = match.groups()
        out += commands[name] if name else char or plain
        place = match.end()
    return out


@given(texts)
def test_latex_prints_the_text_itself(text) -> None:
    assert unescaped_latex(escape.latex(text)) == escape.clean(text)


@given(texts)
def test_clean_text_is_one_line_without_hidden_characters(text) -> None:
    line = escape.clean(text)

    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert escape.clean(line) == line


@given(st.text(alphabet="ab ", max_size=900))
def test_long_text_is_cut(text) -> None:
    assert len(escape.clean(text)) <= escape.LONGEST
