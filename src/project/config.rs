//! `pgplumb.toml`: every setting, its default and its documentation in one registry.
//!
//! [`KEYS`] is what the file is read with, what `pgplumb init` writes and what the README lists. A table `[env.NAME]`
//! holds the same keys, and what it says goes before what the top level says.

use std::fmt;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layout::LayoutName;
use crate::audit::Accept;
use crate::check::accepts_of;
use crate::diagnostic::{Diagnostic, closest};
use crate::migration::timeout::TimeoutError;
use crate::migration::{Timeout, Width};
use crate::redact::redact;
use crate::source::{Place, SourceFile, Span};
use crate::sql::parse_name;

/// The file that holds the settings.
pub const FILE_NAME: &str = "pgplumb.toml";

/// What a run goes by, after `[env.NAME]` and before the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub migrations: Folder,
    pub rollbacks: Folder,
    pub checks: Folder,
    /// Whose layout the migrations have; `None`: found by itself.
    pub layout: Option<LayoutName>,
    pub database: DatabaseSource,
    /// Where names in check files are looked up unless the file says otherwise. A plain name, unquoted.
    pub schema: String,
    /// The role of every transaction: `SET LOCAL ROLE`. A plain name, unquoted.
    pub role: Option<String>,
    pub lock_timeout: Timeout,
    /// `None`: what the server has for the role that connects.
    pub statement_timeout: Option<Timeout>,
    /// `None`: what the server has for the role that connects.
    pub idle_in_transaction_session_timeout: Option<Timeout>,
    /// How long to wait for another runner; disabled means not at all.
    pub lock_wait: Timeout,
    pub out_of_order: OutOfOrder,
    /// The width that a new history table gets; `None`: int4, unless a version does not fit.
    pub history: Option<Width>,
    pub probes: Probes,
    /// Ask before anything is changed; without a terminal, `--yes` is needed.
    pub confirm: bool,
    /// Warnings count as failures.
    pub strict: bool,
}

/// A folder of the project, relative to its root unless absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub path: String,
    /// Where the settings name it: a folder that was named has to exist.
    pub place: Option<Place>,
}

impl Folder {
    fn unnamed(path: &str) -> Folder {
        Folder {
            path: path.to_string(),
            place: None,
        }
    }
}

/// Where the connection comes from when the command line does not say.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseSource {
    /// `DATABASE_URL`, else the `PG*` variables.
    Default,
    /// This environment variable, which has to be set.
    Variable(String),
    /// This URL or key=value string.
    Url(String),
}

impl fmt::Debug for DatabaseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseSource::Default => f.write_str("Default"),
            DatabaseSource::Variable(name) => write!(f, "Variable({name})"),
            DatabaseSource::Url(url) => write!(f, "Url({})", redact(url)),
        }
    }
}

/// What happens to a pending version that is older than an applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutOfOrder {
    #[default]
    Refuse,
    Allow,
}

/// Whether probes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Probes {
    #[default]
    Always,
    /// Ask on a terminal, skip without one.
    Ask,
    Never,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            migrations: Folder::unnamed("migrations"),
            rollbacks: Folder::unnamed("rollback"),
            checks: Folder::unnamed("checks"),
            layout: None,
            database: DatabaseSource::Default,
            schema: "public".to_string(),
            role: None,
            lock_timeout: Timeout::from_secs(5),
            statement_timeout: None,
            idle_in_transaction_session_timeout: None,
            lock_wait: Timeout::from_secs(60),
            out_of_order: OutOfOrder::Refuse,
            history: None,
            probes: Probes::Always,
            confirm: false,
            strict: false,
        }
    }
}

/// One setting.
pub struct Key {
    pub name: &'static str,
    /// A value as TOML writes it: the default where there is one.
    pub example: &'static str,
    /// What holds when the key is left out.
    pub default: &'static str,
    /// Lines of documentation.
    pub doc: &'static [&'static str],
    form: Form,
}

