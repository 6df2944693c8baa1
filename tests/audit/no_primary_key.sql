-- finds: table "S".parted
-- finds: table public.t
create schema "S";
create table t (id int unique not null);
create table "S".parted (id int) partition by list (id);
create table "S".p1 partition of "S".parted for values in (1);
create table keyed (id int primary key);
create view v as select * from t;
