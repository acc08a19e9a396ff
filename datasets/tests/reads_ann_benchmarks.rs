//! HDF5 files in the layout of ann-benchmarks are read whole: base, queries, metric, neighbours, distances.

mod support;

use hdf5_pure::{AttrValue, FileBuilder};
use nigh_datasets::{
    AnnBenchmark, GroundTruth, GroundTruthMetric, Row, Values, VectorSet, open, read, read_ann_benchmark,
};
use support::{fixture, gzip, ids, stored};

/// `count` numbers in rows of 5: multiples of `step`, cut at `modulus`.
fn numbers(count: u32, step: u32, modulus: u32) -> Vec<u8> {
    (0..count).map(|i| (i * step % modulus) as u8).collect()
}

fn eighths(values: &[u8]) -> VectorSet {
    let values = values.iter().map(|&value| f32::from(value) / 8.0).collect();
    VectorSet::new(5, Values::F32(values)).expect("rows of 5")
}

fn bytes(values: Vec<u8>) -> VectorSet {
    VectorSet::new(5, Values::U8(values)).expect("rows of 5")
}

/// The published lists are those of the vectors.
fn check_lists(file: &AnnBenchmark) {
    let listed = file.neighbors.as_ref().expect("the file lists neighbours");
    let truth =
        GroundTruth::from_ids(&file.base, &file.queries, file.metric, listed).expect("rows of the base");
    let published = file.distances.as_ref().expect("the file lists distances");
    for query in 0..file.queries.rows() {
        assert_eq!(truth.ids[query], ids(listed, query));
        let Row::F32(published) = published.row(query) else { panic!("distances are f32") };
        for (ours, theirs) in truth.distances[query].iter().zip(published) {
            let theirs = if file.metric == GroundTruthMetric::L2 { theirs * theirs } else { *theirs };
            assert!((ours - theirs).abs() <= 1e-5 * (1.0 + theirs), "query {query}: {ours}, {theirs}");
        }
    }
}

#[test]
fn what_h5py_wrote() {
    let floats = (eighths(&numbers(60, 37, 101)), eighths(&numbers(15, 53, 89)));
    let small = (bytes(numbers(60, 37, 251)), bytes(numbers(15, 53, 241)));
    for (name, (base, queries), metric) in [
        ("contiguous-f32.hdf5", floats.clone(), GroundTruthMetric::L2),
        ("gzip-f32.hdf5", floats, GroundTruthMetric::Cosine),
        ("gzip-u8.hdf5", small, GroundTruthMetric::L2),
    ] {
        let file = read_ann_benchmark(fixture(name)).unwrap();
        assert_eq!((&file.base, &file.queries, file.metric), (&base, &queries, metric), "{name}");
        check_lists(&file);
    }
}

