alter table author add mail text unique;
drop table draft;
