DROP VIEW open_loans;
DROP FUNCTION is_late(date, date);
DROP INDEX loan_due;
