-- finds: table public.t
-- finds: table public.t
create table t (id int primary key, "Conf" regconfig, p regprocedure[], fine regclass, also regtype, role regrole);
create view v as select 'simple'::regconfig as c;
