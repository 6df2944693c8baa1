//! Nouns with their numbers, and what differs between two texts.

use std::ops::Range;

/// `1 check`, `2 checks`, `3 policies`, `4 indexes`.
pub fn quantity(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {}", plural(noun))
    }
}

/// The plural of an English noun, as regular as pgplumb's nouns are.
pub fn plural(noun: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|end| noun.ends_with(end));
    match noun.strip_suffix('y') {
        Some(stem) if !vowel_before_y => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// With a capital at the beginning.
pub fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The words of a statement behind its tag, on one line: `sync_progress ( id uuid …` of a `CREATE TABLE`.
pub fn without_tag(text: &str, tag: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tag: Vec<&str> = tag.split_whitespace().collect();
    let begins = words.len() >= tag.len()
        && words
            .iter()
            .zip(&tag)
            .all(|(word, tag)| word.eq_ignore_ascii_case(tag));
    words[if begins { tag.len() } else { 0 }..].join(" ")
}

/// Where two texts part: the byte ranges of what stands between their common beginning and their common end,
/// both cut at spaces. `None` when they are equal or have nothing in common that is worth leaving out.
pub fn difference(one: &str, other: &str) -> Option<(Range<usize>, Range<usize>)> {
    let words =
        |text: &str| -> Vec<usize> { text.split_inclusive(char::is_whitespace).map(str::len).collect() };
    let (one_words, other_words) = (words(one), words(other));
    let mut before = 0;
    for (a, b) in one_words.iter().zip(&other_words) {
        if a != b || one[before..before + a] != other[before..before + b] {
            break;
        }
        before += a;
    }
    let mut after = 0;
    for (a, b) in one_words.iter().rev().zip(other_words.iter().rev()) {
        let (start, other_start) = (one.len() - after, other.len() - after);
        let overlaps = start.min(other_start) < before + a;
        if overlaps || a != b || one[start - a..start] != other[other_start - b..other_start] {
            break;
        }
        after += a;
    }
    let part = |text: &str| {
        let end = text.len() - after;
        before..before + text[before..end].trim_end().len()
    };
    let ranges = (part(one), part(other));
    (one != other && before + after > 0).then_some(ranges)
}

#[cfg(test)]
mod tests {
    use super::{difference, quantity};

    #[test]
    fn nouns_have_plurals() {
        for (count, noun, words) in [
            (1, "check", "1 check"),
            (0, "check", "0 checks"),
            (2, "policy", "2 policies"),
            (55, "index", "55 indexes"),
            (3, "foreign key", "3 foreign keys"),
            (2, "entry", "2 entries"),
        ] {
            assert_eq!(quantity(count, noun), words);
        }
    }

    #[test]
    fn a_difference_is_cut_at_spaces() {
        let part = |one: &str, other: &str| {
            difference(one, other).map(|(a, b)| (one[a].to_string(), other[b].to_string()))
        };
        let both = |a: &str, b: &str| Some((a.to_string(), b.to_string()));
        assert_eq!(part("a b c", "a b c"), None);
        assert_eq!(part("a", "b"), None);
        assert_eq!(part("a b c", "a x c"), both("b", "x"));
        assert_eq!(part("a b", "a b c"), both("b", "b c"));
        assert_eq!(part("x, y_1, y, z", "x, y, z"), both("y_1,", ""));
        assert_eq!(part("é ü é", "é ö é"), both("ü", "ö"));
    }
}
