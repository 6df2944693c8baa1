create table author (id integer primary key, name text not null);
create table draft (id integer primary key);
