//! What the README says of tests.

use std::fs;
use std::path::Path;

/// The last column of the table: where each difference is pinned.
fn pinned() -> Vec<(String, Vec<String>)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let (_, section) = readme.split_once("\n## What differs from Hasura\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let (said, tests) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let names = tests.split('`').skip(1).step_by(2);
        (said.to_owned(), names.map(str::to_owned).collect())
    })
    .collect()
}

/// Whether a file holds tests, or a folder a case.
fn tests(path: &Path) -> bool {
    if path.is_dir() {
        let mut entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return path.join("request.graphql").is_file()
            || entries.any(|below| below.is_dir() && tests(&below));
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    // Files of cases are run by the test beside them.
    let cases = path.extension().is_some_and(|extension| extension == "txt") && !text.is_empty();
    cases
        || text.contains("#[test]")
        || text.contains("#[tokio::test")
        || text.contains("on_both_databases!(")
}

#[test]
fn every_difference_from_hasura_names_a_test_that_exists() {
    let pinned = pinned();
    assert!(pinned.len() > 20, "the table was not found");
    for (said, names) in pinned {
        assert!(!names.is_empty(), "nothing pins: {said}");
        for name in names {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
            assert!(tests(&path), "{name} is no test, in: {said}");
        }
    }
}
