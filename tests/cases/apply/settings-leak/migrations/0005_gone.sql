REVOKE ALL ON SCHEMA public FROM pgplumb_settings_leak;
DROP ROLE pgplumb_settings_leak;
