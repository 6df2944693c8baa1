-- finds: sequence public."T_id_seq"
create table "T" (id bigserial primary key);
insert into "T" default values;
select setval('"T_id_seq"', 2000000);
create table fine (id bigserial primary key);
insert into fine values (2000000);
select setval('fine_id_seq', 2000001);