/// A word, and what it sets.
type Word = (&'static str, fn(&mut Settings));

/// What values a key takes, and where they go.
enum Form {
    Folder(fn(&mut Settings, Folder)),
    Text(fn(&mut Settings, String)),
    /// A name as SQL writes it.
    Name(fn(&mut Settings, String)),
    Timeout(fn(&mut Settings, Timeout)),
    Flag(fn(&mut Settings, bool)),
    Words(&'static [Word]),
}

/// Every setting, in the order of the documentation.
pub const KEYS: [Key; 17] = [
    Key {
        name: "migrations",
        example: r#""migrations""#,
        default: "migrations",
        doc: &["Folder of the migrations, relative to this file: NNNN_snake_name.sql."],
        form: Form::Folder(|settings, folder| settings.migrations = folder),
    },
    Key {
        name: "rollbacks",
        example: r#""rollback""#,
        default: "rollback",
        doc: &["Folder of the rollbacks; a rollback has the name of its migration."],
        form: Form::Folder(|settings, folder| settings.rollbacks = folder),
    },
    Key {
        name: "checks",
        example: r#""checks""#,
        default: "checks",
        doc: &[
            "Folder of the check files; one with the name of a migration belongs to it, any other holds always.",
        ],
        form: Form::Folder(|settings, folder| settings.checks = folder),
    },
    Key {
        name: "layout",
        example: r#""pgplumb""#,
        default: "found by itself",
        doc: &[
            "Whose layout the migrations have: \"pgplumb\", \"refinery\", \"flyway\", \"golang-migrate\", \"sqlx\", \"diesel\",",
            "\"dbmate\", \"goose\", \"sql-migrate\" or \"sqitch\". Left out, it is found by the files.",
        ],
        form: Form::Words(&[
            ("pgplumb", |settings| settings.layout = Some(LayoutName::Pgplumb)),
            ("refinery", |settings| {
                settings.layout = Some(LayoutName::Refinery)
            }),
            ("flyway", |settings| settings.layout = Some(LayoutName::Flyway)),
            ("golang-migrate", |settings| {
                settings.layout = Some(LayoutName::GolangMigrate)
            }),
            ("sqlx", |settings| settings.layout = Some(LayoutName::Sqlx)),
            ("diesel", |settings| settings.layout = Some(LayoutName::Diesel)),
            ("dbmate", |settings| settings.layout = Some(LayoutName::Dbmate)),
            ("goose", |settings| settings.layout = Some(LayoutName::Goose)),
            ("sql-migrate", |settings| {
                settings.layout = Some(LayoutName::SqlMigrate)
            }),
            ("sqitch", |settings| settings.layout = Some(LayoutName::Sqitch)),
        ]),
    },
    Key {
        name: "database_url_env",
        example: r#""DATABASE_URL""#,
        default: "DATABASE_URL, else the PG* variables",
        doc: &[
            "Name of the environment variable that holds the database's URL. A variable that is named here has to be",
            "set. The command line (-d) goes before it.",
        ],
        form: Form::Text(|settings, name| settings.database = DatabaseSource::Variable(name)),
    },
    Key {
        name: "database_url",
        example: r#""postgres://app@db.example.com/shop""#,
        default: "none",
        doc: &[
            "The URL itself, in place of a variable; without a password, which belongs in PGPASSWORD or ~/.pgpass.",
        ],
        form: Form::Text(|settings, url| settings.database = DatabaseSource::Url(url)),
    },
    Key {
        name: "schema",
        example: r#""public""#,
        default: "public",
        doc: &["Schema of the names in check files, unless the file or the name says otherwise."],
        form: Form::Name(|settings, name| settings.schema = name),
    },
    Key {
        name: "role",
        example: r#""shop_owner""#,
        default: "the role that connects",
        doc: &[
            "Role that migrates: every transaction begins with SET LOCAL ROLE. \"none\" for the role that connects.",
        ],
        form: Form::Name(|settings, name| settings.role = (name != "none").then_some(name)),
    },
    Key {
        name: "lock_timeout",
        example: r#""5s""#,
        default: "5s",
        doc: &["How long a statement waits for a lock. Units: us, ms, s, min, h, d; \"0\" waits for ever."],
        form: Form::Timeout(|settings, timeout| settings.lock_timeout = timeout),
    },
    Key {
        name: "statement_timeout",
        example: r#""10min""#,
        default: "what the server has for the role",
        doc: &["How long a statement may take; \"0\" for ever."],
        form: Form::Timeout(|settings, timeout| settings.statement_timeout = Some(timeout)),
    },
    Key {
        name: "idle_in_transaction_session_timeout",
        example: r#""1min""#,
        default: "what the server has for the role",
        doc: &["How long the server keeps a transaction in which nothing happens; \"0\" for ever."],
        form: Form::Timeout(|settings, timeout| settings.idle_in_transaction_session_timeout = Some(timeout)),
    },
    Key {
        name: "lock_wait",
        example: r#""60s""#,
        default: "60s",
        doc: &["How long to wait for another runner on the same database; \"0\" not at all."],
        form: Form::Timeout(|settings, timeout| settings.lock_wait = timeout),
    },
    Key {
        name: "out_of_order",
        example: r#""refuse""#,
        default: "refuse",
        doc: &["A pending version that is older than an applied one: \"refuse\" or \"allow\"."],
        form: Form::Words(&[
            ("refuse", |settings| settings.out_of_order = OutOfOrder::Refuse),
            ("allow", |settings| settings.out_of_order = OutOfOrder::Allow),
        ]),
    },
    Key {
        name: "history",
        example: r#""int4""#,
        default: "int4, or int8 when a version needs it",
        doc: &[
            "Type of the version in a new history table: \"int4\" as refinery has it, or \"int8\" as refinery has it with",
            "int8-versions. A table that exists keeps its own.",
        ],
        form: Form::Words(&[
            ("int4", |settings| settings.history = Some(Width::Int4)),
            ("int8", |settings| settings.history = Some(Width::Int8)),
        ]),
    },
    Key {
        name: "probes",
        example: r#""always""#,
        default: "always",
        doc: &[
            "Whether probes, which write and roll back, may run: \"always\", \"ask\" (on a terminal) or \"never\".",
        ],
        form: Form::Words(&[
            ("always", |settings| settings.probes = Probes::Always),
            ("ask", |settings| settings.probes = Probes::Ask),
            ("never", |settings| settings.probes = Probes::Never),
        ]),
    },
    Key {
        name: "confirm",
        example: "false",
        default: "false",
        doc: &["Ask before anything is changed; without a terminal, --yes is then needed."],
        form: Form::Flag(|settings, value| settings.confirm = value),
    },
    Key {
        name: "strict",
        example: "false",
        default: "false",
        doc: &["Warnings fail a verification, as with --strict."],
        form: Form::Flag(|settings, value| settings.strict = value),
    },
];

impl Form {
    /// What a value has to be, for messages.
    fn want(&self) -> String {
        match self {
            Form::Folder(_) => "a folder in quotes".to_string(),
            Form::Text(_) => "a text in quotes".to_string(),
            Form::Name(_) => "a name as SQL writes it, in quotes".to_string(),
            Form::Timeout(_) => "a duration in quotes, with a unit: us, ms, s, min, h, d".to_string(),
            Form::Flag(_) => "true or false".to_string(),
            Form::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
                quoted.join(", ")
            }
        }
    }

    /// Takes a value into the settings.
    fn take(&self, settings: &mut Settings, value: &DeValue<'_>, place: Place) -> Result<(), Refusal> {
        if let Form::Flag(set) = self {
            set(settings, value.as_bool().ok_or(Refusal::Form)?);
            return Ok(());
        }
        let text = value
            .as_str()
            .filter(|text| !text.trim().is_empty())
            .ok_or(Refusal::Form)?;
        match self {
            Form::Folder(set) => set(
                settings,
                Folder {
                    path: text.to_string(),
                    place: Some(place),
                },
            ),
            Form::Text(set) => set(settings, text.to_string()),
            Form::Name(set) => set(settings, plain_name(text)?),
            Form::Timeout(set) => set(
                settings,
                text.parse()
                    .map_err(|error: TimeoutError| Refusal::Because(error.to_string()))?,
            ),
            Form::Words(words) => match words.iter().find(|(word, _)| *word == text) {
                Some((_, set)) => set(settings),
                None => {
                    let nearest = closest(text, words.iter().map(|(word, _)| *word));
                    return Err(nearest.map_or(Refusal::Form, Refusal::Near));
                }
            },
            Form::Flag(_) => {}
        }
        Ok(())
    }
}

/// Why a value cannot be taken.
enum Refusal {
    /// It is not of the form that is wanted.
    Form,
    Because(String),
    /// It is one word off.
    Near(&'static str),
}

fn plain_name(text: &str) -> Result<String, Refusal> {
    let name = parse_name(text).map_err(|error| Refusal::Because(error.message))?;
    match name.schema {
        Some(_) => Err(Refusal::Because("a name without a schema is wanted".to_string())),
        None => Ok(name.name),
    }
}

/// The settings of a run, and what is to be said about their file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    pub settings: Settings,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// The `[[audit.accept]]`: known findings of the audit.
    pub accepts: Vec<Accept>,
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// Reads `pgplumb.toml` as far as the environment `env` goes; the other environments are checked as well.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in its order.
    pub fn parse(file: &SourceFile, env: Option<&str>) -> Result<Config, Vec<Diagnostic>> {
        // what is shown of this file, by whatever message, shows no password
        let shown = SourceFile::new(file.path(), redact(file.text()));
        let (document, errors) = DeTable::parse_recoverable(file.text());
        if !errors.is_empty() {
            return Err(errors.iter().map(|error| syntax_error(&shown, error)).collect());
        }
        let mut reader = Reader {
            file: shown,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let (mut settings, mut known, mut chosen) = (Settings::default(), Vec::new(), None);
        let mut accepts = Vec::new();
        let top = in_order(document.get_ref());
        for (key, value) in &top {
            if key.get_ref() == "audit" {
                match accepts_of(&reader.file, key.span().into(), value) {
                    Ok(found) => accepts = found,
                    Err(problems) => reader.problems.extend(problems),
                }
            } else if key.get_ref() != "env" {
                reader.setting(&mut settings, key, value, FILE_NAME);
            }
        }
        reader.only_one_database(document.get_ref());
        for (key, value) in top.iter().filter(|(key, _)| key.get_ref() == "env") {
            let Some(environments) = value.get_ref().as_table() else {
                reader.problem(
                    key.span(),
                    "env is no table",
                    "write a table [env.NAME] for each environment",
                );
                continue;
            };
            for (name, value) in in_order(environments) {
                let within = format!("[env.{}]", name.get_ref());
                let Some(table) = value.get_ref().as_table() else {
                    let message = format!("{} stands outside an environment", name.get_ref());
                    reader.problem(name.span(), message, "put it in a table [env.NAME]");
                    continue;
                };
                known.push(name.get_ref().to_string());
                let mut own = settings.clone();
                for (key, value) in in_order(table) {
                    reader.setting(&mut own, key, value, &within);
                }
                reader.only_one_database(table);
                if env == Some(name.get_ref()) {
                    chosen = Some(own);
                }
            }
        }
        match (env, chosen) {
            (Some(_), Some(own)) => settings = own,
            (Some(env), None) if reader.problems.is_empty() => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                reader
                    .problems
                    .push(unknown_environment(env, &known).in_file(file.path()));
            }
            _ => {}
        }
        if !reader.problems.is_empty() {
            reader.problems.sort_by_key(Diagnostic::location);
            return Err(reader.problems);
        }
        Ok(Config {
            settings,
            environment: env.map(str::to_string),
            accepts,
            warnings: reader.warnings,
        })
    }

    /// The settings without a file.
    ///
    /// # Errors
    /// When an environment is asked for: there is none.
    pub fn without_file(env: Option<&str>) -> Result<Config, Vec<Diagnostic>> {
        match env {
            None => Ok(Config::default()),
            Some(env) => Err(vec![unknown_environment(env, &[])]),
        }
    }
}

/// Reads values of one file and collects what is wrong with them.
struct Reader {
    file: Arc<SourceFile>,
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

/// A key or a value of the document.
type Keyed<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

impl Reader {
    fn problem(&mut self, span: impl Into<Span>, message: impl Into<String>, help: impl Into<String>) {
        let problem = Diagnostic::error(message).at(&self.file, span.into()).help(help);
        self.problems.push(problem);
    }

    fn setting(
        &mut self,
        settings: &mut Settings,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        within: &str,
    ) {
        let Some(key) = KEYS.iter().find(|key| key.name == name.get_ref()) else {
            let names = || KEYS.iter().map(|key| key.name);
            let help = match closest(name.get_ref(), names()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("use one of: {}", names().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("unknown setting {} in {within}", name.get_ref());
            return self.problem(name.span(), message, help);
        };
        let span = Span::from(value.span());
        match key
            .form
            .take(settings, value.get_ref(), Place::new(&self.file, span))
        {
            Ok(()) => self.warn_of_password(key, value.get_ref(), span),
            Err(refusal) => {
                let have = self.file.slice(span).lines().next().unwrap_or("").to_string();
                let mut problem = Diagnostic::error(format!("setting {} cannot be read", key.name))
                    .at(&self.file, span)
                    .have(format!("{have} ({})", type_of(value.get_ref())))
                    .want(key.form.want());
                if let Refusal::Because(reason) = &refusal {
                    problem = problem.fact("reason", reason);
                }
                self.problems.push(problem.help(match refusal {
                    Refusal::Near(word) => format!("did you mean {word:?}?"),
                    Refusal::Form | Refusal::Because(_) => {
                        format!("write it like this: {} = {}", key.name, key.example)
                    }
                }));
            }
        }
    }

    fn warn_of_password(&mut self, key: &Key, value: &DeValue<'_>, span: Span) {
        let Some(url) = value.as_str().filter(|_| key.name == "database_url") else {
            return;
        };
        if redact(url) != url {
            self.warnings.push(
                Diagnostic::warning(format!("{} holds a password", key.name))
                    .at(&self.file, span)
                    .help("remove it from the file, and put it into PGPASSWORD or ~/.pgpass"),
            );
        }
    }

    /// The two ways to name the database do not go together.
    fn only_one_database(&mut self, table: &DeTable<'_>) {
        if let (Some(_), Some((url, _))) =
            (table.get("database_url_env"), table.get_key_value("database_url"))
        {
            self.problem(
                url.span(),
                "database_url and database_url_env name the database twice",
                "remove one of them",
            );
        }
    }
}

/// Keys and values as they stand in the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Keyed<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(text) if text.trim().is_empty() => "an empty string",
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn syntax_error(file: &Arc<SourceFile>, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().map_or(Span::at(0), Span::from);
    let message = error.message().lines().next().unwrap_or("").trim().to_string();
    Diagnostic::error(format!("{} is not valid TOML: {message}", file.path()))
        .at(file, span)
        .help("mend the line; text stands in quotes, tables in [brackets]")
}

fn unknown_environment(env: &str, known: &[&str]) -> Diagnostic {
    let problem = Diagnostic::error(format!("environment {env:?} is not defined"));
    match (closest(env, known.iter().copied()), known) {
        (_, []) => problem.help(format!(
            "add a table [env.{env}] to {FILE_NAME}, or leave out --env and PGPLUMB_ENV"
        )),
        (Some(nearest), _) => problem
            .want(known.join(", "))
            .help(format!("did you mean --env {nearest}?")),
        (None, _) => problem
            .want(known.join(", "))
            .help("choose one of these, or leave out --env and PGPLUMB_ENV"),
    }
}

/// A `pgplumb.toml` that explains every setting and sets none.
pub fn template() -> String {
    let mut out = String::from(
        "# The settings of pgplumb. Every one has a default; remove the # to set another value.\n\
         # The same keys in a table [env.NAME] hold for `--env NAME` or PGPLUMB_ENV=NAME only.\n",
    );
    for key in &KEYS {
        out.push('\n');
        for line in key.doc {
            out.push_str(&format!("# {line}\n"));
        }
        out.push_str(&format!(
            "# Default: {}.\n#{} = {}\n",
            key.default, key.name, key.example
        ));
    }
    out.push_str(
        "\n# An environment: where its URL comes from, and more care.\n\
         #[env.production]\n#database_url_env = \"PRODUCTION_DATABASE_URL\"\n#lock_timeout = \"2s\"\n#confirm = true\n\
         #probes = \"never\"\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, env: Option<&str>) -> Result<Config, Vec<Diagnostic>> {
        Config::parse(&SourceFile::new(FILE_NAME, text), env)
    }

    /// `line:column message | have | want | help`
    fn lines(problems: &[Diagnostic]) -> Vec<String> {
        problems
            .iter()
            .map(|problem| {
                let location = problem.location().unwrap();
                let facts: String = problem
                    .facts
                    .iter()
                    .map(|(label, text)| format!(" | {label}: {text}"))
                    .collect();
                let help = problem.help.as_deref().unwrap_or("NO HELP");
                format!(
                    "{}:{} {}{facts} | {help}",
                    location.line, location.column, problem.message
                )
            })
            .collect()
    }

    fn problems(text: &str) -> Vec<String> {
        lines(&parse(text, None).unwrap_err())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        for text in ["", "# nothing\n", "[env.a]\n[env.b]\n"] {
            assert_eq!(parse(text, None).unwrap(), Config::default());
        }
        assert_eq!(Config::without_file(None).unwrap(), Config::default());
    }

    #[test]
    fn every_setting_is_read() {
        let settings = parse(
            r#"
migrations = "db/up"
rollbacks = 'db/down'
checks = "db/checks"
layout = "goose"
database_url_env = "SHOP_URL"
schema = '"Shop"'
role = "Shop_Owner"
lock_timeout = "2s"
statement_timeout = "10min"
idle_in_transaction_session_timeout = "0"
lock_wait = "0"
out_of_order = "allow"
history = "int8"
probes = "ask"
confirm = true
strict = true
"#,
            None,
        )
        .unwrap()
        .settings;
        let timeout = |text: &str| text.parse::<Timeout>().unwrap();
        assert_eq!(
            [&settings.migrations, &settings.rollbacks, &settings.checks].map(|folder| folder.path.as_str()),
            ["db/up", "db/down", "db/checks"]
        );
        let place = settings.rollbacks.place.as_ref().unwrap();
        assert_eq!(place.location().to_string(), "pgplumb.toml:3:13");
        assert_eq!(
            settings,
            Settings {
                migrations: settings.migrations.clone(),
                rollbacks: settings.rollbacks.clone(),
                checks: settings.checks.clone(),
                layout: Some(LayoutName::Goose),
                database: DatabaseSource::Variable("SHOP_URL".to_string()),
                schema: "Shop".to_string(),
                role: Some("shop_owner".to_string()),
                lock_timeout: timeout("2s"),
                statement_timeout: Some(timeout("10min")),
                idle_in_transaction_session_timeout: Some(Timeout::DISABLED),
                lock_wait: Timeout::DISABLED,
                out_of_order: OutOfOrder::Allow,
                history: Some(Width::Int8),
                probes: Probes::Ask,
                confirm: true,
                strict: true,
            }
        );
    }

    #[test]
    fn the_chosen_environment_goes_before_the_top_level() {
        let text = "role = \"a\"\nlock_timeout = \"2s\"\ndatabase_url = \"postgres://db/a\"\n\
                    [env.prod]\nrole = \"none\"\ndatabase_url_env = \"PROD_URL\"\nconfirm = true\n\
                    [env.staging]\nprobes = \"never\"\n[env.'odd name']\n";
        let none = parse(text, None).unwrap();
        assert_eq!(none.settings.role.as_deref(), Some("a"));
        assert_eq!(
            none.settings.database,
            DatabaseSource::Url("postgres://db/a".to_string())
        );
        assert_eq!(none.environment, None);

        let prod = parse(text, Some("prod")).unwrap();
        assert_eq!(prod.settings.role, None);
        assert_eq!(
            prod.settings.database,
            DatabaseSource::Variable("PROD_URL".to_string())
        );
        assert!(prod.settings.confirm);
        assert_eq!(prod.settings.lock_timeout.as_millis(), 2_000);
        assert_eq!(prod.environment.as_deref(), Some("prod"));

        let staging = parse(text, Some("staging")).unwrap();
        assert_eq!(
            (staging.settings.probes, staging.settings.confirm),
            (Probes::Never, false)
        );
        assert!(parse(text, Some("odd name")).is_ok());
    }

    #[test]
    fn an_unknown_environment_names_the_known_ones() {
        let text = "[env.production]\n[env.staging]\n";
        for (env, expected) in [
            (
                "prod",
                "1:1 environment \"prod\" is not defined | want: production, staging | choose one of these, or leave out \
                 --env and PGPLUMB_ENV",
            ),
            (
                "stagin",
                "1:1 environment \"stagin\" is not defined | want: production, staging | did you mean --env staging?",
            ),
        ] {
            assert_eq!(lines(&parse(text, Some(env)).unwrap_err()), [expected]);
        }
        assert_eq!(
            lines(&parse("", Some("prod")).unwrap_err()),
            [
                "1:1 environment \"prod\" is not defined | add a table [env.prod] to pgplumb.toml, or leave out --env and \
                 PGPLUMB_ENV"
            ]
        );
    }

    #[test]
    fn everything_wrong_is_named_at_once_in_all_environments() {
        let all = KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        let timeout = "want: a duration in quotes, with a unit: us, ms, s, min, h, d";
        assert_eq!(
            problems(
                "lock_timout = \"2s\"\nfrobnicate = 1\nlock_timeout = 5\nstatement_timeout = \"5\"\n\
                 out_of_order = \"alow\"\nprobes = \"maybe\"\nconfirm = \"yes\"\nmigrations = \"\"\nrole = \"a.b\"\n\
                 schema = \"a b\"\nstrict = { x = 1 }\n\n[env.prod]\nrol = \"x\"\ndatabase_url = \"postgres://x/y\"\n\
                 database_url_env = \"Y\"\n[env]\nrole = \"x\"\n"
            ),
            [
                "1:1 unknown setting lock_timout in pgplumb.toml | did you mean lock_timeout?".to_string(),
                format!("2:1 unknown setting frobnicate in pgplumb.toml | use one of: {all}"),
                format!(
                    "3:16 setting lock_timeout cannot be read | have: 5 (an integer) | {timeout} | write it like this: \
                     lock_timeout = \"5s\""
                ),
                format!(
                    "4:21 setting statement_timeout cannot be read | have: \"5\" (a string) | {timeout} | reason: \"5\" \
                     has no unit: write 5s or 5ms | write it like this: statement_timeout = \"10min\""
                ),
                "5:16 setting out_of_order cannot be read | have: \"alow\" (a string) | want: \"refuse\", \"allow\" | did \
                 you mean \"allow\"?"
                    .to_string(),
                "6:10 setting probes cannot be read | have: \"maybe\" (a string) | want: \"always\", \"ask\", \"never\" | \
                 write it like this: probes = \"always\""
                    .to_string(),
                "7:11 setting confirm cannot be read | have: \"yes\" (a string) | want: true or false | write it like \
                 this: confirm = false"
                    .to_string(),
                "8:14 setting migrations cannot be read | have: \"\" (an empty string) | want: a folder in quotes | write \
                 it like this: migrations = \"migrations\""
                    .to_string(),
                "9:8 setting role cannot be read | have: \"a.b\" (a string) | want: a name as SQL writes it, in quotes | \
                 reason: a name without a schema is wanted | write it like this: role = \"shop_owner\""
                    .to_string(),
                "10:10 setting schema cannot be read | have: \"a b\" (a string) | want: a name as SQL writes it, in quotes \
                 | reason: \"a b\" is not one name | write it like this: schema = \"public\""
                    .to_string(),
                "11:10 setting strict cannot be read | have: { x = 1 } (a table) | want: true or false | write it like \
                 this: strict = false"
                    .to_string(),
                "14:1 unknown setting rol in [env.prod] | did you mean role?".to_string(),
                "15:1 database_url and database_url_env name the database twice | remove one of them".to_string(),
                "18:1 role stands outside an environment | put it in a table [env.NAME]".to_string(),
            ]
        );
        assert_eq!(
            problems("env = \"prod\"\n"),
            ["1:1 env is no table | write a table [env.NAME] for each environment"]
        );
    }

    #[test]
    fn syntax_errors_have_a_place() {
        for (text, place) in [
            ("role = ", "1:8"),
            ("role = 'a'\nrole = 'b'\n", "2:1"),
            ("confirm = yes\n", "1:11"),
            ("[env.prod\n", "1:10"),
            ("role = \"é\u{1}\"", "1:10"),
        ] {
            let problem = &problems(text)[0];
            assert!(
                problem.starts_with(&format!("{place} pgplumb.toml is not valid TOML: ")),
                "{text:?}: {problem}"
            );
        }
    }

    #[test]
    fn a_password_is_warned_about_and_never_shown() {
        for text in [
            "database_url = \"postgres://app:hunter2@db/shop\"",
            "database_url = \"host=db password=hunter2\"",
            "[env.prod]\ndatabase_url = \"postgres://db/shop?password=hunter2\"",
        ] {
            let config = parse(text, None).unwrap();
            let [warning] = config.warnings.as_slice() else {
                panic!("{text}")
            };
            assert_eq!(warning.message, "database_url holds a password");
            let shown = crate::diagnostic::render(warning) + &format!("{config:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(
            parse("database_url = \"postgres://app@db/shop\"", None)
                .unwrap()
                .warnings,
            []
        );
        for text in [
            "password = \"hunter2\"\n",
            "database_url = \"postgres://app:hunter2@db/shop\n",
            "database_url = [\"postgres://app:hunter2@db/shop\"]\n",
            "database_url = \"postgres://app:hunter2@db/shop\"\nlock_timeout = 5\n",
        ] {
            for problem in parse(text, None).unwrap_err() {
                let shown = crate::diagnostic::render(&problem);
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
    }

    #[test]
    fn the_template_explains_every_setting_and_sets_none() {
        let template = template();
        assert_eq!(parse(&template, None).unwrap(), Config::default());
        for key in &KEYS {
            assert!(
                template.contains(&format!("\n#{} = {}\n", key.name, key.example)),
                "{}",
                key.name
            );
            assert!(key.doc.iter().all(|line| line.len() <= 118), "{}", key.name);
        }
        // without the # it is still right
        let set: String = template
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') && !line.starts_with("database_url ="))
            .map(|line| format!("{line}\n"))
            .collect();
        let prod = parse(&set, Some("production")).unwrap().settings;
        assert_eq!(
            prod.database,
            DatabaseSource::Variable("PRODUCTION_DATABASE_URL".to_string())
        );
        assert_eq!(prod.role.as_deref(), Some("shop_owner"));
        let top = parse(&set, None).unwrap().settings;
        let defaults = Settings::default();
        assert_eq!(
            (
                top.lock_timeout,
                top.lock_wait,
                top.out_of_order,
                top.probes,
                top.confirm,
                top.strict
            ),
            (
                defaults.lock_timeout,
                defaults.lock_wait,
                defaults.out_of_order,
                defaults.probes,
                defaults.confirm,
                defaults.strict
            )
        );
        assert_eq!(
            [
                top.migrations.path,
                top.rollbacks.path,
                top.checks.path,
                top.schema
            ],
            [
                defaults.migrations.path,
                defaults.rollbacks.path,
                defaults.checks.path,
                defaults.schema
            ]
        );
    }
}
