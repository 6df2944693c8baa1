-- finds: function public.begins()
-- finds: function public.in_open()
create schema "Open, to all";
grant create on schema "Open, to all" to public;
create schema closed;
create function in_open() returns int language sql security definer set search_path = closed, "Open, to all", pg_temp as 'select 1';
create function begins() returns int language sql security definer set search_path = "$user", closed as 'select 1';
-- not these
create function in_closed() returns int language sql security definer set search_path = closed, pg_temp as 'select 1';
create function nowhere() returns int language sql security definer set search_path = '' as 'select 1';
create function invoker() returns int language sql set search_path = "Open, to all" as 'select 1';
revoke create on schema public from public;
