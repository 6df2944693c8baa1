-- pgplumb: keeps "extension pgcrypto"
DROP TABLE stock.item;
DROP ROLE porter;
