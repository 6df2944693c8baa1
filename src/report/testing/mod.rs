//! What the tests of renderers share.

pub mod tap;
pub mod xsd;

/// Compares with the snapshot of that name in `src/report/snapshots/`; the tool's version is left out.
pub fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    settings.bind(|| insta::assert_snapshot!(name, text.replace(&version, "\"[version]\"")));
}
