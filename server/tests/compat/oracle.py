"""Random collections, writes and queries against the server, and against the in-memory mode of Qdrant's Python client: both must agree.

    python oracle.py --url http://localhost:6333 --grpc-port 6334 --cases 2000 --seed 1

Prints how many cases of each kind agreed, over REST and over gRPC; the first that does not is printed whole, and the exit code is 1.
Scores may differ in the last digits, and so points of equal score may come in any order.
"""

import argparse
import collections
import datetime
import math
import random
import sys
import uuid
import warnings

from qdrant_client import QdrantClient
from qdrant_client import models as m

warnings.filterwarnings("ignore")

WORDS = ["seoul", "busan", "paris", "서울", "부산", "rain", "sun", "snow", "wind", "fog"]
KEYS = ["kw", "tags", "num", "float", "flag", "date", "geo", "text", "obj.a", "obj.b", "items[].x", "none"]
TOLERANCE = 1e-4


class World:
    """One collection on both sides, and the random numbers that made it."""

    def __init__(self, rng, local, remote, name):
        self.rng, self.local, self.remote, self.name = rng, local, remote, name
        self.dims = {}
        self.ids = []

    def both(self, act):
        """Does the same on both sides; both must do it or refuse it."""
        results = []
        for client in (self.local, self.remote):
            try:
                results.append(act(client))
            except Exception as error:  # noqa: BLE001: what kind it is differs by client and wire
                results.append(error)
        return results

    # What a collection is

    def create(self):
        rng = self.rng
        names = [""] if rng.random() < 0.5 else ["a", "b"][: rng.randint(1, 2)]
        distances = [m.Distance.COSINE, m.Distance.DOT, m.Distance.EUCLID, m.Distance.MANHATTAN]
        vectors = {}
        for name in names:
            size = rng.randint(2, 6)
            vectors[name] = m.VectorParams(size=size, distance=rng.choice(distances))
            self.dims[name] = size
        self.distance = {name: params.distance for name, params in vectors.items()}
        config = vectors[""] if names == [""] else vectors
        self.both(lambda c: c.create_collection(self.name, vectors_config=config))
        schemas = {"kw": "keyword", "tags": "keyword", "num": "integer", "float": "float", "flag": "bool", "date": "datetime", "geo": "geo", "obj.a": "integer"}
        # Order and facets need theirs; the others must not matter.
        for field, schema in schemas.items():
            if field in ("kw", "num", "float", "date", "flag", "obj.a") or rng.random() < 0.5:
                self.remote.create_payload_index(self.name, field, schema, wait=True)

    # What is in it

    def vector(self, name):
        # Few different numbers, so that ties and zeros happen; not where equal values come out of roots, a digit apart.
        if self.distance[name] == m.Distance.COSINE:
            return [round(self.rng.uniform(-1, 1), 3) for _ in range(self.dims[name])]
        values = [self.rng.choice([-2.0, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0]) for _ in range(self.dims[name])]
        return values

    def vectors(self):
        if "" in self.dims:
            return self.vector("")
        return {name: self.vector(name) for name in self.dims if self.rng.random() < 0.9}

    def payload(self):
        rng = self.rng
        payload = {}
        maybe = lambda key, make: payload.update({key: make()}) if rng.random() < 0.8 else None
        maybe("kw", lambda: rng.choice(WORDS))
        maybe("tags", lambda: [rng.choice(WORDS) for _ in range(rng.randint(0, 3))])
        maybe("num", lambda: rng.choice([rng.randint(-5, 5), rng.randint(0, 3), None]))
        maybe("float", lambda: round(rng.uniform(-3, 3), 2))
        maybe("flag", lambda: rng.random() < 0.5)
        maybe("date", lambda: (datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=rng.randint(0, 2000))).isoformat() + "Z")
        maybe("geo", lambda: {"lon": round(rng.uniform(-170, 170), 3), "lat": round(rng.uniform(-80, 80), 3)})
        maybe("text", lambda: " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 5))))
        maybe("obj", lambda: {"a": rng.randint(0, 4), "b": rng.choice(WORDS)})
        maybe("items", lambda: [{"x": rng.randint(0, 3), "y": rng.choice(WORDS)} for _ in range(rng.randint(0, 3))])
        if rng.random() < 0.1:
            payload["none"] = None
        return payload

    def fresh_id(self):
        if self.rng.random() < 0.7:
            return self.rng.randint(0, 200)
        return str(uuid.UUID(int=self.rng.getrandbits(128)))

    def upsert(self, count):
        points = {}
        for _ in range(count):
            point = m.PointStruct(id=self.fresh_id(), vector=self.vectors(), payload=self.payload())
            points[point.id] = point
        self.both(lambda c: c.upsert(self.name, list(points.values()), wait=True))
        self.ids = sorted(set(self.ids) | set(points), key=str)

    def some_ids(self, most=4):
        return self.rng.sample(self.ids, min(len(self.ids), self.rng.randint(1, most)))

    def write(self):
        rng = self.rng
        selector = self.filter() if rng.random() < 0.4 else self.some_ids()
        self.last_write = selector
        patch = {key: value for key, value in self.payload().items() if rng.random() < 0.4}
        name = rng.choice(list(self.dims))
        few = selector[:2] if isinstance(selector, list) else self.some_ids(2)
        which = rng.randint(0, 7)
        if which == 0:
            return self.upsert(rng.randint(1, 5))
        if which == 1:
            return self.both(lambda c: c.set_payload(self.name, patch, points=selector, wait=True))
        if which == 2:
            return self.both(lambda c: c.overwrite_payload(self.name, patch, points=selector, wait=True))
        if which == 3:
            keys = rng.sample(["kw", "num", "tags", "obj"], 2)
            return self.both(lambda c: c.delete_payload(self.name, keys, points=selector, wait=True))
        if which == 4:
            return self.both(lambda c: c.clear_payload(self.name, few, wait=True))
        if which == 5:
            self.both(lambda c: c.delete(self.name, few, wait=True))
            self.ids = [point.id for point in self.all(self.local)]
            return None
        if which == 6 and self.ids:
            point = m.PointVectors(id=rng.choice(self.ids), vector=self.vector("") if "" in self.dims else {name: self.vector(name)})
            return self.both(lambda c: c.update_vectors(self.name, [point], wait=True))
        if which == 7 and "" not in self.dims:
            return self.both(lambda c: c.delete_vectors(self.name, [name], points=few, wait=True))
        return None

    def all(self, client):
        return client.scroll(self.name, limit=10_000, with_payload=True, with_vectors=True)[0]

    # What is asked

    def condition(self, depth):
        rng = self.rng
        key = rng.choice(KEYS)
        which = rng.randint(0, 15)
        field = lambda key, **checks: m.FieldCondition(key=key, **checks)
        if which == 0:
            return field("kw", match=m.MatchValue(value=rng.choice(WORDS)))
        if which == 1:
            return field(rng.choice(["tags", "kw", "obj.b", "items[].y"]), match=m.MatchAny(any=rng.sample(WORDS, rng.randint(0, 3))))
        if which == 2:
            return field(rng.choice(["tags", "kw"]), match=m.MatchExcept(**{"except": rng.sample(WORDS, rng.randint(1, 3))}))
        if which == 3:
            return field(rng.choice(["num", "obj.a", "items[].x"]), match=m.MatchValue(value=rng.randint(-2, 4)))
        if which == 4:
            low, high = sorted([rng.randint(-4, 4), rng.randint(-4, 4)])
            return field(rng.choice(["num", "float", "obj.a", "items[].x"]), range=m.Range(gte=low, lt=high + 0.5))
        if which == 5:
            at = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=rng.randint(0, 2000))
            return field("date", range=m.DatetimeRange(gt=at))
        if which == 6:
            return field("geo", geo_radius=m.GeoRadius(center=m.GeoPoint(lon=rng.uniform(-170, 170), lat=rng.uniform(-80, 80)), radius=rng.uniform(1e5, 9e6)))
        if which == 7:
            return field("geo", geo_bounding_box=m.GeoBoundingBox(top_left=m.GeoPoint(lon=-100, lat=60), bottom_right=m.GeoPoint(lon=rng.uniform(-50, 150), lat=rng.uniform(-60, 30))))
        if which == 8:
            return field(rng.choice(["tags", "items", "kw"]), values_count=m.ValuesCount(gte=rng.randint(0, 2)))
        if which == 9:
            return m.IsEmptyCondition(is_empty=m.PayloadField(key=key.replace("[]", "")))
        if which == 10:
            return m.IsNullCondition(is_null=m.PayloadField(key=rng.choice(["num", "none", "kw"])))
        if which == 11 and self.ids:
            return m.HasIdCondition(has_id=self.some_ids(10))
        if which == 12:
            return m.NestedCondition(nested=m.Nested(key="items", filter=m.Filter(must=[
                field("x", match=m.MatchValue(value=rng.randint(0, 3))), field("y", match=m.MatchAny(any=rng.sample(WORDS, 4)))])))
        if which == 13:
            return m.HasVectorCondition(has_vector=rng.choice(list(self.dims)))
        if which == 14:
            return field("flag", match=m.MatchValue(value=rng.random() < 0.5))
        if depth > 0:
            return self.filter(depth - 1)
        return field("text", match=m.MatchText(text=rng.choice(WORDS)))

    def filter(self, depth=2):
        rng = self.rng
        many = lambda: [self.condition(depth) for _ in range(rng.randint(1, 3))]
        which = rng.randint(0, 4)
        if which == 0:
            return m.Filter(must=many())
        if which == 1:
            return m.Filter(should=many())
        if which == 2:
            return m.Filter(must_not=many())
        if which == 3:
            conditions = many()
            return m.Filter(min_should=m.MinShould(conditions=conditions, min_count=rng.randint(1, len(conditions))))
        return m.Filter(must=many(), should=many(), must_not=many())

    def maybe_filter(self):
        return self.filter() if self.rng.random() < 0.5 else None

    def input(self, name):
        # A point that lacks the vector is refused by both sides, in their own words.
        return self.vector(name) if self.rng.random() < 0.6 or not self.ids else self.rng.choice(self.ids)

    def pair(self, name):
        return m.ContextPair(positive=self.input(name), negative=self.input(name))

    def vector_query(self, name):
        rng = self.rng
        which = rng.randint(0, 5)
        if which <= 1:
            return self.input(name)
        if which == 2:
            strategy = rng.choice(list(m.RecommendStrategy))
            positive = [self.input(name) for _ in range(rng.randint(1, 3))]
            negative = [self.input(name) for _ in range(rng.randint(0, 2))]
            return m.RecommendQuery(recommend=m.RecommendInput(positive=positive, negative=negative, strategy=strategy))
        if which == 3:
            return m.DiscoverQuery(discover=m.DiscoverInput(target=self.input(name), context=[self.pair(name) for _ in range(rng.randint(1, 3))]))
        if which == 4:
            return m.ContextQuery(context=[self.pair(name) for _ in range(rng.randint(1, 3))])
        return m.NearestQuery(nearest=self.input(name))

    def prefetch(self, depth=1):
        # Without a limit that bites: which of two equal points is the last one is not promised. Without ids: a server leaves them out of all stages, the local
        # mode out of their own.
        rng = self.rng
        name = rng.choice(list(self.dims))
        inner = [self.prefetch(depth - 1)] if depth > 0 and rng.random() < 0.3 else None
        return m.Prefetch(query=self.vector(name), using=name or None, filter=self.maybe_filter(), limit=500, prefetch=inner)

    def formula(self):
        rng = self.rng
        number = lambda: round(rng.uniform(-2, 2), 2)
        parts = [
            lambda: "$score",
            lambda: m.MultExpression(mult=[number(), "$score"]),
            lambda: m.MultExpression(mult=[number(), m.FieldCondition(key="kw", match=m.MatchAny(any=rng.sample(WORDS, 4)))]),
            lambda: m.AbsExpression(abs="float"),
            lambda: m.GaussDecayExpression(gauss_decay=m.DecayParamsExpression(x="obj.a", target=1.0, scale=2.0)),
            lambda: m.ExpDecayExpression(exp_decay=m.DecayParamsExpression(x="float", scale=3.0, midpoint=0.4)),
            lambda: m.LinDecayExpression(lin_decay=m.DecayParamsExpression(x="float", target=0.5, scale=1.5)),
            lambda: m.DivExpression(div=m.DivParams(left="obj.a", right=m.SumExpression(sum=["obj.a", 1.0]))),
            lambda: m.NegExpression(neg="float"),
        ]
        expression = m.SumExpression(sum=[rng.choice(parts)() for _ in range(rng.randint(1, 4))])
        return m.FormulaQuery(formula=expression, defaults={"float": 0.25, "obj.a": 2})


