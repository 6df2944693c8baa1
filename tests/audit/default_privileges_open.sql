-- finds: default privileges of audit_owner
-- finds: default privileges of audit_owner in schema "S"
create schema "S";
alter default privileges for role audit_owner grant select on tables to public;
alter default privileges for role audit_owner in schema "S" grant all on tables to "audit ""Odd""";
-- not these: no tables, not bound anyway, no data
alter default privileges for role audit_owner grant usage on sequences to public;
alter default privileges for role audit_owner in schema public grant all on tables to audit_bypass;
alter default privileges for role audit_other grant references on tables to public;
