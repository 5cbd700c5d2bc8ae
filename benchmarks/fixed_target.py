"""A target that is never the bottleneck: nginx with fixed answers over HTTP and gRPC, and the requests for it.

nginx runs in the foreground with a folder of its own, on loopback, and counts the requests it has answered: the same
count for every tool. The model ``m`` answers before it has read the request, as cheap as nginx can be; ``id`` puts the
request's id into its answer, and ``big`` reads the whole request first.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from measuring import until

from harness.load.plan.load_plan import ExpectedAnswer, LoadCase
from harness.wire.binary import binary_request
from harness.wire.messages import InferRequest
from harness.wire.protobuf import infer_message, message
from harness.wire.tensor import Tensor

TEMPLATES = Path(__file__).with_name("load_targets")
GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"
IMAGE = (1, 3, 224, 224)
PREFIX = "load0000"
NO_ID = "load0000" + "f" * 8
PATIENCE_S = 10.0
SMALL = Tensor("x", "FP32", (1, 4), (1.0, 2.0, 3.0, 4.0))
OUTPUT: dict[str, Any] = {"name": "y", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}


def json_answer(request_id: str) -> str:
    """An answer over HTTP."""
    return json.dumps({"model_name": "m", "model_version": "1", "id": request_id, "outputs": [OUTPUT]})


def grpc_answer(request_id: str) -> bytes:
    """The same as a message of gRPC."""
    made = message("ModelInfer", "Response")
    made.model_name, made.model_version, made.id = "m", "1", request_id
    made.outputs.add(name="y", datatype="FP32", shape=[1, 4])
    made.raw_output_contents.append(b"\0\0\x80\x3f" * 4)
    return bytes(made.SerializeToString())


def framed(body: bytes) -> bytes:
    """A message as gRPC puts it into DATA: not compressed, and its length."""
    return b"\0" + len(body).to_bytes(4, "big") + body


def _around(case: LoadCase, whole: bytes, answer: bytes) -> LoadCase:
    """The case with its body and its answer taken apart where the id stands."""
    before, _, after = whole.partition(NO_ID.encode())
    first, _, last = answer.partition(NO_ID.encode())
    made: dict[str, Any] = {"before": before, "after": after, "answer": ExpectedAnswer(before=first, after=last)}
    return LoadCase(name=case.name, path=case.path, content_type=case.content_type, headers=case.headers, **made)


def small_case(*, with_id: bool) -> LoadCase:
    """FP32[1,4] as JSON; a fixed answer has no id, so that none is sent either."""
    body = InferRequest((SMALL,), id=NO_ID).to_bytes()
    if not with_id:
        return LoadCase(name="small", path="/v2/models/m/infer", before=body, has_id=False)
    return _around(LoadCase(name="small", path="/v2/models/id/infer", before=b""), body, json_answer(NO_ID).encode())


def big_case() -> LoadCase:
    """FP32[1,3,224,224] with the binary extension, 602 kB."""
    size = IMAGE[1] * IMAGE[2] * IMAGE[3]
    made = binary_request(InferRequest((replace(SMALL, shape=IMAGE, elements=(1.0,) * size),), id=NO_ID))
    headers = {name.lower(): value for name, value in made.headers}
    kind = headers.pop("content-type", "application/octet-stream")
    path = "/v2/models/big/infer"
    rest = tuple(headers.items())
    return LoadCase(name="big", path=path, before=made.body, has_id=False, content_type=kind, headers=rest)


def grpc_case(*, with_id: bool) -> LoadCase:
    """FP32[1,4] in raw contents."""
    body = bytes(infer_message("m", None, InferRequest((SMALL,), id=NO_ID), "raw").SerializeToString())
    if not with_id:
        return LoadCase(name="grpc", path=GRPC_PATH, before=body, has_id=False, content_type="")
    return _around(LoadCase(name="grpc", path=GRPC_PATH, before=b"", content_type=""), body, grpc_answer(NO_ID))


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


class FixedTarget:
    """nginx for the time of a ``with`` block.

    Attributes:
        http, grpc, grpc_id: ports; ``grpc_id`` answers with the id of the request.
        pid: of its only process.
    """

    def __init__(self, core: int | None = None) -> None:
        """``core``: the processor it is kept on; None: any."""
        self._core = core
        self._folder = tempfile.TemporaryDirectory(prefix="art15-nginx-")
        self.http, self.grpc, self.grpc_id = _free_ports(3)

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        (folder / "fixed.grpc").write_bytes(framed(grpc_answer(NO_ID)))
        (folder / "nginx.conf").write_text(self._configuration(folder))
        command: list[str | Path] = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
        self._process = subprocess.Popen(command)
        self.pid = self._process.pid
        if self._core is not None:
            os.sched_setaffinity(self.pid, {self._core})
        until(self._listens, "starting nginx")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Of HTTP."""
        return f"http://127.0.0.1:{self.http}"

    def requests(self) -> int:
        """How many requests it has answered so far, this one included."""
        with urllib.request.urlopen(f"{self.url}/status", timeout=PATIENCE_S) as answer:
            return int(answer.read().split()[9])

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"nginx: {(Path(self._folder.name) / 'error.log').read_text()[-1000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.http)) == 0

    def _configuration(self, folder: Path) -> str:
        tensors = {side: [{"name": name, "datatype": "FP32", "shape": [-1, 4]}] for side, name in _SIDES.items()}
        config = {side[:-1]: [{"name": name, "data_type": "TYPE_FP32", "dims": [4]}] for side, name in _SIDES.items()}
        text = (TEMPLATES / "nginx.conf").read_text()
        for name, value in {
            "folder": folder,
            "prefix": PREFIX,
            "no_id": NO_ID,
            "http": self.http,
            "grpc": self.grpc,
            "grpc_id": self.grpc_id,
            "metadata": json.dumps({"name": "m", "versions": ["1"], "platform": "fixed", **tensors}),
            "config": json.dumps({"name": "m", "platform": "fixed", "max_batch_size": 0, **config}),
            "answer": json_answer(""),
            "answer_with_id": json_answer("$id"),
        }.items():
            text = text.replace(f"@{name}@", str(value))
        return text


_SIDES = {"inputs": "x", "outputs": "y"}
