-- finds: table public."Mine"
-- finds: table public.member
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled to audit_app using (id > 0);
grant select on ruled to audit_other;
create table "Mine" (id int primary key);
alter table "Mine" enable row level security;
create policy p on "Mine" using (id > 0);
alter table "Mine" owner to audit_app;
-- audit_other may act as audit_owner
grant audit_owner to audit_other;
create table member (id int primary key);
alter table member enable row level security;
create policy p on member using (id > 0);
alter table member owner to audit_owner;
-- not these: forced, no row security, an owner who is nobody's user
create table forced (id int primary key);
alter table forced enable row level security;
alter table forced force row level security;
create policy p on forced using (id > 0);
alter table forced owner to audit_app;
create table plain (id int primary key);
alter table plain owner to audit_app;
