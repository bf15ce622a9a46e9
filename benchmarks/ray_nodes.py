"""Ray on several nodes, harmed: ``python benchmarks/ray_nodes.py [--pairs N] [--cut SECONDS]``. Linux, as root.

Each node is a network namespace of this machine with a real ``ray start`` in it; they are joined by a bridge, and share
one PostgreSQL server through its socket. A run is harmed in three ways: a node is killed, the network of a node is cut
for a while, and the driver is killed and started again. Each time every row has to be that of an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from fault_places import PostgresServer, postgres_server
from fault_rows import contents, differing
from faults import RECIPE, XPROJDB
from generated import write_sentences
from sqlalchemy import func, select

from xprojdb.db import open_database
from xprojdb.db.tables import outcome

NODES = 3
_PORT = 6379
#: the token that each node and the driver have to have
_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}
Child = subprocess.Popen[str]


def main() -> int:
    """Run the scenes and say what became of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--cut", type=float, default=60.0, help="seconds without a network")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xprojdb-ray-")))
        folder.chmod(0o755)
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        server = stack.enter_context(postgres_server())
        server.restore(None)
        _fill(server, folder, options.pairs)
        network = stack.enter_context(Network())
        cluster = stack.enter_context(Cluster(network))
        scenes: dict[str, Callable[[Child], Child]] = {
            "undisturbed": lambda driver: driver,
            "a node is killed": lambda driver: _kill_node(cluster, driver),
            f"the network of a node is cut for {options.cut:g} s": lambda driver: _cut(network, driver, options.cut),
            "the driver is killed and started again": lambda driver: _kill_driver(server, folder, network, driver),
        }
        return _play(scenes, server, folder, network, cluster)


def _play(
    scenes: dict[str, Callable[[Child], Child]],
    server: PostgresServer,
    folder: Path,
    network: Network,
    cluster: Cluster,
) -> int:
    expected, wrong = None, 0
    for title, harm in scenes.items():
        server.restore("import")
        cluster.mend()
        began = time.monotonic()
        driver = _drive(server.address, folder, network)
        _wait(lambda: _done(server.address) > 0, driver)
        driver = harm(driver)
        printed, errors = driver.communicate(timeout=1800)
        result = contents(server.address, folder)
        expected = expected or result
        equal = driver.returncode == 0 and not differing(result, expected)
        wrong += not equal
        message = (
            "equal rows" if equal else f"exit {driver.returncode}, differing: {differing(result, expected)}\n{errors}"
        )
        print(f"{title}: {time.monotonic() - began:.0f} s, {printed.strip()}; {message}", flush=True)
    return 1 if wrong else 0


def _fill(server: PostgresServer, folder: Path, pairs: int) -> None:
    files = write_sentences(folder, pairs, 3)
    for command in (["db", "upgrade"], ["import", "parallel", "--corpus", "generated", *files]):
        subprocess.run([str(XPROJDB), "--db", server.address, *command], check=True, capture_output=True)
    server.save("import")


def _drive(address: str, folder: Path, network: Network) -> Child:
    head = f"{network.address(0)}:{_PORT}"
    command = [str(XPROJDB), "--db", address, "run", str(folder / "recipe.toml"), "--engine", "ray"]
    options = ["--ray-address", head, "--workers", str(NODES), "--batch-timeout", "30"]
    return network.start(0, [*command, *options])


def _done(address: str) -> int:
    with open_database(address) as database, database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(outcome)).scalar_one())


def _wait(condition: Callable[[], bool], driver: Child) -> None:
    while not condition() and driver.poll() is None:
        time.sleep(0.2)


def _kill_node(cluster: Cluster, driver: Child) -> Child:
    cluster.kill(NODES - 1)
    return driver


def _cut(network: Network, driver: Child, seconds: float) -> Child:
    network.switch(1, "down")
    time.sleep(seconds)
    network.switch(1, "up")
    return driver


def _kill_driver(server: PostgresServer, folder: Path, network: Network, driver: Child) -> Child:
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    return _drive(server.address, folder, network)


class Network:
    """Network namespaces on one bridge."""

    def __init__(self) -> None:
        self._tag = f"x{os.getpid() % 10_000}"

    def __enter__(self) -> Network:
        _ip("link", "add", self._tag, "type", "bridge")
        _ip("addr", "add", "10.77.0.1/24", "dev", self._tag)
        _ip("link", "set", self._tag, "up")
        for node in range(NODES):
            name = self._name(node)
            _ip("netns", "add", name)
            _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", name, "master", self._tag, "up")
            _ip("-n", name, "addr", "add", f"{self.address(node)}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                _ip("-n", name, "link", "set", device, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for node in range(NODES):
            _ip("netns", "del", self._name(node))
        _ip("link", "del", self._tag)

    def _name(self, node: int) -> str:
        return f"{self._tag}n{node}"

    def address(self, node: int) -> str:
        """Of a node."""
        return f"10.77.0.{10 + node}"

    def switch(self, node: int, state: str) -> None:
        """Cut the network of a node, or join it again."""
        _ip("link", "set", self._name(node), state)

    def start(self, node: int, command: list[str]) -> Child:
        """Start a process on a node."""
        env = {**os.environ, **_RAY, "OMP_NUM_THREADS": "1"}
        whole = ["ip", "netns", "exec", self._name(node), *command]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(whole, env=env, encoding="utf-8", start_new_session=True, **pipes)


class Cluster:
    """A Ray node in each namespace, the first one the head."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._nodes: dict[int, Child] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))

    def __enter__(self) -> Cluster:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        for node in list(self._nodes):
            self.kill(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def mend(self) -> None:
        """Start the nodes that are not there, and wait until all are."""
        for node in range(NODES):
            if node not in self._nodes or self._nodes[node].poll() is not None:
                self._nodes[node] = self._network.start(node, self._command(node))
                time.sleep(8)
        for _ in range(40):
            if self._alive() >= NODES:
                return
            time.sleep(2)
        by_name = {node: child.poll() for node, child in self._nodes.items()}
        raise SystemExit(f"the Ray nodes do not come up; exit codes: {by_name}")

    def kill(self, node: int) -> None:
        """End all processes of a node at once."""
        child = self._nodes.pop(node)
        os.killpg(child.pid, signal.SIGKILL)
        for key in _inside(self._network, node):
            os.kill(key, signal.SIGKILL)
        child.wait()

    def _command(self, node: int) -> list[str]:
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", "--disable-usage-stats"]
        ray += [f"--node-ip-address={self._network.address(node)}", "--object-store-memory=100000000"]
        if node == 0:
            return [*ray, "--head", f"--port={_PORT}", "--include-dashboard=false", f"--temp-dir={self._folder}"]
        return [*ray, f"--address={self._network.address(0)}:{_PORT}"]

    def _alive(self) -> int:
        program = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False); "
        program += "print(sum(node['Alive'] for node in ray.nodes()))"
        child = self._network.start(0, [sys.executable, "-c", program, f"{self._network.address(0)}:{_PORT}"])
        printed, _ = child.communicate(timeout=120)
        return int(printed.split()[-1]) if child.returncode == 0 else 0


def _inside(network: Network, node: int) -> Iterator[int]:
    """The processes of a namespace: all of them were started by us."""
    done = subprocess.run(
        ["ip", "netns", "pids", network._name(node)], capture_output=True, encoding="utf-8", check=False
    )
    yield from map(int, done.stdout.split())


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
