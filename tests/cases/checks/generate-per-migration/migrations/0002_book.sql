create table book (id serial primary key, author_id integer not null references author (id), title text not null);
create index book_title on book (lower(title));
