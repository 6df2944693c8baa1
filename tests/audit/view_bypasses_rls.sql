-- finds: view public."V"
-- finds: view public.outer_one
create table t (id int primary key);
alter table t enable row level security;
create policy p on t using (id > 0);
create table open (id int primary key);
create view "V" as select * from t;
grant select on "V" to audit_app;
create view inner_one as select * from t;
create view outer_one as select i.id from inner_one i;
grant select on outer_one to public;
-- not these: nobody else, nothing protected, a role that row security does not hold back
create view alone as select * from t;
create view plain as select * from open;
grant select on plain to audit_app;
create view admin as select * from t;
grant select on admin to audit_bypass;
create view invoked as select * from t;
do $$ begin
  if current_setting('server_version_num')::int >= 150000 then
    execute 'alter view invoked set (security_invoker = on)';
    grant select on invoked to audit_app;
  end if;
end $$;
