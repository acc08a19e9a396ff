#!/usr/bin/env python3
"""Runs a harness for vector search libraries with nigh among its peers; see README.md.

    python benches/rivals/peers.py HARNESS build|search|ndis|db|report|selftest [SET] [--peers a,b] [--rounds N] ...

HARNESS is a folder with peers.py, adapters.py, ours.py and datasets.py; `-` takes it from $PEERS_HARNESS.  It is copied into $PEERS_DIR
(default: `peers` in the temporary folder), where nigh_peer.py joins it, and is then run as it is.  Everything after HARNESS is its own."""
import json, os, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = Path(os.environ.get("PEERS_DIR", f"{tempfile.gettempdir()}/peers"))
SET = dict(rows=200_000, dim=384, seed=42, clusters=1_000, spread=0.3, queries=2_000)       # "clustered": unit length, besides

# What the copies say at their end, so that our peer and our sets are known.
JOIN = {"ours.py": "\nfrom nigh_peer import Nigh\nOURS.append(Nigh)\n",
        "datasets.py": "\nfrom nigh_peer import with_our_sets\nread = with_our_sets(read)\n"}


def copy(harness):
    """Into the work folder; a file that is there and the same is left alone, for a run may be at it."""
    to = RUN / "harness"; to.mkdir(parents=True, exist_ok=True)
    for f in [*(f for f in harness.iterdir() if f.is_file()), HERE / "nigh_peer.py"]:
        new, old = f.read_bytes() + JOIN.get(f.name, "").encode(), to / f.name
        if not (old.exists() and old.read_bytes() == new): old.write_bytes(new)
    return to


def built(*what):
    """Builds one target of this workspace; -> the file that cargo says it made."""
    cargo = ["cargo", "build", "--release", "--locked", "--message-format=json-render-diagnostics", *what]
    out = subprocess.run(cargo, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [m for m in map(json.loads, out.splitlines()) if m["reason"] == "compiler-artifact" and str(HERE) in m["manifest_path"]]
    return next(f for f in made[-1]["filenames"] if not f.endswith((".rlib", ".rmeta")))


def clustered():
    """-> the folder of our seeded set, which is made if it is not there."""
    to = RUN / "clustered"
    if not (to / "done").exists():
        flags = [f"--{k}={v}" for k, v in SET.items()]
        subprocess.run([built("-p", "nigh-rivals"), "generate", to, *flags, "--unit"], check=True); (to / "done").touch()
    return to


def main():
    if len(sys.argv) < 3: raise SystemExit(__doc__)
    harness = Path(os.environ["PEERS_HARNESS"] if sys.argv[1] == "-" else sys.argv[1]).resolve(); args = sys.argv[2:]
    to = copy(harness); env = dict(os.environ, PEERS_DIR=str(RUN)); env.setdefault("PEERS_DATA", str(harness.parent / "data"))
    env["NIGH_CAPI"] = os.environ.get("NIGH_CAPI") or built("-p", "nigh-capi")
    if "clustered" in args and not (RUN / "sets/clustered/meta.json").exists(): env["NIGH_CLUSTERED"] = str(clustered())
    raise SystemExit(subprocess.run([sys.executable, to / "peers.py", *args], env=env).returncode)


if __name__ == "__main__": main()
