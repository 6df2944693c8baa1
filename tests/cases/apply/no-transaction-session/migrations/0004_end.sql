PREPARE answer AS SELECT 4;
DROP OWNED BY pgplumb_session_user;
DROP ROLE pgplumb_session_user;
