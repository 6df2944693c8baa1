-- finds: sequence public."S"
-- finds: table public.rest
-- as: audit_app
create sequence "S";
create sequence fine;
grant usage on fine to audit_app;
create table t (id int) partition by list (id);
create table rest partition of t default;
create table u (id int) partition by list (id);
create table u_rest partition of u default;
grant select on u_rest to audit_app;
