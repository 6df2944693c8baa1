PREPARE answer AS SELECT 4;
ALTER TABLE c ADD CONSTRAINT behind CHECK (id <> 0 OR id = NULL);
INSERT INTO d (shadowed) VALUES (to_regclass('a'));
