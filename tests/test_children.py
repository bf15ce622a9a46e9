"""What the tests' own helper for child processes warrants."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from children import end_all, start, wait_until

SHOW = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL, signal.default_int_handler])
def test_a_child_can_be_interrupted_whatever_its_parent_does(handler: signal.Handlers) -> None:
    earlier = signal.signal(signal.SIGINT, handler)
    try:
        child = start([sys.executable, "-c", SHOW], stdout=subprocess.PIPE)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert child.communicate()[0] == "True\n"


def test_children_end_with_their_test() -> None:
    child = start([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    end_all()
    assert child.returncode == -signal.SIGKILL


def test_waiting_for_a_child_that_has_ended_is_in_vain() -> None:
    child = start([sys.executable, "-c", "import sys; sys.exit('no')"], stderr=subprocess.PIPE)
    with pytest.raises(AssertionError, match="ended with 1: no"):
        wait_until(lambda: False, child)
