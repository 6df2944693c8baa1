//! Names.
pub fn quote_ident(name: &str) -> String {
    name.to_string()
}
