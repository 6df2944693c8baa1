DROP VIEW towns;

DROP VIEW villages;
