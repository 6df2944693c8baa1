//! dbmate: `-- migrate:up` and `-- migrate:down`, each with `transaction:false`.

use super::annotated::{self, Mark, Marks, words};
use super::{Layout, LayoutName};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Dbmate,
    evidence: |folder| annotated::evidence(folder, &MARKS),
    read: |folder| annotated::read(folder, &MARKS),
    is_nested: false,
};

const MARKS: Marks = Marks {
    up: "-- migrate:up",
    down: "-- migrate:down",
    word: "migrate:",
    read: mark,
};

fn mark(line: &str) -> Option<Mark> {
    let words = words(line, MARKS.word)?;
    let outside = words.contains(&"transaction:false");
    Some(match words.first().copied() {
        Some("up") => Mark::Up { outside },
        Some("down") => Mark::Down { outside },
        _ => Mark::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn each_direction_has_its_own_option() {
        assert_eq!(
            read_lines(
                LayoutName::Dbmate,
                &[
                    "m/20250101000000_a.sql=-- migrate:up\r\nselect 1;\r\n\r\n-- migrate:down\r\nselect 2;\r\n",
                    "m/2_b.sql=--migrate:up transaction:false\nvacuum;\n-- migrate:down\n\n",
                    "m/3_c.sql=-- migrate:upp\nselect 1;",
                ]
            ),
            [
                "20250101000000 a: m/20250101000000_a.sql:2:1 [select 1] / m/20250101000000_a.sql:5:1 [select 2]",
                "2 b: m/2_b.sql:2:1 outside [vacuum] / -",
                "error: m/3_c.sql:1:1 \"-- migrate:upp\" says nothing that is known",
            ]
        );
    }
}
