"""LangChain's, LlamaIndex's and Haystack's stores for Qdrant, each doing its ordinary work against the server.

    python clients.py --url http://localhost:6333 --grpc-port 6334

Each step compares with what must come out; the first that does not ends with a traceback and exit code 1.
"""

import argparse
import hashlib
import warnings

from qdrant_client import QdrantClient
from qdrant_client import models as m

warnings.filterwarnings("ignore")

TEXTS = ["rain over seoul", "sun over busan", "snow in paris", "wind and fog", "서울의 비", "부산의 해"]
SIZE = 16


def vector(text):
    """Words into buckets: texts that share words are near."""
    values = [0.0] * SIZE
    for word in text.split():
        values[int(hashlib.sha256(word.encode()).hexdigest(), 16) % SIZE] += 1.0
    return values if any(values) else [1.0] * SIZE


def langchain(client):
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_qdrant import QdrantVectorStore

    class Buckets(Embeddings):
        def embed_documents(self, texts):
            return [vector(text) for text in texts]

        def embed_query(self, text):
            return vector(text)

    name = "compat-langchain"
    client.delete_collection(name)
    client.create_collection(name, vectors_config=m.VectorParams(size=SIZE, distance=m.Distance.COSINE))
    store = QdrantVectorStore(client=client, collection_name=name, embedding=Buckets())
    documents = [Document(page_content=text, metadata={"n": n, "even": n % 2 == 0}) for n, text in enumerate(TEXTS)]
    ids = store.add_documents(documents)
    assert len(ids) == len(TEXTS)
    assert store.similarity_search("sun over busan", k=1)[0].page_content == "sun over busan"
    found = store.similarity_search_with_score("rain over seoul", k=2)
    assert found[0][0].metadata["n"] == 0 and found[0][1] > 0.999, found
    only = m.Filter(must=[m.FieldCondition(key="metadata.even", match=m.MatchValue(value=False))])
    assert all(not d.metadata["even"] for d in store.similarity_search("rain over seoul", k=6, filter=only))
    assert len(store.max_marginal_relevance_search("rain over seoul", k=3, fetch_k=6)) == 3
    assert [d.page_content for d in store.get_by_ids([ids[4]])] == [TEXTS[4]]
    store.delete([ids[0]])
    assert client.count(name).count == len(TEXTS) - 1
    client.delete_collection(name)


def llama_index(client):
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
    from llama_index.core.vector_stores import ExactMatchFilter, MetadataFilters, VectorStoreQuery
    from llama_index.vector_stores.qdrant import QdrantVectorStore

    name = "compat-llama-index"
    client.delete_collection(name)
    store = QdrantVectorStore(collection_name=name, client=client)
    nodes = []
    for n, text in enumerate(TEXTS):
        node = TextNode(text=text, metadata={"n": n, "kind": "even" if n % 2 == 0 else "odd"}, embedding=vector(text))
        node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=f"document-{n}")
        nodes.append(node)
    store.add(nodes)
    found = store.query(VectorStoreQuery(query_embedding=vector("sun over busan"), similarity_top_k=2))
    assert found.nodes[0].text == "sun over busan", found
    odd = MetadataFilters(filters=[ExactMatchFilter(key="kind", value="odd")])
    found = store.query(VectorStoreQuery(query_embedding=vector("rain over seoul"), similarity_top_k=6, filters=odd))
    assert {node.metadata["kind"] for node in found.nodes} == {"odd"} and len(found.nodes) == 3
    assert len(store.get_nodes(node_ids=[nodes[0].node_id])) == 1
    store.delete("document-1")
    assert client.count(name).count == len(TEXTS) - 1
    store.delete_nodes(node_ids=[nodes[2].node_id])
    assert client.count(name).count == len(TEXTS) - 2
    store.clear()
    client.delete_collection(name)


def haystack(url, grpc_port):
    from haystack.dataclasses import Document
    from haystack.document_stores.types import DuplicatePolicy
    from haystack_integrations.document_stores.qdrant import QdrantDocumentStore

    store = QdrantDocumentStore(url=url, grpc_port=grpc_port, index="compat-haystack", embedding_dim=SIZE, recreate_index=True, wait_result_from_api=True)
    documents = [Document(id=f"{n:032x}", content=text, embedding=vector(text), meta={"n": n, "kind": "even" if n % 2 == 0 else "odd"}) for n, text in enumerate(TEXTS)]
    assert store.write_documents(documents, policy=DuplicatePolicy.OVERWRITE) == len(TEXTS)
    assert store.count_documents() == len(TEXTS)
    condition = lambda field, operator, value: {"field": f"meta.{field}", "operator": operator, "value": value}
    numbers = lambda filters: sorted(d.meta["n"] for d in store.filter_documents(filters))
    assert numbers(condition("n", ">=", 4)) == [4, 5]
    assert numbers(condition("kind", "in", ["even"])) == [0, 2, 4]
    assert numbers({"operator": "AND", "conditions": [condition("kind", "==", "odd"), condition("n", "<", 4)]}) == [1, 3]
    assert numbers({"operator": "NOT", "conditions": [condition("kind", "==", "odd")]}) == [0, 2, 4]
    assert numbers({"operator": "OR", "conditions": [condition("n", "==", 0), condition("n", "!=", 0)]}) == [0, 1, 2, 3, 4, 5]
    found = store._query_by_embedding(query_embedding=vector("snow in paris"), top_k=1)
    assert found[0].content == "snow in paris", found
    store.delete_documents([f"{0:032x}"])
    assert store.count_documents() == len(TEXTS) - 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://localhost:6333")
    parser.add_argument("--grpc-port", type=int, default=6334)
    args = parser.parse_args()
    for wire in ("rest", "grpc"):
        client = QdrantClient(url=args.url, grpc_port=args.grpc_port, prefer_grpc=wire == "grpc", timeout=30)
        for suite in (langchain, llama_index):
            suite(client)
            print(f"{suite.__name__} over {wire}: ok")
    haystack(args.url, args.grpc_port)
    print("haystack: ok")
