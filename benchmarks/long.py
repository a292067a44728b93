"""`make long`: the checks that take longer than a test may, one after the other.

Each is resumable and writes what it measured under `docs/` with date and command; a check that is
finished ends at once. Names run some of them: `python -m benchmarks.long world`. For `xtreme_mini`
CURRICULUM_MIRROR names a mirror.
"""

import subprocess
import sys

CHECKS = ("world", "warm_store", "kill_test", "coverage", "studies", "xtreme_mini")


def main() -> None:
    wanted = sys.argv[1:] or CHECKS
    unknown = set(wanted) - set(CHECKS)
    if unknown:
        sys.exit(f"no long check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    failed = []
    for name in wanted:
        print(f"== python -m benchmarks.{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
