ALTER TABLE loan RENAME COLUMN reader TO borrower;
