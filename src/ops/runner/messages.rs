//! What is sent for a step, and what it expects to find.

use super::{Finished, Runner};
use crate::db::batch::{Batch, Stage};
use crate::db::lock::{self, Expectation, Newest};
use crate::db::plans::{self, Plans};
use crate::migration::{Leaves, MigrationScript, Version};
use crate::ops::look::Look;
use crate::ops::watch::application_name;
use crate::plan::{Direction, Step};
use crate::sql::name::quote_literal;

impl Runner<'_> {
    /// What the transaction of a step is signed with.
    pub(super) fn token(&self, index: usize) -> String {
        format!("{}/{index}", self.run)
    }

    /// The first message of a step: [COMMIT of the one before,] begin, lock and reading.
    pub(super) fn first_message(
        &self,
        step: &Step<'_>,
        look: &Look,
        token: &str,
        finished: Option<&Finished<'_>>,
    ) -> Batch {
        let mut first = Batch::new();
        if let Some(finished) = finished {
            push_record(&mut first, finished);
            self.session.forget(&mut first, &finished.leaves);
            if !self.single {
                first.one(Stage::Commit, "COMMIT");
            }
        }
        self.push_begin(&mut first, step, look, token, finished);
        if look.reads_before() {
            self.session.direct_locks(&mut first, &step.script.directives);
        }
        look.push_before(&self.session, &mut first);
        first
    }

    /// The second one, right behind it: guard, script, reading.
    pub(super) fn second_message(&self, step: &Step<'_>, look: &Look, token: &str) -> Batch {
        let mut second = Batch::new();
        second.one(Stage::Guard, &lock::guard_sql(token));
        self.session.direct(&mut second, &step.script.directives);
        self.push_script(&mut second, step.script);
        match self.session.plans {
            Plans::Made(number) => self.session.settle_planned(&mut second, number, &look.named()),
            Plans::Anew | Plans::ToMake(_) if self.single => self.session.settle_within(&mut second),
            Plans::Anew | Plans::ToMake(_) => self.session.settle(&mut second),
        }
        self.session.drop_temporary(&mut second);
        look.push_behind(&self.session, &self.reading.history, &mut second);
        second
    }

    /// The beginning of a transaction, unless the one of the step before goes on; the runner's lock, and the look whether
    /// everything is as planned.
    fn push_begin(
        &self,
        first: &mut Batch,
        step: &Step<'_>,
        look: &Look,
        token: &str,
        finished: Option<&Finished<'_>>,
    ) {
        let newest = self.newest_behind(finished);
        let version = step.migration.version;
        let has_written = self.has_written || finished.is_some();
        let is_next = step.direction == Direction::Up && newest.is_none_or(|newest| newest < version);
        if let (Plans::Made(number), true, Some(absent)) =
            (self.session.plans, has_written && is_next, look.absent())
        {
            self.session.begin_planned(first, number);
            let call = plans::look_call(number, newest, &self.run, &absent, token);
            first.one(Stage::Lock, &call);
            return;
        }
        let present = look.present();
        let expectation = Expectation {
            newest,
            history: &self.reading.history,
            version,
            recorded: step.direction == Direction::Down,
            journal: match has_written {
                true => Newest::Run(&self.run),
                false => Newest::Id(self.reading.history.journal_id),
            },
            width: self.width,
            present: present.as_deref(),
            token,
        };
        // a session of its own ends what a script does in secret
        let leaves = match self.session.is_pooled() {
            true => step.script.leaves(),
            false => Leaves::default(),
        };
        match self.single && finished.is_some() {
            true => self.session.begin_within(first, &leaves),
            false => self.session.begin_script(first, &leaves, self.single),
        }
        first.one(Stage::Lock, &lock::lock_sql(&expectation));
    }

    /// The script: as it is, where nobody reads when its statements ran. Otherwise statement by statement, between
    /// looks at the server's clock; where somebody watches, each says by its `application_name` which one it is.
    fn push_script(&self, batch: &mut Batch, script: &MigrationScript) {
        let statements = script.statements();
        let is_watched = self.context.is_watched && statements.len() > 1;
        if !is_watched && !self.is_timed() {
            batch.script(script);
            return;
        }
        let own = self.context.parameters.application_name().unwrap_or_default();
        let name = |name: &str| format!("SET LOCAL application_name = {}", quote_literal(name));
        batch.clock(Stage::Guard);
        for (number, statement) in statements.iter().enumerate() {
            if is_watched {
                let named = application_name(own, number, statements.len());
                batch.one(Stage::Guard, &name(&named));
            }
            batch.statement(script, statement.span);
        }
        if is_watched {
            batch.one(Stage::Guard, &name(own));
        }
    }

    /// Whether the report is read that tells when each statement ran.
    fn is_timed(&self) -> bool {
        !self.is_terse
    }

    /// The newest recorded version once a step is recorded that ran before.
    fn newest_behind(&self, finished: Option<&Finished<'_>>) -> Option<Version> {
        let Some(last) = finished else {
            return self.reading.history.newest();
        };
        let steps: Vec<Step<'_>> = last
            .earlier
            .iter()
            .chain([last])
            .map(|finished| finished.step)
            .collect();
        let of = |direction: Direction| {
            let steps = steps.iter().filter(move |step| step.direction == direction);
            let versions = steps.map(|step| step.migration.version);
            versions.filter(|version| !version.is_repeatable())
        };
        let applied = self.reading.history.applied.iter().rev();
        let stays = applied
            .map(|applied| applied.version)
            .find(|&version| !of(Direction::Down).any(|taken| taken == version));
        of(Direction::Up).chain(stays).max()
    }
}

pub(super) fn push_record(batch: &mut Batch, finished: &Finished<'_>) {
    for statement in &finished.record {
        batch.one(Stage::Record, statement);
    }
}
