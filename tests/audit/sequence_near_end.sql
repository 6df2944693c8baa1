-- finds: sequence public."Down"
-- finds: sequence public."T.x_Id_seq"
-- finds: sequence public.small
create table "T.x" ("Id" serial primary key, b bigserial, c int generated always as identity);
alter sequence "T.x_Id_seq" as bigint;
select setval('"T.x_Id_seq"', 1900000000);
select setval('"T.x_b_seq"', 1900000000);
create sequence small as smallint;
select setval('small', 30000);
create sequence "Down" as int increment -1 minvalue -100 maxvalue -1;
select setval('"Down"', -80);
-- not these: it begins again, it has hardly begun, it was never used
create sequence round maxvalue 100 cycle;
select setval('round', 99);
create sequence begun maxvalue 100;
select setval('begun', 74);
create sequence unused maxvalue 2;
