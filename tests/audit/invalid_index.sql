-- finds: index public."I"
-- finds: index public.parted_id
create table t (id int primary key, a int);
create index "I" on t (a);
update pg_index set indisvalid = false where indexrelid = '"I"'::regclass;
create index fine on t (id, a);
create table parted (id int) partition by list (id);
create table p1 partition of parted for values in (1);
create index parted_id on only parted (id);
