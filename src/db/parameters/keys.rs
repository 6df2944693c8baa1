//! libpq's keywords, their environment variables, and what we do with each.

use crate::db::parameters::ParameterError;

/// One keyword.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub name: &'static str,
    /// The environment variable that gives its default.
    pub variable: Option<&'static str>,
    pub treatment: Treatment,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    Used,
    /// It has no effect here and does no harm.
    Ignored,
    /// Ignoring it would do harm; why it is not supported.
    Refused(&'static str),
}

const fn used(name: &'static str, variable: &'static str) -> Key {
    Key {
        name,
        variable: Some(variable),
        treatment: Treatment::Used,
    }
}

const fn plain(name: &'static str) -> Key {
    Key {
        name,
        variable: None,
        treatment: Treatment::Used,
    }
}

const fn ignored(name: &'static str) -> Key {
    Key {
        name,
        variable: None,
        treatment: Treatment::Ignored,
    }
}

const fn refused(name: &'static str, reason: &'static str) -> Key {
    Key {
        name,
        variable: None,
        treatment: Treatment::Refused(reason),
    }
}

#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    used("service", "PGSERVICE"),
    used("servicefile", "PGSERVICEFILE"),
    used("user", "PGUSER"),
    used("password", "PGPASSWORD"),
    used("passfile", "PGPASSFILE"),
    used("dbname", "PGDATABASE"),
    used("host", "PGHOST"),
    used("hostaddr", "PGHOSTADDR"),
    used("port", "PGPORT"),
    used("connect_timeout", "PGCONNECT_TIMEOUT"),
    used("options", "PGOPTIONS"),
    used("application_name", "PGAPPNAME"),
    plain("fallback_application_name"),
    used("client_encoding", "PGCLIENTENCODING"),
    used("target_session_attrs", "PGTARGETSESSIONATTRS"),
    used("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    used("channel_binding", "PGCHANNELBINDING"),
    used("require_auth", "PGREQUIREAUTH"),
    used("requirepeer", "PGREQUIREPEER"),
    used("gssencmode", "PGGSSENCMODE"),
    used("sslmode", "PGSSLMODE"),
    used("sslnegotiation", "PGSSLNEGOTIATION"),
    used("sslrootcert", "PGSSLROOTCERT"),
    used("sslcert", "PGSSLCERT"),
    used("sslkey", "PGSSLKEY"),
    used("sslcertmode", "PGSSLCERTMODE"),
    used("sslcrl", "PGSSLCRL"),
    used("sslsni", "PGSSLSNI"),
    used("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    used("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    plain("keepalives"),
    plain("keepalives_idle"),
    plain("keepalives_interval"),
    plain("keepalives_count"),
    plain("tcp_user_timeout"),
    plain("replication"),
    ignored("sslpassword"),
    ignored("sslcompression"),
    ignored("sslkeylogfile"),
    ignored("min_protocol_version"),
    ignored("max_protocol_version"),
    ignored("krbsrvname"),
    ignored("gsslib"),
    ignored("gssdelegation"),
    refused("sslcrldir", "a directory of revocation lists cannot be read here; join them into one file and name it with sslcrl"),
    refused("scram_client_key", "SCRAM keys in place of a password are not supported"),
    refused("scram_server_key", "SCRAM keys in place of a password are not supported"),
    refused("oauth_issuer", "OAuth is not supported"),
    refused("oauth_client_id", "OAuth is not supported"),
    refused("oauth_client_secret", "OAuth is not supported"),
    refused("oauth_scope", "OAuth is not supported"),
];

/// Names that other drivers use, with what to write instead.
const FOREIGN: &[(&str, &str)] = &[
    ("ssl", "sslmode"),
    ("ssl_mode", "sslmode"),
    ("ssl-mode", "sslmode"),
    ("tls", "sslmode"),
    ("database", "dbname"),
    ("db", "dbname"),
    ("username", "user"),
    ("pass", "password"),
    ("pwd", "password"),
    ("hostname", "host"),
    ("server", "host"),
    ("sslca", "sslrootcert"),
    ("ssl_ca", "sslrootcert"),
    ("sslaccept", "sslmode"),
    ("timeout", "connect_timeout"),
    ("applicationname", "application_name"),
    ("targetservertype", "target_session_attrs"),
    ("schema", "options=-csearch_path=…"),
    ("currentschema", "options=-csearch_path=…"),
    ("search_path", "options=-csearch_path=…"),
    ("statement_timeout", "options=-cstatement_timeout=…"),
];

/// Names that only tell other drivers how to behave.
const OTHERS_ONLY: &[&str] = &[
    "pgbouncer",
    "connection_limit",
    "pool_timeout",
    "pool_size",
    "statement_cache_size",
    "statement_cache_mode",
    "prepared_statements",
    "prepareThreshold",
    "socket_timeout",
    "supa",
    "sslidentity",
    "sslfactory",
    "pool_mode",
];

pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// What somebody who wrote `name` may have meant.
pub(super) fn suggestion(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, instead)) = FOREIGN.iter().find(|(foreign, _)| *foreign == lower) {
        return Some(instead);
    }
    let near = KEYS
        .iter()
        .map(|key| (strsim::damerau_levenshtein(&lower, key.name), key.name))
        .min()?;
    (near.0 <= 2 && near.0 < lower.chars().count()).then_some(near.1)
}

pub(super) fn is_for_another_driver(name: &str) -> bool {
    OTHERS_ONLY.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// The value of a keyword that takes one of a few words.
pub(super) fn choose<T: Copy>(
    key: &'static str,
    value: &str,
    choices: &[(&str, T)],
) -> Result<T, ParameterError> {
    let found = choices
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, choice)| *choice);
    found.ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        ParameterError::invalid(key, value, words.join(", "))
    })
}
