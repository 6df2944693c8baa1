-- finds: table public.ruled
do $$ begin if not exists (select from pg_roles where rolname = 'audit_grantee') then create role audit_grantee; end if; end $$;
alter role audit_grantee bypassrls;
create table ruled (id int primary key);
alter table ruled enable row level security;
create policy p on ruled using (id > 0);
grant select on ruled to audit_grantee, audit_app;
-- not this: nothing to bypass
create table plain (id int primary key);
grant select on plain to audit_grantee;
