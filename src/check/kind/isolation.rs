//! `[isolation.NAME]`: nothing crosses from one tenant to another, by any command and any way in, and the own tenant's
//! rows are reached.

use std::borrow::Cow;
use std::sync::Arc;

use toml::de::DeValue;

use crate::catalog::{Kind, ObjectId, Parts, Scope};
use crate::check::document::{Fields, Item, Text, items_of, text_of};
use crate::check::parse::Parser;
use crate::check::question::{Answer, Question};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::suite::Suite;
use crate::isolation::{
    Accept, Cell, Command, Isolation, Matrix, Outcome as Crossing, Side, TableMatrix, Target, Value, Way,
    WayKind,
};
use crate::sql::{Name, fragment, parse_name, quote_ident};

use super::probe;
use super::query::entry_key;

const KEYS: [&str; 10] = [
    "tables",
    "tenant_column",
    "tenants",
    "as_role",
    "settings",
    "user",
    "given",
    "values",
    "own",
    "accept",
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(sections) = p.reader.items(item, "[isolation.NAME]") else {
        return;
    };
    for section in sections {
        let within = format!("[isolation.{}]", section.key.value);
        let Some(fields) = p.reader.fields(&section, &within, "a table", &KEYS) else {
            continue;
        };
        let before = p.reader.faults();
        if let Some((spec, places)) = declared(p, &section, &within, &fields)
            && p.reader.faults() == before
        {
            add(p, Arc::new(spec), &places);
        }
    }
}

/// The section, and where each of its tables is named.
fn declared(
    p: &mut Parser,
    section: &Item<'_>,
    within: &str,
    fields: &Fields<'_>,
) -> Option<(Isolation, Vec<Text>)> {
    let column = match fields.get("tenant_column") {
        Some(item) => {
            let text = p.reader.string(item)?;
            Some(p.reader.ident("tenant_column", &text)?)
        }
        None => None,
    };
    let Some(item) = fields.get("tables") else {
        p.reader.error_help(
            section.key.span,
            format!("{within}: `tables` is missing"),
            "name the tables that hold rows of tenants: tables = [\"…\"]",
        );
        return None;
    };
    let places = p.reader.strings(item)?;
    if places.is_empty() {
        p.reader.mismatch(item, "at least one table");
        return None;
    }
    let targets: Vec<Option<Target>> = places
        .iter()
        .map(|text| target(p, "tables", text, column.as_deref()))
        .collect();
    let user = match fields.get("user") {
        Some(item) => {
            let text = p.reader.string(item)?;
            Some(target(p, "user", &text, None)?)
        }
        None => None,
    };
    let Some(role) = probe::role(p, fields).or_else(|| p.shared.role.clone()) else {
        if fields.get("as_role").is_none() {
            p.reader.error_help(
                section.key.span,
                format!("{within}: `as_role` is missing"),
                "name the role that the application works as: as_role = \"…\"",
            );
        }
        return None;
    };
    let mut settings = probe::settings(p, fields);
    for shared in &p.shared.settings {
        if !settings.iter().any(|(name, _)| *name == shared.0) {
            settings.push(shared.clone());
        }
    }
    let given = probe::prepared(p, fields);
    let values = values(p, fields);
    placeholders(p, within, fields, user.is_some());
    let own = match fields.get("own") {
        Some(item) => p.reader.boolean(item)?,
        None => true,
    };
    let spec = Isolation {
        name: section.key.value.clone(),
        schema: p.schema.clone(),
        tables: targets.into_iter().collect::<Option<Vec<Target>>>()?,
        tenants: tenants(p, fields),
        role,
        settings,
        user,
        given: given.into_iter().map(|given| given.sql).collect(),
        values,
        own,
        accepts: accepts(p, within, fields),
    };
    Some((spec, places))
}

