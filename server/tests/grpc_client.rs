//! Qdrant's Rust client doing its ordinary work against the server.

#[path = "support/front.rs"]
mod front;
#[path = "support/served.rs"]
mod served;

use ::qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateAliasBuilder, CreateCollectionBuilder,
    CreateFieldIndexCollectionBuilder, DeletePayloadPointsBuilder, DeletePointsBuilder, Distance,
    FacetCountsBuilder, FieldType, Filter, Fusion, GetPointsBuilder, PointStruct, PointsIdsList,
    PrefetchQueryBuilder, Query, QueryBatchPointsBuilder, QueryPointGroupsBuilder, QueryPointsBuilder,
    RecommendPointsBuilder, ScrollPointsBuilder, SearchPointsBuilder, SetPayloadPointsBuilder,
    UpsertPointsBuilder, VectorParamsBuilder,
};
use ::qdrant_client::{Payload, Qdrant, QdrantError};
use served::{Served, serve};

const NAME: &str = "cities";

fn client(server: &Served) -> Qdrant {
    Qdrant::from_url(&format!("http://{}", server.grpc)).build().expect("a client")
}

async fn with_points() -> (Served, Qdrant) {
    let server = serve(&[]).await;
    let client = client(&server);
    let vectors = VectorParamsBuilder::new(2, Distance::Euclid);
    client
        .create_collection(CreateCollectionBuilder::new(NAME).vectors_config(vectors))
        .await
        .expect("created");
    let point = |id: u64| {
        let mut payload = Payload::new();
        payload.insert("n", id as i64);
        payload.insert("tag", if id < 3 { "low" } else { "high" });
        PointStruct::new(id, vec![id as f32, 0.0], payload)
    };
    let upsert = UpsertPointsBuilder::new(NAME, (1..=5).map(point).collect::<Vec<_>>()).wait(true);
    client.upsert_points(upsert).await.expect("written");
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_and_aliases() {
    let (_server, client) = with_points().await;
    assert!(client.health_check().await.expect("alive").version.starts_with("1."));
    assert!(client.collection_exists(NAME).await.expect("an answer"));
    let info = client.collection_info(NAME).await.expect("an answer").result.expect("a result");
    assert_eq!((info.points_count, info.status), (Some(5), 1));
    client.create_alias(CreateAliasBuilder::new(NAME, "towns")).await.expect("an alias");
    let count = client.count(CountPointsBuilder::new("towns").exact(true)).await.expect("an answer");
    assert_eq!(count.result.map(|result| result.count), Some(5));
    assert_eq!(client.list_collection_aliases(NAME).await.expect("an answer").aliases.len(), 1);
    let again = CreateCollectionBuilder::new(NAME).vectors_config(VectorParamsBuilder::new(2, Distance::Dot));
    let error = client.create_collection(again).await.expect_err("it is there");
    let QdrantError::ResponseError { status } = error else { panic!("{error}") };
    assert_eq!(status.code(), tonic::Code::AlreadyExists);
    assert!(client.delete_collection(NAME).await.expect("an answer").result);
    assert!(!client.collection_exists(NAME).await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_found_in_every_way() {
    let (_server, client) = with_points().await;
    let ids = |points: &[::qdrant_client::qdrant::ScoredPoint]| -> Vec<u64> {
        points.iter().map(|point| point.payload["n"].as_integer().expect("n") as u64).collect()
    };
    let high = Filter::must([Condition::matches("tag", "high".to_owned())]);
    let query =
        QueryPointsBuilder::new(NAME).query(vec![0.0, 0.0]).limit(2).with_payload(true).with_vectors(true);
    let found = client.query(query.clone()).await.expect("an answer").result;
    assert_eq!(ids(&found), [1, 2]);
    assert!((found[1].score - 2.0).abs() < 1e-6);
    assert_eq!(
        ids(&client.query(query.clone().filter(high.clone())).await.expect("an answer").result),
        [3, 4]
    );
    let older = SearchPointsBuilder::new(NAME, vec![9.0, 0.0], 1).with_payload(true);
    assert_eq!(ids(&client.search_points(older).await.expect("an answer").result), [5]);
    let like = RecommendPointsBuilder::new(NAME, 2).add_positive(1u64).with_payload(true);
    assert_eq!(ids(&client.recommend(like).await.expect("an answer").result), [2, 3]);
    let batch =
        QueryBatchPointsBuilder::new(NAME, vec![query.clone().build(), query.clone().filter(high).build()]);
    let batch = client.query_batch(batch).await.expect("an answer").result;
    assert_eq!(batch.iter().map(|answer| ids(&answer.result)).collect::<Vec<_>>(), [vec![1, 2], vec![3, 4]]);
    let leg = |x: f32| PrefetchQueryBuilder::default().query(vec![x, 0.0]).limit(2u64);
    let fused = QueryPointsBuilder::new(NAME)
        .add_prefetch(leg(1.0))
        .add_prefetch(leg(2.0))
        .query(Query::new_fusion(Fusion::Rrf))
        .with_payload(true);
    let fused = client.query(fused).await.expect("an answer").result;
    assert!(ids(&fused).starts_with(&[1]) || ids(&fused).starts_with(&[2]), "{fused:?}");
    let groups =
        QueryPointGroupsBuilder::new(NAME, "tag").query(vec![0.0, 0.0]).group_size(1u64).with_payload(true);
    let groups = client.query_groups(groups).await.expect("an answer").result.expect("groups").groups;
    assert_eq!(groups.iter().map(|group| ids(&group.hits)).collect::<Vec<_>>(), [vec![1], vec![3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_read_edited_and_deleted() {
    let (_server, client) = with_points().await;
    let index = CreateFieldIndexCollectionBuilder::new(NAME, "tag", FieldType::Keyword).wait(true);
    client.create_field_index(index).await.expect("an index");
    let facet = client.facet(FacetCountsBuilder::new(NAME, "tag")).await.expect("an answer").hits;
    assert_eq!(facet.iter().map(|hit| hit.count).collect::<Vec<_>>(), [3, 2]);
    let page = client.scroll(ScrollPointsBuilder::new(NAME).limit(2)).await.expect("a page");
    assert_eq!(page.result.len(), 2);
    assert!(page.next_page_offset.is_some());
    let mut payload = Payload::new();
    payload.insert("seen", true);
    let selector = PointsIdsList { ids: vec![1.into(), 2.into()] };
    let set = SetPayloadPointsBuilder::new(NAME, payload).points_selector(selector.clone()).wait(true);
    client.set_payload(set).await.expect("set");
    let remove = DeletePayloadPointsBuilder::new(NAME, vec!["n".to_owned()])
        .points_selector(selector.clone())
        .wait(true);
    client.delete_payload(remove).await.expect("removed");
    let get = GetPointsBuilder::new(NAME, vec![1.into(), 99.into()]).with_payload(true).with_vectors(true);
    let got = client.get_points(get).await.expect("an answer").result;
    assert_eq!(got.len(), 1);
    assert_eq!(
        got[0].payload.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        ["seen", "tag"].into()
    );
    client.delete_points(DeletePointsBuilder::new(NAME).points(selector).wait(true)).await.expect("deleted");
    let low = Filter::must([Condition::matches("tag", "low".to_owned())]);
    let count = client.count(CountPointsBuilder::new(NAME).filter(low).exact(true)).await.expect("an answer");
    assert_eq!(count.result.map(|result| result.count), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_codes_and_words_of_the_wire() {
    let (_server, client) = with_points().await;
    let refused = async |query: QueryPointsBuilder| {
        let error = client.query(query).await.expect_err("refused");
        let QdrantError::ResponseError { status } = error else { panic!("{error}") };
        (status.code(), status.message().to_owned())
    };
    let wide = refused(QueryPointsBuilder::new(NAME).query(vec![1.0, 2.0, 3.0])).await;
    assert_eq!(
        wide,
        (
            tonic::Code::InvalidArgument,
            "Wrong input: Vector dimension error: expected dim: 2, got 3".to_owned()
        )
    );
    let nowhere = refused(QueryPointsBuilder::new("nowhere").query(vec![1.0, 2.0])).await;
    assert_eq!(nowhere, (tonic::Code::NotFound, "Not found: Collection `nowhere` doesn't exist!".to_owned()));
    let (code, text) = refused(QueryPointsBuilder::new(NAME).query(vec![1.0, 2.0]).limit(0)).await;
    assert_eq!(code, tonic::Code::InvalidArgument);
    assert!(text.starts_with("Validation error in body: ["), "{text}");
}
