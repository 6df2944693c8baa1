-- finds: extension hstore
create schema elsewhere;
create extension hstore schema public;
create extension citext schema elsewhere;
