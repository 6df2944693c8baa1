//! The report for people: the outcome first, what needs a hand next, everything else below, and the outcome
//! again at the end, where a terminal stops scrolling.

mod page;
mod artifacts;
mod checks;
mod details;
mod messages;
mod plan;
mod tables;

use self::page::{Page, Style, bold, dim, styled};
use super::model::Report;
use super::summary::{self, Outcome, Tone};

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns of the terminal; lines are wrapped there.
    pub width: usize,
    /// ANSI colours of the terminal's own palette.
    pub color: bool,
    /// Marks and lines beyond ASCII.
    pub unicode: bool,
}

/// What suits a pipe.
impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions {
            width: 100,
            color: false,
            unicode: true,
        }
    }
}

/// Renders a report as text.
pub fn render(report: &Report, options: &TextOptions) -> String {
    let mut page = Page::new(*options);
    let outcome = summary::outcome(report);
    headline(&mut page, report, &outcome);
    match report.command {
        "status" => {
            messages::errors(&mut page, report);
            tables::status(&mut page, report);
        }
        "history" => {
            messages::errors(&mut page, report);
            tables::history(&mut page, report);
        }
        _ if summary::is_run(report) => run(&mut page, report, &outcome),
        _ => judgement(&mut page, report),
    }
    messages::others(&mut page, report);
    sign_off(&mut page, report, &outcome);
    page.finish()
}

/// A run that went well tells what it did; one that did not tells first what went wrong.
fn run(page: &mut Page, report: &Report, outcome: &Outcome) {
    match outcome.tone {
        Tone::Bad => {
            messages::errors(page, report);
            checks::problems(page, report);
            checks::checklist(page, report);
            migrations(page, report);
            details::section(page, report);
        }
        Tone::Good | Tone::Neutral => {
            details::section(page, report);
            migrations(page, report);
            checks::checklist(page, report);
            checks::problems(page, report);
        }
    }
}

fn migrations(page: &mut Page, report: &Report) {
    if report.dry_run {
        for migration in &report.migrations {
            plan::section(page, migration);
        }
    } else {
        artifacts::sections(page, report);
    }
}

/// What was found, as a whole and then one by one.
fn judgement(page: &mut Page, report: &Report) {
    messages::errors(page, report);
    checks::checklist(page, report);
    checks::problems(page, report);
    details::files(page, report);
    details::section(page, report);
}

/// `✓ APPROVED · apply of 0024_sync on shop (production)`.
fn headline(page: &mut Page, report: &Report, outcome: &Outcome) {
    let mark = page.tone_mark(outcome.tone);
    let mut spans = vec![];
    if !mark.is_empty() {
        spans.push(styled(tone_style(outcome.tone), format!("{mark} ")));
    }
    spans.push(styled(tone_style(outcome.tone), outcome.word));
    spans.push(dim(format!(" {} ", page.dot())));
    spans.push(bold(report.command));
    if report.dry_run {
        spans.push(bold(" --dry-run"));
    }
    match report.migrations.as_slice() {
        _ if !summary::is_run(report) => {}
        [] => {}
        [one] => spans.push(bold(format!(" {}", one.stem()))),
        several => spans.push(bold(format!(
            " of {}",
            summary::quantity(several.len(), "migration")
        ))),
    }
    if let Some(database) = &report.database {
        spans.push(dim(format!(" {} ", page.dot())));
        spans.push(bold(database.name.as_str()));
        spans.push(page::plain(format!(" on {}", database.host)));
    }
    if let Some(environment) = &report.environment {
        spans.push(page::plain(format!(" ({environment})")));
    }
    page.put(0, 2, &spans);
}

/// The last line: `APPROVED: 1 migration applied; 142 checks passed (exit code 0)`.
fn sign_off(page: &mut Page, report: &Report, outcome: &Outcome) {
    page.blank();
    page.put(
        0,
        2,
        &[
            styled(tone_style(outcome.tone), format!("{}:", outcome.word)),
            page::plain(format!(" {}", outcome.sentence)),
            dim(format!(" (exit code {})", report.exit.code())),
        ],
    );
}

fn tone_style(tone: Tone) -> Style {
    match tone {
        Tone::Good => Style::Good,
        Tone::Bad => Style::Bad,
        Tone::Neutral => Style::Bold,
    }
}

#[cfg(test)]
mod tests {
    use super::{TextOptions, render};
    use crate::report::fixture;

    #[test]
    fn print() {
        let only = std::env::var("ONLY").unwrap_or_default();
        let width = std::env::var("W")
            .ok()
            .and_then(|w| w.parse().ok())
            .unwrap_or(100);
        for (name, report) in fixture::all() {
            if name.starts_with(&only) {
                println!("######## {name}");
                println!(
                    "{}",
                    render(
                        &report,
                        &TextOptions {
                            width,
                            color: std::env::var("C").is_ok(),
                            unicode: std::env::var("A").is_err()
                        }
                    )
                );
            }
        }
    }
}