/// `t` or `t(column)`; without a column the one that holds for all tables.
fn target(p: &mut Parser, what: &str, text: &Text, column: Option<&str>) -> Option<Target> {
    let (table, own) = match text
        .value
        .trim()
        .strip_suffix(')')
        .and_then(|rest| rest.split_once('('))
    {
        Some((table, own)) => (table.trim(), Some(own.trim())),
        None => (text.value.trim(), None),
    };
    let name = match parse_name(table) {
        Ok(name) => name,
        Err(error) => {
            p.reader.fragment(&format!("`{what}`"), text, error);
            return None;
        }
    };
    let column = match own.map(parse_name) {
        Some(Ok(Name {
            schema: None, name, ..
        })) => Some(name),
        Some(Ok(_)) => {
            p.reader.error_help(
                text.span,
                format!("`{what}`: want a column in the parentheses, have a name with a schema"),
                "write it like \"accounts(id)\"",
            );
            return None;
        }
        Some(Err(error)) => {
            p.reader.fragment(&format!("`{what}`"), text, error);
            return None;
        }
        None => column.map(str::to_string),
    };
    let Some(column) = column else {
        let help = match what {
            "user" => "write it like \"users(id)\"".to_string(),
            _ => format!("add tenant_column = \"…\", or write \"{table}(column)\""),
        };
        p.reader.error_help(
            text.span,
            format!("`{what}`: no column of {table} is named"),
            help,
        );
        return None;
    };
    let (schema, table) = p.resolve(&name);
    Some(Target {
        schema,
        table,
        column,
    })
}

fn tenants(p: &mut Parser, fields: &Fields<'_>) -> Option<[String; 2]> {
    let item = fields.get("tenants")?;
    let mut texts = p.reader.strings(item)?.into_iter();
    match (texts.next(), texts.next(), texts.next()) {
        (Some(first), Some(second), None) if first.value != second.value => Some([first.value, second.value]),
        _ => {
            p.reader.error_help(
                item.key.span,
                "`tenants`: want two different values",
                "write tenants = [\"…\", \"…\"], or leave it out to have them made up",
            );
            None
        }
    }
}

/// `[isolation.NAME.values.TABLE]`: column = "expression".
fn values(p: &mut Parser, fields: &Fields<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let Some(tables) = fields
        .get("values")
        .and_then(|item| p.reader.items(item, "a table for each table"))
    else {
        return found;
    };
    for table in tables {
        let Some((schema, name)) = p.qualified("values", &table.key) else {
            continue;
        };
        let Some(columns) = p.reader.items(&table, "columns and their values") else {
            continue;
        };
        for item in columns {
            let Some(column) = p.reader.ident("values", &item.key) else {
                continue;
            };
            let sql = match item.value.get_ref() {
                DeValue::String(_) => {
                    let Some(text) = text_of(item.value) else { continue };
                    // a placeholder stands within quotes, so the text parses as it is
                    if p.fragment("values", &text, fragment::expression).is_none() {
                        continue;
                    }
                    text.value
                }
                DeValue::Boolean(value) => value.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                _ => {
                    p.reader.mismatch(&item, "an expression of SQL");
                    continue;
                }
            };
            let target = Target {
                schema: schema.clone(),
                table: name.clone(),
                column,
            };
            found.push(Value { target, sql });
        }
    }
    found
}

/// `{user}` says something only where the section says what a user is.
fn placeholders(p: &mut Parser, within: &str, fields: &Fields<'_>, has_user: bool) {
    if has_user {
        return;
    }
    for key in ["settings", "given", "values"] {
        if let Some(item) = fields.get(key)
            && mentions(item.value.get_ref(), "{user}")
        {
            p.reader.error_help(
                item.key.span,
                format!("{within}: `{key}` uses {{user}}, and there is no `user`"),
                "add user = \"table(column)\": the rows that users are",
            );
        }
    }
}

fn mentions(value: &DeValue<'_>, word: &str) -> bool {
    match value {
        DeValue::String(text) => text.contains(word),
        DeValue::Array(items) => items.iter().any(|item| mentions(item.get_ref(), word)),
        DeValue::Table(items) => items.iter().any(|(_, item)| mentions(item.get_ref(), word)),
        _ => false,
    }
}

