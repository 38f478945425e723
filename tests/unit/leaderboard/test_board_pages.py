"""What boards look like: hostile text stays text, tables stay tables."""

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from recbench.leaderboard import flat, html, latex, markdown, text
from recbench.leaderboard.board import build

HOSTILE = "x|y *b* _i_ [l](http://evil.example) <script>alert(1)</script> `c`\n\n# h"


@pytest.fixture
def board(factory):
    """Return a board with ties, failures, two machines and hostile text."""
    made = factory().add("ease", 0.400, noise=0.3).add("slim", 0.401, noise=0.3)
    made.add("most-popular", 0.1)
    made.add("ncf", 0.3, params={"epochs": 3, "path": HOSTILE})
    made.add("far", 0.2, machine={"id": "m2", "cpu": HOSTILE, "cores": 8})
    made.add("broken", 0.1, status="failed", message=HOSTILE)
    return build(made.suite, made.records, made.per_user, layout=made.layout)


@pytest.fixture
def rating_board(factory):
    """Return a board of a rating suite."""
    made = factory("rating").add("svd", 0.8).add("bias", 0.9)
    return build(made.suite, made.records, made.per_user, layout=made.layout)


def tokens(page):
    return MarkdownIt("commonmark").enable("table").parse(page)


def test_every_row_of_the_page_has_as_many_cells_as_the_header(board) -> None:
    kinds = [t.type for t in tokens(markdown.page(board))]
    tables = "".join(
        {"table_open": "T", "tr_open": "r", "th_open": "c", "td_open": "c"}.get(k, "")
        for k in kinds
    ).split("T")[1:]

    assert len(tables) == 2
    for table in tables:
        cells = {len(row) for row in table.split("r")[1:]}
        assert len(cells) == 1
    assert tables[0].count("r") == 1 + len(board.rows)


def test_hostile_text_adds_no_element_to_the_page(board) -> None:
    found = tokens(markdown.page(board))
    inline = [child for t in found for child in t.children or ()]

    assert {t.type for t in inline} <= {
        "text",
        "text_special",
        "code_inline",
        "softbreak",
        "strong_open",
        "strong_close",
    }
    html_blocks = [t.content.strip() for t in found if t.type == "html_block"]
    assert html_blocks == [
        "<details>\n<summary>Commands that reproduce each row</summary>",
        "</details>",
    ]
    headings = [t.tag for t in found if t.type == "heading_open"]
    assert headings == ["h1", *["h2"] * 5]


def test_the_page_says_what_a_reader_must_know(board) -> None:
    page = markdown.page(board)

    for words in (
        "These cannot be told apart",
        "failed (3 of 3 seeds)",
        "candidates are items with a training interaction",
        "53,000 (75.7%) training events are later than a test event of their user",
        "95 % interval for the mean over new users like these and new splits",
        "vs most-popular",
        "recbench run ml-test/top-n -m ease --seeds 0-2",
        "Machine A: Quick CPU",
        "numpy 2.4.0",
        "several machines",
    ):
        assert words in page


def test_lines_of_a_table_are_aligned_as_plain_text(board) -> None:
    lines = [x for x in markdown.page(board).splitlines() if x.startswith("|")]

    assert len({len(line) for line in lines[: 2 + len(board.rows)]}) == 1


def test_a_rating_board_shows_differences_without_a_ratio(rating_board) -> None:
    page = markdown.page(rating_board)

    assert "RMSE ↓" in page
    assert "×" not in page  # noqa: RUF001 - the sign that ratios carry
    assert "−0." in page  # noqa: RUF001 - a true minus
    assert "Lists" not in page


class Elements(HTMLParser):
    """Counts the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_text_adds_no_element_to_the_html_page(board) -> None:
    seen = Elements()
    seen.feed(html.page(board))

    assert "script" not in seen.tags
    assert "a" not in seen.tags
    assert seen.tags.count("table") == 2
    assert any("<script>alert(1)</script>" in text for text in seen.text)


def test_a_notebook_shows_the_board_as_a_table(board) -> None:
    seen = Elements()
    seen.feed(board._repr_html_())

    assert seen.tags.count("table") == 1
    assert seen.tags.count("tr") == 1 + len(board.rows)


def test_csv_has_one_line_a_row_and_no_formula(board) -> None:
    rows = list(csv.DictReader(io.StringIO(flat.render(board))))

    assert [row["label"].split("[")[0] for row in rows] == [
        row.model for row in board.rows
    ]
    assert float(rows[0]["ndcg@10"]) == pytest.approx(
        board.rows[0].metrics["ndcg@10"].mean, rel=1e-5
    )


def test_csv_keeps_negative_numbers_as_numbers(rating_board) -> None:
    rows = list(csv.DictReader(io.StringIO(flat.render(rating_board))))

    assert float(rows[0]["difference"]) < 0


def test_a_message_that_is_a_formula_is_made_text(factory) -> None:
    made = factory().add("ease", 0.4)
    made.add("evil", 0.1, status="failed", message='=HYPERLINK("http://evil")')
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    rows = list(csv.DictReader(io.StringIO(flat.render(board))))

    assert rows[1]["reason"].startswith("'=HYPERLINK")


def test_latex_rows_have_as_many_cells_as_the_column_specification(board) -> None:
    page = latex.render(board)
    body = page[page.index(r"\midrule") : page.index(r"\bottomrule")]
    spec = page.split(r"\begin{tabular}{")[1].split("}")[0]

    for line in body.splitlines()[1:]:
        assert line.replace(r"\&", "").count("&") == len(spec) - 1
        assert line.endswith(r"\\")


def test_text_fits_eighty_columns(board) -> None:
    assert max(map(len, text.render(board).splitlines())) <= 80


def test_a_long_name_is_shortened_in_the_middle(factory) -> None:
    made = factory().add("ease", 0.4).add("most-popular", 0.1)
    made.add("ncf", 0.3, params={f"parameter_{i}": i for i in range(9)})
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    shown = str(board)

    assert "…" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_a_board_without_any_success_has_all_its_pages(factory) -> None:
    made = factory().add("broken", 0.1, status="failed", message="no")
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    for render in (markdown.page, html.page, flat.render, latex.render, text.render):
        assert "broken" in render(board)


def test_the_frame_has_one_row_a_model(board) -> None:
    frame = board.to_frame()

    assert list(frame["model"]) == [row.model for row in board.rows]
    assert frame["ndcg@10"].iloc[0] == pytest.approx(
        board.rows[0].metrics["ndcg@10"].mean, rel=1e-5
    )


def test_the_index_names_the_best_of_each_suite(board) -> None:
    from recbench.leaderboard import jsonboard

    page = markdown.index([json.loads(jsonboard.document(board))])

    assert "[ml-test/top-n](ml-test/top-n/README.md)" in page
    assert "`slim`" in page
    assert "NDCG@10 0." in page


def test_numbers_of_parameters_are_shown_where_models_say(factory) -> None:
    made = factory().add("ease", 0.4).add("ncf", 0.3, n_parameters=1_234_567)
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    page = markdown.page(board)

    assert "Parameters" in page
    assert "1.2 M" in page
