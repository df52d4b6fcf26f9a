"""How long a user waits before anything happens: medians over fresh interpreters, beside a bare one.

uv run python benchmarks/startup.py [--json]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python, nothing imported": [sys.executable, "-c", "pass"],
    "import fairfight": [sys.executable, "-c", "import fairfight"],
    "fairfight --help": [sys.executable, "-c", "from fairfight.cli import main; main()", "--help"],
    "fairfight list": [sys.executable, "-c", "from fairfight.cli import main; main()", "list"],
}
ROUNDS = 7


def main() -> None:
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            begun = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            taken[name].append(time.perf_counter() - begun)
    bare = statistics.median(taken["python, nothing imported"])
    medians = {name: statistics.median(t) for name, t in taken.items()}
    rows = [{"what": name, "seconds": m, "beyond_bare": m - bare} for name, m in medians.items()]
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['what']:28s} {row['seconds']:.3f} s, {row['beyond_bare']:.3f} s beyond the bare interpreter")


if __name__ == "__main__":
    main()
