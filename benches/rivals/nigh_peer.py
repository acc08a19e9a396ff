"""Nigh as a peer of a harness for vector search libraries, and two more sets for that harness.  peers.py puts this file beside the
harness' own `adapters.py`, whose `Peer` says what the methods mean."""
import ctypes as C, os
from pathlib import Path
import numpy as np
from adapters import Peer

NO_ROW = 2**32 - 1
CLUSTERED = Path(os.environ.get("NIGH_CLUSTERED", ""))      # where `rivals generate` wrote base.npy and queries.npy


class Nigh(Peer):
    """In the process, through the C ABI (capi/src/abi.rs).  All parameters are a user's."""
    name, builds = "ours", [dict(m=16, efc=100), dict(m=16, efc=200), dict(m=32, efc=200)]
    RECALLS = (.80, .90, .95, .97, .99, .995, .999)
    EFS = (10, 12, 16, 20, 26, 34, 44, 58, 76, 100, 140, 200, 300, 400, 512)
    threads = 2                                             # of the search pool; one query at a time uses the caller's alone
    def __init__(s, *a):
        super().__init__(*a); L = s.L = C.CDLL(os.environ["NIGH_CAPI"]); P, I, Z = C.c_void_p, C.c_int, C.c_size_t
        L.eng_build.restype = L.eng_open.restype = P; L.eng_last_error.restype = C.c_char_p
        L.eng_build.argtypes = [C.c_char_p, P, Z, I, I, I, I, I]; L.eng_open.argtypes = [C.c_char_p, I]
        L.eng_search.argtypes = [P, P, Z, I, I, C.c_double, I, P]; L.eng_close.argtypes = [P]
        s.h, s.call = None, L.eng_search
    def fail(s): raise RuntimeError(s.L.eng_last_error().decode())
    def build(s, X, path, threads):
        X = np.ascontiguousarray(X, np.float32); metric = dict(l2=0, ip=1)[s.metric]     # "ip" means unit length here: cosine
        s.h = s.L.eng_build(path.encode(), X.ctypes.data, len(X), s.dim, metric, threads, s.cfg["m"], s.cfg["efc"]) or s.fail()
    def save(s, path): s.close()                            # everything is on disk before; this says so if it is not
    def open(s, path): s.h = s.L.eng_open(path.encode(), s.threads) or s.fail()
    def sweep(s): return [[dict(recall=r) for r in s.RECALLS], [dict(ef=e) for e in s.EFS]]
    def set(s, ef=None, recall=None): s.effort = (0, ef) if recall is None else (1, recall)
    def ask(s, Q, n, k, threads):
        out = np.empty((n, k), np.uint32)
        if s.call(s.h, Q.__array_interface__["data"][0], n, k, *s.effort, threads, out.__array_interface__["data"][0]): s.fail()
        return out
    def one(s, q, k): return s.ask(q, 1, k, 1)[0]
    def many(s, Q, k, threads): return s.ask(np.ascontiguousarray(Q, np.float32), len(Q), k, threads)
    def close(s):
        h, s.h = s.h, None
        if h and s.L.eng_close(h): s.fail()


def with_our_sets(read):
    """The harness' read(name, root), and our sets."""
    def more(name, root):
        if name == "clustered": return np.load(CLUSTERED / "base.npy"), np.load(CLUSTERED / "queries.npy"), "angular"
        if name == "minilm-scifact":
            return *(np.load(root / name / f).astype(np.float32) for f in ("base-f16.npy", "query-f16.npy")), "angular"
        return read(name, root)
    return more
