"""On which Ray cluster does a study run? An existing one, or a local one that ends with it.

Ray must be told what to keep quiet before it starts, hence the environment variables here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from search.endings import SearchStopped
from search.interrupts import own_sigterm_kept
from trainables.trainable import check_nodes, start_lease_table


@contextmanager
def cluster(address: str | None, *, store: str | None) -> Iterator[None]:
    """A Ray cluster to run on: an existing one at `address`, else a local one that ends with us.

    Telemetry is off unless the user turned it on; token authentication stays as Ray sets it.

    Raises:
        SearchStopped: if a node cannot import the packages or see the store.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S", "0")
    os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # the new one prints its banners at verbose=0 too
    owned = not ray.is_initialized()
    if owned:
        with own_sigterm_kept():
            _connect(address)
    # What goes wrong with a trial is told by its events, an interruption by whoever called us.
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    try:
        problems = check_nodes(store)
        if problems:
            raise SearchStopped(
                "not every node can take part:\n  " + "\n  ".join(problems) + "\n"
                "install this package on them and use a store.path that all of them see"
            )
        start_lease_table()
        yield
    finally:
        if owned:
            ray.shutdown()


def _connect(address: str | None) -> None:
    """Join or start a cluster.

    Raises:
        ValueError: if there is no cluster at the address.
    """
    try:
        ray.init(
            address=address or "local",
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
            namespace="curriculum-search",
        )
    except ConnectionError as error:
        raise ValueError(
            f"cannot join a Ray cluster at {address!r}: {error}; `ray status` shows one that runs"
        ) from error


def cluster_capacity() -> tuple[float, float]:
    """CPUs and GPUs of all nodes of the cluster that we are connected to."""
    found = ray.cluster_resources()
    return float(found.get("CPU", 0.0)), float(found.get("GPU", 0.0))
