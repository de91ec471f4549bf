"""The page: complete, self-contained, and safe against what models call themselves."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from dataclasses import replace
from enum import Enum
from html.parser import HTMLParser

import pytest

from parity.report.glossary import GLOSSARY
from parity.report.html import html

EVIL = "</script><img src=x onerror=alert(1)>"
KINDS = [
    "healthy",
    "epsilon",
    "broken",
    "undecided",
    "crashed",
    "known difference",
    "empty",
    "many",
]
VOID = {"meta", "input", "link", "br", "img"}


class Page(HTMLParser):
    """Tags with their attributes, texts, and whether the tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.raw: dict[str, str] = {}
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside in ("script", "style"):
            self.raw[inside] = self.raw.get(inside, "") + data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def poisoned(value):
    """The same value with markup in front of every text."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return EVIL + value
    if isinstance(value, tuple):
        return tuple(map(poisoned, value))
    if isinstance(value, dict):
        return {poisoned(k): poisoned(v) for k, v in value.items()}
    if dataclasses.is_dataclass(value):
        return replace(
            value, **{f.name: poisoned(getattr(value, f.name)) for f in dataclasses.fields(value)}
        )
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_report_gives_a_balanced_page(reports, kind):
    page = Page(html(reports[kind]))
    assert not page.unbalanced
    assert not page.open


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_asks_for_nothing_from_anywhere(reports, kind):
    text = html(reports[kind])
    page = Page(text)
    for _, attributes in page.tags:
        for name in ("src", "href", "action", "data", "xlink:href", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), value
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert "url(" not in page.raw["style"]
    assert "@import" not in page.raw["style"]
    for word in ("fetch(", "XMLHttpRequest", "import(", "innerHTML", "eval(", "document.write"):
        assert word not in page.raw["script"]


def test_the_policy_allows_only_the_pages_own_script_and_style(reports):
    text = html(reports["epsilon"])
    page = Page(text)
    (policy,) = [
        m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")
    for tag in ("script", "style"):
        assert len(page.all(tag)) == 1
        digest = base64.b64encode(hashlib.sha256(page.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("kind", ["epsilon", "broken", "many"])
def test_markup_in_any_text_of_a_report_shows_as_text(reports, kind):
    text = html(poisoned(reports[kind]))
    page = Page(text)
    assert EVIL not in text
    assert not page.all("img")
    assert len(page.all("script")) == 1
    assert not page.unbalanced
    assert EVIL in page.text


def test_a_module_path_that_is_markup_shows_as_text(make):
    result = make["bert"]()
    nodes = (replace(result.nodes[0], module=EVIL), *result.nodes[1:])
    page = Page(html(make["report"](replace(result, nodes=nodes))))
    assert not page.all("img")
    assert EVIL in page.text


def test_the_banner_says_the_verdict_in_one_sentence(reports):
    assert "No parity" in html(reports["epsilon"])
    healthy = Page(html(reports["healthy"]))
    assert healthy.text.split("Parity report")[1].split()[0] == "Parity"
    assert reports["healthy"].results[0].summary in healthy.text
    assert "Not decided" in html(reports["undecided"])
    assert "Parity, with known differences" in html(reports["known difference"])
    assert "nothing was compared" in html(reports["empty"])


def test_every_node_is_a_row_with_its_numbers(reports):
    text = html(reports["epsilon"])
    result = reports["epsilon"].results[0]
    table = text.split('id="nodes-0"')[1].split("</table>")[0]
    rows = re.findall(r"<tr data-verdicts.*?</tr>", table, re.DOTALL)
    assert len(rows) == 90
    for row, node in zip(rows, result.nodes, strict=True):
        assert f">{node.name}<" in row
        assert f">{node.total.target_error:.3g}<" in row
        assert f">{node.local.margin:.3g}<" in row
    assert rows[18].startswith('<tr data-verdicts="mismatch" class="culprit"')


def test_nodes_that_were_not_compared_say_why(make):
    page = html(make["report"](make["bert"](uncovered=3)))
    assert page.count("no tensor of the target stands for it") == 3
    assert "3 not compared" in page
    assert "<option>not compared</option>" in page


def test_sortable_headers_are_buttons_and_tables_have_captions(reports):
    page = Page(html(reports["many"]))
    assert len(page.all("table")) == len(page.all("caption"))
    assert len([a for a in page.all("table") if "sortable" in a["class"]]) > 5
    assert all(a.get("scope") in ("col", "row") for a in page.all("th"))


def test_every_explained_word_has_its_explanation(reports):
    page = Page(html(reports["many"]))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    asked = {attributes["data-term"] for _, attributes in page.tags if "data-term" in attributes}
    assert asked <= ids
    assert len([i for i in ids if i.startswith("term-")]) == len(GLOSSARY)


def test_several_results_have_an_overview_whose_links_lead_somewhere(reports):
    page = Page(html(reports["many"]))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in page.all("a")]
    assert links == [f"#result-{i}" for i in range(6)]
    assert {link[1:] for link in links} <= set(ids)
    closed = [a["id"] for a in page.all("details") if "open" not in a and "id" in a]
    assert closed == ["result-0", "result-5"]


def test_a_single_result_has_no_overview(reports):
    assert 'id="overview"' not in html(reports["healthy"])


def test_a_page_of_a_real_size_stays_small(make):
    result = make["bert"]()
    nodes = tuple(replace(n, name=f"{n.name}_{i}") for i in range(6) for n in result.nodes)
    assert len(html(make["report"](replace(result, nodes=nodes)))) < 1_000_000


def test_of_thousands_of_rows_the_first_are_laid_out_and_all_are_there(make):
    result = make["bert"]()
    nodes = tuple(replace(n, name=f"{n.name}_{i}") for i in range(56) for n in result.nodes)[:5000]
    table = (
        html(make["report"](replace(result, nodes=nodes)))
        .split('id="nodes-0"')[1]
        .split("</table>")[0]
    )
    assert table.count("<tr data-verdicts") == 5000
    assert table.count('class=" rest"') == 4700
