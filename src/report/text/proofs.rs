//! Proofs, differences and snapshots.

use super::page::{Page, Style, bold, dim, plain, styled};
use crate::diagnostic::screen;
use crate::report::describe;
use crate::report::model::{Proof, Report};
use crate::report::proofs;

/// More migrations of one outcome are only counted.
const NAMES: usize = 8;
/// Width of the outcomes' column.
const OUTCOME: usize = 36;
/// A value is shown up to here.
const VALUE: usize = 200;

/// A line an outcome, or with `verbose` a line a migration; and what came of the whole chain.
pub fn section(page: &mut Page, report: &Report, verbose: bool) {
    if report.proofs.is_empty() {
        return;
    }
    let (exact, tried) = proofs::exact(report);
    page.heading(&format!("PROOFS: {exact} OF {tried} ROLLBACKS EXACT"));
    for group in proofs::groups(report) {
        let mark = page.mark(group.status);
        let names: Vec<String> = group
            .proofs
            .iter()
            .take(NAMES)
            .map(|proof| proof.stem())
            .collect();
        let mut spans = vec![
            mark,
            plain(" "),
            plain(proofs::words(group.proofs[0])).padded(OUTCOME),
            bold(group.proofs.len().to_string()).right(5),
        ];
        let is_listed = group.status != crate::check::Status::Pass || group.proofs.len() <= NAMES;
        if !verbose && is_listed {
            let more = match group.proofs.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            spans.push(plain("  "));
            spans.push(plain(screen::clean(&format!("{}{more}", names.join(", ")))));
        }
        page.put(2, 4 + OUTCOME + 7, &spans);
        if verbose {
            for proof in &group.proofs {
                one(page, proof);
            }
        }
    }
    if let Some(chain) = &report.chain {
        let (status, words) = proofs::chain(report, chain);
        let mark = page.mark(status);
        page.put(2, 4, &[mark, plain(" "), plain(screen::clean(&words))]);
    }
}

fn one(page: &mut Page, proof: &Proof) {
    let mut spans = vec![
        plain(screen::clean(&proof.stem())),
        dim(format!("  {}", describe::duration(proof.duration_ms))),
    ];
    if !proof.kept.is_empty() {
        spans.push(plain(format!("  keeps {}", proof.kept.join(", "))));
    }
    page.put(6, 8, &spans);
}

/// What differs between two catalogs, a line a difference.
pub fn difference(page: &mut Page, report: &Report) {
    let Some(difference) = &report.difference else {
        return;
    };
    page.heading(&format!("DIFFERENCES: {}", difference.changes.len()));
    page.field(2, 8, "before", &[plain(screen::clean(&difference.sides[0]))]);
    page.field(2, 8, "after", &[plain(screen::clean(&difference.sides[1]))]);
    if !difference.changes.is_empty() {
        page.blank();
    }
    let arrow = page.arrow();
    for line in &difference.changes {
        let sign = proofs::sign(line);
        let style = match sign {
            "+" => Style::Good,
            "-" => Style::Bad,
            _ => Style::Warn,
        };
        let detail = screen::cut(
            &screen::clean(&proofs::detail(line, arrow)),
            VALUE,
            page.ellipsis(),
        );
        page.put(
            2,
            6,
            &[
                styled(style, sign).solid(),
                plain(format!(" {} ", line.kind)),
                bold(screen::clean(&line.object)),
                plain("  "),
                dim(detail),
            ],
        );
    }
}
