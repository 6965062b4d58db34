# SPDX-License-Identifier: Apache-2.0
"""How many mails of the corpus their features join to others of a campaign, and how many strangers.

The labels are made by a machine (keywords, half of all three-letter runs, same subject or sender): the figures are
relative. Ordinary mail has no campaigns but what programs send again and again; whatever else is joined is an error.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from tests.corpus.drafts import agent_of

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.features import features_of
from tocsin.domain.mail_features import MailFeatures, are_joined, shared
from tocsin.domain.observable import Kind
from tocsin.errors import InputError

pytestmark = [pytest.mark.corpus, pytest.mark.processes]

Mails = dict[str, MailFeatures]


@cache
def mails_in(place: Path) -> tuple[Mails, dict[str, str]]:
    """The features of every mail in a folder, and the address that each claims to be from."""
    own, found, senders = agent_of("lloyds").own, Mails(), dict[str, str]()
    with ReaderChild() as child:
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            name = path.relative_to(place.parent).as_posix()
            try:
                reading = child.read(path.read_bytes(), name)
            except InputError:
                continue
            if features := features_of(reading, own):
                found[name] = features
                claimed = (one.observable.value for one in reading.found if one.where == "From header")
                senders[name] = next(claimed, "")
    return found, senders


def joined(mails: Mails) -> set[tuple[str, str]]:
    """Every pair that a single feature joins."""
    return {pair for pair in combinations(sorted(mails), 2) if are_joined(mails[pair[0]], mails[pair[1]])}


def pairs_of(groups: Iterable[Sequence[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


@pytest.fixture
def labelled(data_dir: Path) -> tuple[Mails, dict[str, list[str]]]:
    """The labelled mails with their features, and the clusters of two and more."""
    clusters = defaultdict[str, list[str]](list)
    with (data_dir / "mail/labels.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            clusters[row["cluster_machine"]].append(row["file"])
    mails: Mails = {}
    for folder in ("phish_bank", "phish_wallet"):
        mails |= mails_in(data_dir / "mail" / folder)[0]
    return mails, {name: files for name, files in clusters.items() if len(files) > 1}


def test_campaigns_of_the_corpus_are_joined(labelled: tuple[Mails, dict[str, list[str]]]) -> None:
    mails, clusters = labelled
    names = ("text", "shape", "subject", "sending_host", "attachments")
    present = Counter(name for one in mails.values() for name in names if getattr(one, name))
    pairs, truth = joined(mails), pairs_of(clusters.values())
    by = Counter(name for one, other in pairs for name in shared(mails[one], mails[other]))
    touched = {mail for pair in pairs for mail in pair}
    met = sum(any(pair in pairs for pair in pairs_of([files])) for files in clusters.values())
    print(
        f"\n{len(mails)} mails, with {dict(present)}; {len(pairs)} pairs joined, sharing {dict(by)}; "
        f"{len(touched)} mails joined to another; of {len(clusters)} clusters of two or more {met} in part or whole; "
        f"precision {len(pairs & truth) / len(pairs):.3f}, recall of pairs {len(pairs & truth) / len(truth):.3f}"
    )
    assert len(mails) == 408
    assert present["text"] > 0.5 * len(mails)


def test_ordinary_mail_is_joined_only_to_what_its_own_sender_sent_again(data_dir: Path) -> None:
    mails, senders = mails_in(data_dir / "mail/ham")
    pairs = joined(mails)
    strangers = {pair for pair in pairs if senders[pair[0]] != senders[pair[1]]}
    print(
        f"\n{len(mails)} ordinary mails: {len(pairs)} pairs joined, {len(strangers)} of them of two senders"
    )
    assert strangers == set()


def test_no_phish_is_joined_to_ordinary_mail(data_dir: Path) -> None:
    ham, _ = mails_in(data_dir / "mail/ham")
    for folder in ("phish_bank", "phish_wallet", "phish_other"):
        phish, _ = mails_in(data_dir / "mail" / folder)
        assert [(one, other) for one in ham for other in phish if are_joined(ham[one], phish[other])] == []


def test_every_feature_has_its_form(data_dir: Path) -> None:
    mails, _ = mails_in(data_dir / "mail/phish_bank")
    hosts = [one.sending_host for one in mails.values() if one.sending_host]
    assert all(":" in host or host.count(".") == 3 for host in hosts)
    assert Kind.IPV4 in {Kind.IPV6 if ":" in host else Kind.IPV4 for host in hosts}