/// `[[isolation.NAME.accept]]`: what crosses, or is denied, on purpose.
fn accepts(p: &mut Parser, within: &str, fields: &Fields<'_>) -> Vec<Accept> {
    let mut found = Vec::new();
    let Some(item) = fields.get("accept") else {
        return found;
    };
    let header = format!("[{}.accept]]", within.trim_end_matches(']'));
    let Some(array) = item.value.get_ref().as_array() else {
        p.reader.mismatch(item, &header);
        return found;
    };
    for node in array.iter() {
        let entry = Item {
            key: entry_key("accept", node),
            value: node,
        };
        if items_of(node).is_none() {
            p.reader.mismatch(&entry, &header);
            continue;
        }
        let known = ["command", "object", "reason"];
        let Some(fields) = p.reader.fields(&entry, &header, "a table", &known) else {
            continue;
        };
        let text = |p: &mut Parser, key: &str, help: &str| match fields.get(key) {
            Some(item) => p.reader.string(item),
            None => {
                let message = format!("{header}: `{key}` is missing");
                p.reader.error_help(entry.key.span, message, help);
                None
            }
        };
        let object = text(
            p,
            "object",
            "add object = \"…\", as the report has it; * stands for any characters",
        );
        let reason = text(p, "reason", "add reason = \"…\": something crosses for a reason");
        let mut words: Vec<&str> = Command::ALL.map(Command::as_str).to_vec();
        words.extend(OWN.map(|(word, _)| word));
        let command = match fields.get("command") {
            None => Some((None, Side::Other)),
            Some(item) => p.reader.word(item, &words).map(|word| {
                let own = OWN.into_iter().find(|(known, _)| *known == word);
                let other = Command::ALL.into_iter().find(|command| command.as_str() == word);
                match own {
                    Some((_, command)) => (Some(command), Side::Own),
                    None => (other, Side::Other),
                }
            }),
        };
        if let (Some(object), Some(reason), Some((command, side))) = (object, reason, command) {
            let path = match parse_name(&object.value) {
                Ok(name) if !object.value.contains('*') => {
                    let (schema, table) = p.resolve(&name);
                    format!("{}.{}", quote_ident(&schema), quote_ident(&table))
                }
                _ => object.value,
            };
            found.push(Accept {
                command,
                side,
                object: path,
                reason: reason.value,
            });
        }
    }
    found
}

/// How the own tenant's access is called in `accept` and in ids.
const OWN: [(&str, Command); 4] = [
    ("own_select", Command::Select),
    ("own_insert", Command::Insert),
    ("own_update", Command::Update),
    ("own_delete", Command::Delete),
];

/// What one check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Cell(Command, Side),
    Ways(WayKind),
}

impl Look {
    /// How its id ends.
    fn word(self) -> String {
        match self {
            Look::Cell(command, Side::Other) => command.as_str().to_string(),
            Look::Cell(command, Side::Own) => format!("own_{}", command.as_str()),
            Look::Ways(WayKind::Partition) => "partitions".to_string(),
            Look::Ways(WayKind::View) => "views".to_string(),
            Look::Ways(WayKind::Function) => "functions".to_string(),
        }
    }

    fn phrase(self, table: &str) -> String {
        let into = match self {
            Look::Cell(Command::Insert, _) | Look::Cell(Command::Move, _) => " into",
            Look::Cell(Command::Truncate | Command::Update, _) => "",
            _ => " from",
        };
        match self {
            Look::Cell(Command::Truncate, _) => format!("truncate {table} with rows of another tenant"),
            Look::Cell(Command::Move, _) => format!("move a row of {table} to another tenant"),
            Look::Cell(command, Side::Other) => {
                format!("{}{into} {table} of another tenant", command.as_str())
            }
            Look::Cell(command, Side::Own) => format!("{}{into} {table} of the own tenant", command.as_str()),
            Look::Ways(WayKind::Partition) => format!("partitions of {table}, past their table"),
            Look::Ways(WayKind::View) => format!("{table} through views"),
            Look::Ways(WayKind::Function) => format!("{table} through SECURITY DEFINER functions"),
        }
    }

