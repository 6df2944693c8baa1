//! `checks lint`: validates check files without a database.
