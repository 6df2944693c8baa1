-- finds: function public."F"(integer)
-- finds: procedure public.p()
create function "F"(a int) returns int language sql security definer set search_path = '' as 'select 1';
create procedure p() language sql security definer set search_path = '' as 'select 1';
-- not these: nobody can call a trigger; granted to one; not a definer
create function on_change() returns trigger language plpgsql security definer set search_path = '' as 'begin return new; end';
create function granted() returns int language sql security definer set search_path = '' as 'select 1';
revoke execute on function granted() from public;
grant execute on function granted() to audit_app;
create function invoker() returns int language sql as 'select 1';
