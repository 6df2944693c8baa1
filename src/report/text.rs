//! The report for people.

use super::model::Report;

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
pub fn render(report: &Report, _options: &TextOptions) -> String {
    format!("{} (exit code {})\n", report.command, report.exit.code())
}
