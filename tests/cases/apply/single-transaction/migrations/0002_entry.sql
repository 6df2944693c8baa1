-- pgplumb: statement-timeout 2s
CREATE TABLE entry (id integer PRIMARY KEY, account_id integer REFERENCES account (id), amount numeric);
