-- +goose Up
-- +goose StatementBegin
BEGIN;
ALTER TABLE customer ADD COLUMN name text;
COMMIT;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
ALTER TABLE customer DROP COLUMN name;
-- +goose StatementEnd
