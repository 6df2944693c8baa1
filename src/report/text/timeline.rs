//! When what ran, and what it waited for: since when, how long, what.

use super::page::{Page, Style, bold, dim, plain, styled};
use crate::report::describe::short_duration;
use crate::report::model::Report;
use crate::report::summary::quantity;
use crate::report::timeline::{Extent, Line, Of, has_details, lines, longest};

/// Columns of the two times.
const TIMES: usize = 22;

/// The section; nothing where the migrations' durations say it all.
pub fn section(page: &mut Page, report: &Report, extent: Extent) {
    if !has_details(&report.migrations, extent) {
        return;
    }
    page.heading("TIMELINE");
    let all = lines(&report.migrations, extent);
    match longest(&all) {
        None => put(page, &all),
        Some((longest, count)) => {
            put(page, &lines(&report.migrations, Extent::Brief));
            page.blank();
            page.put(
                2,
                2,
                &[dim(format!("The longest of {count} statements; all are below:"))],
            );
            put(page, longest);
        }
    }
}

/// Every statement, where the timeline told the longest alone.
pub fn statements(page: &mut Page, report: &Report, extent: Extent) {
    let all = lines(&report.migrations, extent);
    if longest(&all).is_some() {
        page.heading("ALL STATEMENTS, IN ORDER");
        put(page, &all);
    }
}

fn put<'l>(page: &mut Page, lines: impl IntoIterator<Item = &'l Line>) {
    for line in lines {
        let times = format!(
            "{:>9} {:>9}   ",
            short_duration(line.start_ms),
            short_duration(line.duration_ms)
        );
        let rows = line.rows.map_or(String::new(), |rows| {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            format!(", {}", quantity(rows, "row"))
        });
        let what = match line.of {
            Of::Migration => bold(line.what.clone()),
            Of::Statement => plain(line.what.clone()),
            Of::Wait => styled(Style::Warn, line.what.clone()),
        };
        let indent = if line.of == Of::Migration { 0 } else { 2 };
        let margin = plain(" ".repeat(indent)).solid();
        page.put(
            2,
            TIMES + 2 + indent,
            &[dim(times).solid(), margin, what, dim(rows)],
        );
    }
}
