//! Cases: `cases/<verb>/<case>/` holds a project, the steps of `case.toml`, and what each step says on stdout
//! and stderr (`1.stdout`, `1.stderr`, …), what a query answers afterwards (`1.rows`) and what files hold
//! (`1.files`). All of it is compared whole; what differs from run to run is redacted.
//!
//! `SNAPSHOTS=overwrite cargo test cases` accepts what is said now; `CASE=name` runs the cases of that name alone.

use crate::support::case;

macro_rules! verbs {
    ($($verb:ident),* $(,)?) => {
        const VERBS: &[&str] = &[$(stringify!($verb)),*];

        $(#[test]
        fn $verb() {
            case::run_all(stringify!($verb));
        })*
    };
}

verbs![
    apply,
    audit,
    baseline,
    checks,
    completions,
    history,
    init,
    input,
    layouts,
    man,
    new,
    preflight,
    project,
    prove,
    refinery,
    repair,
    report,
    rollback,
    snapshot,
    status,
    verify,
];

#[test]
fn every_folder_of_cases_is_run() {
    let found: Vec<String> = case::folders(&case::root())
        .iter()
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        found, VERBS,
        "a folder in tests/cases/ stands in the list of tests/cases.rs"
    );
}
