//! HDF5 files that are sound but do not fit: the error names file, dataset, place, what was expected and got.

mod support;

use hdf5_pure::{AttrValue, FileBuilder};
use nigh_datasets::{DatasetProblem, Place, Problem, ReadError, read_ann_benchmark};
use support::stored;

/// A good file of 4 rows of 3, 2 queries and 2 neighbours each, but for what `change` makes of it.
struct Draft {
    distance: &'static str,
    kind: &'static str,
    train: Vec<f32>,
    chunk_rows: Option<u64>,
    test: (u64, u64),
    neighbors: (u64, u64),
    ids: Vec<i64>,
    distances: (u64, u64),
}

fn error(change: impl FnOnce(&mut Draft)) -> ReadError {
    let mut draft = Draft {
        distance: "euclidean",
        kind: "dense",
        train: (0..12).map(|i| i as f32).collect(),
        chunk_rows: None,
        test: (2, 3),
        neighbors: (2, 2),
        ids: vec![0, 1, 2, 3],
        distances: (2, 2),
    };
    change(&mut draft);
    let mut file = FileBuilder::new();
    file.set_attr("distance", AttrValue::String(draft.distance.to_owned()));
    file.set_attr("type", AttrValue::String(draft.kind.to_owned()));
    let train = file.create_dataset("train").with_f32_data(&draft.train).with_shape(&[4, 3]);
    if let Some(rows) = draft.chunk_rows {
        train.with_chunks(&[rows, 3]).with_deflate(6);
    }
    let floats = |(rows, columns): (u64, u64)| vec![0.5; (rows * columns) as usize];
    let shape = |(rows, columns)| [rows, columns];
    file.create_dataset("test").with_f32_data(&floats(draft.test)).with_shape(&shape(draft.test));
    file.create_dataset("neighbors").with_i64_data(&draft.ids).with_shape(&shape(draft.neighbors));
    let lengths = floats(draft.distances);
    file.create_dataset("distances").with_f32_data(&lengths).with_shape(&shape(draft.distances));
    let thread = std::thread::current();
    let name = format!("{}.hdf5", thread.name().unwrap_or("main"));
    let bytes = file.finish().expect("the draft can be written");
    read_ann_benchmark(stored("refused", &name, &bytes)).expect_err("the draft does not fit")
}

#[track_caller]
fn check(error: &ReadError, dataset: &str, expected: &DatasetProblem) {
    let Problem::Dataset { name, problem } = &error.problem else { panic!("{error}") };
    assert_eq!((*name, problem), (dataset, expected));
    let message = error.to_string();
    assert!(message.contains(".hdf5: ") && message.contains(&format!("dataset {dataset}: ")), "{message}");
}

#[test]
fn shapes_that_do_not_fit_each_other() {
    let columns = |like, expected, got| DatasetProblem::Columns { like, expected, got };
    let rows = |like, expected, got| DatasetProblem::Rows { like, expected, got };
    check(&error(|draft| draft.test = (2, 4)), "test", &columns("train", 3, 4));
    check(&error(|draft| draft.neighbors = (4, 1)), "neighbors", &rows("test", 2, 4));
    check(&error(|draft| draft.distances = (3, 2)), "distances", &rows("test", 2, 3));
    check(&error(|draft| draft.distances = (2, 5)), "distances", &columns("neighbors", 2, 5));
}

#[test]
fn distances_that_are_not_supported() {
    for distance in ["hamming", "jaccard"] {
        let error = error(|draft| draft.distance = distance);
        assert_eq!(error.place, Place::File);
        let message = error.to_string();
        let expected = format!("expected euclidean, angular or dot as attribute distance, got {distance}");
        assert!(message.ends_with(&expected), "{message}");
    }
    let sparse = error(|draft| draft.kind = "sparse").to_string();
    assert!(sparse.ends_with("expected dense as attribute type, got sparse"), "{sparse}");
}

#[test]
fn a_nan_is_named_by_row_column_and_byte() {
    let nan = |draft: &mut Draft| {
        draft.train[7] = 1234.5;
        draft.train[8] = f32::NAN;
    };
    let error = error(nan);
    let Problem::Dataset { name: "train", problem: DatasetProblem::NotFinite { row: 2, column: 2, got } } =
        error.problem
    else {
        panic!("{error}")
    };
    assert!(got.is_nan());
    // The value before it stands right before it.
    let bytes = std::fs::read(&error.path).unwrap();
    let before = bytes.windows(4).position(|piece| piece == 1234.5_f32.to_le_bytes()).unwrap();
    assert_eq!(error.place, Place::Byte(before as u64 + 4));
}

#[test]
fn a_nan_in_a_chunk_is_named_by_row_column_and_chunk() {
    let error = error(|draft| {
        draft.chunk_rows = Some(2);
        draft.train[9] = f32::INFINITY;
    });
    check(&error, "train", &DatasetProblem::NotFinite { row: 3, column: 0, got: f64::INFINITY });
    let bytes = std::fs::read(&error.path).unwrap();
    let chunk = error.offset().unwrap() as usize;
    // A zlib stream of level 6.
    assert_eq!(bytes[chunk..chunk + 2], [0x78, 0x9c]);
}

#[test]
fn a_neighbour_that_is_no_row_of_the_base() {
    let unknown = |row, column, got| DatasetProblem::UnknownId { row, column, expected_below: 4, got };
    check(&error(|draft| draft.ids[3] = 4), "neighbors", &unknown(1, 1, 4));
    check(&error(|draft| draft.ids[0] = -1), "neighbors", &unknown(0, 0, -1));
    check(&error(|draft| draft.ids[1] = 1 << 40), "neighbors", &unknown(0, 1, 1 << 40));
}

/// A file of one dataset, read by its name.
fn base_error(fill: impl FnOnce(&mut FileBuilder)) -> ReadError {
    let mut file = FileBuilder::new();
    fill(&mut file);
    let bytes = file.finish().expect("the draft can be written");
    nigh_datasets::read("some.hdf5", &bytes[..]).expect_err("the draft makes no vectors")
}

#[test]
fn types_and_shapes_that_make_no_vectors() {
    let error = base_error(|file| {
        file.create_dataset("train").with_vlen_strings(&["a", "b"]).with_shape(&[1, 2]);
    });
    assert!(error.to_string().contains("dataset train: expected elements of f32, f64, u8"), "{error}");

    let error = base_error(|file| {
        file.create_dataset("train").with_i64_data(&[1, 1 << 31]).with_shape(&[2, 1]);
    });
    check(&error, "train", &DatasetProblem::NotI32 { row: 1, column: 0, got: 1 << 31 });

    let error = base_error(|file| {
        file.create_dataset("train").with_f64_data(&[1.0, 1e39]).with_shape(&[1, 2]);
    });
    check(&error, "train", &DatasetProblem::NotFinite { row: 0, column: 1, got: 1e39 });

    for shape in [vec![4], vec![1, 2, 2]] {
        let error = base_error(|file| {
            file.create_dataset("train").with_f32_data(&[0.0; 4]).with_shape(&shape);
        });
        check(&error, "train", &DatasetProblem::Shape { got: shape });
    }

    let error = base_error(|file| {
        file.create_dataset("base").with_f32_data(&[0.0]).with_shape(&[1, 1]);
    });
    check(&error, "train", &DatasetProblem::Missing);
}
