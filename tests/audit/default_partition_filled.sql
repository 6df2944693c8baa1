-- finds: table public."Rest"
create table t (id int) partition by list (id);
create table t_1 partition of t for values in (1);
create table "Rest" partition of t default;
insert into t values (1), (2);
create table u (id int) partition by list (id);
create table u_1 partition of u for values in (1);
create table u_rest partition of u default;
insert into u values (1);
