//! `audit`: what is dangerous or unhealthy in the live catalog. Writes nothing.

use std::time::Instant;

use super::Error;
use super::context::Context;
use super::runner::millis;
use crate::audit::{self, Finding, Severity};
use crate::diagnostic::Diagnostic;
use crate::report::ExitCode;
use crate::report::model::{Conclusion, Report};

/// Reads the facts in one round trip and runs every lint over them. With `strict`, or where the settings say so,
/// warnings fail the audit as errors do.
///
/// # Errors
/// [`Error`] when the catalog could not be read. What was found is in the report.
pub async fn audit(context: &Context<'_>, strict: bool) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("audit");
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let facts = context
        .answer(&session, session.audit_facts())
        .await
        .or_interrupted("the catalog was read")?
        .map_err(|failure| Error::database("reading the catalog", failure))?;
    report.findings = audit::audit(&facts);
    report.diagnostics = report.findings.iter().map(diagnostic).collect();
    let gate = match strict || context.project.config.settings.strict {
        true => Severity::Warn,
        false => Severity::Error,
    };
    let fails = report.findings.iter().any(|finding| finding.severity <= gate);
    (report.exit, report.conclusion) = match fails {
        true => (ExitCode::NotApproved, Some(Conclusion::NotApproved)),
        false => (ExitCode::Done, Some(Conclusion::Approved)),
    };
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

fn diagnostic(finding: &Finding) -> Diagnostic {
    let message = format!("{}: {}", finding.object, finding.message);
    let diagnostic = match finding.severity {
        Severity::Error => Diagnostic::error(message),
        Severity::Warn => Diagnostic::warning(message),
        Severity::Info => Diagnostic::note(message),
    };
    diagnostic.fact("id", finding.id).help(&finding.fix)
}
