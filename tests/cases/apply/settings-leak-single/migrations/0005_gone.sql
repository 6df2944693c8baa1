REVOKE ALL ON SCHEMA public FROM pgplumb_settings_single;
DROP ROLE pgplumb_settings_single;
