-- the child before its parent, behind the first migration of the transaction
INSERT INTO "Books".entry VALUES (3, 20, NULL);
INSERT INTO "Books".account VALUES (20);
