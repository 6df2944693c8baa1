//! No secret reaches a report, whatever a script, a setting or a server says.

use super::model::Report;
use super::strings::Strings;
use crate::redact::redact;

/// The report as it may be shown.
pub fn redacted(report: &Report) -> Report {
    let mut report = report.clone();
    report.each(&|text| {
        let shown = redact(text);
        if shown != *text {
            *text = shown;
        }
    });
    report
}

#[cfg(test)]
mod tests {
    use super::redacted;
    use crate::report::fixture::{self, seeded};
    use crate::report::{Format, Report, TextOptions, render};

    const SECRET: &str = "hunter2";

    /// Every position of a URL and of a key=value string, and what else a script or a server may say.
    const TEXTS: [&str; 18] = [
        "postgres://app:hunter2@db.example.net:5432/shop?sslmode=require",
        "postgresql://app:p@ss:hunter2@db/shop",
        "postgres://app:a/b?c#hunter2@db/shop",
        "postgres://app:a hunter2@db/shop",
        "postgres://db/shop?password=hunter2",
        "postgres://db/shop?user=a&password=hunter2&sslmode=require",
        "postgres://db/shop?sslpassword=hunter2#x",
        "postgres://a:x@db1,b:hunter2@db2/shop",
        "password=hunter2 host=db",
        "host=db password=hunter2 dbname=shop",
        "host=db dbname=shop PASSWORD = hunter2",
        "host=db password='a\\' hunter2' dbname=shop",
        "host=db password='a'' hunter2' dbname=shop",
        "host=db password=a\\ hunter2",
        "PGPASSWORD=hunter2 pgplumb apply",
        "{\"user\": \"a\", \"password\": \"hunter2\"}",
        "CREATE ROLE app LOGIN PASSWORD 'hunter2'",
        "invalid connection option in \"host=db password=hunter2\"",
    ];

    /// Every report, what `docs` tells included.
    fn reports() -> Vec<(&'static str, Report)> {
        let mut reports = fixture::all();
        reports.push(("docs", fixture::docs(false)));
        reports.push(("docs_full", fixture::docs(true)));
        let mut preflight = fixture::apply_blocked();
        preflight.command = "preflight";
        reports.push(("preflight", preflight));
        reports
    }

    #[test]
    fn no_format_shows_a_password() {
        let text = TEXTS.join("\n");
        let verbose = TextOptions {
            verbose: true,
            document: true,
            ..TextOptions::default()
        };
        for (name, report) in reports() {
            let seeded = seeded(&report, &text);
            for format in Format::ALL {
                let rendered = render(&seeded, format, &verbose);
                // a line may be broken in the middle of it
                let rendered: String = rendered.split_whitespace().collect();
                let shown = rendered.find(SECRET).map(|at| {
                    let before: String = rendered[..at].chars().rev().take(60).collect();
                    before.chars().rev().collect::<String>()
                });
                assert_eq!(shown, None, "{name} as {format} shows it behind this");
            }
        }
    }

    #[test]
    fn what_holds_no_password_stays_as_it_is() {
        for (name, report) in reports() {
            let (before, after) = (format!("{report:?}"), format!("{:?}", redacted(&report)));
            assert_eq!(before, after, "{name}");
        }
    }
}
