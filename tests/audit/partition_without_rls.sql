-- finds: table public."P 2"
-- finds: table public.child
-- finds: table public.deep_1
create table parted (id int, org int) partition by list (id);
alter table parted enable row level security;
create policy p on parted using (org > 0);
create table p1 partition of parted for values in (1);
create table "P 2" partition of parted for values in (2);
grant select on parted, "P 2" to audit_app;
create table deep partition of parted for values in (3) partition by list (org);
create table deep_1 partition of deep for values in (1);
grant insert on deep_1 to public;
create table base (id int primary key);
alter table base enable row level security;
create policy p on base using (id > 0);
create table child () inherits (base);
grant select on child to audit_app;
-- not these: row security of its own, a parent without
create table own partition of parted for values in (4);
alter table own enable row level security;
create policy p on own using (org > 0);
grant select on own to audit_app;
create table open (id int) partition by list (id);
create table open_1 partition of open for values in (1);
grant select on open, open_1 to audit_app;
