//! When what ran, and what it waited for: since when, how long, what.

use super::page::{Page, Style, bold, dim, plain, styled};
use crate::report::describe::short_duration;
use crate::report::model::Report;
use crate::report::summary::quantity;
use crate::report::timeline::{Of, has_details, lines, without_statements};

/// Columns of the two times.
const TIMES: usize = 22;

/// The section; nothing where the migrations' durations say it all.
pub fn section(page: &mut Page, report: &Report) {
    if !has_details(&report.migrations) {
        return;
    }
    page.heading("TIMELINE");
    for line in lines(&report.migrations) {
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
            Of::Migration => bold(line.what),
            Of::Statement => plain(line.what),
            Of::Wait => styled(Style::Warn, line.what),
        };
        let indent = if line.of == Of::Migration { 0 } else { 2 };
        let margin = plain(" ".repeat(indent)).solid();
        page.put(
            2,
            TIMES + 2 + indent,
            &[dim(times).solid(), margin, what, dim(rows)],
        );
    }
    if let Some(why) = without_statements(&report.migrations) {
        page.blank();
        page.put(2, 2, &[dim(why)]);
    }
}
