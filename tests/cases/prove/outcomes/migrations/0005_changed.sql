ALTER TABLE shop ALTER COLUMN town SET DEFAULT 'here';
COMMENT ON TABLE shop IS 'Where things are sold';
