ALTER TABLE "user" ADD COLUMN name text;
UPDATE "user" SET name = first_name;
ALTER TABLE "user" ALTER COLUMN name SET NOT NULL, DROP COLUMN first_name;