    fn want(self) -> &'static str {
        match self {
            Look::Cell(Command::Insert | Command::Move, Side::Other) => "refused",
            Look::Cell(Command::Truncate, _) => "refused",
            Look::Cell(_, Side::Other) => "no row",
            Look::Cell(_, Side::Own) => "a row, unless nothing is granted",
            Look::Ways(_) => "nothing crosses",
        }
    }
}

fn add(p: &mut Parser, spec: Arc<Isolation>, places: &[Text]) {
    let mut looks = Vec::new();
    for command in Command::ALL {
        if spec.own && command.has_own() {
            looks.push(Look::Cell(command, Side::Own));
        }
        looks.push(Look::Cell(command, Side::Other));
    }
    looks.extend([WayKind::Partition, WayKind::View, WayKind::Function].map(Look::Ways));
    for (index, place) in places.iter().enumerate() {
        let Some(target) = spec.tables.get(index) else {
            continue;
        };
        let table = p.spell(&target.schema, &target.table);
        for look in &looks {
            let rule = IsolationRule {
                spec: Arc::clone(&spec),
                index,
                look: *look,
                title: format!("isolation {}: {}", spec.name, look.phrase(&table)),
                at: place.span.start,
            };
            p.add(
                format!("isolation.{}/{table}.{}", spec.name, look.word()),
                "isolation",
                place,
                look.want(),
                rule,
            );
        }
    }
}

#[derive(Debug)]
struct IsolationRule {
    spec: Arc<Isolation>,
    /// Of the table.
    index: usize,
    look: Look,
    title: String,
    /// Where the table is named: a byte offset.
    at: usize,
}

impl Rule for IsolationRule {
    fn claims(&self) -> Vec<Claim<'_>> {
        let path = self.spec.tables[self.index].path();
        let name = format!("{}/{path}.{}", self.spec.name, self.look.word());
        vec![Claim::Named("isolation", Cow::Owned(name))]
    }

    fn acts_as(&self) -> Vec<&str> {
        vec![&self.spec.role]
    }

    fn cover(&self, scope: &mut Scope) {
        for target in self.spec.tables.iter().chain(&self.spec.user) {
            scope.add_parts(&target.schema, &target.table, Parts::presence());
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        for target in [&self.spec.tables[self.index]].into_iter().chain(&self.spec.user) {
            let id = ObjectId::new(Kind::Table, target.schema.clone(), target.table.clone());
            if judge.catalog.get(&id).is_none() {
                return Outcome::missing(&id).object(self.title.clone());
            }
        }
        let outcome = match judge.ask(Question::Isolation((*self.spec).clone())) {
            Some(Answer::Isolation(matrix)) => self.of_matrix(judge.suite, matrix),
            Some(Answer::NotRun { reason }) => Outcome::skip(reason.clone()),
            Some(Answer::CannotTell { reason }) => Outcome::blocked(
                reason.clone(),
                format!("{} cannot be judged: {reason}", self.title),
            ),
            _ => Outcome::blocked("the server", format!("{} was not put to the server", self.title)),
        };
        outcome.object(self.title.clone())
    }
}

impl IsolationRule {
    fn of_matrix(&self, suite: &Suite, matrix: &Matrix) -> Outcome {
        let Some(table) = matrix.tables.get(self.index) else {
            return Outcome::blocked("the server", format!("{} was not tried", self.title));
        };
        if let Some(problem) = &table.problem {
            let by = format!("rows of {} in isolation {}", table.path, self.spec.name);
            return Outcome::blocked(
                by,
                format!("{}: {}; {}", self.title, problem.message, problem.help),
            );
        }
        match self.look {
            Look::Cell(command, side) => match table.cell(command, side) {
                Some(cell) => self.of_cell(suite, cell),
                None => Outcome::warn(format!(
                    "{}: not proven: the role may not read the tenant column, and the table is too large to be gone through",
                    self.title
                )),
            },
            Look::Ways(kind) => self.of_ways(suite, table, kind),
        }
    }

