"""A stand-in for the Hugging Face Hub on the loopback: repositories, large files, commits, and faults.

It speaks the calls that ``huggingface_hub`` and ``datasets`` make, so that the real clients are tested against it.
Run as a program, it serves until it is ended, and prints the environment that its clients need.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

#: tokens by what they may do
TOKEN, OTHER_TOKEN, READER_TOKEN = "hf_writer0000", "hf_other00000", "hf_reader0000"
_USERS = {TOKEN: "ana", OTHER_TOKEN: "ben", READER_TOKEN: "ana"}
_LARGE = (".parquet", ".arrow", ".safetensors")
_REPO = r"/api/(?:datasets|models)/(?P<repo>[^/]+/[^/]+)"

Files = Mapping[str, bytes]


@dataclass
class Repo:
    """One repository: its commits, oldest first, each the whole tree."""

    owner: str
    private: bool
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)

    def add(self, files: Files, title: str, branch: str = "main") -> str:
        results = [
            self.owner,
            len(self.commits),
            branch,
            title,
            *((path, _sha256(files[path])) for path in sorted(files)),
        ]
        sha = hashlib.sha1(json.dumps(results).encode()).hexdigest()
        self.commits.append((sha, dict(files)))
        self.branches[branch] = sha
        self.titles.append(title)
        return sha

    def tree(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        sha = self.branches.get(revision, revision)
        return next(((key, files) for key, files in self.commits if key == sha), None)


class LoopbackHub:
    """The server and what it stores.

    :ivar requests: method, path and size of each request so far.
    :ivar faults: called with method and path of each request; may return ``"cut"`` (the connection breaks before the
        request is carried out), ``"cut-after"`` (after it), or None.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, int]] = []
        self.faults: Callable[[str, str], str | None] = lambda _method, _path: None
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def environment(self, home: str, token: str | None = TOKEN) -> dict[str, str]:
        """What a client process needs; its modules read it when they are imported."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": home,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            # Seconds: the machine may be slow.
            "HF_HUB_DOWNLOAD_TIMEOUT": "900",
            "HF_HUB_ETAG_TIMEOUT": "900",
            **({"HF_TOKEN": token} if token else {}),
        }

    def publish(self, repo: str, files: Files, branch: str = "main", title: str = "by hand") -> str:
        """Put files into a repository, as somebody else would."""
        with self.lock:
            result = self.repos.setdefault(repo, Repo(repo.partition("/")[0], private=False))
            tree = result.tree(branch)
            return result.add({**(tree[1] if tree else {}), **files}, title, branch)

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        result = self.repos[repo].tree(revision)
        assert result is not None
        return result[1]

    def sent(self, since: int = 0) -> list[str]:
        """The large files that were sent, and the commits, from a request on."""
        return [
            f"{method} {path}" for method, path, _ in self.requests[since:] if method == "PUT" or "/commit/" in path
        ]


@contextmanager
def loopback_hub() -> Iterator[LoopbackHub]:
    """A hub that serves as long as the block lasts."""
    hub = LoopbackHub()
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.server.shutdown()
        hub.server.server_close()
        thread.join()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _is_large(path: str) -> bool:
    return path.endswith(_LARGE)


def _entry(path: str, data: bytes) -> dict[str, Any]:
    if not _is_large(path):
        return {"type": "file", "path": path, "size": len(data), "oid": _blob_id(data)}
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{_sha256(data)}\nsize {len(data)}\n".encode()
    large = {"oid": _sha256(data), "size": len(data), "pointerSize": len(pointer)}
    return {"type": "file", "path": path, "size": len(data), "oid": _blob_id(pointer), "lfs": large}


class _Refusal(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        self.path_only = unquote(urlsplit(self.path).path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
        with self.hub.lock:
            self.hub.requests.append((self.command, self.path_only, len(self.body)))
        fault = self.hub.faults(self.command, self.path_only)
        if fault == "cut":
            return self._cut()
        try:
            with self.hub.lock:
                status, headers, body = self._route()
        except _Refusal as refusal:
            status, body = refusal.status, json.dumps({"error": refusal.message}).encode()
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
        if fault == "cut-after":
            return self._cut()
        self._answer(status, headers, body)
        return None

    def _chunks(self) -> bytes:
        data = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return data

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "X-Request-Id": "loopback", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _user(self, needed: bool = False) -> str | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in _USERS:
            raise _Refusal(401, "Invalid credentials in Authorization header")
        if needed and not token:
            raise _Refusal(401, "Invalid username or password.")
        return _USERS.get(token)

    def _writer(self, owner: str) -> None:
        if self._user(needed=True) != owner or READER_TOKEN in (self.headers.get("Authorization") or ""):
            raise _Refusal(403, f"You don't have the rights to write to {owner}")

    def _route(self) -> tuple[int, dict[str, str], bytes]:
        routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("POST", r"/api/repos/create", self._create),
            ("POST", r"/api/validate-yaml", self._validate),
            ("POST", _REPO + r"/preupload/(?P<revision>.+)", self._preupload),
            ("POST", r"/(?:datasets/)?(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch", self._batch),
            ("PUT", r"/large/(?P<sha>[0-9a-f]{64})", self._store),
            ("POST", _REPO + r"/commit/(?P<revision>.+)", self._commit),
            ("POST", _REPO + r"/paths-info/(?P<revision>.+)", self._paths),
            ("GET", _REPO + r"/tree/(?P<rest>.+)", self._tree),
            ("GET", _REPO + r"/revision/(?P<revision>.+)", self._info),
            ("GET", _REPO, self._info),
            ("GET", r"/(?:datasets/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<rest>.+)", self._resolve),
        ]
        method = "GET" if self.command == "HEAD" else self.command
        for verb, pattern, function in routes:
            results = re.fullmatch(pattern, self.path_only)
            if verb == method and results:
                result = function(**results.groupdict())
                return result if isinstance(result, tuple) else (200, _JSON, json.dumps(result).encode())
        raise _Refusal(404, f"Not found: {self.command} {self.path_only}")

    def _repo(self, name: str) -> Repo:
        user, repo = self._user(), self.hub.repos.get(name)
        if repo is None or (repo.private and user != repo.owner):
            # As the Hub does: without a token, what is not there may as well be hidden.
            raise _Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        return repo

    def _at(self, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        result = self._repo(name).tree(revision)
        if result is None:
            raise _Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return result

    def _split(self, name: str, rest: str) -> tuple[str, str]:
        """A revision, which may have slashes in it, and the path behind it."""
        known = sorted(self._repo(name).branches, key=len, reverse=True)
        revision = next(
            (entry for entry in known if rest == entry or rest.startswith(f"{entry}/")), rest.partition("/")[0]
        )
        return revision, rest[len(revision) + 1 :]

    def _create(self) -> Any:
        asked = json.loads(self.body)
        user = self._user(needed=True)
        name = f"{asked.get('organization') or user}/{asked['name']}"
        self._writer(name.partition("/")[0])
        if name in self.hub.repos:
            raise _Refusal(409, "You already created this dataset repo")
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        repo = self.hub.repos[name] = Repo(name.partition("/")[0], private)
        repo.add({".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"}, "initial commit")
        return {"url": f"{self.hub.url}/datasets/{name}", "name": name, "id": name}

    def _validate(self) -> Any:
        content = json.loads(self.body)["content"]
        if not content.startswith("---\n"):
            return 400, _JSON, json.dumps({"errors": [{"message": "no front matter"}], "warnings": []}).encode()
        return {"errors": [], "warnings": []}

    def _preupload(self, repo: str, revision: str) -> Any:
        self._writer(self._repo(repo).owner)
        _, files = self._at(repo, revision)
        modes = []
        for load in json.loads(self.body)["files"]:
            path = load["path"]
            mode = "lfs" if _is_large(path) else "regular"
            oid = _entry(path, files[path]) if path in files else None
            known = oid and (oid["lfs"]["oid"] if "lfs" in oid else oid["oid"])
            modes.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": known})
        return {"files": modes}

    def _batch(self, repo: str) -> Any:
        self._writer(self._repo(repo).owner)
        objects = []
        for load in json.loads(self.body)["objects"]:
            upload = {"href": f"{self.hub.url}/large/{load['oid']}", "header": {}}
            objects.append(load if load["oid"] in self.hub.large else {**load, "actions": {"upload": upload}})
        return 200, {"Content-Type": "application/vnd.git-lfs+json"}, json.dumps({"objects": objects}).encode()

    def _store(self, sha: str) -> Any:
        if _sha256(self.body) != sha:
            raise _Refusal(400, "the content has another checksum")
        self.hub.large[sha] = self.body
        return 200, {}, b""

    def _commit(self, repo: str, revision: str) -> Any:
        result = self._repo(repo)
        self._writer(result.owner)
        head, files = self._at(repo, revision)
        header, *items = (json.loads(line) for line in self.body.splitlines())
        if header["value"].get("parentCommit") not in (None, head):
            raise _Refusal(412, "A commit has happened since. Please refresh and try again.")
        new = dict(files)
        for item in items:
            value = item["value"]
            if item["key"] == "file":
                new[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                new[value["path"]] = self.hub.large[value["oid"]]
            else:
                del new[value["path"]]
        sha = result.add(new, header["value"]["summary"], revision)
        url = f"{self.hub.url}/datasets/{repo}/commit/{sha}"
        return {"success": True, "commitOid": sha, "commitUrl": url}

    def _info(self, repo: str, revision: str = "main") -> Any:
        sha, files = self._at(repo, revision)
        siblings = [{"rfilename": path} for path in sorted(files)]
        private = self._repo(repo).private
        return {
            "id": repo,
            "sha": sha,
            "private": private,
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }

    def _tree(self, repo: str, rest: str) -> Any:
        revision, folder = self._split(repo, rest)
        _, files = self._at(repo, revision)
        inside = {path: data for path, data in files.items() if not folder or path.startswith(f"{folder}/")}
        if folder and not inside:
            raise _Refusal(404, f"{folder} does not exist", "EntryNotFound")
        parents = {"/".join(path.split("/")[:depth]) for path in inside for depth in range(1, path.count("/") + 1)}
        below = len(folder) + 1 if folder else 0
        folders = sorted(parent for parent in parents if len(parent) >= below and parent != folder)
        entries = [_folder(path) for path in folders] + [_entry(path, inside[path]) for path in sorted(inside)]
        if "recursive=true" not in urlsplit(self.path).query.lower():
            entries = [entry for entry in entries if "/" not in entry["path"][below:]]
        return entries

    def _paths(self, repo: str, revision: str) -> Any:
        _, files = self._at(repo, revision)
        text = self.body.decode()
        asked = json.loads(text)["paths"] if text.startswith("{") else re.findall(r"paths=([^&]*)", unquote(text))
        entries = []
        for path in [asked] if isinstance(asked, str) else asked:
            if path in files:
                entries.append(_entry(path, files[path]))
            elif any(name.startswith(f"{path}/") for name in files):
                entries.append(_folder(path))
        return entries

    def _resolve(self, repo: str, rest: str) -> Any:
        revision, path = self._split(repo, rest)
        sha, files = self._at(repo, revision)
        if path not in files:
            raise _Refusal(404, "Entry not found", "EntryNotFound")
        entry, data = _entry(path, files[path]), files[path]
        headers = {"ETag": f'"{entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]}"', "X-Repo-Commit": sha}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not part:
            return 200, {**headers, "Accept-Ranges": "bytes"}, data
        first, last = int(part[1]), min(int(part[2] or len(data)), len(data) - 1)
        results = {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return 206, results, data[first : last + 1]


_JSON = {"Content-Type": "application/json"}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": _blob_id(path.encode())}


if __name__ == "__main__":
    with loopback_hub() as serving:
        print(
            *(f"export {name}={value}" for name, value in serving.environment("hf-home").items()), sep="\n", flush=True
        )
        threading.Event().wait()
