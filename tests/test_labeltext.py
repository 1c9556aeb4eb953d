"""Texts from upstream as label values."""

import pytest

from exporter.labeltext import MAX_LENGTH, clean, clean_id, clean_url, escape


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n00e3a0396403a19a4517d8e2eb0b015",
        "含中文 空格/斜杠",
        'dup "quote" \\ back\nline',
        "tab\there",
        "family 👩‍👩‍👧",
        "e\u0301",
        "\u00ad",
    ],
)
def test_what_can_be_shown_stays(text: str) -> None:
    """Letters, spaces, newlines, tabs and joined emoji are nobody's harm."""
    assert clean(text) == text
    assert clean_id(text) == text


@pytest.mark.parametrize(
    "bad", ["\x00", "\x1b", "\r", "\x7f", "\x85", "\x9b", "\ud800", chr(0xDFFF), "\u202e", "\u202a", "\u2066", "\u2069"]
)
def test_what_no_page_should_hold_is_replaced(bad: str) -> None:
    """Control characters, lone surrogates and controls of direction become U+FFFD, one for one."""
    assert clean(f"a{bad}b{bad}") == "a\ufffdb\ufffd"
    clean(bad).encode()


def test_long_texts_are_cut() -> None:
    """A text of MAX_LENGTH characters stays, a longer one is cut to as many and ends with an ellipsis."""
    assert clean("字" * MAX_LENGTH) == "字" * MAX_LENGTH
    assert clean("字" * (MAX_LENGTH + 1)) == "字" * (MAX_LENGTH - 1) + "…"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x" * 201, "x" * 202),
        ("x" * 300 + "a", "x" * 300 + "b"),
        ("a\x00", "a\x01"),
        ("\ud800", "\ud801"),
        ("a\r", "a\ufffd"),
    ],
)
def test_ids_stay_apart(one: str, other: str) -> None:
    """Ids that cleaning would make alike keep a hash, within the length; the same id always the same."""
    assert clean_id(one) != clean_id(other)
    assert clean_id(one) == clean_id(str(one))
    assert max(len(clean_id(one)), len(clean_id(other))) <= MAX_LENGTH
    assert clean(clean_id(one)) == clean_id(one)


@pytest.mark.parametrize(
    "url", ["https://sops.example.com/taskflow/execute/2/?instance_id=10", "http://10.0.0.1/", "HTTPS://x"]
)
def test_links_stay(url: str) -> None:
    """A link that can be followed stays as it is."""
    assert clean_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "data:text/html,x", "//evil.example.com/", "https:", "https://", "https:///path", "ftp://x/", " https://x/",
     "https://x/\u202egnp.exe", "https://x/\x00", "https://x/" + "a" * MAX_LENGTH],
)  # fmt: skip
def test_no_other_links(url: str) -> None:
    """Other schemes, links without a host, and those that would have to be changed or cut are dropped."""
    assert clean_url(url) == ""


def test_escaping() -> None:
    """Backslash, newline and quote are escaped, nothing else."""
    assert escape('a"b\\c\nd%s{}\t é') == 'a\\"b\\\\c\\nd%s{}\t é'
    assert escape("\\n") == "\\\\n"
