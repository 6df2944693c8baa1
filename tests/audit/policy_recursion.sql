-- finds: policy a on public.a
-- finds: policy b on public.b
-- finds: policy self on public."Members"
-- finds: policy through on public.viewed
create table "Members" (id int primary key, org int, who name);
alter table "Members" enable row level security;
grant select on "Members" to audit_app;
create policy self on "Members" for select using (org in (select m.org from "Members" m where m.who = current_user));
create table a (id int primary key);
create table b (id int primary key);
grant select, insert on a, b to audit_app;
alter table a enable row level security;
alter table b enable row level security;
create policy a on a using (exists (select from b where b.id = a.id));
create policy b on b for select using (exists (select from a where a.id = b.id));
-- they are so
do $$ declare statement text; begin
  foreach statement in array array['select from "Members"', 'select from a', 'insert into a values (1)', 'select from b'] loop
    begin
      set local role audit_app;
      execute statement;
      raise exception 'no recursion: %', statement;
    exception when invalid_object_definition then reset role;
    end;
  end loop;
end $$;
-- not these: reading does not lead back; other roles; a function or view that reads for the caller; row security is off
create table put (id int primary key);
alter table put enable row level security;
grant select, insert on put to audit_app;
create policy put on put for insert with check (not exists (select from put p where p.id = put.id));
create policy read on put for select using (id > 0);
create table c (id int primary key);
create table d (id int primary key);
alter table c enable row level security;
alter table d enable row level security;
create policy c on c for select to audit_app using (exists (select from d where d.id = c.id));
create policy d on d for select to audit_other using (exists (select from c where c.id = d.id));
create table off (id int primary key);
create policy off on off for select using (exists (select from off o where o.id = off.id));
create table f (id int primary key);
alter table f enable row level security;
create function sees(i int) returns boolean language sql stable security definer set search_path = public, pg_temp as 'select exists (select from f where id = i)';
create policy f on f for select using (sees(id));
create table w (id int primary key);
create view w_all as select * from w;
alter table w enable row level security;
create policy w on w for select using (exists (select from w_all v where v.id = w.id));
grant select on put, w, w_all, f to audit_app;
do $$ begin
  set local role audit_app;
  insert into public.put values (1);
  perform from public.put;
  perform from public.w;
  perform from public.f;
  reset role;
end $$;
create table viewed (id int primary key);
create view seen as select * from viewed;
alter table viewed enable row level security;
create policy through on viewed for select using (exists (select from seen s where s.id = viewed.id));
do $$ begin
  if current_setting('server_version_num')::int >= 150000 then
    execute 'alter view seen set (security_invoker = true)';
  else
    drop policy through on viewed;
    create policy through on viewed for select using (exists (select from viewed s where s.id = viewed.id));
  end if;
end $$;
