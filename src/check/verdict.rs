//! The outcome of one check.

use std::fmt;

use crate::source::Location;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Looked, and it is so.
    Pass,
    /// Looked, and it differs.
    Fail,
    /// Cannot be judged because a named thing is missing.
    Blocked,
    /// Advice; does not gate unless `--strict`.
    Warn,
    /// Not applicable here.
    Skip,
}

impl Status {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Blocked => "blocked",
            Status::Warn => "warn",
            Status::Skip => "skip",
        }
    }
}

/// What differs, where an object is there but not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part as people call it: `default`, `using`, `label`, `columns`.
    pub part: String,
    /// As the catalog has it; `None` where it has none.
    pub have: Option<String>,
    /// As the suite wants it; `None` where it wants none.
    pub want: Option<String>,
    /// What the server said to a wanted text that it does not accept.
    pub refusal: Option<String>,
}

/// The figure of a count, for reports that print `55/15+` or `12/12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    pub have: u64,
    pub want: u64,
    /// More is fine.
    pub at_least: bool,
}

/// `55/15+`, `12/12`.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}{}",
            self.have,
            self.want,
            if self.at_least { "+" } else { "" }
        )
    }
}

/// One check with its outcome: a line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `0024/table.sync_progress/index.idx_sync_progress_active`.
    pub id: String,
    /// `0024`, or the stem of an always-on suite.
    pub suite: String,
    /// The check's kind as the check file spells it: `index`, `column`, `row_security`, `count`, ….
    pub kind: &'static str,
    /// SQL name of the object; of a count, query or probe its name.
    pub object: String,
    pub status: Status,
    pub expected: Option<String>,
    pub actual: Option<String>,
    /// One sentence; empty when it passed and there is nothing to add.
    pub message: String,
    /// The missing thing, e.g. `table organization`.
    pub blocked_by: Option<String>,
    /// Where the check stands.
    pub source: Location,
    /// What differs, part by part, where a failure is one of parts.
    pub differences: Vec<Difference>,
    /// The figure of a count.
    pub measure: Option<Measure>,
    /// The statement that would bring the catalog back, when there is a safe one.
    pub remedy: Option<String>,
}
