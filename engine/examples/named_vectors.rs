//! Named vectors: a shop whose articles have a text vector in half floats and a picture vector in bytes.
//!
//! ```text
//! cargo run -p nigh --example named_vectors
//! ```
//! Each name has its own dimension, metric and datatype, and a point may lack any of them. `f16` takes half the space of `f32` and
//! rounds; `u8` takes a quarter and accepts only whole numbers from 0 to 255, which it keeps exactly.
#![allow(clippy::print_stdout, reason = "an example talks")]

use nigh::{
    CollectionConfig, Database, Datatype, Metric, Point, PointId, SearchRequest, VectorConfig, WithPayload,
    WithVectors,
};
use std::collections::BTreeMap;

fn main() -> nigh::Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let db = Database::open(dir.path())?;
    let text = VectorConfig::new(4, Metric::Cosine).with_datatype(Datatype::F16);
    let picture = VectorConfig::new(3, Metric::Manhattan).with_datatype(Datatype::U8);
    let config = CollectionConfig::new().with_vector("text", text).with_vector("picture", picture);
    let articles = db.create_collection("articles", &config)?;

    articles.upsert([
        Point::without_vectors(1u64)
            .with_vector("text", [0.9, 0.1, 0.0, 0.2])
            .with_vector("picture", [200.0, 30.0, 10.0]),
        Point::without_vectors(2u64).with_vector("text", [0.1, 0.8, 0.3, 0.0]),
        // Known, but nobody has computed its vectors yet.
        Point::without_vectors(3u64),
    ])?;

    // Only points that have the vector are found.
    let reddish = articles.search(&SearchRequest::new([255.0, 0.0, 0.0]).using("picture"))?;
    println!("by picture: {:?}", ids(&reddish));

    // Vectors arrive later: `update_vectors` sets some and keeps the others and the payload.
    let late = |id: u64, name: &str, values: Vec<f32>| {
        (PointId::from(id), BTreeMap::from([(name.to_owned(), values)]))
    };
    articles.update_vectors([
        late(2, "picture", vec![250.0, 5.0, 5.0]),
        late(3, "text", vec![1.0, 0.0, 0.0, 0.0]),
    ])?;
    let reddish = articles.search(&SearchRequest::new([255.0, 0.0, 0.0]).using("picture"))?;
    println!("by picture, later: {:?}", ids(&reddish));

    // What does not fit is refused by name, and nothing of the call is written.
    let refused = articles.upsert([Point::without_vectors(4u64).with_vector("picture", [1.5, 0.0, 0.0])]);
    if let Err(error) = refused {
        println!("refused: {error}");
    }

    // A cosine vector is stored with length 1, here rounded to half floats.
    let stored = articles.get([PointId::from(1u64)], &WithPayload::No, &WithVectors::All)?;
    println!("stored: {:?}", stored.first().and_then(|record| record.vectors.clone()));

    // A vector that is no longer good is dropped; its point stays.
    articles.delete_vectors([PointId::from(1u64)], ["picture"])?;
    println!("{} articles, by picture: {:?}", articles.count()?, {
        ids(&articles.search(&SearchRequest::new([255.0, 0.0, 0.0]).using("picture"))?)
    });
    Ok(())
}

fn ids(hits: &[nigh::ScoredPoint]) -> Vec<String> {
    hits.iter().map(|hit| hit.id.to_string()).collect()
}