def close(a, b):
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b)))


def same_vector(a, b):
    if isinstance(a, dict) or isinstance(b, dict):
        return (a or {}).keys() == (b or {}).keys() and all(same_vector(a[k], b[k]) for k in a)
    if a is None or b is None:
        return (a or None) == (b or None)
    return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b))


def same_records(ours, theirs):
    if [p.id for p in ours] != [p.id for p in theirs]:
        return "ids"
    for a, b in zip(ours, theirs):
        if (a.payload or {}) != (b.payload or {}):
            return f"payload of {a.id}"
        if not same_vector(a.vector or None, b.vector or None):
            return f"vectors of {a.id}"
    return None


def same_ranking(ours, theirs, unordered=False, offset=0):
    """Scores in order, and the same points for each score; of the last score, and behind an offset of the first, as many."""
    if len(ours) != len(theirs):
        return f"{len(ours)} points instead of {len(theirs)}"
    if unordered:
        ours, theirs = (sorted(points, key=lambda p: (-p.score, str(p.id))) for points in (ours, theirs))
    if not all(close(a.score, b.score) for a, b in zip(ours, theirs)):
        return "scores"
    cut = [theirs[-1].score] if theirs else []
    cut += [theirs[0].score] if theirs and offset else []
    sets = []
    for points in (ours, theirs):
        sets.append({p.id for p in points if not any(close(p.score, score) for score in cut)})
    if sets[0] != sets[1]:
        return "ids"
    payloads = {p.id: p.payload for p in theirs}
    for p in ours:
        if p.id in payloads and (p.payload or {}) != (payloads[p.id] or {}):
            return f"payload of {p.id}"
    return None


