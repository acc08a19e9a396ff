"""Records what the official Python client's in-memory mode answers, for engine/tests/query_oracle.rs.

    python -m venv /tmp/oracle && /tmp/oracle/bin/pip install qdrant-client
    /tmp/oracle/bin/python engine/tests/oracle/record.py > engine/tests/oracle/cases.json

Collections and queries are drawn from a seed; all values have two decimals. Requests are recorded in the form of the REST interface.
Left out: samples (random), and thresholds where the in-memory mode is known to differ from the server (scores by examples on distances).
Points named by id in a prefetch are left out of that prefetch only there, and of everything on the server: such cases have one leg.
Filters of prefetches have neither `should` nor `min_should` of their own: there clauses of the filters of all levels are put into one list each, here
whole filters are and-ed.
Cases in which a prefetch finds points of equal score are dropped: which of them comes first is not promised, and ranks follow from it.
"""

import json
import random
import sys
import uuid
import warnings

from qdrant_client import QdrantClient, models

warnings.simplefilter("ignore")
rng = random.Random(20)


def number(low=-1.0, high=1.0):
    return round(rng.uniform(low, high), 2)


def vector(dim):
    return [number() for _ in range(dim)]


def payload(i):
    given = {"n": rng.randint(-20, 20), "f": number(0.1, 9.0), "one": [number(0.5, 2.0)]}
    if rng.random() < 0.7:
        given["tags"] = [rng.randint(0, 9) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.8:
        given["deep"] = {"x": number(0.0, 5.0)}
    if i % 5:
        day, hour = rng.randint(1, 28), rng.randint(0, 23)
        zone = rng.choice(["Z", "+09:00", "", "-03:30"])
        given["when"] = f"2024-{rng.randint(1, 12):02}-{day:02}T{hour:02}:30:00{zone}"
    given["place"] = {"lon": number(-170, 170), "lat": number(-80, 80)}
    return given


class Recorder:
    def __init__(self):
        self.client = QdrantClient(":memory:")
        self.collections, self.cases = [], []

    def collection(self, name, metric, dim, count):
        self.client.create_collection(
            name, vectors_config=models.VectorParams(size=dim, distance=metric)
        )
        ids = [
            str(uuid.UUID(int=rng.getrandbits(128))) if i % 9 == 8 else i * 3 + 1
            for i in range(count)
        ]
        points = [{"id": id, "vector": vector(dim), "payload": payload(i)} for i, id in enumerate(ids)]
        self.client.upsert(name, [models.PointStruct(**point) for point in points])
        self.collections.append({"name": name, "metric": metric, "dim": dim, "points": points})
        return ids

    def ask(self, name, request, limit):
        asked = models.QueryRequest.model_validate({**request, "limit": limit})
        return self.client.query_batch_points(name, [asked])[0].points

    def has_ties(self, name, request, above=()):
        filters = lambda stage: [stage["filter"]] if "filter" in stage else []
        above = [*above, *filters(request)]
        for leg in legs_of(request):
            if self.has_ties(name, leg, above):
                return True
            leg = {**leg, "filter": {"must": [*above, *filters(leg)]}}
            if "query" in leg and "order_by" not in json.dumps(leg["query"]):
                scores = [point.score for point in self.ask(name, leg, leg.get("limit", 10) + 1)]
                if any(abs(a - b) < 1e-6 for a, b in zip(scores, scores[1:])):
                    return True
        return False

    def case(self, name, **request):
        limit = request.pop("limit", 8)
        if self.has_ties(name, request):
            return
        case = {"collection": name, "request": {**request, "limit": limit}}
        try:
            found = self.ask(name, request, limit)
            more = self.ask(name, request, limit + 1)
        except (ValueError, AttributeError) as error:
            case["error"] = str(error)
        else:
            unscored = "query" not in request or "order_by" in json.dumps(request["query"])
            score = lambda point: 0.0 if unscored else float(f"{point.score:.7g}")
            case["points"] = [
                [point.id, score(point)] + ([] if point.order_value is None else [point.order_value])
                for point in found
            ]
            if len(more) > len(found):
                case["after"] = score(more[-1])
        self.cases.append(case)


def legs_of(request):
    legs = request.get("prefetch", [])
    return legs if isinstance(legs, list) else [legs]


def pair(positive, negative):
    return {"positive": positive, "negative": negative}


def vector_cases(recorder, name, ids, dim, metric):
    case = lambda **request: recorder.case(name, **request)
    v = lambda: vector(dim)
    some = lambda count: rng.sample(ids, count)
    distance = metric in ("Euclid", "Manhattan")
    case(query=v())
    case(query={"nearest": v()}, limit=30, offset=4)
    case(query=rng.choice(ids))
    case(query={"nearest": v()}, score_threshold=1.1 if distance else 0.2, limit=50)
    for diversity in (0.0, 0.3, 0.8, 1.0):
        mmr = {"diversity": diversity, "candidates_limit": 25}
        case(query={"nearest": v(), "mmr": mmr}, limit=7, offset=2)
    case(query={"nearest": v(), "mmr": {}}, limit=6)
    for strategy in ("average_vector", "best_score", "sum_scores"):
        case(query={"recommend": {"positive": some(2), "strategy": strategy}})
        case(query={"recommend": {"positive": [v(), *some(1)], "negative": some(2), "strategy": strategy}})
        case(query={"recommend": {"positive": [v()], "negative": [v(), v()], "strategy": strategy}}, offset=3)
    case(query={"recommend": {"positive": some(2)}}, score_threshold=1.0 if distance else 0.1)
    for strategy in ("best_score", "sum_scores"):
        case(query={"recommend": {"negative": some(2), "strategy": strategy}})
    if not distance:
        reco = {"positive": some(1), "negative": some(1), "strategy": "best_score"}
        case(query={"recommend": reco}, score_threshold=0.1)
    case(query={"discover": {"target": v(), "context": [pair(v(), v()), pair(*some(2))]}})
    case(query={"discover": {"target": some(1)[0], "context": pair(*some(2))}}, limit=15, offset=2)
    case(query={"discover": {"target": v(), "context": []}})
    case(query={"context": [pair(v(), v()), pair(v(), v())]}, limit=100)
    case(query={"context": [pair(*some(2)), pair(v(), some(1)[0]), pair(v(), v())]}, limit=100)


def tree_cases(recorder, name, ids, dim, metric):
    case = lambda **request: recorder.case(name, **request)
    distance = metric in ("Euclid", "Manhattan")

    def near(limit=None, **more):
        return {"query": vector(dim), "limit": limit or rng.randint(3, 20), **more}

    legs = lambda count: [near() for _ in range(count)]
    case(prefetch=legs(2), query={"fusion": "rrf"})
    case(prefetch=legs(3), query={"fusion": "rrf"}, limit=20, offset=3)
    case(prefetch=legs(2), query={"rrf": {"k": 60}}, score_threshold=0.02)
    case(prefetch=legs(3), query={"rrf": {"k": 5, "weights": [0.5, 3.0, 1.0]}})
    case(prefetch=legs(2), query={"rrf": {"weights": [0.0, 2.0]}})
    case(prefetch=legs(2), query={"fusion": "dbsf"})
    case(prefetch=[near(1), near(9), near(15)], query={"fusion": "dbsf"}, limit=12)
    case(prefetch=legs(2), query={"fusion": "dbsf"}, score_threshold=0.5)
    case(prefetch=legs(2), query=vector(dim))
    case(prefetch=legs(2), query=rng.choice(ids), limit=5, offset=2)
    case(prefetch=[near(12, prefetch=legs(2)), near(9)], query={"fusion": "rrf"})
    inner = {"prefetch": legs(2), "query": {"fusion": "rrf"}, "limit": 9}
    case(prefetch=[inner, near(10)], query={"fusion": "dbsf"})
    deep = near(40)
    for _ in range(6):
        deep = near(40 - 4 * _, prefetch=[deep])
    case(prefetch=[deep], query=vector(dim))
    case(prefetch={"query": rng.choice(ids), "limit": 12}, query=vector(dim))
    case(prefetch=[near(20, score_threshold=1.3 if distance else 0.0)], query=vector(dim), limit=20)
    reco = {"recommend": {"positive": rng.sample(ids, 2), "strategy": "sum_scores"}}
    case(prefetch=near(25), query=reco)
    case(prefetch=near(25), query={"discover": {"target": vector(dim), "context": pair(vector(dim), vector(dim))}})
    case(prefetch=near(25), query={"nearest": vector(dim), "mmr": {"diversity": 0.6, "candidates_limit": 15}})
    case(prefetch=near(25), query={"order_by": "n"}, limit=30)
    case(prefetch=[{"query": {"order_by": {"key": "f", "direction": "desc"}}, "limit": 12}], query=vector(dim))
    case(prefetch=[{"limit": 12}], query=vector(dim), limit=20)
    case(prefetch=legs(1), query={"rrf": {"weights": [1.0, 2.0]}})
    case(prefetch=legs(1))
    case(query={"fusion": "rrf"})
    case(score_threshold=0.5)
    case(query={"order_by": "n"}, score_threshold=0.5)
    case(prefetch=legs(2), query={"rrf": {"k": 0}})


def order_cases(recorder, name):
    case = lambda **request: recorder.case(name, **request)
    case(limit=12)
    case(limit=7, offset=5)
    for key in ("n", "f", "tags", "when", "deep.x", "tags[0]", "nothing"):
        for direction in ("asc", "desc"):
            case(query={"order_by": {"key": key, "direction": direction}}, limit=100)
    case(query={"order_by": {"key": "n", "start_from": 3}}, limit=100)
    case(query={"order_by": {"key": "f", "start_from": 2.5, "direction": "desc"}}, limit=100, offset=2)
    case(query={"order_by": {"key": "when", "start_from": "2024-06-01T00:00:00Z"}}, limit=100)


def condition():
    """One of the kinds that engine/tests/support/wire.rs reads."""
    return rng.choice([
        lambda: {"key": "n", "range": {"gte": rng.randint(-20, 5), "lt": rng.randint(0, 20)}},
        lambda: {"key": "f", "range": {"gt": number(1.0, 4.0)}},
        lambda: {"key": "deep.x", "range": {"lte": number(1.0, 5.0)}},
        lambda: {"key": "tags", "match": {"value": rng.randint(0, 9)}},
        lambda: {"key": "tags", "match": {"any": rng.sample(range(10), 3)}},
        lambda: {"key": "tags", "match": {"except": rng.sample(range(10), 2)}},
        lambda: {"key": "tags", "values_count": {"gte": rng.randint(1, 3)}},
        lambda: {"key": "when", "range": {"gte": f"2024-{rng.randint(2, 9):02}-01T00:00:00Z"}},
        lambda: {"key": "place", "geo_radius": {"center": {"lon": 0.0, "lat": 0.0}, "radius": 9e6}},
        lambda: {"is_empty": {"key": rng.choice(["when", "tags", "deep"])}},
        lambda: {"has_id": [i * 3 + 1 for i in range(20)]},
    ])()


def leg_filter():
    return rng.choice([
        lambda: {"must": [condition()]},
        lambda: {"must_not": [condition()]},
        lambda: {"must": [condition()], "must_not": [condition()]},
        lambda: {"must": [{"should": [condition(), condition(), condition()]}]},
    ])()


def some_filter():
    return rng.choice([
        leg_filter,
        lambda: {"should": [condition(), condition()]},
        lambda: {"min_should": {"conditions": [condition(), condition(), condition()], "min_count": 2}},
    ])()


def filter_cases(recorder, name, ids, dim):
    case = lambda **request: recorder.case(name, filter=some_filter(), **request)
    v = lambda: vector(dim)
    some = lambda count: rng.sample(ids, count)

    def near(limit=None, **more):
        return {"query": v(), "limit": limit or rng.randint(3, 20), **more}

    legs = lambda count: [near() for _ in range(count)]
    for _ in range(3):
        case(query=v())
        case(query={"nearest": rng.choice(ids)}, offset=1)
        case(query={"nearest": v(), "mmr": {"diversity": 0.4, "candidates_limit": 12}}, limit=6)
        for strategy in ("average_vector", "best_score", "sum_scores"):
            case(query={"recommend": {"positive": some(2), "negative": some(1), "strategy": strategy}})
        case(query={"discover": {"target": v(), "context": [pair(v(), v()), pair(*some(2))]}})
        case(query={"context": [pair(v(), v()), pair(v(), v())]}, limit=100)
        case(query={"order_by": {"key": "n", "direction": "desc"}}, limit=100)
        case(query={"order_by": "when"}, limit=100)
        case(limit=9, offset=2)
        case(prefetch=legs(2), query={"fusion": "rrf"})
        case(prefetch=[near(filter=leg_filter()), near()], query={"fusion": "dbsf"})
        case(prefetch=[near(filter=leg_filter()), near(filter=leg_filter())], query=v())
        inner = {"prefetch": legs(2), "query": {"fusion": "rrf"}, "limit": 9, "filter": leg_filter()}
        case(prefetch=[inner, near(10)], query={"rrf": {"k": 5}})
        case(prefetch=near(15, filter=leg_filter()), query={"order_by": "n"}, limit=30)
        case(prefetch=[{"limit": 12}], query=v(), limit=20)


def condition_cases(recorder, name, dim):
    two = lambda: [{"query": vector(dim), "limit": 15}, {"query": vector(dim), "limit": 10}]
    ask = lambda formula, **more: recorder.case(
        name, prefetch=two(), query={"formula": formula}, limit=20, **more
    )
    for _ in range(4):
        ask({"sum": ["$score", {"mult": [0.5, condition()]}]})
        ask({"sum": [some_filter(), {"neg": condition()}, {"mult": [some_filter(), "$score[1]"]}]})
        ask({"mult": [condition(), {"ln": {"sum": ["f", 1.0]}}]}, filter=some_filter())
        decay = {"gauss_decay": {"x": "f", "scale": 3.0}}
        ask({"sum": ["$score", {"mult": [condition(), decay]}]}, score_threshold=0.5)


def formula_cases(recorder, name, dim):
    seoul = {"lon": 126.98, "lat": 37.57}
    two = lambda: [{"query": vector(dim), "limit": 15}, {"query": vector(dim), "limit": 10}]
    metres = {"geo_distance": {"origin": seoul, "to": "place"}}
    moment = {"datetime": "2024-06-15T00:00:00Z"}
    formulas = [
        ("$score", {}),
        ({"sum": ["$score", "$score[1]", 0.5]}, {}),
        ({"sum": ["$score", "$score[1]"]}, {"$score[1]": 2.5, "$score": -1.0}),
        ({"mult": ["$score[0]", "f", -2.0]}, {}),
        ({"mult": [0.0, {"ln": 0.0}]}, {}),
        ({"sum": [{"neg": "n"}, {"abs": "n"}, {"mult": ["deep.x", 0.25]}]}, {"deep.x": 1.5}),
        ({"div": {"left": "$score[1]", "right": "n", "by_zero_default": 7.0}}, {}),
        ({"div": {"left": "f", "right": "one"}}, {}),
        ({"sqrt": {"abs": "n"}}, {}),
        ({"pow": {"base": "f", "exponent": "one"}}, {}),
        ({"exp": "$score"}, {}),
        ({"ln": "f"}, {}),
        ({"log10": {"sum": ["f", 1.0]}}, {}),
        ({"acosh": {"sum": ["f", 1.0]}}, {}),
        ({"max": ["n", "f", 3.0]}, {}),
        ({"min": ["n", "f", 3.0]}, {}),
        (metres, {}),
        ({"gauss_decay": {"x": metres, "scale": 4e6, "midpoint": 0.3}}, {}),
        ({"exp_decay": {"x": metres, "target": 2e6, "scale": 3e6}}, {}),
        ({"lin_decay": {"x": "f", "target": {"sum": ["one", 2.0]}, "scale": 3.0, "midpoint": 0.25}}, {}),
        ({"lin_decay": {"x": "f", "midpoint": 1.0}}, {}),
        ({"exp_decay": {"x": "n"}}, {}),
        ({"exp_decay": {"x": {"datetime_key": "when"}, "target": moment, "scale": 2e6}}, {"when": "2024-03-01"}),
        ({"sum": [{"div": {"left": {"datetime_key": "when"}, "right": 1e6}}, -1700.0]}, {"when": "2024-03-01 12:00"}),
        # Errors.
        ({"ln": {"sum": ["n", -100.0]}}, {}),
        ({"sqrt": -1.0}, {}),
        ({"div": {"left": 1.0, "right": 0.0}}, {}),
        ({"pow": {"base": -2.0, "exponent": 0.5}}, {}),
        ({"exp": 1000.0}, {}),
        ({"mult": [1e30, 1e30]}, {}),
        ("nothing", {}),
        ("when", {"when": 1.0}),
        ("$score[", {}),
        ({"max": []}, {}),
        ({"gauss_decay": {"x": "f", "midpoint": 1.0}}, {}),
        ({"lin_decay": {"x": "f", "scale": 0.0}}, {}),
        ({"datetime_key": "n"}, {}),
    ]
    for formula, defaults in formulas:
        recorder.case(name, prefetch=two(), query={"formula": formula, "defaults": defaults}, limit=20)
    boosted = {"formula": {"sum": ["$score", {"mult": [0.1, "f"]}]}}
    recorder.case(name, prefetch=two(), query=boosted, limit=6, offset=3)
    recorder.case(name, prefetch=two(), query=boosted, limit=30, score_threshold=0.9)
    inner = {"prefetch": two(), "query": boosted, "limit": 8}
    recorder.case(name, prefetch=[inner, {"query": vector(dim)}], query={"fusion": "rrf"})


def lookup_cases(recorder, name, other, other_ids, dim):
    where = {"collection": other}
    case = lambda **request: recorder.case(name, **request)
    case(query=rng.choice(other_ids), lookup_from=where)
    reco = {"positive": rng.sample(other_ids, 2), "negative": rng.sample(other_ids, 1)}
    case(query={"recommend": reco}, lookup_from=where)
    legs = [{"query": rng.choice(other_ids), "lookup_from": where, "limit": 9} for _ in range(2)]
    case(prefetch=legs, query={"fusion": "rrf"})
    case(query=5, lookup_from=where)
    case(query=999)


def main():
    recorder = Recorder()
    for metric, dim, count in (("Cosine", 8, 50), ("Dot", 5, 45), ("Euclid", 6, 50), ("Manhattan", 4, 40)):
        name = metric.lower()
        ids = recorder.collection(name, metric, dim, count)
        vector_cases(recorder, name, ids, dim, metric)
        tree_cases(recorder, name, ids, dim, metric)
        if metric in ("Cosine", "Euclid"):
            formula_cases(recorder, name, dim)
    order_cases(recorder, "cosine")
    for collection in recorder.collections[:4]:
        ids = [point["id"] for point in collection["points"]]
        filter_cases(recorder, collection["name"], ids, collection["dim"])
    for name, dim in (("cosine", 8), ("euclid", 6)):
        condition_cases(recorder, name, dim)
    other = recorder.collection("other", "Dot", 8, 40)
    lookup_cases(recorder, "cosine", "other", other, 8)
    import importlib.metadata

    made_with = "qdrant-client " + importlib.metadata.version("qdrant-client") + ", in-memory mode"
    lines = lambda items: ",\n".join(json.dumps(item, separators=(",", ":")) for item in items)
    sys.stdout.write(
        f'{{"made_with":{json.dumps(made_with)},\n"collections":[\n{lines(recorder.collections)}\n],\n'
        f'"cases":[\n{lines(recorder.cases)}\n]}}\n'
    )


main()
