-- pgplumb: statement-timeout 300ms
CREATE TABLE entry (id integer PRIMARY KEY, account_id integer REFERENCES account (id), amount numeric);
