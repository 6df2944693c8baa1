//! The files of `--report all=DIR`: every format, under names like those of the documents that teams write by
//! hand: `MIGRATION_0024_EXECUTION_REPORT.md`.

use super::model::Report;
use super::summary;
use super::{Format, TextOptions, render};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name, without a folder.
    pub name: String,
    pub text: String,
}

/// All files of a report.
pub fn documents(report: &Report, options: &TextOptions) -> Vec<Document> {
    Format::ALL
        .into_iter()
        .map(|format| Document {
            name: name(report, format),
            text: render(report, format, options),
        })
        .collect()
}

/// The name of the document in one format.
pub fn name(report: &Report, format: Format) -> String {
    // several commands may write into one folder: no two have a name in common
    let title = match (report.command, format) {
        ("apply", _) if report.dry_run => "ARTIFACTS_SUMMARY".to_string(),
        ("rollback", _) if report.dry_run => "ROLLBACK_PLAN".to_string(),
        ("apply", _) if report.rehearsal.is_some() => "REHEARSAL".to_string(),
        ("rollback", _) if report.rehearsal.is_some() => "ROLLBACK_REHEARSAL".to_string(),
        ("apply", Format::Text) => "SUMMARY".to_string(),
        ("apply", _) => "EXECUTION_REPORT".to_string(),
        ("verify", Format::Markdown) => "EXECUTIVE_SUMMARY".to_string(),
        ("verify", _) => "VERIFICATION_REPORT".to_string(),
        ("docs", _) if report.documentation.as_ref().is_some_and(|docs| docs.full) => "REFERENCE".to_string(),
        ("docs", _) => "QUICK_REFERENCE".to_string(),
        (command, _) => format!("{}_REPORT", command.to_uppercase()),
    };
    format!("{}{title}.{}", subject(report), format.extension())
}

/// `MIGRATION_0024_`, `MIGRATIONS_0023_0024_`; nothing when it is not about certain migrations.
fn subject(report: &Report) -> String {
    let suites = summary::by_suite(report);
    let mut versions: Vec<&str> = match report.command {
        // all migrations are listed there, and these are what it is about; always-on suites have names
        "verify" => suites
            .iter()
            .filter(|suite| suite.totals.skip < suite.totals.all())
            .map(|suite| suite.name)
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            .collect(),
        _ => Vec::new(),
    };
    if versions.is_empty() {
        versions = report
            .migrations
            .iter()
            .map(|migration| migration.version.as_str())
            .collect();
    }
    versions.sort_by_key(|version| version.parse::<u64>().unwrap_or_default());
    match versions.as_slice() {
        [] => String::new(),
        [one] => format!("MIGRATION_{one}_"),
        [first, .., last] => format!("MIGRATIONS_{first}_{last}_"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{documents, name};
    use crate::report::{Format, TextOptions, fixture};

    #[test]
    fn names_are_like_the_documents_own() {
        for (report, format, wanted) in [
            (
                fixture::apply_approved(),
                Format::Text,
                "MIGRATION_0024_SUMMARY.txt",
            ),
            (
                fixture::apply_approved(),
                Format::Json,
                "MIGRATION_0024_EXECUTION_REPORT.json",
            ),
            (
                fixture::apply_script_failed(),
                Format::Junit,
                "MIGRATIONS_0023_0025_EXECUTION_REPORT.junit.xml",
            ),
            (
                fixture::rollback(),
                Format::Sarif,
                "MIGRATION_0024_ROLLBACK_REPORT.sarif",
            ),
            (
                fixture::verify_approved(),
                Format::Markdown,
                "MIGRATION_0024_EXECUTIVE_SUMMARY.md",
            ),
            (
                fixture::rollback_dry_run(),
                Format::Text,
                "MIGRATION_0024_ROLLBACK_PLAN.txt",
            ),
            (
                fixture::verify_not_approved(),
                Format::Tap,
                "MIGRATIONS_0001_0024_VERIFICATION_REPORT.tap",
            ),
            (fixture::unreachable(), Format::Json, "VERIFICATION_REPORT.json"),
            (fixture::status(), Format::Github, "STATUS_REPORT.github.txt"),
        ] {
            assert_eq!(name(&report, format), wanted);
        }
    }

    #[test]
    fn each_format_has_a_file_of_its_own() {
        for (_, report) in fixture::all() {
            let documents = documents(&report, &TextOptions::default());
            let names: BTreeSet<&str> = documents.iter().map(|document| document.name.as_str()).collect();
            assert_eq!(names.len(), Format::ALL.len());
        }
    }
}
