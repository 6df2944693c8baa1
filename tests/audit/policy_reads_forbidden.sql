-- finds: policy "P" on public.t
-- finds: policy "P" on public.t
-- finds: policy calls on public.t
create table members (id int primary key, who name, secret text);
create table t (id int primary key, org int);
alter table t enable row level security;
grant select, insert on t to audit_app, "audit ""Odd""";
grant select (id, who) on members to audit_other;
create policy "P" on t for select using (exists (select from members m where m.id = t.org and m.who = current_user));
create function guard() returns boolean language sql stable as 'select true';
revoke execute on function guard() from public;
grant execute on function guard() to audit_other;
create policy calls on t for insert to audit_app with check (guard() and id > 0);
-- it is so
do $$ begin
  set local role audit_app;
  perform from public.t;
  raise exception 'it may read';
exception when insufficient_privilege then reset role;
end $$;
-- not these: the role may use what the policy does, though not all of the table; or not the table at all; or it is not bound
create table u (id int primary key, org int);
alter table u enable row level security;
grant select on u to audit_other, audit_bypass;
create policy p on u for select using (exists (select from members m where m.id = u.org and m.who = current_user));
create table v (id int primary key, org int);
alter table v enable row level security;
create policy p on v for select to audit_app using (exists (select from members m where m.id = v.org));
