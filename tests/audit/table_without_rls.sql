-- finds: table public."Open"
-- finds: table public.columns
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled using (id > 0);
grant select on ruled to audit_app;
create table "Open" (id int primary key);
grant select on "Open" to public;
create table columns (id int primary key, a int);
grant update (a) on columns to audit_app;
-- not these: nobody, somebody else, somebody whom nothing holds back, another schema
create table closed (id int primary key);
create schema beside;
create table beside.ruled (id int primary key);
alter table beside.ruled enable row level security;
create policy p on beside.ruled using (id > 0);
grant select on beside.ruled to audit_app;
create table beside.others (id int primary key);
grant select on beside.others to audit_other;
create table admin (id int primary key);
grant select on admin to audit_bypass;
create schema other;
create table other.open (id int primary key);
grant select on other.open to audit_app;
