DROP TABLE "My Shop"."Odd ""Name""";
DROP TYPE "My Shop"."größe";
DROP SCHEMA "My Shop";
