//! `[server.NAME]`: a foreign server; what is named of it is compared.

use crate::catalog::{Kind, ObjectId};
use crate::check::compare::Want;
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::sql::quote_ident;

use super::fields::{common, grant_remedy, grants, ident, listed, options_want, shown, string, usual_remedy};

const KIND: ObjectKind = ObjectKind {
    render: listed,
    alter: |rule, object, differences| {
        // GRANT has another word for it than ALTER and COMMENT
        grant_remedy("FOREIGN SERVER", rule, object, differences)
            .or_else(|| usual_remedy("SERVER", rule, object, differences))
    },
};

const KEYS: &[&str] = &[
    "wrapper", "type", "version", "options", "grant", "owner", "comment",
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of foreign servers") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("server", &entry.key) else {
            continue;
        };
        let within = format!("foreign server {name}");
        let Some(fields) = p.reader.fields(entry, &within, "a table of properties", KEYS) else {
            continue;
        };
        let mut wants = Vec::new();
        let wrapper = ident(p, &fields, "wrapper");
        if let Some(wrapper) = &wrapper {
            wants.push(Want::text("wrapper", wrapper.clone()));
        }
        for key in ["type", "version"] {
            if let Some(text) = string(p, &fields, key) {
                wants.push(Want::text(key, text.value));
            }
        }
        wants.extend(options_want(p, &fields));
        let expected = shown(&wants, "foreign server");
        wants.extend(common(p, &fields));
        wants.extend(grants(p, &fields, Kind::Server));
        let mut rule = ObjectRule::new(&KIND, Target::Id(ObjectId::new(Kind::Server, "", name.clone())));
        rule.wants = wants;
        let path = format!("server.{}", quote_ident(&name));
        p.add(path, "server", &entry.key, expected, rule);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn privileges_are_brought_back() {
        let text =
            "[server.far]\noptions = { host = \"here\" }\ngrant = { app = [\"usage\"], other = [\"all\"] }\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        assert_eq!(
            one(&verdicts, "0001/server.far").remedy.as_deref(),
            Some(
                "REVOKE USAGE ON FOREIGN SERVER far FROM app; GRANT USAGE ON FOREIGN SERVER far TO app; \
                 GRANT USAGE ON FOREIGN SERVER far TO other"
            )
        );
    }

    #[test]
    fn a_secret_is_neither_shown_nor_compared() {
        let text = "[server.far]\noptions = { host = \"here\", password = \"hunter2\" }\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let verdict = one(&verdicts, "0001/server.far");
        assert_eq!(
            verdict.message,
            "foreign server far: options is `(host=here)`, want `(host=here, password=********)`"
        );
        assert!(!format!("{verdict:?}").contains("hunter2"));
    }
}
