//! `audit`: what is dangerous or unhealthy in the live catalog. Writes nothing.

use std::time::Instant;

use super::Error;
use super::context::Context;
use super::runner::millis;
use crate::audit::{self, Accept, Finding, Severity};
use crate::diagnostic::Diagnostic;
use crate::report::ExitCode;
use crate::report::model::{Conclusion, Report};

/// Reads the facts in one round trip and runs every lint over them. With `strict`, or where the settings say so,
/// warnings fail the audit as errors do. What the settings or a suite accept fails nothing.
///
/// # Errors
/// [`Error`] when the catalog could not be read. What was found is in the report.
pub async fn audit(context: &Context<'_>, strict: bool) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("audit");
    let accepts = accepts(context)?;
    let (session, reading, note) = context.open_to_look().await?;
    report.database = Some(context.database(&session, &reading));
    let facts = context
        .answer(&session, session.audit_facts())
        .await
        .or_interrupted("the catalog was read")?
        .map_err(|failure| Error::database("reading the catalog", failure))?;
    report.findings = audit::audit(&facts);
    let idle = audit::accept(&mut report.findings, &accepts);
    let open = report
        .findings
        .iter()
        .filter(|finding| finding.accepted.is_none());
    report.diagnostics = open.clone().map(Finding::diagnostic).collect();
    report.diagnostics.extend(idle.iter().copied().map(met_nothing));
    report.diagnostics.extend(note);
    let gate = match strict || context.project.config.settings.strict {
        true => Severity::Warn,
        false => Severity::Error,
    };
    let fails =
        open.clone().any(|finding| finding.severity <= gate) || (gate == Severity::Warn && !idle.is_empty());
    (report.exit, report.conclusion) = match fails {
        true => (ExitCode::NotApproved, Some(Conclusion::NotApproved)),
        false => (ExitCode::Done, Some(Conclusion::Approved)),
    };
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// Those of the settings and of every suite.
fn accepts(context: &Context<'_>) -> Result<Vec<Accept>, Error> {
    let mut accepts = context.project.config.accepts.clone();
    for suite in super::suites(context.project)? {
        accepts.extend(suite.accepts.iter().cloned());
    }
    Ok(accepts)
}

fn met_nothing(accept: &Accept) -> Diagnostic {
    Diagnostic::warning(format!(
        "{} is accepted on {} and found nowhere there",
        accept.id, accept.object
    ))
    .at(&accept.place.file, accept.place.span)
    .help("remove the [[audit.accept]], or correct its object")
}
