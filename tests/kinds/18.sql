create table public.rooms (
  id int4range, other int4range, valid tstzrange, size integer constraint "must be" not null no inherit,
  doubled integer generated always as (size * 2) virtual,
  constraint rooms_pkey primary key (id, valid without overlaps),
  constraint other_key unique (other, valid without overlaps),
  constraint soft check (size > 0) not enforced);
comment on constraint "must be" on public.rooms is 'why';
create domain public.kept as integer constraint kept_there not null;
comment on constraint kept_there on domain public.kept is 'how';
create domain public.plain as integer not null;
create table public.bookings (
  room int4range, during tstzrange, size integer,
  constraint room_fk foreign key (room, period during) references public.rooms (id, period valid));
create table public.sizes (size integer primary key);
alter table public.bookings add constraint size_fk foreign key (size) references public.sizes (size) not enforced;
create publication generated for table public.rooms with (publish_generated_columns = stored);
create role kinds_modern;
create role kinds_rigid noinherit;
create role kinds_team;
grant kinds_team to kinds_modern with inherit false, set false;
grant kinds_team to kinds_rigid with inherit true;
grant select on public.sizes to kinds_modern, kinds_rigid;
