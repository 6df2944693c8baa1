-- finds: table public."Mine"
-- as: audit_owner
create table "Mine" (id int primary key);
alter table "Mine" enable row level security;
create policy p on "Mine" using (id > 0);
alter table "Mine" owner to audit_owner;
-- not these: forced, no row security, somebody else's
create table forced (id int primary key);
alter table forced enable row level security;
alter table forced force row level security;
create policy p on forced using (id > 0);
alter table forced owner to audit_owner;
create table plain (id int primary key);
alter table plain owner to audit_owner;
create table others (id int primary key);
alter table others enable row level security;
create policy p on others using (id > 0);
