-- pgplumb: irreversible "the old spelling is gone"
UPDATE customer SET email = lower(email);
