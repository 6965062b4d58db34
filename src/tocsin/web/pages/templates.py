# SPDX-License-Identifier: Apache-2.0
"""Templates: everything escaped, nothing undefined, no text of their own.

What a page says stands in one file of words, which the templates name by key (``w.report.title``), so that it can be
translated whole. A template that names a word or a field that is not there fails; it never shows a gap.
"""

import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

Filter = Callable[..., Any]
"""What a template may pass a value through."""
Words = SimpleNamespace
"""Sentences by room and key; ``{name}`` in one stands for what it is about."""


def words_of(package: str, file: str) -> Words:
    """The words in a file of a package."""
    rooms = tomllib.loads((resources.files(package) / file).read_text(encoding="utf-8"))
    # Not a mapping: a template that asks one for ``keys`` gets its method.
    return Words(**{room: Words(**sentences) for room, sentences in rooms.items()})


def environment(package: str, words: Words, filters: Mapping[str, Filter]) -> Environment:
    """The templates of a package, with its words as ``w`` and what they may be passed through."""
    made = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["w"] = words
    made.filters.update(filters, counted=counted, fill=_fill)
    return made


def counted(count: int, words: str) -> Markup:
    """``3 values``: the right one of two of our own sentences, with the number in it."""
    one, _, many = words.partition("|")
    return Markup(one if count == 1 else many or one).format(n=f"{count:,}")  # noqa: S704 from the file of words


def _fill(words: str, **about: object) -> Markup:
    """One of our own sentences with what it is about; whatever that holds is escaped."""
    return Markup(words).format(**about)  # noqa: S704 from the file of words
