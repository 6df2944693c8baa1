//! sql-migrate: `-- +migrate Up` and `-- +migrate Down`, each as often as one likes, each with `notransaction`.

use super::annotated::{self, Mark, Marks, words};
use super::{Layout, LayoutName};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::SqlMigrate,
    evidence: |folder| annotated::evidence(folder, &MARKS),
    read: |folder| annotated::read(folder, &MARKS),
    is_nested: false,
};

const MARKS: Marks = Marks {
    up: "-- +migrate Up",
    down: "-- +migrate Down",
    word: "+migrate",
    read: mark,
};

fn mark(line: &str) -> Option<Mark> {
    let words = words(line, MARKS.word)?;
    let outside = words.contains(&"notransaction");
    Some(match words.first().copied() {
        Some("Up") => Mark::Up { outside },
        Some("Down") => Mark::Down { outside },
        Some("StatementBegin" | "StatementEnd") => Mark::Split,
        _ => Mark::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn directions_may_alternate() {
        assert_eq!(
            read_lines(
                LayoutName::SqlMigrate,
                &[
                    "m/1_a.sql=-- +migrate Up\nselect 1;\n-- +migrate Down\nselect 2;\n-- +migrate Up\nselect 3;\n\
                     -- +migrate Down\n select 4;\n",
                    "m/2-b.sql=-- +migrate Up notransaction\nvacuum;\n-- +migrate Down\nselect 1;",
                ]
            ),
            [
                "1 a: m/1_a.sql:2:1 [select 1; select 3] / m/1_a.sql:4:1 [select 2; select 4]",
                "2 b: m/2-b.sql:2:1 outside [vacuum] / m/2-b.sql:4:1 [select 1]",
            ]
        );
    }
}
