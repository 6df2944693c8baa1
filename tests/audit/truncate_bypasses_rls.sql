-- finds: table public."T"
create table "T" (id int primary key);
alter table "T" enable row level security;
create policy p on "T" using (id > 0);
grant all on "T" to audit_app, public;
-- not these
create table most (id int primary key);
alter table most enable row level security;
create policy p on most using (id > 0);
grant select, insert, update, delete on most to audit_app;
create table plain (id int primary key);
grant truncate on plain to audit_app;
