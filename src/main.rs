//! The `pgplumb` binary: everything is in the library, so that tests and embedders see the same code.

fn main() -> std::process::ExitCode {
    pgplumb::cli::run()
}
