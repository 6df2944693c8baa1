-- finds: table public."T"
-- finds: table public.whole
create table "T" (id int primary key);
alter table "T" enable row level security;
create policy p on "T" using (id > 0);
grant all on "T" to audit_app, public;
-- what refers to it may be emptied as well
create table whole (id int primary key references whole);
alter table whole enable row level security;
create policy p on whole using (id > 0);
create table part_of (whole int references whole);
grant truncate on whole, part_of to audit_app;
-- not these
-- what refers to it, through another, may not: TRUNCATE is refused, with CASCADE and without
create table kept (id int primary key);
alter table kept enable row level security;
create policy p on kept using (id > 0);
create table between (id int primary key references kept);
create table keeps (between_id int references between);
grant truncate on kept, between to audit_app, public;
create table most (id int primary key);
alter table most enable row level security;
create policy p on most using (id > 0);
grant select, insert, update, delete on most to audit_app;
create table plain (id int primary key);
grant truncate on plain to audit_app;
