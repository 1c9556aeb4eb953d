"""The language of a page."""

import pytest

from exporter.ui.language import negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("de, fr;q=0.5", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh;q=0.6", "zh"),
        ("en;q=0, zh;q=0.001", "zh"),
        ("zh;q=0, *", "en"),
        ("en;q=0.2, *;q=0.9", "zh"),
        ("zh;q=garbage", "en"),
        ("zh;q=7", "en"),
        (", ;;, zh;Q=1", "zh"),
        ("x" * 100_000, "en"),
    ],
)
def test_what_the_reader_likes_best_of_ours(header: str | None, language: str):
    """Tags match by their first part; q-values decide; English where nothing else is said."""
    assert negotiate(header) == language
