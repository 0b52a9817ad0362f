"""The pages' languages: complete, chosen as the reader wishes, with numbers as they write them."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.support import Translations
from jinja2 import Environment
from onedoor_hub.app import create_app
from onedoor_hub.pages.language import LANGUAGES

from tests.support.board import Centre

HUB = Path(__file__).parents[2] / "hub"
PAGES = HUB / "onedoor_hub"
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
TRANSLATED = [code for code in LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
# In a template and yet no words of a language: names, commands, signs.
NO_WORDS = re.compile(r"OneDoor|onedoor device add --\S+ \S* ?--counter 1|[^\w]|_|\d")


def po(code):
    path = PAGES / "translations" / code / "LC_MESSAGES" / "messages.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code)


def extracted():
    found = extract_from_dir(PAGES, METHODS, options_map={"**": {"newstyle_gettext": "true"}})
    return {message for _, _, message, _, _ in found}


def test_strings_are_found_in_templates_and_code():
    found = extracted()
    assert "Too few ratings to tell" in found
    assert ("%(count)s rating", "%(count)s ratings") in found


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_string_is_translated_and_none_is_left_over(code):
    catalog = po(code)
    assert catalog.num_plurals == {"lo": 1, "sw": 2, "fr": 2}[code]
    wanted = {message if isinstance(message, str) else message[0] for message in extracted()}
    there = {}
    for message in catalog:
        if message.id:
            there[message.id if isinstance(message.id, str) else message.id[0]] = message
    assert set(there) == wanted
    for message in there.values():
        texts = [message.string] if isinstance(message.string, str) else message.string
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        if not isinstance(message.id, str):
            assert len(texts) == catalog.num_plurals, message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_keep_every_placeholder(code):
    for message in po(code):
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        texts = [message.string] if isinstance(message.string, str) else message.string
        for text in texts:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(original)), text
            assert "%" not in PLACEHOLDER.sub("", text), text


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_source(code):
    compiled = Translations.load(PAGES / "translations", [code])
    for message in po(code):
        if message.id and isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string


def test_no_template_holds_words_outside_a_translation():
    environment = Environment(extensions=["jinja2.ext.i18n"])
    wrong = []
    for path in sorted((PAGES / "templates").glob("*.html")):
        pieces = environment.lex(path.read_text(encoding="utf-8"))
        html = "".join(value if kind == "data" else "\0" for _, kind, value in pieces)
        seen = re.sub(r"<[^>]*>", " ", html) + " ".join(
            re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', html)
        )
        if NO_WORDS.sub("", seen):
            wrong.append((path.name, NO_WORDS.sub(" ", seen).split()))
    assert wrong == []


@pytest.fixture
def client(sqlite_engine):
    centre = Centre(sqlite_engine)
    centre.add_counter(1, online=1)
    centre.rate(1, *[4] * 1234, 1)
    return create_app(centre.hub()).test_client()


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ("fr", "fr"),
        ("lo-LA,lo;q=0.9,en;q=0.8", "lo"),
        ("sw-KE", "sw"),
        ("de-DE,fr;q=0.5,en;q=0.3", "fr"),
        ("de", "en"),
        ("", "en"),
        ("xx;q=broken,,,", "en"),
    ],
)
def test_the_language_follows_the_browser(client, wishes, language):
    answer = client.get("/", headers={"Accept-Language": wishes})
    assert f'<html lang="{language}" dir="ltr">' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_chosen_language_is_remembered_over_the_browsers(client):
    french = {"Accept-Language": "fr"}
    assert '<html lang="lo"' in client.get("/?lang=lo", headers=french).text
    assert '<html lang="lo"' in client.get("/", headers=french).text
    assert '<html lang="sw"' in client.get("/counters/1?lang=sw", headers=french).text
    assert '<html lang="sw"' in client.get("/", headers=french).text


def test_an_unknown_language_changes_nothing(client):
    answer = client.get("/?lang=xx")
    assert '<html lang="en"' in answer.text
    assert "Set-Cookie" not in answer.headers
    client.set_cookie("onedoor_lang", "../../etc")
    assert '<html lang="en"' in client.get("/").text


def test_choosing_a_language_keeps_the_page(client):
    html = client.get("/?centre=vientiane").text
    assert 'href="?centre=vientiane&amp;lang=fr"' in html


@pytest.mark.parametrize(
    ("code", "score", "count", "time"),
    [
        ("en", "99.9%", "1,234 ratings", "1:30\u202fPM"),
        ("fr", "99,9\xa0%", "1\u202f235 avis", "13:30"),
        ("lo", "99,9%", "ການປະເມີນ 1.235 ຄັ້ງ", "13:30"),
        ("sw", "99.9%", "tathmini 1,235", "13:30"),
    ],
)
def test_numbers_and_times_are_written_as_the_language_has_them(client, code, score, count, time):
    html = re.sub(r"<[^>]*>", "", client.get(f"/?lang={code}").text)
    assert score in html
    assert count.replace("1,234", "1,235") in html
    assert time in html


def test_every_page_is_whole_in_every_language(client):
    titles = {
        code: client.get(f"/nothing?lang={code}").text.split("<h1>")[1].split("</h1>")[0]
        for code in LANGUAGES
    }
    assert len(set(titles.values())) == len(LANGUAGES)
    for code in LANGUAGES:
        html = client.get(f"/counters/1?lang={code}").text
        assert "%(" not in html
        assert "%%" not in html
