"""Apertium as a program: a stand-in that errs as programs do, and the real one where it is installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from xprojdb.errors import ModelError
from xprojdb.models.translators import apertium
from xprojdb.models.translators.apertium import Apertium, directions, mode_of, revision_of

_PROGRAM = """#!{python}
import sys, time
if "-l" in sys.argv:
    print("  eng-spa\\n  spa-eng\\n  spa-eng_US\\n  es-pt")
elif "-V" in sys.argv:
    print("stand-in {version}")
else:
    assert sys.argv[1:] == ["-u", sys.argv[-1]], sys.argv
    text = sys.stdin.read()
    open({log!r}, "a").write(text.replace("\\n", "|") + "\\n")
    if "slow" in text:
        time.sleep(900)
        open({log!r}, "a").write("went on\\n")
    if "broken" in text:
        sys.exit("no such thing")
    paragraphs = [part.upper() for part in text.strip().split("\\n\\n")]
    print("\\n\\n".join(part.replace("SPLIT", "\\n\\n").replace("VANISH", "") for part in paragraphs))
"""


class StandIn:
    """A program called apertium on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder, folder / "log"
        self.install("1")

    def install(self, version: str) -> None:
        program = self.folder / "apertium"
        program.write_text(_PROGRAM.format(python=sys.executable, version=version, log=str(self._log)))
        program.chmod(0o755)

    @property
    def batches(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("APERTIUM_DATADIR", str(tmp_path))
    return StandIn(tmp_path)


def texts(made: list[apertium.Translated]) -> list[str]:
    return [entry.text for entry in made]


def test_sentences_travel_as_paragraphs(stand_in: StandIn) -> None:
    translations = Apertium().translate([" the\nold  boat", "", "a ^ [b", "the old boat", "x\x00y"], "en", "es")
    assert texts(translations) == ["THE OLD BOAT", "", "A ^ [B", "THE OLD BOAT", "X Y"]
    assert stand_in.batches == ["the old boat||a ^ [b||x y|"]


def test_a_batch_that_comes_back_otherwise_is_halved(stand_in: StandIn) -> None:
    sentences = ["one", "two split 2", "three", "vanish", "five"]
    assert texts(Apertium().translate(sentences, "en", "es")) == ["ONE", "TWO 2", "THREE", "", "FIVE"]
    assert "one|" in stand_in.batches


def test_large_input_goes_in_batches(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apertium, "BATCH_SENTENCES", 3)
    assert texts(Apertium().translate([f"w{n}" for n in range(7)], "en", "es")) == [f"W{n}" for n in range(7)]
    assert len(stand_in.batches) == 3


def test_directions_are_found_by_any_code(stand_in: StandIn) -> None:
    assert (mode_of("en", "es"), mode_of("spa", "English"), mode_of("es", "pt")) == ("eng-spa", "spa-eng", "es-pt")
    assert len(directions()) == 4
    with pytest.raises(ModelError) as raised:
        Apertium().translate(["hello"], "en", "de")
    assert raised.value.direction == "eng-deu"
    assert "apertium-deu-eng" in raised.value.hint
    assert stand_in.batches == []


@pytest.mark.usefixtures("stand_in")
def test_what_fails_says_so() -> None:
    with pytest.raises(ModelError) as raised:
        Apertium().translate(["broken"], "en", "es")
    assert (raised.value.reason, raised.value.mode) == ("failed", "eng-spa")
    assert "no such thing" in raised.value.message


def test_what_takes_too_long_is_ended(stand_in: StandIn) -> None:
    with pytest.raises(ModelError) as raised:
        Apertium(timeout=0.5).translate(["slow"], "en", "es")
    assert raised.value.reason == "timeout"
    assert "went on" not in stand_in.batches


def test_without_the_program_the_hint_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModelError) as raised:
        Apertium().translate(["hello"], "en", "es")
    assert raised.value.program == "apertium"
    assert "apt-get install" in raised.value.hint


def test_other_data_or_another_program_is_another_revision(stand_in: StandIn) -> None:
    (stand_in.folder / "modes").mkdir()
    dictionary = stand_in.folder / "dix.bin"
    dictionary.write_bytes(b"1")
    for mode in ("eng-spa", "es-pt"):
        (stand_in.folder / "modes" / f"{mode}.mode").write_text(f"lt-proc '{dictionary}' | apertium-tagger -g")
    first = revision_of(("en", "es"))
    (stand_in.folder / "modes" / "es-pt.mode").write_text("nothing")
    assert revision_of(("en", "es")) == first != revision_of()
    dictionary.write_bytes(b"2")
    second = revision_of(("en", "es"))
    stand_in.install("2")
    assert len({first, second, revision_of(("en", "es"))}) == 3
    with pytest.raises(ModelError) as raised:
        Apertium(revision=first).translate(["hello"], "en", "es")
    assert raised.value.wanted == first
    for revision in (revision_of(("en", "es")), revision_of()):
        assert texts(Apertium(revision=revision).translate(["hello"], "en", "es")) == ["HELLO"]


@pytest.mark.optional
@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed")
def test_the_real_one_translates() -> None:
    if "eng-spa" not in directions():
        pytest.skip("apertium-eng-spa is not installed")
    odd = ["a ^ b [c", "x { y } @ $ \\", "(…)", "<b> & </b>"]
    result = texts(Apertium().translate(["The old house.", *odd, "Two boats"], "en", "es"))
    assert (result[0], result[-1], len(result)) == ("La casa vieja.", "Dos botes", 6)
    assert all(result)
    assert "^" in result[1] and "[" in result[1]
