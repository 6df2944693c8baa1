//! The report for people: the outcome first, what needs a hand next, everything else below, and the outcome
//! again at the end, where a terminal stops scrolling.

mod page;
mod artifacts;
mod checks;
mod details;
mod isolation;
mod messages;
mod plan;
mod preflight;
mod rehearsal;
mod section;
mod timeline;
mod proofs;
mod tables;

use self::page::{Page, Style, bold, dim, styled};
use super::exit::ExitCode;
use super::model::Report;
use super::section as sections;
use super::summary::{self, Outcome, Tone};
use super::timeline::Extent;
use crate::diagnostic::screen;

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Columns of the terminal; lines are wrapped there.
    pub width: usize,
    /// ANSI colours of the terminal's own palette.
    pub color: bool,
    /// Marks and lines beyond ASCII.
    pub unicode: bool,
    /// Everything that a preflight looked at, not only what is in the way.
    pub verbose: bool,
    /// A document for the record: what it rests on, what was not looked at, the lines where people sign.
    pub document: bool,
}

/// What suits a pipe.
impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions {
            width: 100,
            color: false,
            unicode: true,
            verbose: false,
            document: false,
        }
    }
}

/// Renders a report as text.
pub fn render(report: &Report, options: &TextOptions) -> String {
    let mut page = Page::new(*options);
    let outcome = summary::outcome(report);
    headline(&mut page, report, &outcome);
    messages::errors(&mut page, report);
    if let Some(preflight) = &report.preflight {
        let full = options.verbose || report.command == "preflight" && report.exit == ExitCode::Blocked;
        preflight::section(&mut page, preflight, full);
    }
    if let Some(rehearsal) = &report.rehearsal {
        rehearsal::section(&mut page, rehearsal);
    }
    match report.command {
        "status" => tables::status(&mut page, report),
        "history" => tables::history(&mut page, report),
        "prove" | "diff" | "snapshot" => {
            proofs::section(&mut page, report, options.verbose);
            proofs::difference(&mut page, report);
            judgement(&mut page, report);
        }
        _ if summary::is_run(report) => run(&mut page, report, &outcome),
        _ => judgement(&mut page, report),
    }
    let extent = match options.verbose || options.document {
        true => Extent::Whole,
        false => Extent::Brief,
    };
    timeline::section(&mut page, report, extent);
    isolation::section(&mut page, report);
    messages::others(&mut page, report);
    if options.document {
        for (_, part) in sections::record(report) {
            section::write(&mut page, &part);
        }
    }
    timeline::statements(&mut page, report, extent);
    sign_off(&mut page, report, &outcome);
    page.finish()
}

/// A run that went well tells what it did; one that did not tells first what went wrong.
fn run(page: &mut Page, report: &Report, outcome: &Outcome) {
    match outcome.tone {
        // its causes stand above, with what waits for each
        Tone::Bad if report.preflight.is_some() => details::section(page, report),
        Tone::Bad => {
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
            plan::section(page, migration, report.command);
        }
    } else {
        artifacts::sections(page, report);
    }
}

/// What was found, as a whole and then one by one.
fn judgement(page: &mut Page, report: &Report) {
    if report.preflight.is_none() {
        checks::checklist(page, report);
        checks::problems(page, report);
    }
    details::files(page, report);
    details::linted(page, report);
    details::section(page, report);
}

/// `✓ APPROVED · apply 0024_sync · shop (production)`.
fn headline(page: &mut Page, report: &Report, outcome: &Outcome) {
    let style = tone_style(outcome.tone);
    let dot = dim(format!(" {} ", page.dot()));
    let mut spans = vec![];
    match page.tone_mark(outcome.tone) {
        "" => {}
        mark => spans.push(styled(style, format!("{mark} "))),
    }
    spans.push(styled(style, outcome.word));
    if !outcome.word.eq_ignore_ascii_case(report.command) {
        spans.extend([dot.clone(), bold(report.command)]);
    }
    if let Some(flag) = report.flag() {
        spans.push(bold(format!(" {flag}")));
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
        spans.extend([dot, bold(&database.name)]);
    }
    if let Some(environment) = &report.environment {
        spans.push(page::plain(format!(" ({environment})")));
    }
    page.put(0, 2, &spans);
}

/// The last line, always one: `APPROVED: 1 migration applied; 142 checks passed (exit code 0)`. What does
/// not fit is left out part by part: it stands above in full.
fn sign_off(page: &mut Page, report: &Report, outcome: &Outcome) {
    page.blank();
    let word = format!("{}:", outcome.word);
    let exit = format!("(exit code {})", report.exit.code());
    let room = page.width().saturating_sub(word.len() + exit.len() + 2);
    let sentence = shortened(&screen::clean(&outcome.sentence), room, page.ellipsis());
    page.put(
        0,
        0,
        &[
            styled(tone_style(outcome.tone), word).solid(),
            page::plain(format!(" {sentence} ")).solid(),
            dim(exit).solid(),
        ],
    );
}

