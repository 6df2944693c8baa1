CREATE SCHEMA s;
CREATE TABLE s.x (a integer);
INSERT INTO s.x VALUES (1), (1);
CREATE TABLE seen (n integer, path text, lock_timeout text, who text, zone text, mine text);
CREATE VIEW now_seen AS SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock_timeout,
    current_user::text AS who, current_setting('TimeZone') AS zone, current_setting('app.mine', true) AS mine;
CREATE ROLE pgplumb_session_user;
GRANT ALL ON SCHEMA public TO pgplumb_session_user;
GRANT ALL ON TABLE seen, now_seen TO pgplumb_session_user;
PREPARE answer AS SELECT 0;
