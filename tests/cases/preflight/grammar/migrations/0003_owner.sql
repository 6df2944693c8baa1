-- pgplumb: no-transaction
VACUUM;
ALTER TABLE note ADD owner int REFERENCES account;
