"""How does Ray run one trial? The only file of `trainables/` that knows Ray.

A trial drives the generator of `trainables/train.py` and reports; it keeps no state of its own:
whatever is lost with its process is in the store up to the last finished node or partial
checkpoint. Ray's checkpoints are therefore off.
"""

from __future__ import annotations

import errno
import json
import os
import time
import traceback
from collections.abc import Iterator
from typing import Any

import ray
import torch
from ray import tune
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from trainables.assignment import assignment_from_json, setup_from_json
from trainables.leases import LeaseTable, Renewal
from trainables.nodes import Event, Waiting
from trainables.stage import TrainingDiverged
from trainables.store import Store
from trainables.train import RungReached, run_assignment
from trainables.workbench import Workbench

STEP_SECONDS = 5.0
"""A step reports at least this often, so that stopping and progress stay prompt."""
NAMESPACE = "curriculum-search"
LEASE_ACTOR = "leases"


class ActorLeases:
    """Leases held through the named actor; if it is lost, every lease is granted."""

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self._table = _lease_table()
        self._renewal = Renewal(self._renew)

    def acquire(self, key: str) -> bool:
        """True if this trial may compute the node, also when nobody answers."""
        try:
            return bool(ray.get(self._table.acquire.remote(key, self._holder, time.time())))
        except ray.exceptions.RayError:
            return True

    def release(self, key: str) -> None:
        """Give the lease back, without waiting for an answer."""
        self._table.release.remote(key, self._holder)

    def stop(self) -> None:
        """Stop renewing; what is still held expires."""
        self._renewal.stop()

    def _renew(self) -> None:
        self._table.renew.remote(self._holder, time.time())


class CurriculumTrainable(tune.Trainable):
    """One curriculum, one step per rung or per `STEP_SECONDS`, whichever comes first.

    Results: `event` (rung, progress, failed), `rung`, `rows` (JSON of the observations),
    `detail` (one line for people), `waited_seconds` (for leases, since the last result),
    `repairs` (JSON of what was found damaged in the store, for people).
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Called once per process; the work is set by `reset_config`."""
        self._leases = ActorLeases(f"{os.uname().nodename}-{os.getpid()}")
        self._workbench: Workbench | None = None
        self._events: Iterator[Event | RungReached] = iter(())
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial in this process: models and data stay loaded."""
        self._close_events()
        setup = setup_from_json(json.loads(new_config["setup"]))
        if self._workbench is None or self._workbench.setup != setup:
            self._workbench = Workbench(setup)
        assignment = assignment_from_json(json.loads(new_config["assignment"]))
        self._events = run_assignment(assignment, self._workbench, self._leases)
        return True

    def step(self) -> dict[str, Any]:
        """Go on until the next rung, or for about `STEP_SECONDS`."""
        result = self._step()
        assert self._workbench is not None
        return result | {"repairs": json.dumps(self._workbench.store.taken_notices())}

    def _step(self) -> dict[str, Any]:
        started = time.monotonic()
        waited = 0.0
        try:
            for event in self._events:
                if isinstance(event, RungReached):
                    return _rung_result(event, waited)
                if isinstance(event, Waiting):
                    waited += event.seconds
                if time.monotonic() - started > STEP_SECONDS:
                    return {"event": "progress", "detail": event.detail, "waited_seconds": waited}
        except (TrainingDiverged, torch.cuda.OutOfMemoryError, OSError, ValueError) as error:
            return _failed(error)
        raise AssertionError("a trial's events end with its last rung")

    def cleanup(self) -> None:
        """Give back leases."""
        self._close_events()
        self._leases.stop()

    def _close_events(self) -> None:
        close = getattr(self._events, "close", None)
        if close is not None:
            close()


def start_lease_table() -> None:
    """Make sure the cluster has the actor that holds the leases."""
    _lease_table()


def check_nodes(store: str | None) -> list[str]:
    """Every living node imports the packages and sees the store; gives one problem per line."""
    problems = []
    probe = ray.remote(num_cpus=0)(_probe_node)
    for node in ray.nodes():
        if not node["Alive"]:
            continue
        here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        try:
            ray.get(probe.options(scheduling_strategy=here).remote(store), timeout=120)
        except (ray.exceptions.RayError, ray.exceptions.GetTimeoutError) as error:
            problems.append(f"node {node['NodeManagerAddress']}: {str(error).splitlines()[-1]}")
    return problems


def _probe_node(store: str | None) -> None:
    import trainables.train  # noqa: F401

    if store is not None:
        Store(store).check_usable()


def _lease_table() -> Any:
    actor = ray.remote(num_cpus=0, max_restarts=-1)(LeaseTable)
    return actor.options(
        name=LEASE_ACTOR, namespace=NAMESPACE, get_if_exists=True, lifetime="detached"
    ).remote()


def _rung_result(event: RungReached, waited: float) -> dict[str, Any]:
    return {
        "event": "rung",
        "rung": event.rung,
        "rows": json.dumps(event.rows),
        "detail": event.detail,
        "waited_seconds": waited,
    }


def _failed(error: Exception) -> dict[str, Any]:
    """A failure that trying again would repeat: reported as a result, so that Ray does not retry.

    A full disk is apart: the search stops, since every other trial would meet it too.
    """
    message = str(error)
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, OSError) and not full:
        raise error
    if isinstance(error, torch.cuda.OutOfMemoryError):
        message = (
            f"out of GPU memory ({message.splitlines()[0]}); lower recipe.micro_batch, turn on "
            "recipe.gradient_checkpointing, or give trials a larger resources.gpus"
        )
    trace = traceback.format_exc()
    return {"event": "disk full" if full else "failed", "detail": message, "trace": trace}
