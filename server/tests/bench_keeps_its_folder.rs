//! A bench told where to put its databases leaves them there with the truth, and refuses a folder that holds something.

mod support;

use std::ffi::OsStr;
use std::path::Path;

use support::{code, nigh, stderr};

fn bench(dir: &Path) -> std::process::Output {
    let args = ["bench", "--rows", "500", "--dim", "8", "--query-rows", "5", "--ef", "10", "--rounds", "1"];
    let args = args.into_iter().chain(["--m", "8,16", "--ef-construct", "40", "--dir"]);
    nigh(args.map(OsStr::new).chain([dir.as_os_str()]))
}

#[test]
fn databases_and_truth_stay_and_are_not_overwritten() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = temp.path().join("kept");
    assert_eq!(code(&bench(&dir)), 0);
    for name in ["m8-ef40", "m16-ef40"] {
        assert_eq!(code(&nigh(["verify".as_ref(), dir.join(name).as_os_str()])), 0, "{name}");
    }
    let truth = nigh_datasets::open(dir.join("truth.ivecs")).expect("a list of neighbours");
    assert_eq!((truth.rows(), truth.dim()), (5, 10));
    let again = bench(&dir);
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));
}
