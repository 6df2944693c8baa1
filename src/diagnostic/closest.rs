//! What a misspelt word was probably meant to be.

/// The candidate that is most like the word, if one is like it at all.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn suggestions_need_likeness() {
        assert_eq!(
            closest("lock_timout", ["lock_wait", "lock_timeout"]),
            Some("lock_timeout")
        );
        assert_eq!(closest("Checks", ["checks"]), Some("checks"));
        assert_eq!(closest("zzz", ["checks", "role"]), None);
        assert_eq!(closest("", ["checks"]), None);
    }
}
