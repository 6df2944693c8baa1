-- pgplumb: statement-timeout 50ms
CREATE TABLE entry (id integer PRIMARY KEY, account_id integer REFERENCES account (id), amount numeric);
