ALTER TABLE "user" ADD COLUMN first_name text;
UPDATE "user" SET first_name = split_part(name, ' ', 1);
ALTER TABLE "user" DROP COLUMN name;
