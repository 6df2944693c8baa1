-- finds: function public."F ""x"""(integer,text[])
-- finds: function public.on_change()
-- finds: procedure public.p()
create function "F ""x"""(a int, b text[]) returns int language sql security definer as 'select 1';
create procedure p() language sql security definer as 'select 1';
create function on_change() returns trigger language plpgsql security definer as 'begin return new; end';
-- not these
create function set_to_nothing() returns int language sql security definer set search_path = '' as 'select 1';
create function set_to_one() returns int language sql security definer set search_path = public, pg_temp as 'select 1';
create function invoker() returns int language sql as 'select 1';
