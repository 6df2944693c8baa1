//! The report: one model, one small file a format. Renderers only render: no counting, no deciding.

pub mod exit;
pub mod model;

pub use exit::ExitCode;
pub use model::Report;
