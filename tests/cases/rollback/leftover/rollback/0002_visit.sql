-- the index is forgotten, the column, the function and the type
ALTER TABLE visit RENAME TO visit_old;
DROP TABLE visit_old;
