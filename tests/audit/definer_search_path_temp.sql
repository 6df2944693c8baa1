-- finds: function public.f()
create schema "A b";
create function f() returns int language sql security definer set search_path = "A b", public as 'select 1';
create function last_one() returns int language sql security definer set search_path = public, pg_temp as 'select 1';
create function nothing() returns int language sql security definer set search_path = '' as 'select 1';
create function no_path() returns int language sql security definer as 'select 1';