def as_pairs(points):
    return [(p.id, getattr(p, "score", None)) for p in points]


def cases(world):
    """One case: its name, the call, and what compares two answers."""
    rng, name = world.rng, world.name
    using = rng.choice(list(world.dims))
    wire = using or None
    filters, limit = world.maybe_filter(), rng.choice([1, 3, 10, 100])
    with_payload = rng.choice([True, ["kw", "obj.a"], m.PayloadSelectorExclude(exclude=["tags", "obj"])])
    which = rng.randint(0, 11)
    if which <= 2:
        query = world.vector_query(using)
        is_context = isinstance(query, m.ContextQuery)
        offset = rng.choice([0, 0, 2]) if not is_context else 0
        limit = 1000 if is_context else limit
        call = lambda c: c.query_points(name, query=query, using=wire, query_filter=filters, limit=limit, offset=offset, with_payload=with_payload).points
        return f"query {type(query).__name__}", call, lambda a, b: same_ranking(a, b, is_context, offset)
    if which == 3:
        query, threshold = world.input(using), round(rng.uniform(-2, 4), 1)
        call = lambda c: c.query_points(name, query=query, using=wire, score_threshold=threshold, limit=100, with_payload=False).points
        return "threshold", call, same_ranking
    if which == 4:
        legs = [world.prefetch() for _ in range(rng.randint(1, 3))]
        fusion = rng.choice([m.FusionQuery(fusion=m.Fusion.RRF), m.FusionQuery(fusion=m.Fusion.DBSF), m.RrfQuery(rrf=m.Rrf(k=rng.randint(1, 60)))])
        # Nor are the ranks of equal points: only what was found compares.
        call = lambda c: c.query_points(name, prefetch=legs, query=fusion, query_filter=filters, limit=1000).points
        return "fusion", call, lambda a, b: None if {p.id for p in a} == {p.id for p in b} else "ids"
    if which == 5:
        legs = [world.prefetch()]
        query = world.input(using)
        call = lambda c: c.query_points(name, prefetch=legs, query=query, using=wire, query_filter=filters, limit=limit).points
        return "rescoring", call, same_ranking
    if which == 6:
        legs = [m.Prefetch(query=world.vector(using), using=wire, limit=500)]
        query = world.formula()
        call = lambda c: c.query_points(name, prefetch=legs, query=query, query_filter=filters, limit=limit).points
        return "formula", call, same_ranking
    if which == 7:
        ordered = rng.choice(["num", "float", "date", "obj.a"])
        direction = rng.choice(list(m.Direction))
        order = m.OrderBy(key=ordered, direction=direction)
        call = lambda c: c.scroll(name, scroll_filter=filters, order_by=order, limit=1000, with_payload=False)[0]
        key = lambda points: sorted((str(p.order_value), str(p.id)) for p in points)
        compare = lambda a, b: None if key(a) == key(b) and [p.order_value for p in a] == [p.order_value for p in b] else "order"
        return "order_by", call, compare
    if which == 8:
        call = lambda c: c.scroll(name, scroll_filter=filters, limit=limit, with_payload=with_payload, with_vectors=True)
        compare = lambda a, b: same_records(a[0], b[0]) or (None if a[1] == b[1] else "next page")
        return "scroll", call, compare
    if which == 9:
        return "count", lambda c: c.count(name, count_filter=filters).count, lambda a, b: None if a == b else f"{a} instead of {b}"
    if which == 10:
        by, query = rng.choice(["kw", "tags", "num", "obj.b"]), world.vector(using)
        call = lambda c: c.query_points_groups(name, group_by=by, query=query, using=wire, query_filter=filters, limit=100, group_size=2).groups
        def compare(a, b):
            # Which of two equal points is in a group is not promised.
            shape = lambda groups: sorted((str(g.id), [round(h.score, 3) for h in g.hits]) for g in groups)
            return None if shape(a) == shape(b) else "groups"
        return "groups", call, compare
    key = rng.choice(["kw", "num", "flag", "obj.a"])
    call = lambda c: c.facet(name, key, facet_filter=filters, limit=100, exact=True).hits
    return "facet", call, lambda a, b: None if sorted((str(h.value), h.count) for h in a) == sorted((str(h.value), h.count) for h in b) else "hits"


