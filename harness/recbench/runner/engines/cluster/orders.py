"""What a run on a cluster writes to its nodes: one order for each cell, as JSON."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from recbench import plugins
from recbench.errors import UsageError
from recbench.plugins.sources import source_hash
from recbench.runner.engines import Job
from recbench.runner.engines.cluster.desk import Desk
from recbench.runner.engines.cluster.nodes import on_node
from recbench.runner.engines.cluster.remote import fingerprint
from recbench.runner.engines.cluster.supply import QUESTIONS
from recbench.runner.shelf import Shelf

PLUGINS = ("plugin", "metric_plugin")
START_SECONDS = 120.0  # a loaded machine needs a while


class Orders:
    """Writes orders, and lays on the desk what nodes need to carry them out."""

    def __init__(self) -> None:
        """Start with an empty desk."""
        self.desk = _new_desk()
        self.shelf = Shelf()
        self.questions: dict[str, str] = {}  # view to the hash of its questions
        self.hashes: dict[str, str] = {}  # plugin to the hash of its source
        self.files: dict[str, Path] = {}  # that hash to a single file

    def shelve(self, job: Job) -> None:
        """Offer the view of a job and the files of its plugins, each once."""
        folder = job.request["view"]
        if folder not in self.questions:
            self.shelf.put(Path(folder), job.restore)
            asked = self.shelf.questions(Path(folder))
            self.questions[folder] = hashlib.sha256(asked).hexdigest()
            self._offer_view(folder)
        for name in PLUGINS:
            plugin = plugins.Plugin(**job.request[name])
            if plugin.value not in self.hashes:
                digest = source_hash(plugin)
                self.hashes[plugin.value] = digest
                if plugin.kind == "path" and Path(plugin.value).is_file():
                    self.files[digest] = Path(plugin.value)
                    self._offer_file(digest)

    def renew(self) -> None:
        """Offer everything on another desk: the old one has ended."""
        self.desk = _new_desk()
        for folder in self.questions:
            self._offer_view(folder)
        for digest in self.files:
            self._offer_file(digest)

    def order(self, job: Job) -> str:
        """Return the order for a job."""
        folder = job.request["view"]
        return json.dumps(
            {
                "number": job.number,
                "request": job.request,
                "env": job.env,
                "limits": dataclasses.asdict(job.limits),
                "threads": job.threads,
                "device": job.device,
                "fingerprint": fingerprint(),
                "plugins": {
                    name: self.hashes[job.request[name]["value"]] for name in PLUGINS
                },
                "view": {
                    "digest": self.shelf.held[folder].fingerprint,
                    "folder": folder,
                    "questions": self.questions[folder],
                },
            }
        )

    def _offer_view(self, folder: str) -> None:
        """Offer the files of a view, and apart from them what is asked of models."""
        asked = self.shelf.questions(Path(folder))
        self.desk.offer_folder.remote(self.shelf.held[folder].fingerprint, folder)
        self.desk.offer.remote(self.questions[folder], QUESTIONS, asked)

    def _offer_file(self, digest: str) -> None:
        """Offer a plugin that is a single file."""
        path = self.files[digest]
        self.desk.offer.remote(digest, path.name, path.read_bytes())


def _new_desk() -> Any:  # noqa: ANN401 - an actor handle
    """Start a desk on this machine.

    Raises:
        UsageError: If the cluster does not let it start.
    """
    here = ray.get_runtime_context().get_node_id()
    options = {"num_cpus": 0, "scheduling_strategy": on_node(here)}
    made: Any = ray.remote(Desk).options(**options).remote()
    try:
        ray.get(made.take.remote(halted=False), timeout=START_SECONDS)
    except RayError as error:
        reason = str(error).strip().splitlines()[0]
        msg = (
            f"the cluster does not start the desk of this run: {reason} Have all its "
            "machines, and this process from its beginning, the same token and the "
            "same RAY_AUTH_MODE?"
        )
        raise UsageError(msg) from error
    return made
