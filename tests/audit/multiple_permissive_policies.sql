-- finds: table public."T"
-- finds: table public."T"
create table "T" (id int primary key, owner name);
alter table "T" enable row level security;
create policy a on "T" for select using (owner = current_user);
create policy b on "T" to audit_app using (id > 0);
create policy c on "T" for delete using (id > 1);
-- not these: roles that do not meet, one of them restrictive, other commands
create table u (id int primary key, owner name);
alter table u enable row level security;
create policy a on u for select to audit_app using (owner = current_user);
create policy b on u for select to audit_other using (id > 0);
create policy c on u as restrictive for select using (id > 0);
create policy d on u for insert with check (id > 0);
