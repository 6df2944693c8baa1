-- finds: materialized view public."M"
create table t (id int primary key);
alter table t enable row level security;
create policy p on t using (id > 0);
create view through as select * from t;
create materialized view "M" as select * from through;
grant select on "M" to audit_app, public;
-- not these
create materialized view alone as select * from t;
create table open (id int primary key);
create materialized view plain as select * from open;
grant select on plain to audit_app;