/// As many parts of a sentence as fit; of a first part that is too long, its beginning.
fn shortened(sentence: &str, columns: usize, ellipsis: &str) -> String {
    let ends = sentence.match_indices([',', ';']).map(|(end, _)| end);
    ends.chain([sentence.len()])
        .rev()
        .map(|end| match end == sentence.len() {
            true => sentence.to_string(),
            false => format!("{} {ellipsis}", &sentence[..=end]),
        })
        .find(|part| screen::width(part) <= columns)
        .unwrap_or_else(|| screen::cut(sentence, columns, ellipsis))
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
    use crate::report::{fixture, summary};

    const WIDTHS: [usize; 4] = [60, 80, 100, 140];

    fn options(width: usize, color: bool, unicode: bool) -> TextOptions {
        TextOptions {
            width,
            color,
            unicode,
            verbose: false,
            document: false,
        }
    }

    /// Text without its colours.
    fn without_color(text: &str) -> String {
        let mut parts = text.split('\x1b');
        let mut out = parts.next().unwrap_or("").to_string();
        for part in parts {
            let (code, rest) = part.split_once('m').expect("a sequence that ends");
            assert!(code.starts_with('['), "{part:?}");
            out.push_str(rest);
        }
        out
    }

    fn snapshot(name: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("../snapshots");
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("text_{name}"), text));
    }

    #[test]
    fn every_report_on_a_page_of_100() {
        for (name, report) in fixture::all() {
            snapshot(name, &render(&report, &TextOptions::default()));
        }
    }

    #[test]
    fn the_whole_document() {
        for (name, report) in fixture::all() {
            let whole = TextOptions {
                verbose: true,
                document: true,
                ..TextOptions::default()
            };
            let text = render(&report, &whole);
            if ["apply_approved", "apply_not_approved", "verify_not_approved"].contains(&name) {
                snapshot(&format!("{name}_document"), &text);
            }
            let ascii = render(
                &report,
                &TextOptions {
                    unicode: false,
                    ..whole
                },
            );
            if !["hostile", "status"].contains(&name) {
                assert!(ascii.is_ascii(), "{name}: {ascii}");
            }
        }
    }

    #[test]
    fn narrow_and_in_ascii() {
        for (name, report) in fixture::all() {
            if [
                "apply_script_failed",
                "verify_not_approved",
                "status",
                "apply_dry_run",
            ]
            .contains(&name)
            {
                snapshot(
                    &format!("{name}_60_ascii"),
                    &render(&report, &options(60, false, false)),
                );
            }
        }
    }

    #[test]
    fn in_color() {
        let text = render(&fixture::verify_not_approved(), &options(80, true, true));
        snapshot("verify_not_approved_80_color", &text.replace('\x1b', "␛"));
    }

    #[test]
    fn color_changes_no_character() {
        for (name, report) in fixture::all() {
            for width in WIDTHS {
                let plain = render(&report, &options(width, false, true));
                let color = render(&report, &options(width, true, true));
                let color: Vec<String> = without_color(&color)
                    .lines()
                    .map(|line| line.trim_end().into())
                    .collect();
                assert_eq!(color, plain.lines().collect::<Vec<_>>(), "{name} at {width}");
            }
        }
    }

    /// A line may be longer than the page only for one word that cannot be broken.
    #[test]
    fn lines_keep_to_the_page() {
        for (name, report) in fixture::all() {
            for width in WIDTHS {
                for unicode in [false, true] {
                    for line in render(&report, &options(width, false, unicode)).lines() {
                        let columns = crate::diagnostic::screen::width(line);
                        let words = line.split_whitespace().filter(|word| *word != "-->").count();
                        assert!(columns <= width || words == 1, "{name} at {width}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_and_the_last_line_tell_the_outcome() {
        for (name, report) in fixture::all() {
            let word = summary::outcome(&report).word;
            let exit = format!("(exit code {})", report.exit.code());
            for width in WIDTHS {
                let text = render(&report, &options(width, false, true));
                assert!(
                    text.lines().next().is_some_and(|line| line.contains(word)),
                    "{name}: {text}"
                );
                let last = text.lines().last().unwrap_or("");
                assert!(
                    last.starts_with(word) && last.ends_with(&exit),
                    "{name} at {width}: {last}"
                );
                assert!(text.ends_with(&format!("{last}\n")), "{name}");
            }
        }
    }

    #[test]
    fn nothing_moves_the_cursor_or_forges_a_line() {
        for (name, report) in fixture::with_odd() {
            let text = render(&report, &TextOptions::default());
            let bad = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(bad), "{name}");
            let forged = text.lines().filter(|line| line.starts_with("APPROVED:")).count();
            assert!(forged <= 1, "{name}: {text}");
        }
        let hostile = render(&fixture::hostile(), &TextOptions::default());
        assert!(
            !hostile.lines().any(|line| line.starts_with("APPROVED:")),
            "{hostile}"
        );
    }

    #[test]
    fn without_unicode_the_layout_is_ascii() {
        for (name, report) in fixture::all() {
            let text = render(&report, &options(100, false, false));
            if !["hostile", "status"].contains(&name) {
                assert!(text.is_ascii(), "{name}: {text}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_differs_is_shown_without_a_panic(
            want in "[ -~\né表]{0,80}",
            have in "[ -~\né表]{0,80}",
            same in "[ a\né]{0,40}",
            width in 1usize..120,
        ) {
            let mut report = fixture::verify_not_approved();
            report.checks.truncate(1);
            let check = &mut report.checks[0];
            check.status = crate::check::Status::Fail;
            check.expected = Some(format!("{same}{want}{same}"));
            check.actual = Some(format!("{same}{have}{same}"));
            proptest::prop_assert!(render(&report, &options(width, true, true)).ends_with('\n'));
        }
    }
}
