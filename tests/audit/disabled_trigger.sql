-- finds: event trigger "E"
-- finds: trigger "Off" on public.t
-- finds: trigger far on public.t
create function f() returns trigger language plpgsql as 'begin return new; end';
create function e() returns event_trigger language plpgsql as 'begin end';
create table t (id int primary key);
create trigger "Off" before insert on t for each row execute function f();
create trigger far before insert on t for each row execute function f();
create trigger fires before insert on t for each row execute function f();
create trigger always before insert on t for each row execute function f();
alter table t disable trigger "Off";
alter table t enable replica trigger far;
alter table t enable always trigger always;
create event trigger "E" on sql_drop execute function e();
create event trigger fires on sql_drop execute function e();
alter event trigger "E" disable;
