-- refused while rows still wait for their check
ALTER TABLE "Books".entry ADD COLUMN note text;
CREATE TABLE "Books".page (entry_id integer REFERENCES "Books".entry (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "Books".page VALUES (4);
INSERT INTO "Books".entry VALUES (4, 20, NULL);
