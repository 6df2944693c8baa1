-- a word that no server knows
SELECT '$pgplumb$', 'it''s', E'\\';
craete table note ();
COMMENT ON TABLE note IS 'x';
