//! Well-known functions and types that come with an extension, so that a missing one leads to what brings it.

/// Extension, and what it brings: the names that people use without making them, from the documentation of each.
const BRINGS: &[(&str, &[&str])] = &[
    (
        "pgcrypto",
        &[
            "gen_random_uuid",
            "gen_random_bytes",
            "crypt",
            "gen_salt",
            "digest",
            "hmac",
            "pgp_sym_encrypt",
            "pgp_sym_decrypt",
            "pgp_pub_encrypt",
            "pgp_pub_decrypt",
            "armor",
            "dearmor",
        ],
    ),
    (
        "uuid-ossp",
        &[
            "uuid_generate_v1",
            "uuid_generate_v1mc",
            "uuid_generate_v3",
            "uuid_generate_v4",
            "uuid_generate_v5",
        ],
    ),
    (
        "pg_trgm",
        &[
            "similarity",
            "word_similarity",
            "strict_word_similarity",
            "show_trgm",
        ],
    ),
    ("unaccent", &["unaccent"]),
    ("citext", &["citext"]),
    ("hstore", &["hstore", "akeys", "avals", "skeys", "svals"]),
    ("ltree", &["ltree", "lquery", "ltxtquery", "nlevel", "subpath"]),
    ("tablefunc", &["crosstab", "connectby", "normal_rand"]),
    (
        "fuzzystrmatch",
        &["levenshtein", "soundex", "metaphone", "dmetaphone"],
    ),
    (
        "postgis",
        &[
            "geometry",
            "geography",
            "st_makepoint",
            "st_setsrid",
            "st_dwithin",
            "st_distance",
        ],
    ),
    ("vector", &["vector", "halfvec", "sparsevec"]),
    ("cube", &["cube"]),
    ("isn", &["isbn", "isbn13", "issn", "ean13", "upc"]),
];

/// The extension that brings a function or a type of that name.
pub(super) fn extension_of(name: &str) -> Option<&'static str> {
    BRINGS
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(extension, _)| *extension)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BRINGS, extension_of};

    #[test]
    fn each_name_leads_to_one_extension() {
        let names: Vec<&str> = BRINGS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let once: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(once.len(), names.len());
        assert_eq!(extension_of("gen_random_uuid"), Some("pgcrypto"));
        assert_eq!(extension_of("citext"), Some("citext"));
        assert_eq!(extension_of("now"), None);
    }
}
