-- finds: foreign table public."F"
create foreign data wrapper nothing;
create server far foreign data wrapper nothing;
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled using (id > 0);
grant select on ruled to audit_app;
create foreign table "F" (id int) server far;
grant select on "F" to audit_app;
create foreign table closed (id int) server far;