    fn of_cell(&self, suite: &Suite, cell: &Cell) -> Outcome {
        let have = cell.have.clone();
        match (cell.outcome, &cell.accepted) {
            (Crossing::Crosses | Crossing::Denied | Crossing::Unproven, Some(reason)) => {
                let mut outcome = Outcome::pass().actual(have);
                outcome.message = format!("accepted: {reason}");
                outcome
            }
            (Crossing::Crosses | Crossing::Denied, None) => {
                let message = format!(
                    "{}: have `{have}`, want `{}`; {}",
                    self.title,
                    self.look.want(),
                    self.statement(suite, cell)
                );
                Outcome::fail(message).actual(have).remedy(cell.fix.clone())
            }
            (Crossing::Unproven, None) if cell.side == Side::Own => Outcome::blocked(
                have.clone(),
                format!(
                    "{} cannot be judged: {have}; {}",
                    self.title,
                    self.statement(suite, cell)
                ),
            ),
            (Crossing::Unproven, None) => Outcome::warn(format!(
                "{}: not proven: {have}; {}",
                self.title,
                self.statement(suite, cell)
            ))
            .actual(have),
            (Crossing::NotApplicable, _) => Outcome::skip(have),
            (Crossing::NoGrant, _) => told("nothing is granted", have),
            (Crossing::NoPolicy, _) => told("no policy lets the role", have),
            (Crossing::Works | Crossing::Refused | Crossing::Nothing, _) => Outcome::pass().actual(have),
        }
    }

    /// Where the check stands, and what was run.
    fn statement(&self, suite: &Suite, cell: &Cell) -> String {
        let at = suite.file.location(self.at);
        match cell.statement.as_str() {
            "" => format!("{}:{}", at.file, at.line),
            statement => format!("{}:{}: {}", at.file, at.line, probe::shortened(statement)),
        }
    }

    fn of_ways(&self, suite: &Suite, table: &TableMatrix, kind: WayKind) -> Outcome {
        let ways: Vec<&Way> = table.ways.iter().filter(|way| way.kind == kind).collect();
        let cells = || {
            ways.iter()
                .flat_map(|way| way.cells.iter().map(move |cell| (*way, cell)))
        };
        let line = |(way, cell): (&Way, &Cell)| {
            format!("{} of {}: {}", cell.command.as_str(), way.object, cell.have)
        };
        let of = |outcome: Crossing| {
            cells()
                .filter(|(_, cell)| cell.outcome == outcome && cell.accepted.is_none())
                .collect::<Vec<_>>()
        };
        let crossing = of(Crossing::Crosses);
        if let Some((_, first)) = crossing.first() {
            let have: Vec<String> = crossing.iter().map(|pair| line(*pair)).collect();
            let mut fixes: Vec<String> = crossing.iter().filter_map(|(_, cell)| cell.fix.clone()).collect();
            fixes.dedup();
            let message = format!(
                "{}: {}; {}",
                self.title,
                have.join("; "),
                self.statement(suite, first)
            );
            return Outcome::fail(message)
                .actual(have.join("\n"))
                .remedy(Some(fixes.join("\n")));
        }
        let unproven = of(Crossing::Unproven);
        if !unproven.is_empty() {
            let have: Vec<String> = unproven.iter().map(|pair| line(*pair)).collect();
            return Outcome::warn(format!(
                "{}: not proven: {}; prove it in a [[probe]], or accept it with a reason in [[isolation.{}.accept]]",
                self.title,
                have.join("; "),
                self.spec.name
            ))
            .actual(have.join("\n"));
        }
        let noun = match kind {
            WayKind::Partition => "partition",
            WayKind::View => "view",
            WayKind::Function => "function",
        };
        Outcome::pass().actual(match ways.len() {
            0 => format!("there is no such {noun}"),
            1 => format!("1 {noun}, nothing crosses"),
            many => format!("{many} {noun}s, nothing crosses"),
        })
    }
}

