CREATE SCHEMA "My Shop";
CREATE TYPE "My Shop"."größe" AS ENUM ('S ', 'it''s', '"XL"');
CREATE TABLE "My Shop"."Odd ""Name""" (
    "Größe ✓" "My Shop"."größe" NOT NULL DEFAULT 'it''s',
    "select" integer,
    "a.b" text,
    CONSTRAINT "pk of ""it""" PRIMARY KEY ("select", "a.b"),
    CONSTRAINT "größer 0" CHECK ("select" > 0)
);
CREATE INDEX "odd idx; --" ON "My Shop"."Odd ""Name""" (lower("a.b")) WHERE "Größe ✓" = 'it''s';
