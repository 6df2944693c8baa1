//! The documents that teams write by hand, as Markdown: one a command, a file each.

mod deployment;
mod diagram;
mod execution;
mod isolation;
mod objects;
mod page;
mod parts;
mod preflight;
mod proofs;
mod quick;
mod reference;
mod rehearsal;
mod section;
mod tables;
mod verification;

use self::page::Page;
use super::model::Report;

/// Renders a report as the document that belongs to its command.
pub fn render(report: &Report) -> String {
    let mut page = Page::new();
    if let Some(summary) = &report.preflight {
        preflight::render(&mut page, report, summary);
        return page.finish();
    }
    if let Some(rehearsal) = &report.rehearsal {
        rehearsal::render(&mut page, report, rehearsal);
        return page.finish();
    }
    match report.command {
        "apply" | "rollback" if report.dry_run => deployment::render(&mut page, report),
        "apply" | "rollback" => execution::render(&mut page, report),
        "verify" | "preflight" => verification::render(&mut page, report),
        "prove" if !report.proofs.is_empty() => proofs::render(&mut page, report),
        "diff" if report.difference.is_some() => proofs::difference(&mut page, report),
        _ => match &report.documentation {
            Some(documentation) if documentation.full => reference::render(&mut page, report, documentation),
            Some(documentation) => quick::render(&mut page, report, documentation),
            None => tables::render(&mut page, report),
        },
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::fixture;

    fn snapshot(name: &str, markdown: &str) {
        let version = format!("pgplumb {}", env!("CARGO_PKG_VERSION"));
        let markdown = markdown.replace(&version, "pgplumb [version]");
        crate::report::testing::snapshot(&format!("markdown_{name}"), &markdown);
    }

    #[test]
    fn every_report_is_a_document() {
        for (name, report) in fixture::all() {
            snapshot(name, &render(&report));
        }
        snapshot("docs", &render(&fixture::docs(false)));
        snapshot("docs_full", &render(&fixture::docs(true)));
    }

    /// A line without its code: what stands between two rows of as many backquotes.
    fn without_code(line: &str) -> String {
        let (mut prose, mut rest) = (String::new(), line);
        while let Some(start) = rest.find('`') {
            let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            let behind = &rest[start + ticks..];
            let mut at = 0;
            let end = loop {
                let Some(next) = behind[at..].find('`') else {
                    break None;
                };
                let run = behind[at + next..].len() - behind[at + next..].trim_start_matches('`').len();
                if run == ticks {
                    break Some(at + next + run);
                }
                at += next + run;
            };
            prose.push_str(&rest[..start]);
            rest = &behind[end.unwrap_or(0)..];
        }
        prose + rest
    }

    /// Whatever names hold: every line of a table has as many cells as its header, every fence is closed, and
    /// nothing becomes a tag.
    #[test]
    fn documents_are_well_formed() {
        let mut reports = fixture::with_odd();
        reports.push(("docs", fixture::docs(false)));
        reports.push(("docs_full", fixture::docs(true)));
        for (name, report) in reports {
            let markdown = render(&report);
            let mut fence: Option<String> = None;
            let mut cells = None;
            for line in markdown.lines() {
                assert!(!line.chars().any(char::is_control), "{name}: {line:?}");
                let ticks: String = line.chars().take_while(|character| *character == '`').collect();
                match &fence {
                    Some(open) if line.trim_end() == open => fence = None,
                    Some(_) => {}
                    None if ticks.len() >= 3 => fence = Some(ticks),
                    None if line.starts_with('|') => {
                        let count = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
                        assert_eq!(*cells.get_or_insert(count), count, "{name}: {line}");
                    }
                    None => {
                        cells = None;
                        let prose = without_code(line);
                        let tags = prose.replace("<code>", "").replace("</code>", "");
                        assert!(!tags.contains('<'), "{name}: {line}");
                    }
                }
            }
            assert_eq!(fence, None, "{name}");
        }
    }
}