/// A pass that says why there was nothing to be reached.
fn told(why: &str, have: String) -> Outcome {
    let mut outcome = Outcome::pass().actual(have);
    outcome.message = why.to_string();
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::check::Status;
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{complaints, one, sample, settle, suite};
    use crate::isolation::{
        Cell, Command, Isolation, Matrix, Outcome, Problem, Side, TableMatrix, Way, WayKind,
    };

    const HEAD: &str = "[isolation.x]\ntables = [\"t\"]\ntenant_column = \"id\"\nas_role = \"app\"\n";

    fn asked(text: &str) -> Isolation {
        let suite = suite("s", text);
        let spec = std::cell::RefCell::new(None);
        settle(&[&suite], &sample(), |question| {
            if let Question::Isolation(isolation) = question {
                spec.replace(Some(isolation.clone()));
            }
            Answer::NotRun {
                reason: "not asked".to_string(),
            }
        });
        spec.take().expect("it was asked")
    }

    fn cell(command: Command, side: Side, outcome: Outcome) -> Cell {
        Cell {
            command,
            side,
            outcome,
            have: "have".to_string(),
            statement: "SELECT 1".to_string(),
            fix: Some("FIX;".to_string()),
            accepted: None,
        }
    }

    /// Status and message of one check over a matrix of that table.
    fn judged(table: TableMatrix, end: &str) -> (Status, String) {
        let suite = suite("s", HEAD);
        let matrix = Arc::new(Matrix {
            name: "x".to_string(),
            role: "app".to_string(),
            tables: vec![table],
        });
        let verdicts = settle(&[&suite], &sample(), |_| Answer::Isolation(Arc::clone(&matrix)));
        let verdict = one(&verdicts, &format!("s/isolation.x/t.{end}"));
        (verdict.status, verdict.message.clone())
    }

    fn of(cells: Vec<Cell>, ways: Vec<Way>) -> TableMatrix {
        TableMatrix {
            path: "public.t".to_string(),
            problem: None,
            cells,
            ways,
        }
    }

    #[test]
    fn names_are_those_of_sql_and_what_probes_share_holds() {
        let spec = asked(
            "schema = \"s\"\n[probes]\nas_role = \"App\"\nsettings = { a = 1 }\n[isolation.x]\n\
             tables = [\"public.t\"]\ntenant_column = '\"Org\"'\nuser = 'public.t ( \"Id\" )'\n\
             settings = { \"b.c\" = \"{user}\" }\n[isolation.x.values.'public.T']\nn = \"1 + 1\"\nm = true\n",
        );
        assert_eq!(spec.role, "app");
        assert_eq!(
            (spec.tables[0].path(), spec.tables[0].column.as_str()),
            ("public.t".to_string(), "Org")
        );
        assert_eq!(spec.user.expect("a user").column, "Id");
        let settings: Vec<String> = spec
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(settings, ["b.c={user}", "a=1"]);
        let values: Vec<String> = spec
            .values
            .iter()
            .map(|value| format!("{}.{} {}", value.target.path(), value.target.column, value.sql))
            .collect();
        assert_eq!(values, ["public.t.n 1 + 1", "public.t.m true"]);
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_place() {
        assert_eq!(
            complaints("[isolation.x]\ntables = [\"t\"]\nas_role = \"app\"\ntenant = \"id\"\n"),
            [
                "2:11 `tables`: no column of t is named (add tenant_column = \"…\", or write \"t(column)\")",
                "4:1 unknown key `tenant` in [isolation.x] (did you mean `tenants`?)",
            ]
        );
        assert_eq!(
            complaints("[isolation.x]\ntables = [\"t(id)\"]\n"),
            [
                "1:12 [isolation.x]: `as_role` is missing (name the role that the application works as: as_role = \"…\")"
            ]
        );
        assert_eq!(
            complaints("[isolation.x]\nas_role = \"app\"\n"),
            [
                "1:12 [isolation.x]: `tables` is missing (name the tables that hold rows of tenants: tables = [\"…\"])"
            ]
        );
        assert_eq!(
            complaints(&format!(
                "{HEAD}settings = {{ a = \"{{user}}\" }}\ntenants = [\"a\", \"a\"]\ngiven = \"commit\"\n"
            )),
            [
                "5:1 [isolation.x]: `settings` uses {user}, and there is no `user` (add user = \"table(column)\": the rows that users are)",
                "6:1 `tenants`: want two different values (write tenants = [\"…\", \"…\"], or leave it out to have them made up)",
                "7:10 `given`: COMMIT would leave the transaction that is rolled back (leave it out: every step has a savepoint of its own)",
            ]
        );
        assert_eq!(
            complaints(&format!(
                "{HEAD}[isolation.x.values.t]\nn = \"1 +\"\n[[isolation.x.accept]]\ncommand = \"selct\"\nobject = \"t\"\n"
            ))
            .len(),
            3
        );
    }

    #[test]
    fn a_cell_is_a_verdict() {
        let verdict =
            |command, side, outcome, end: &str| judged(of(vec![cell(command, side, outcome)], vec![]), end);
        let (status, message) = verdict(Command::Update, Side::Other, Outcome::Crosses, "update");
        assert_eq!(status, Status::Fail);
        assert_eq!(
            message,
            "isolation x: update t of another tenant: have `have`, want `no row`; checks/s.toml:2: SELECT 1"
        );
        for (outcome, status) in [
            (Outcome::Works, Status::Pass),
            (Outcome::NoGrant, Status::Pass),
            (Outcome::NoPolicy, Status::Pass),
            (Outcome::Denied, Status::Fail),
            (Outcome::Unproven, Status::Blocked),
        ] {
            let found = verdict(Command::Select, Side::Own, outcome, "own_select").0;
            assert_eq!(found, status, "{outcome:?}");
        }
        for (outcome, status) in [
            (Outcome::Refused, Status::Pass),
            (Outcome::Nothing, Status::Pass),
            (Outcome::Unproven, Status::Warn),
            (Outcome::NotApplicable, Status::Skip),
        ] {
            let found = verdict(Command::Move, Side::Other, outcome, "move").0;
            assert_eq!(found, status, "{outcome:?}");
        }
    }

    #[test]
    fn ways_are_one_check_a_kind_and_name_what_crosses() {
        let way = |kind, object: &str, outcome| Way {
            kind,
            object: object.to_string(),
            cells: vec![cell(Command::Select, Side::Other, outcome)],
        };
        let table = || {
            of(
                vec![],
                vec![
                    way(WayKind::View, "view public.v", Outcome::Crosses),
                    way(WayKind::View, "view public.w", Outcome::Nothing),
                    way(WayKind::Function, "function f()", Outcome::Unproven),
                ],
            )
        };
        assert_eq!(
            judged(table(), "views"),
            (
                Status::Fail,
                "isolation x: t through views: select of view public.v: have; checks/s.toml:2: SELECT 1"
                    .to_string()
            )
        );
        assert_eq!(judged(table(), "functions").0, Status::Warn);
        assert_eq!(judged(table(), "partitions").0, Status::Pass);
        let problem = Problem::new("no row", "give one");
        let unready = TableMatrix::unready("public.t".to_string(), problem);
        assert_eq!(
            judged(unready, "select"),
            (
                Status::Blocked,
                "isolation x: select from t of another tenant: no row; give one".to_string()
            )
        );
    }
}