def run(args):
    agreed, refused = collections.Counter(), collections.Counter()
    for wire in ("rest", "grpc"):
        remote = QdrantClient(url=args.url, grpc_port=args.grpc_port, prefer_grpc=wire == "grpc", timeout=60, api_key=args.api_key)
        rng, done, round_number = random.Random(args.seed), 0, 0
        while done < args.cases // 2:
            round_number += 1
            local = QdrantClient(":memory:")
            world = World(rng, local, remote, f"oracle-{wire}-{round_number}")
            remote.delete_collection(world.name)
            world.create()
            world.upsert(rng.choice([5, 40, 120]))
            for step in range(60):
                if step % 4 == 0:
                    world.write()
                    theirs, ours = world.all(local), world.all(remote)
                    kind, problem = "write", same_records(ours, theirs)
                else:
                    kind, call, compare = cases(world)
                    theirs, ours = world.both(call)
                    done += 1
                    if isinstance(ours, Exception) or isinstance(theirs, Exception):
                        both = isinstance(ours, Exception) and isinstance(theirs, Exception)
                        problem = None if both else f"refused by one: ours {ours!r}, theirs {theirs!r}"
                        refused[wire] += both
                    else:
                        problem = compare(ours, theirs)
                agreed[f"{wire} {kind}"] += problem is None
                if problem:
                    print(f"{wire}, seed {args.seed}, round {round_number}, step {step}, {kind}: {problem}", file=sys.stderr)
                    if kind == "write":
                        differing = [(a.id, a.payload, b.payload) for a, b in zip(ours, theirs) if a.payload != b.payload]
                        print(f"  wrote to {world.last_write}\n  id, ours, theirs: {differing[:3]}", file=sys.stderr)
                    else:
                        cells = [getattr(cell, "cell_contents", None) for cell in call.__closure__ or ()]
                        print(f"  vectors {world.distance}\n  asked {cells}\n  ours   {show(ours)}\n  theirs {show(theirs)}", file=sys.stderr)
                    if not args.keep_going:
                        return 1
                    agreed["DISAGREED"] += 1
            remote.delete_collection(world.name)
    for kind, count in sorted(agreed.items()):
        print(f"{count:6}  {kind}")
    print(f"{sum(agreed.values()):6}  agreed ({dict(refused)} refused by both)")
    return 1 if agreed["DISAGREED"] else 0


def show(answer):
    if isinstance(answer, list) and answer and hasattr(answer[0], "id"):
        return as_pairs(answer)[:12]
    return repr(answer)[:600]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://localhost:6333")
    parser.add_argument("--grpc-port", type=int, default=6334)
    parser.add_argument("--api-key")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep-going", action="store_true")
    sys.exit(run(parser.parse_args()))
