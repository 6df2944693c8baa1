-- finds: schema "Open"
revoke create on schema public from public;
create schema "Open";
grant create on schema "Open" to public;
create schema used;
grant usage on schema used to public;
create schema granted;
grant create on schema granted to audit_app;
