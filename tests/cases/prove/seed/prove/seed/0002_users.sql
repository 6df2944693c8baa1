INSERT INTO "user" VALUES (1, 'Ada Lovelace', 'ada@example.net'), (2, 'Alan Turing', NULL);