#[test]
fn a_file_by_its_name_alone_gives_the_base() {
    let path = fixture("gzip-f32.hdf5");
    let expected = eighths(&numbers(60, 37, 101));
    assert_eq!(open(&path).unwrap(), expected);
    let content = std::fs::read(path).unwrap();
    for name in ["a.hdf5", "a.h5", "a.H5.gz"] {
        assert_eq!(read(name, &content[..]).unwrap(), expected, "{name}");
        assert_eq!(read(name, &gzip(&content)[..]).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_file_packed_once_more_is_the_same_file() {
    let path = fixture("gzip-u8.hdf5");
    let packed = stored("packed", "a.hdf5.gz", &gzip(&std::fs::read(&path).unwrap()));
    assert_eq!(read_ann_benchmark(packed).unwrap(), read_ann_benchmark(path).unwrap());
}

#[test]
fn every_element_type_and_no_lists() {
    type Fill = fn(&mut FileBuilder, &str, u64);
    let cases: [(Fill, Values); 5] = [
        (
            |file, name, rows| {
                let data: Vec<f64> = (0..rows * 2).map(|i| i as f64 / 10.0).collect();
                file.create_dataset(name).with_f64_data(&data).with_shape(&[rows, 2]);
            },
            Values::F32(vec![0.0, 0.1, 0.2, 0.3]),
        ),
        (
            |file, name, rows| {
                let data: Vec<i8> = (0..rows * 2).map(|i| -(i as i8)).collect();
                file.create_dataset(name).with_i8_data(&data).with_shape(&[rows, 2]);
            },
            Values::I8(vec![0, -1, -2, -3]),
        ),
        (
            |file, name, rows| {
                let data: Vec<i32> = (0..rows * 2).map(|i| i as i32 - i32::MAX).collect();
                file.create_dataset(name).with_i32_data(&data).with_shape(&[rows, 2]);
            },
            Values::I32(vec![-i32::MAX, 1 - i32::MAX, 2 - i32::MAX, 3 - i32::MAX]),
        ),
        (
            |file, name, rows| {
                let data: Vec<i64> = (0..rows * 2).map(|i| i as i64 - 2).collect();
                file.create_dataset(name).with_i64_data(&data).with_shape(&[rows, 2]).with_chunks(&[1, 2]);
            },
            Values::I32(vec![-2, -1, 0, 1]),
        ),
        (
            |file, name, rows| {
                let data: Vec<u8> = (0..rows * 2).map(|i| i as u8).collect();
                let dataset = file.create_dataset(name).with_u8_data(&data).with_shape(&[rows, 2]);
                dataset.with_chunks(&[100, 1]).with_shuffle().with_deflate(9);
            },
            Values::U8(vec![0, 1, 2, 3]),
        ),
    ];
    for (fill, expected) in cases {
        let mut builder = FileBuilder::new();
        builder.set_attr("distance", AttrValue::String("dot".to_owned()));
        fill(&mut builder, "train", 2);
        fill(&mut builder, "test", 1);
        let file = read_ann_benchmark(stored("types", "a.h5", &builder.finish().unwrap())).unwrap();
        assert_eq!(file.base.values(), &expected);
        assert_eq!(file.queries, file.base.head(1));
        assert_eq!(file.metric, GroundTruthMetric::Dot);
        assert_eq!((file.neighbors, file.distances), (None, None));
    }
}

#[test]
fn windows_of_rows_join_without_a_seam() {
    let (rows, columns) = (70_001, 32_u32);
    let data: Vec<f32> = (0..rows * columns).map(|i| (i % 8_191) as f32).collect();
    for chunk_rows in [None, Some(1_000)] {
        let mut builder = FileBuilder::new();
        let shape = [u64::from(rows), u64::from(columns)];
        let dataset = builder.create_dataset("train").with_f32_data(&data).with_shape(&shape);
        if let Some(chunk_rows) = chunk_rows {
            dataset.with_chunks(&[chunk_rows, 20]).with_deflate(1);
        }
        let set = read("a.hdf5", &builder.finish().unwrap()[..]).unwrap();
        assert_eq!(set.rows(), rows as usize);
        assert!(set.values() == &Values::F32(data.clone()), "chunks of {chunk_rows:?}");
    }
}

#[test]
fn the_name_tells_the_metric_where_the_file_does_not() {
    let mut builder = FileBuilder::new();
    for name in ["train", "test"] {
        builder.create_dataset(name).with_f32_data(&[1.0, 2.0]).with_shape(&[1, 2]);
    }
    let content = builder.finish().unwrap();
    let metric = |name| read_ann_benchmark(stored("names", name, &content)).map(|file| file.metric);
    assert_eq!(metric("some-2-euclidean.hdf5").unwrap(), GroundTruthMetric::L2);
    assert_eq!(metric("glove_2_Angular.h5").unwrap(), GroundTruthMetric::Cosine);
    let error = metric("vectors.hdf5").unwrap_err();
    assert!(error.to_string().contains("expected euclidean, angular or dot"), "{error}");
}
